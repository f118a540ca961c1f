//! The decision about a browser's cookies.
//!
//! The rules are applied in this order: a returning handshake (`handshake`), satellites, the dev-browser token,
//! consistency of the cookies, the session token, a refresh (`refresh`), and last whether a valid session needs a
//! handshake nevertheless.

use std::borrow::Cow;

use http::header::REFERER;
use url::Url;

use super::{Asked, Decision, handshake::Returned, refresh::Unrefreshed, verify::Rejection};
use crate::{
    Reason,
    authenticate::{
        address,
        config::Instance,
        outcome::{BadRequest, Outcome, SignedOutCause},
        request::{CookieSet, CookieValue, Cookies, DecodedSession, Query, SessionToken, is_clerk_page},
    },
    token::{SessionClaims, Token, TokenError, TokenKind},
};

const NO_SESSION: &str = "the session token is missing";

/// A request that is decided by its cookies, which are read once, as is its query.
#[derive(Clone, Copy)]
pub(super) struct Browser<'a> {
    pub(super) decision: &'a Decision<'a>,
    pub(super) cookies: &'a Cookies<'a>,
    pub(super) query: &'a Query<'a>,
    /// The cookies that belong to this instance.
    pub(super) set: CookieSet<'a>,
    /// The token in the header, which takes precedence over cookies.
    pub(super) bearer: Option<&'a str>,
    /// Whether Clerk did not respond when a handshake was resolved. A request that is signed out is then undecided.
    is_undecided: bool,
}

/// The part of a request that contains a session token.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Carrier {
    Header,
    Cookie,
}

impl Carrier {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Cookie => "cookie",
        }
    }
}

/// A session token that was rejected.
pub(super) struct RejectedToken {
    reason: Reason,
    message: Option<String>,
    is_undecided: bool,
    /// Whether only its times are wrong: a handshake may then bring a token that is accepted.
    pub(super) is_time_error: bool,
}

impl RejectedToken {
    pub(super) fn new(
        decision: &Decision<'_>,
        rejection: &Rejection,
        reason: Reason,
        carrier: Carrier,
    ) -> Self {
        let message = decision
            .config
            .debug_headers
            .then(|| format!("{} (reason={reason}, token-carrier={})", rejection.error, carrier.as_str()));
        let reason = match reason {
            Reason::TokenNotActiveYet => Reason::SessionTokenNbf,
            Reason::TokenIatInTheFuture => Reason::SessionTokenIatInTheFuture,
            other => other,
        };
        let (is_undecided, is_time_error) = (rejection.is_undecided, rejection.is_time_error());
        Self { reason, message, is_undecided, is_time_error }
    }

    pub(super) fn signed_out(self) -> Outcome {
        let cause = SignedOutCause::new(true, self.is_undecided);
        Outcome::signed_out(Some(TokenKind::Session), self.reason, cause, self.message.as_deref())
    }
}

impl Decision<'_> {
    /// Decides about a request without a token in the header.
    pub(super) fn cookie_session(&self) -> Asked<Outcome> {
        let instance = self.config.instance.as_ref();
        let (mut cookies, mut query) = self.sent();
        // Visitors who have never signed in, and programs: every rule lets them pass, unless it sends them to Clerk first.
        if cookies.is_none() && query.is_none() && instance.is_none_or(Instance::knows_strangers) {
            let (kind, reason) = (Some(TokenKind::Session), Reason::SessionTokenAndUatMissing);
            return Ok(self.signed_out(kind, reason, SignedOutCause::NoToken, NO_SESSION));
        }
        let sent = (&*cookies.get_or_insert_default(), &*query.get_or_insert_default());
        Browser::with(self, sent, None, |browser, session| match instance {
            Some(instance) => browser.decide(instance, session),
            None => browser.decide_without_instance(session),
        })
    }

    /// Decides about a request with a token in the header that is rejected: cookies and the query count as well.
    pub(super) fn navigation(&self, bearer: &str, then: impl FnOnce(Browser<'_>) -> Outcome) -> Outcome {
        let (cookies, query) = self.sent();
        let (cookies, query) = (cookies.unwrap_or_default(), query.unwrap_or_default());
        Browser::with(self, (&cookies, &query), Some(bearer), |browser, _| then(browser))
    }

    /// Returns the cookies and the parameters of Clerk's that the request has.
    fn sent(&self) -> (Option<Cookies<'_>>, Option<Query<'_>>) {
        let suffix = self.config.instance.as_ref().map(|instance| &*instance.suffix);
        (Cookies::find(self.head.headers, suffix), Query::find(self.head.uri.query()))
    }
}

