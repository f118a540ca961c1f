//! Handshakes: a redirect to Clerk that renews a browser's cookies, and what it comes back with.

use std::borrow::Cow;

use http::{
    HeaderMap, HeaderValue,
    header::{ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, SET_COOKIE},
};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::{Asked, cookie::Browser, set_cookie::SetCookies, verify::Refusal};
use crate::{
    Reason,
    authenticate::{
        address,
        config::Instance,
        need::Want,
        outcome::{BadRequest, NO_STORE, Outcome, ResponseHeaders, SignedOutCause},
        request::SessionToken,
    },
    operation::API_VERSION,
    token::{ClockSkew, Token, TokenError, TokenKind},
};

/// For how many seconds redirects are counted, as in Clerk's SDK.
const COUNTED_FOR: u32 = 2;
/// The nonce of a handshake has about thirty characters.
const MAX_NONCE: usize = 2048;
/// The clock skew in milliseconds that is tolerated in a session that a handshake of a development instance brings, as in
/// Clerk's SDK: developers' clocks are often wrong.
const DEVELOPMENT_SKEW: i64 = 86_400_000;

/// Sending a browser away.
impl Browser<'_> {
    /// Sends the browser to Clerk if it can be redirected, and signs it out otherwise.
    pub(super) fn handshake(&self, reason: Reason, message: &str) -> Outcome {
        match self.try_handshake(&reason, self.decision.message(message)) {
            Some(outcome) => outcome,
            None => self.signed_out(reason, message),
        }
    }

    /// Sends the browser to this URL if it can be redirected, and signs it out otherwise.
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

    /// Sends the browser to Clerk, if it can be redirected.
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
        if !self.decision.head.can_navigate() || count.is_at_limit() {
            return None;
        }
        let location = HeaderValue::try_from(String::from(location()?)).ok()?;
        let count = count.next_cookie(COUNTED_FOR)?;
        Some(Outcome::handshake(location, count, reason.clone(), self.has_token(), message))
    }

    /// The URL of the handshake. The order of its parameters is that of Clerk's SDK.
    fn handshake_url(&self, reason: &Reason) -> Option<Url> {
        let config = self.decision.config;
        let instance = config.instance.as_ref()?;
        let page = self.url()?;
        let mut url = instance.frontend_url(&page)?;
        let path = format!("{}/v1/client/handshake", url.path().trim_end_matches('/'));
        url.set_path(&path);
        url.set_query(None);
        url.set_fragment(None);
        let back = address::without(page.clone(), &["__clerk_db_jwt", "__dev_session"]);
        let mut query = url.query_pairs_mut();
        query
            .append_pair("redirect_url", back.as_str())
            .append_pair("__clerk_api_version", API_VERSION)
            .append_pair("suffixed_cookies", if self.set.is_suffixed { "true" } else { "false" })
            .append_pair("__clerk_hs_reason", reason.as_str())
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

/// What a handshake came back with.
pub(super) enum Returned {
    Done(Outcome),
    /// No handshake came back, or it settles nothing: `is_undecided` if that is because Clerk did not respond.
    Nothing {
        is_undecided: bool,
    },
}

/// What comes back from a handshake.
impl Browser<'_> {
    /// Resolves a handshake that came back: its nonce before its token, and the URL before the cookie.
    pub(super) fn returned(&self, instance: &Instance) -> Asked<Returned> {
        let reads_links = !(instance.is_production && self.decision.config.handshake_cookies_only);
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
                Err(refusal) => return Ok(self.refuse_handshake(instance, &refusal)),
            }
        } else {
            return Ok(Returned::Nothing { is_undecided: false });
        };
        self.take_over(instance, &SetCookies::read(&lines), is_undecided)
    }

    /// A handshake's token that is not accepted.
    fn refuse_handshake(&self, instance: &Instance, refusal: &Refusal) -> Returned {
        let Refusal { error, is_undecided } = refusal;
        if instance.is_production {
            // Another application on the domain may have set the cookie.
            return Returned::Nothing { is_undecided: *is_undecided };
        }
        Returned::Done(if *is_undecided {
            let (kind, reason) = (Some(TokenKind::Session), error.reason().clone());
            let cause = SignedOutCause::new(self.has_token(), true);
            self.decision.signed_out(kind, reason, cause, error.message())
        } else if *error.reason() == Reason::TokenInvalidSignature {
            // Going on would send the browser in circles after a developer has exchanged the keys.
            self.bad_request(BadRequest::HandshakeSignature)
        } else {
            self.bad_request(BadRequest::HandshakeToken)
        })
    }

    /// Verifies a handshake's token: signed by the instance, of the class of session tokens, and without any time.
    fn verify_handshake(&self, text: &str) -> Asked<Result<Vec<String>, Refusal>> {
        #[derive(Deserialize)]
        struct Payload {
            #[serde(default)]
            handshake: Value,
        }
        let token = match Token::decode(text) {
            Ok(token) if token.is_session() => token,
            Ok(_) => return Ok(Err(TokenError::invalid("a handshake of another kind").into())),
            Err(error) => return Ok(Err(error.into())),
        };
        let key = match self.decision.key(&token)? {
            Ok(key) => key,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if let Err(error) = token.check_header(&Default::default()).and_then(|()| token.verify_signature(key))
        {
            return Ok(Err(error.into()));
        }
        let lines = match token.claims::<Payload>() {
            Ok(Payload { handshake: Value::Array(lines) }) => lines,
            _ => Vec::new(),
        };
        Ok(Ok(lines.iter().filter_map(|line| line.as_str().map(ToOwned::to_owned)).collect()))
    }

    /// Sets the cookies of a handshake, and decides as if the request had brought them.
    fn take_over(
        &self,
        instance: &Instance,
        set_cookies: &SetCookies<'_>,
        is_undecided: bool,
    ) -> Asked<Returned> {
        let session = match set_cookies.session() {
            None => None,
            Some(session) => match self.verify_new(session, !instance.is_production)? {
                Ok(session) => Some(self.decision.session(session)),
                Err(refusal) => return Ok(Returned::Nothing { is_undecided: refusal.is_undecided }),
            },
        };
        let mut headers = HeaderMap::new();
        // The handler of a production instance responds to this request. A script of another site, which can send any
        // nonce, must not be able to read that response. Nobody reads the response to a navigation.
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
            Some(session) => Outcome::signed_in_anew(session, response),
            None => Outcome::returned_signed_out(is_undecided, response),
        }))
    }

    /// Verifies a session token that Clerk issued just now.
    pub(super) fn verify_new(&self, text: &str, is_lenient: bool) -> Asked<Result<SessionToken, Refusal>> {
        let session = match SessionToken::read(text, self.decision.keys()) {
            Ok(session) if session.token().is_session() => session,
            Ok(_) => return Ok(Err(TokenError::mismatch().into())),
            Err(error) => return Ok(Err(error.into())),
        };
        let options = &self.decision.config.session;
        let refusal = match self.decision.verify(&session, options)? {
            Ok(()) => return Ok(Ok(session)),
            Err(refusal) => refusal,
        };
        if !is_lenient || !refusal.is_about_time() {
            return Ok(Err(refusal));
        }
        // Times are checked last, so the signature and all other claims are valid.
        let options = options.clone().clock_skew(ClockSkew::from_millis(DEVELOPMENT_SKEW));
        Ok(session.token().check_claims(&options, self.decision.now).map(|()| session).map_err(Refusal::from))
    }
}
