//! Handshakes: redirects to Clerk that renew a browser's cookies, and requests that return from them.

use std::borrow::Cow;

use http::{
    HeaderValue,
    header::{ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_ORIGIN},
};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::{Asked, cookie::Browser, set_cookie::SetCookies, verify::Rejection};
use crate::{
    Reason, Timestamp,
    api::DOCUMENT_VERSION,
    authenticate::{
        address,
        config::Instance,
        need::{CallFailure, Want},
        outcome::{
            BadRequest, Diagnosis, HandshakeRefusal, HandshakeTrace, Outcome, ResponseHeaders, SignedOutCause,
        },
        request::{CookieValue, SessionToken},
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

/// Upper bound on the time in seconds between two handshakes of a redirect loop: several times the counter's lifetime.
const LOOP_SECONDS: i64 = 10;

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
            .append_pair("__clerk_hs_reason", reason.as_str());
        // Asks for a short nonce instead of the payload, which can exceed the limits on URLs and cookies. The payload of a
        // nonce can only be fetched with the secret key; without one, the payload itself is verified by its signature.
        if config.has_api {
            query.append_pair("format", "nonce");
        }
        let session = self.set.session.map(CookieValue::text).or(self.bearer.map(Cow::Borrowed));
        if let Some(session) = session {
            query.append_pair("__session", &session);
        }
        if !instance.is_production
            && let Some(dev_browser) = self.dev_browser()
        {
            query.append_pair("__clerk_db_jwt", &dev_browser);
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
    /// The request does not return from a handshake.
    Nothing,
    /// The handshake is ignored: `is_undecided` if that is because Clerk did not respond.
    Ignored {
        is_undecided: bool,
        trace: Box<HandshakeTrace>,
    },
}

/// A session token that a handshake returned, or why it was rejected.
struct ReturnedSession {
    verified: Result<SessionToken, Rejection>,
    /// The probable mistake if it was rejected, or accepted although its times are wrong.
    diagnosis: Option<Diagnosis>,
}

/// Resolving a returning handshake.
impl<'a> Browser<'a> {
    /// Resolves a returning handshake. Its nonce takes precedence over its token, and the URL over the cookie.
    pub(super) fn returned(&self, instance: &Instance) -> Asked<Returned> {
        // Login CSRF: see `handshake_cookies_only`. Besides, only a navigation can return from Clerk: an image or a form on
        // another site must not be able to replace the visitor's session. The cookie may arrive with any request.
        let reads_links = || {
            self.decision.head.is_navigation()
                && !(instance.is_production && self.decision.config.handshake_cookies_only)
        };
        let returned = |link: &'a Option<Cow<'_, str>>, cookie: Option<CookieValue<'a>>| {
            let link = link.as_deref().filter(|_| reads_links());
            link.map(Cow::Borrowed).or_else(|| cookie.map(CookieValue::text))
        };
        let nonce = returned(&self.query.nonce, self.cookies.nonce);
        let token = returned(&self.query.handshake, self.cookies.handshake);
        if let Some(nonce) = nonce.filter(|nonce| nonce.len() <= MAX_NONCE && self.decision.config.has_api) {
            match &self.decision.learned.handshake {
                None => Err(Want::Handshake(nonce.into_owned())),
                Some(Ok(lines)) => self.apply_cookies(instance, &SetCookies::read(lines)),
                Some(Err(failure)) => Ok(Returned::Done(self.without_payload(instance, failure))),
            }
        } else if let Some(token) = token {
            match self.verify_handshake(&token)? {
                Ok(lines) => self.apply_cookies(instance, &SetCookies::read(&lines)),
                Err(rejection) => Ok(self.reject_handshake(instance, &rejection, &token)),
            }
        } else {
            Ok(Returned::Nothing)
        }
    }

    /// Decides about a nonce whose payload could not be fetched: as if it were empty.
    fn without_payload(&self, instance: &Instance, failure: &CallFailure) -> Outcome {
        let outcome = self.without_session(instance, &SetCookies::read(&[]), failure.is_outage());
        let refusal = Some(HandshakeRefusal::Nonce).filter(|_| !failure.is_outage());
        let diagnosis =
            refusal.as_ref().map(|refusal| Diagnosis::of_refusal(refusal, None, self.decision.now));
        outcome.with_handshake(refusal.map(|refusal| HandshakeTrace::refused(refusal, diagnosis)))
    }

    /// Decides about a handshake whose token was rejected.
    fn reject_handshake(&self, instance: &Instance, rejection: &Rejection, token: &str) -> Returned {
        let Rejection { error, is_undecided } = rejection;
        let refusal = HandshakeRefusal::Token(error.reason().clone());
        let token = Token::decode(token).ok();
        let diagnosis =
            (!is_undecided).then(|| Diagnosis::of_refusal(&refusal, token.as_ref(), self.decision.now));
        let trace = HandshakeTrace::refused(refusal, diagnosis);
        if instance.is_production {
            // Another application on the same domain may have set the cookie, so it must not break this one.
            return Returned::Ignored { is_undecided: *is_undecided, trace };
        }
        let outcome = match error.reason() {
            reason if *is_undecided => {
                let (kind, reason) = (Some(TokenKind::Session), reason.clone());
                let cause = SignedOutCause::new(self.has_token(), true);
                self.decision.signed_out(kind, reason, cause, error.message())
            }
            // The instance's keys were probably replaced. Ignoring the handshake would cause a redirect loop.
            Reason::TokenInvalidSignature | Reason::JwkKidMismatch => {
                self.bad_request(BadRequest::HandshakeSignature)
            }
            _ => self.bad_request(BadRequest::HandshakeToken),
        };
        Returned::Done(outcome.with_handshake(Some(trace)))
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
        let verified = self.decision.verify_with_key(&token, |key| {
            token.check_header(&Default::default())?;
            token.verify_signature(key)?;
            token.check_times(self.decision.config.session.skew(), self.decision.now)
        })?;
        if let Err(rejection) = verified {
            return Ok(Err(rejection));
        }
        let lines = match token.claims::<Payload>() {
            Ok(Payload { handshake: Value::Array(lines) }) => lines,
            _ => Vec::new(),
        };
        Ok(Ok(lines.iter().filter_map(|line| line.as_str().map(ToOwned::to_owned)).collect()))
    }

    /// Sets the cookies of a handshake, and decides as if the request had contained them.
    fn apply_cookies(&self, instance: &Instance, set_cookies: &SetCookies<'_>) -> Asked<Returned> {
        let Some(session) = set_cookies.session() else {
            return Ok(Returned::Done(self.without_session(instance, set_cookies, false)));
        };
        let ReturnedSession { verified, diagnosis } =
            self.verify_returned(session, !instance.is_production)?;
        let session = match verified {
            Ok(session) => session,
            Err(Rejection { error, is_undecided }) => {
                let refusal = HandshakeRefusal::Session(error.reason().clone());
                let trace = HandshakeTrace::refused(refusal, diagnosis);
                return Ok(Returned::Ignored { is_undecided, trace });
            }
        };
        let diagnosis = diagnosis.or_else(|| self.lost_cookies(session.token()));
        let trace = diagnosis.map(HandshakeTrace::accepted);
        let session = self.decision.session(session);
        let response = self.cookie_headers(instance, set_cookies);
        let outcome = match self.clean_url(instance) {
            Some(location) => Outcome::returned(location, Some(session), response),
            None => Outcome::renewed(session, response.not_stored()),
        };
        Ok(Returned::Done(outcome.with_handshake(trace)))
    }

    /// Sets the cookies of a handshake without a session.
    fn without_session(
        &self,
        instance: &Instance,
        set_cookies: &SetCookies<'_>,
        is_undecided: bool,
    ) -> Outcome {
        let response = self.cookie_headers(instance, set_cookies);
        match self.clean_url(instance) {
            Some(location) => Outcome::returned(location, None, response),
            None => Outcome::returned_signed_out(is_undecided, response.not_stored()),
        }
    }

    fn cookie_headers(&self, instance: &Instance, set_cookies: &SetCookies<'_>) -> ResponseHeaders {
        let mut headers = Vec::new();
        // CORS headers are what Clerk's SDK sets. In production, though, the application's handler responds to this
        // request, and `null` is the origin of every sandboxed frame: a script there could send any nonce and read the
        // response. So they are limited to navigations, whose responses no script can read.
        if !instance.is_production || self.decision.head.can_navigate() {
            headers.push((ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("null")));
            headers.push((ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true")));
        }
        let dropped_cookies = set_cookies.append_to(&mut headers);
        ResponseHeaders::new(headers, dropped_cookies)
    }

    /// Returns the URL without the parameters of the handshake, to which a development instance redirects.
    fn clean_url(&self, instance: &Instance) -> Option<HeaderValue> {
        let page = self.url().filter(|_| !instance.is_production)?;
        HeaderValue::try_from(String::from(address::without_handshake(page))).ok()
    }

    /// Whether a browser in a redirect loop lost the cookies of the handshake before this one.
    ///
    /// Redirects in a loop follow each other within seconds. So the session token that it should have stored is hardly older
    /// than this one, by the same clock.
    fn lost_cookies(&self, new: &Token) -> Option<Diagnosis> {
        if !self.cookies.redirect_count.is_repeated() {
            return None;
        }
        let old = self.set.session.and_then(|value| Token::decode(&value.text()).ok());
        let issued = |token: &Token| token.unverified_issued_at().map(Timestamp::as_secs);
        let (old, new) = (old.as_ref().and_then(issued), issued(new)?);
        let is_kept = old.is_some_and(|old| new.saturating_sub(old) <= LOOP_SECONDS);
        (!is_kept).then_some(Diagnosis::CookiesNotKept)
    }

    /// Verifies a session token that a refresh returned.
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
    fn verify_returned(&self, text: &str, is_lenient: bool) -> Asked<ReturnedSession> {
        let now = self.decision.now;
        let refused = |rejection: Rejection, token: Option<&Token>| {
            let refusal = HandshakeRefusal::Session(rejection.error.reason().clone());
            let diagnosis = (!rejection.is_undecided).then(|| Diagnosis::of_refusal(&refusal, token, now));
            ReturnedSession { verified: Err(rejection), diagnosis }
        };
        let session = match SessionToken::read(text, self.decision.keys()) {
            // A class that says nothing is not enough here: a template's token could have it.
            Ok(session) if session.token().is_session() && !session.token().has_common_class() => session,
            Ok(_) => return Ok(refused(TokenError::mismatch().into(), None)),
            Err(error) => return Ok(refused(error.into(), None)),
        };
        let options = &self.decision.config.session;
        let rejection = match self.decision.verify(&session, options)? {
            Ok(()) => return Ok(ReturnedSession { verified: Ok(session), diagnosis: None }),
            Err(rejection) => rejection,
        };
        if !is_lenient || !rejection.is_time_error() {
            return Ok(refused(rejection, Some(session.token())));
        }
        // Times are checked last: if only they are wrong, the signature and all other claims are valid.
        let options = options.clone().insecure_clock_skew(ClockSkew::from_millis(DEVELOPMENT_SKEW));
        Ok(match session.token().check_claims(&options, now) {
            Ok(()) => {
                let diagnosis = Diagnosis::of_clock(rejection.error.reason(), session.token(), now);
                ReturnedSession { verified: Ok(session), diagnosis }
            }
            Err(error) => refused(error.into(), Some(session.token())),
        })
    }
}