impl<'a> Browser<'a> {
    /// Chooses and decodes the session cookie.
    fn with<T>(
        decision: &Decision<'_>,
        (cookies, query): (&Cookies<'_>, &Query<'_>),
        bearer: Option<&str>,
        then: impl FnOnce(Browser<'_>, DecodedSession) -> T,
    ) -> T {
        let instance = decision.config.instance.as_ref();
        let (set, session) = CookieSet::choose(cookies, instance, decision.keys(), decision.now);
        then(Browser { decision, cookies, query, set, bearer, is_undecided: false }, session)
    }

    fn decide(self, instance: &Instance, session: DecodedSession) -> Asked<Outcome> {
        match self.returned(instance)? {
            Returned::Done(outcome) => Ok(outcome),
            Returned::Nothing => self.decide_anew(instance, session),
            Returned::Ignored { is_undecided, trace } => {
                let outcome = Self { is_undecided, ..self }.decide_anew(instance, session)?;
                Ok(outcome.with_handshake(Some(trace)))
            }
        }
    }

    /// Decides without a publishable key: the Frontend API is not known, so nothing is redirected.
    fn decide_without_instance(&self, session: DecodedSession) -> Asked<Outcome> {
        let Some(session) = session else {
            return Ok(self.signed_out(Reason::SessionTokenAndUatMissing, NO_SESSION));
        };
        // The client's cookie may be missing, or another application's on the same domain, so it is not required. If it
        // is present, it is checked: someone who has signed out must not stay signed in until the token expires.
        if self.cookies.client_uat.is_some() {
            if self.set.client_uat == 0 {
                let message = "the request has a session token, but no active client";
                return Ok(self.signed_out(Reason::SessionTokenButNoClientUat, message));
            }
            if is_older(&session, self.set.client_uat) {
                let message = "the client was updated after the session token was issued";
                return Ok(self.signed_out(Reason::SessionTokenIatBeforeClientUat, message));
            }
        }
        self.verify_session(session, |_| None)
    }

    /// Applies the rules, apart from those about returning handshakes.
    fn decide_anew(&self, instance: &Instance, session: DecodedSession) -> Asked<Outcome> {
        let has_client = self.set.client_uat != 0;
        if let Some(outcome) = self.sync(instance) {
            return Ok(outcome);
        }
        // A development instance's Frontend API is on another domain than the application, where browsers block its
        // cookies. The dev-browser token replaces them, and is passed on in URLs.
        if !instance.is_production && self.query.has_dev_browser {
            return Ok(self.handshake(Reason::DevBrowserSync, "the URL contains a dev-browser token"));
        }
        if !instance.is_production && self.dev_browser().is_none() {
            return Ok(self.handshake(Reason::DevBrowserMissing, "the dev-browser token is missing"));
        }
        let session = match session {
            None if has_client => {
                let message = "the request has an active client, but no session token";
                return Ok(self.handshake(Reason::ClientUatButNoSessionToken, message));
            }
            None => {
                return Ok(self.signed_out(Reason::SessionTokenAndUatMissing, NO_SESSION));
            }
            Some(_) if !has_client => {
                let message = "the request has a session token, but no active client";
                return Ok(self.handshake(Reason::SessionTokenButNoClientUat, message));
            }
            Some(session) => session,
        };
        // This uses an unverified claim, which is safe because it can only cause a redirect.
        if is_older(&session, self.set.client_uat) {
            let message = "the client was updated after the session token was issued";
            return Ok(self.handshake(Reason::SessionTokenIatBeforeClientUat, message));
        }
        self.verify_session(session, |token| {
            self.other_origin(instance).or_else(|| self.other_organization(token))
        })
    }

    /// Verifies the session token. For a valid one, `then` may still require a handshake.
    fn verify_session(
        &self,
        session: Result<SessionToken, TokenError>,
        then: impl FnOnce(&Token) -> Option<Outcome>,
    ) -> Asked<Outcome> {
        let session = match session {
            Ok(session) if session.token().is_session() => session,
            Ok(_) => {
                let (kind, reason) = (Some(TokenKind::Session), Reason::TokenTypeMismatch);
                return Ok(Outcome::signed_out(kind, reason, self.cause(), None));
            }
            Err(error) => {
                let reason = error.reason().clone();
                return Ok(self.reject_cookie(&error.into(), reason));
            }
        };
        let rejection = match self.decision.verify(&session, &self.decision.config.session)? {
            Ok(()) => {
                let handshake = then(session.token());
                return Ok(handshake.unwrap_or_else(|| Outcome::signed_in(self.decision.session(session))));
            }
            Err(rejection) => rejection,
        };
        // Only expiry can be repaired by a refresh.
        if *rejection.error.reason() != Reason::TokenExpired {
            let reason = rejection.error.reason().clone();
            return Ok(self.reject_cookie(&rejection, reason));
        }
        Ok(match self.refresh(session.token())? {
            Ok(outcome) => outcome,
            Err(Unrefreshed { reason, is_undecided }) => {
                self.reject_cookie(&Rejection { is_undecided, ..rejection }, reason)
            }
        })
    }

    fn reject_cookie(&self, rejection: &Rejection, reason: Reason) -> Outcome {
        self.reject(RejectedToken::new(self.decision, rejection, reason, Carrier::Cookie))
    }

    /// Rejects the session token. If only its times are wrong, a browser is redirected to get a new one.
    pub(super) fn reject(&self, rejected: RejectedToken) -> Outcome {
        if rejected.is_time_error
            && let Some(outcome) = self.try_handshake(&rejected.reason, rejected.message.as_deref())
        {
            return outcome;
        }
        RejectedToken { is_undecided: rejected.is_undecided || self.is_undecided, ..rejected }.signed_out()
    }

    pub(super) fn signed_out(&self, reason: Reason, message: &str) -> Outcome {
        self.decision.signed_out(Some(TokenKind::Session), reason, self.cause(), message)
    }

    pub(super) fn bad_request(&self, error: BadRequest) -> Outcome {
        let message = self.decision.message("the request is not valid");
        Outcome::malformed(error, self.has_token(), message)
    }

    pub(super) const fn has_token(&self) -> bool {
        self.set.session.is_some() || self.bearer.is_some()
    }

    /// Returns the cause for which the request is signed out.
    pub(super) const fn cause(&self) -> SignedOutCause {
        SignedOutCause::new(self.has_token(), self.is_undecided)
    }

    pub(super) fn url(&self) -> Option<Url> {
        self.decision.head.public_url(&self.decision.config.forwarded)
    }

    /// Returns the dev-browser token of the URL, or of the cookie.
    pub(super) fn dev_browser(&self) -> Option<Cow<'a, str>> {
        let in_query = self.query.dev_browser.as_deref().map(Cow::Borrowed);
        in_query.or_else(|| self.set.dev_browser.map(CookieValue::text))
    }

