//! Handshakes: redirects to Clerk that renew a browser's cookies, and requests that return from them.

use std::borrow::Cow;

use http::{
    HeaderMap, HeaderValue,
    header::{ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, SET_COOKIE},
};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::{Asked, cookie::Browser, set_cookie::SetCookies, verify::Rejection};
use crate::{
    Reason,
    api::DOCUMENT_VERSION,
    authenticate::{
        address,
        config::Instance,
        need::Want,
        outcome::{BadRequest, NO_STORE, Outcome, ResponseHeaders, SignedOutCause},
        request::SessionToken,
    },
    token::{ClockSkew, Token, TokenError, TokenKind},
};

/// Lifetime in seconds of the cookie that counts redirects, as in Clerk's SDK.
///
/// Redirects in a loop follow each other faster than this. Later handshakes of the same browser are not limited.
const COUNTER_LIFETIME: u32 = 2;
/// Upper bound on the length of a handshake's nonce in bytes, since each one causes a call to Clerk. Clerk's have about
/// thirty.
const MAX_NONCE: usize = 2048;
/// Tolerated clock skew in milliseconds of a session from a development instance's handshake, as in Clerk's SDK.
///
/// The clocks of developers' machines are often wrong, and a rejected session would cause a redirect loop.
const DEVELOPMENT_SKEW: i64 = 86_400_000;

/// Redirecting a browser.
impl Browser<'_> {
    /// Redirects the browser to Clerk. If it cannot be redirected, the request is signed out.
    pub(super) fn handshake(&self, reason: Reason, message: &str) -> Outcome {
        match self.try_handshake(&reason, self.decision.message(message)) {
            Some(outcome) => outcome,
            None => self.signed_out(reason, message),
        }
    }

    /// Redirects the browser to this URL. If it cannot be redirected, the request is signed out.
    pub(super) fn redirect_to(
        &self,
        location: impl FnOnce() -> Option<Url>,
        reason: Reason,
        message: &str,
    ) -> Outcome {
        match self.try_redirect(location, &reason, self.decision.message(message)) {
            Some(outcome) => outcome,
            None => self.signed_out(reason, message),
        }
    }

    /// Redirects the browser to Clerk, if it can be redirected.
    pub(super) fn try_handshake(&self, reason: &Reason, message: Option<&str>) -> Option<Outcome> {
        self.try_redirect(|| self.handshake_url(reason), reason, message)
    }

    fn try_redirect(
        &self,
        location: impl FnOnce() -> Option<Url>,
        reason: &Reason,
        message: Option<&str>,
    ) -> Option<Outcome> {
        let count = self.cookies.redirect_count;
        // A client that does not follow redirects would get an empty page, and one at the limit is in a loop.
        if !self.decision.head.can_navigate() || count.is_at_limit() {
            return None;
        }
        let location = HeaderValue::try_from(String::from(location()?)).ok()?;
        let count = count.next_cookie(COUNTER_LIFETIME)?;
        Some(Outcome::handshake(location, count, reason.clone(), self.has_token(), message))
    }

    /// Returns the URL of the handshake. The order of its parameters is that of Clerk's SDK.
    fn handshake_url(&self, reason: &Reason) -> Option<Url> {
        let config = self.decision.config;
        let instance = config.instance.as_ref()?;
        let page = self.url()?;
        let mut url = instance.frontend_url(&page)?;
        let path = format!("{}/v1/client/handshake", url.path().trim_end_matches('/'));
        url.set_path(&path);
        url.set_query(None);
        url.set_fragment(None);
        // Clerk returns a current dev-browser token, so the old one must not stay in the URL.
        let back = address::without(page.clone(), &["__clerk_db_jwt", "__dev_session"]);
        let mut query = url.query_pairs_mut();
        query
            .append_pair("redirect_url", back.as_str())
            .append_pair("__clerk_api_version", DOCUMENT_VERSION)
            .append_pair("suffixed_cookies", if self.set.is_suffixed { "true" } else { "false" })
            .append_pair("__clerk_hs_reason", reason.as_str())
            // Asks for a short nonce instead of the payload, which can exceed the limits on URLs and cookies.
            .append_pair("format", "nonce");
        if let Some(session) = self.set.session.or(self.bearer) {
            query.append_pair("__session", session);
        }
        if !instance.is_production
            && let Some(dev_browser) = self.dev_browser()
        {
            query.append_pair("__clerk_db_jwt", dev_browser);
        }
        if let Some(target) = config.routes.target(page.path()) {
            query.append_pair("organization_id", target.as_str());
        }
        drop(query);
        Some(url)
    }
}

/// The result of resolving a returning handshake.
pub(super) enum Returned {
    Done(Outcome),
    /// The request does not return from a handshake, or the handshake is ignored: `is_undecided` if that is because Clerk
    /// did not respond.
    Nothing {
        is_undecided: bool,
    },
}

/// Resolving a returning handshake.
impl Browser<'_> {
    /// Resolves a returning handshake. Its nonce takes precedence over its token, and the URL over the cookie.
    pub(super) fn returned(&self, instance: &Instance) -> Asked<Returned> {
        // Login CSRF: see `handshake_cookies_only`. Besides, only a navigation can return from Clerk: an image or a form on
        // another site must not be able to replace the visitor's session. The cookie may arrive with any request.
        let reads_links = self.decision.head.is_navigation()
            && !(instance.is_production && self.decision.config.handshake_cookies_only);
        let nonce = self.query.nonce.as_deref().filter(|_| reads_links).or(self.cookies.nonce.as_deref());
        let token =
            self.query.handshake.as_deref().filter(|_| reads_links).or(self.cookies.handshake.as_deref());
        let (lines, is_undecided) = if let Some(nonce) = nonce.filter(|nonce| nonce.len() <= MAX_NONCE) {
            match &self.decision.learned.handshake {
                None => return Err(Want::Handshake(nonce.to_owned())),
                Some(Ok(lines)) => (Cow::Borrowed(&**lines), false),
                Some(Err(failure)) => (Cow::Borrowed(&[][..]), failure.is_outage()),
            }
        } else if let Some(token) = token {
            match self.verify_handshake(token)? {
                Ok(lines) => (Cow::Owned(lines), false),
                Err(rejection) => return Ok(self.reject_handshake(instance, &rejection)),
            }
        } else {
            return Ok(Returned::Nothing { is_undecided: false });
        };
        self.apply_cookies(instance, &SetCookies::read(&lines), is_undecided)
    }

    /// Decides about a handshake whose token was rejected.
    fn reject_handshake(&self, instance: &Instance, rejection: &Rejection) -> Returned {
        let Rejection { error, is_undecided } = rejection;
        if instance.is_production {
            // Another application on the same domain may have set the cookie, so it must not break this one.
            return Returned::Nothing { is_undecided: *is_undecided };
        }
        Returned::Done(if *is_undecided {
            let (kind, reason) = (Some(TokenKind::Session), error.reason().clone());
            let cause = SignedOutCause::new(self.has_token(), true);
            self.decision.signed_out(kind, reason, cause, error.message())
        } else if *error.reason() == Reason::TokenInvalidSignature {
            // The instance's keys were probably replaced. Ignoring the handshake would cause a redirect loop.
            self.bad_request(BadRequest::HandshakeSignature)
        } else {
            self.bad_request(BadRequest::HandshakeToken)
        })
    }

    /// Verifies a handshake's token: its class, its signature, and its times if it has any.
    fn verify_handshake(&self, text: &str) -> Asked<Result<Vec<String>, Rejection>> {
        #[derive(Deserialize)]
        struct Payload {
            #[serde(default)]
            handshake: Value,
        }
        let token = match Token::decode(text) {
            Ok(token) if token.is_handshake() => token,
            Ok(_) => return Ok(Err(TokenError::invalid("the handshake is a token of another kind").into())),
            Err(error) => return Ok(Err(error.into())),
        };
        let key = match self.decision.key(&token)? {
            Ok(key) => key,
            Err(rejection) => return Ok(Err(rejection)),
        };
        let verified = token
            .check_header(&Default::default())
            .and_then(|()| token.verify_signature(key))
            .and_then(|()| token.check_times(self.decision.config.session.skew(), self.decision.now));
        if let Err(error) = verified {
            return Ok(Err(error.into()));
        }
        let lines = match token.claims::<Payload>() {
            Ok(Payload { handshake: Value::Array(lines) }) => lines,
            _ => Vec::new(),
        };
        Ok(Ok(lines.iter().filter_map(|line| line.as_str().map(ToOwned::to_owned)).collect()))
    }

    /// Sets the cookies of a handshake, and decides as if the request had contained them.
    fn apply_cookies(
        &self,
        instance: &Instance,
        set_cookies: &SetCookies<'_>,
        is_undecided: bool,
    ) -> Asked<Returned> {
        let session = match set_cookies.session() {
            None => None,
            Some(session) => match self.verify_returned(session, !instance.is_production)? {
                Ok(session) => Some(self.decision.session(session)),
                Err(rejection) => return Ok(Returned::Nothing { is_undecided: rejection.is_undecided }),
            },
        };
        let mut headers = HeaderMap::new();
        // CORS headers are what Clerk's SDK sets. In production, though, the application's handler responds to this
        // request, and `null` is the origin of every sandboxed frame: a script there could send any nonce and read the
        // response. So they are limited to navigations, whose responses no script can read.
        if !instance.is_production || self.decision.head.can_navigate() {
            headers.append(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("null"));
            headers.append(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
        let dropped_cookies = set_cookies.append_to(&mut headers);
        if !instance.is_production
            && let Some(page) = self.url()
            && let Ok(location) = HeaderValue::try_from(String::from(address::without_handshake(page)))
        {
            let response = ResponseHeaders { headers, dropped_cookies };
            return Ok(Returned::Done(Outcome::returned(location, session, response)));
        }
        if headers.contains_key(SET_COOKIE) {
            headers.append(CACHE_CONTROL, NO_STORE);
        }
        let response = ResponseHeaders { headers, dropped_cookies };
        Ok(Returned::Done(match session {
            Some(session) => Outcome::renewed(session, response),
            None => Outcome::returned_signed_out(is_undecided, response),
        }))
    }

    /// Verifies a session token that a handshake or a refresh returned.
    pub(super) fn verify_new(&self, text: &str) -> Asked<Result<SessionToken, Rejection>> {
        let session = match SessionToken::read(text, self.decision.keys()) {
            Ok(session) if session.token().is_session() => session,
            Ok(_) => return Ok(Err(TokenError::mismatch().into())),
            Err(error) => return Ok(Err(error.into())),
        };
        let verified = self.decision.verify(&session, &self.decision.config.session)?;
        Ok(verified.map(|()| session))
    }

    /// Verifies the session token of a handshake.
    fn verify_returned(&self, text: &str, is_lenient: bool) -> Asked<Result<SessionToken, Rejection>> {
        let session = match SessionToken::read(text, self.decision.keys()) {
            // A class that says nothing is not enough here: a template's token could have it.
            Ok(session) if session.token().is_session() && !session.token().has_common_class() => session,
            Ok(_) => return Ok(Err(TokenError::mismatch().into())),
            Err(error) => return Ok(Err(error.into())),
        };
        let options = &self.decision.config.session;
        let rejection = match self.decision.verify(&session, options)? {
            Ok(()) => return Ok(Ok(session)),
            Err(rejection) => rejection,
        };
        if !is_lenient || !rejection.is_time_error() {
            return Ok(Err(rejection));
        }
        // Times are checked last: if only they are wrong, the signature and all other claims are valid.
        let options = options.clone().insecure_clock_skew(ClockSkew::from_millis(DEVELOPMENT_SKEW));
        Ok(session
            .token()
            .check_claims(&options, self.decision.now)
            .map(|()| session)
            .map_err(Rejection::from))
    }
}