    /// Synchronizes satellites with the primary domain, in both roles.
    ///
    /// In production, a satellite redirects to its handshake. In development, it redirects to the primary domain, which
    /// redirects back.
    fn sync(&self, instance: &Instance) -> Option<Outcome> {
        let Some(satellite) = &instance.satellite else { return self.return_to_satellite(instance) };
        // Without the check of `__clerk_synced=true`, a browser without a session would be redirected in a loop.
        if !self.decision.head.is_document() || self.query.synced == Some(true) {
            return None;
        }
        let has_cookies = self.set.client_uat != 0 || self.set.session.is_some();
        let needs_sync = self.query.synced == Some(false);
        if !satellite.auto_sync && !has_cookies && !needs_sync {
            return Some(self.signed_out(Reason::SessionTokenAndUatMissing, NO_SESSION));
        }
        if has_cookies && !needs_sync {
            return None;
        }
        let (reason, message) =
            (Reason::SatelliteNeedsSyncing, "the satellite has to be synchronized with the primary domain");
        Some(if instance.is_production {
            self.handshake(reason, message)
        } else {
            self.redirect_to(|| self.primary_url(instance), reason, message)
        })
    }

    /// On the primary domain of a development instance, redirects back to a satellite with this browser's dev-browser
    /// token.
    fn return_to_satellite(&self, instance: &Instance) -> Option<Outcome> {
        let back = self.query.redirect_url.as_deref().filter(|_| !instance.is_production)?;
        // The dev-browser token goes to any host here, as in Clerk's SDK; it is of use only on development instances.
        let Some(mut back) = address::absolute(back) else {
            return Some(self.bad_request(BadRequest::RedirectUrl));
        };
        if let Some(token) = self.dev_browser() {
            back.query_pairs_mut().append_pair("__clerk_db_jwt", &token);
        }
        address::set_pair(&mut back, "__clerk_synced", "true");
        let message = "the browser returns to a satellite";
        Some(self.redirect_to(|| Some(back), Reason::PrimaryRespondsToSyncing, message))
    }

    /// Returns the URL of the primary domain's sign-in page, which redirects back to this satellite.
    fn primary_url(&self, instance: &Instance) -> Option<Url> {
        let mut primary = address::absolute(instance.sign_in_url.as_deref()?)?;
        let page = self.url()?;
        primary.query_pairs_mut().append_pair("__clerk_redirect_url", page.as_str());
        Some(primary)
    }

    /// Returns a handshake if the browser navigates here from another origin, where its user may have signed in or out.
    fn other_origin(&self, instance: &Instance) -> Option<Outcome> {
        let head = &self.decision.head;
        // Only once: the browser returns from the handshake with the same referrer, and would be redirected again.
        if instance.satellite.is_some() || !self.cookies.redirect_count.is_zero() {
            return None;
        }
        let referrer = head.headers.get(REFERER).filter(|_| head.is_document())?;
        let referrer = Url::parse(referrer.to_str().ok()?).ok()?;
        let page = self.url()?;
        if referrer.origin() == page.origin() || is_clerk_page(&referrer, &page, instance) {
            return None;
        }
        let message = "the visitor comes from another origin";
        Some(self.handshake(Reason::PrimaryDomainCrossOriginSync, message))
    }

    /// Returns a handshake if the URL is for another organization than the active one.
    ///
    /// If no handshake is possible, the session stays signed in with its active organization.
    fn other_organization(&self, token: &Token) -> Option<Outcome> {
        let routes = &self.decision.config.routes;
        if routes.is_empty() {
            return None;
        }
        // The user of a pending session may be about to choose an organization.
        let claims = SessionClaims::of(token);
        if claims.is_pending() || claims.user_id().as_str().is_empty() {
            return None;
        }
        let page = self.url()?;
        routes.target(page.path()).filter(|target| target.differs(&claims))?;
        let message = self.decision.message("the URL is for another organization than the active one");
        self.try_handshake(&Reason::ActiveOrganizationMismatch, message)
    }
}

/// Whether a session token was issued before the client was last updated.
fn is_older(session: &Result<SessionToken, TokenError>, client_uat: i64) -> bool {
    session.as_ref().is_ok_and(|session| {
        let issued = session.token().unverified_issued_at();
        session.token().is_session() && issued.is_some_and(|issued| issued.as_secs() < client_uat)
    })
}
