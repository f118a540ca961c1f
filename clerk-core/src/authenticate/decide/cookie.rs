//! The cookies of a visitor's browser, row by row.
//!
//! The road goes from top to bottom: a handshake that came back (`handshake`), satellites, the dev browser, the cookies'
//! consistency, the session token, a refresh (`refresh`), and at last whether a valid session needs a handshake anyway.

use http::header::REFERER;
use url::Url;

use super::{Asked, Decision, handshake::Returned, refresh::Unrefreshed, verify::Refusal};
use crate::{
    Reason,
    authenticate::{
        address,
        config::Instance,
        outcome::{BadRequest, Outcome, SignedOutCause},
        request::{CookieSet, Cookies, DecodedSession, Query, SessionToken, is_clerks},
    },
    token::{SessionClaims, Token, TokenError, TokenKind},
};

/// A request of a browser: its cookies and its query, read once.
#[derive(Clone, Copy)]
pub(super) struct Browser<'a> {
    pub(super) decision: &'a Decision<'a>,
    pub(super) cookies: &'a Cookies<'a>,
    pub(super) query: &'a Query<'a>,
    /// The cookies that belong to this instance.
    pub(super) set: CookieSet<'a>,
    /// The token in the header, which takes precedence over cookies.
    pub(super) bearer: Option<&'a str>,
    /// Whether Clerk did not respond when it was asked about a handshake. Being signed out is no fact then.
    is_undecided: bool,
}

/// Where a session token came from.
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

/// A session token that was refused.
pub(super) struct Refused {
    reason: Reason,
    message: Option<String>,
    is_undecided: bool,
    /// Whether a new token would be accepted, so that a browser is sent for one.
    pub(super) is_about_time: bool,
}

impl Refused {
    pub(super) fn new(decision: &Decision<'_>, refusal: &Refusal, reason: Reason, carrier: Carrier) -> Self {
        let message = decision
            .config
            .debug_headers
            .then(|| format!("{} (reason={reason}, token-carrier={})", refusal.error, carrier.as_str()));
        let reason = match reason {
            Reason::TokenNotActiveYet => Reason::SessionTokenNbf,
            Reason::TokenIatInTheFuture => Reason::SessionTokenIatInTheFuture,
            other => other,
        };
        let (is_undecided, is_about_time) = (refusal.is_undecided, refusal.is_about_time());
        Self { reason, message, is_undecided, is_about_time }
    }

    pub(super) fn signed_out(self) -> Outcome {
        let cause = SignedOutCause::new(true, self.is_undecided);
        Outcome::signed_out(Some(TokenKind::Session), self.reason, cause, self.message.as_deref())
    }
}

impl Decision<'_> {
    /// No token in the header: the cookies decide.
    pub(super) fn cookie_session(&self) -> Asked<Outcome> {
        Browser::with(self, None, |browser, session| match &self.config.instance {
            Some(instance) => browser.decide(instance, session),
            None => browser.decide_without_instance(session),
        })
    }
}

impl<'a> Browser<'a> {
    /// Reads the cookies and the query, and chooses and decodes the session cookie: once for the whole decision.
    pub(super) fn with<T>(
        decision: &Decision<'_>,
        bearer: Option<&str>,
        then: impl FnOnce(Browser<'_>, DecodedSession) -> T,
    ) -> T {
        let instance = decision.config.instance.as_ref();
        let suffix = instance.map(|instance| &*instance.suffix);
        let cookies = Cookies::read(decision.head.headers, suffix);
        let query = Query::read(decision.head.uri.query());
        let (set, session) = CookieSet::choose(&cookies, instance, decision.keys(), decision.now);
        let (cookies, query) = (&cookies, &query);
        then(Browser { decision, cookies, query, set, bearer, is_undecided: false }, session)
    }

    fn decide(self, instance: &Instance, session: DecodedSession) -> Asked<Outcome> {
        match self.returned(instance)? {
            Returned::Done(outcome) => Ok(outcome),
            Returned::Nothing { is_undecided } => {
                Self { is_undecided, ..self }.decide_anew(instance, session)
            }
        }
    }

    /// Without a publishable key there is no Frontend API to send anyone to.
    fn decide_without_instance(&self, session: DecodedSession) -> Asked<Outcome> {
        let Some(session) = session else {
            return Ok(self.signed_out(Reason::SessionTokenAndUatMissing, "there is no session token"));
        };
        // Another application on the domain may have set the client's cookie, so it may be missing. But someone who has
        // signed out must not stay signed in.
        if self.cookies.client_uat.is_some() {
            if self.set.client_uat == 0 {
                let message = "there is a session token, but no client";
                return Ok(self.signed_out(Reason::SessionTokenButNoClientUat, message));
            }
            if is_older(&session, self.set.client_uat) {
                let message = "the client was updated since";
                return Ok(self.signed_out(Reason::SessionTokenIatBeforeClientUat, message));
            }
        }
        self.verify_session(session, |_| None)
    }

    /// The rows of the table, apart from handshakes that came back.
    fn decide_anew(&self, instance: &Instance, session: DecodedSession) -> Asked<Outcome> {
        let has_client = self.set.client_uat != 0;
        if let Some(outcome) = self.sync(instance) {
            return Ok(outcome);
        }
        if !instance.is_production && self.query.has_dev_browser {
            return Ok(self.handshake(Reason::DevBrowserSync, "the URL brings a dev-browser token"));
        }
        if !instance.is_production && self.dev_browser().is_none() {
            return Ok(self.handshake(Reason::DevBrowserMissing, "the dev-browser token is missing"));
        }
        let session = match session {
            None if has_client => {
                let message = "there is a client, but no session token";
                return Ok(self.handshake(Reason::ClientUatButNoSessionToken, message));
            }
            None => {
                return Ok(self.signed_out(Reason::SessionTokenAndUatMissing, "there is no session token"));
            }
            Some(_) if !has_client => {
                let message = "there is a session token, but no client";
                return Ok(self.handshake(Reason::SessionTokenButNoClientUat, message));
            }
            Some(session) => session,
        };
        // Before any signature is verified: all that this can cause is a redirect.
        if is_older(&session, self.set.client_uat) {
            let message = "the client was updated since";
            return Ok(self.handshake(Reason::SessionTokenIatBeforeClientUat, message));
        }
        self.verify_session(session, |token| {
            self.other_origin(instance).or_else(|| self.other_organization(token))
        })
    }

    /// Verifies the session token. A valid one may still require a handshake, by `then`.
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
                return Ok(self.refuse_cookie(&error.into(), reason));
            }
        };
        let refusal = match self.decision.verify(&session, &self.decision.config.session)? {
            Ok(()) => {
                let handshake = then(session.token());
                return Ok(handshake.unwrap_or_else(|| Outcome::signed_in(self.decision.session(session))));
            }
            Err(refusal) => refusal,
        };
        if *refusal.error.reason() != Reason::TokenExpired {
            let reason = refusal.error.reason().clone();
            return Ok(self.refuse_cookie(&refusal, reason));
        }
        Ok(match self.refresh(session.token())? {
            Ok(outcome) => outcome,
            Err(Unrefreshed { reason, is_undecided }) => {
                self.refuse_cookie(&Refusal { is_undecided, ..refusal }, reason)
            }
        })
    }

    fn refuse_cookie(&self, refusal: &Refusal, reason: Reason) -> Outcome {
        self.refuse(Refused::new(self.decision, refusal, reason, Carrier::Cookie))
    }

    /// Refuses the session token. If only the time is wrong, a browser is sent for a new one.
    pub(super) fn refuse(&self, refused: Refused) -> Outcome {
        if refused.is_about_time
            && let Some(outcome) = self.try_handshake(&refused.reason, refused.message.as_deref())
        {
            return outcome;
        }
        Refused { is_undecided: refused.is_undecided || self.is_undecided, ..refused }.signed_out()
    }

    pub(super) fn signed_out(&self, reason: Reason, message: &str) -> Outcome {
        self.decision.signed_out(Some(TokenKind::Session), reason, self.cause(), message)
    }

    pub(super) fn bad_request(&self, error: BadRequest) -> Outcome {
        let message = self.decision.message("the request is not valid");
        Outcome::bad_request_because(error, self.has_token(), message)
    }

    pub(super) const fn has_token(&self) -> bool {
        self.set.session.is_some() || self.bearer.is_some()
    }

    /// Why a browser is signed out.
    pub(super) const fn cause(&self) -> SignedOutCause {
        SignedOutCause::new(self.has_token(), self.is_undecided)
    }

    pub(super) fn url(&self) -> Option<Url> {
        self.decision.head.public_url(&self.decision.config.forwarded)
    }

    /// The dev-browser token of the URL, else that of the cookie.
    pub(super) fn dev_browser(&self) -> Option<&'a str> {
        self.query.dev_browser.as_deref().or(self.set.dev_browser)
    }

    /// Satellites ask their primary domain, and the primary domain of a development instance answers them.
    fn sync(&self, instance: &Instance) -> Option<Outcome> {
        let Some(satellite) = &instance.satellite else { return self.answer_satellite(instance) };
        if !self.decision.head.is_document() || self.query.synced == Some(true) {
            return None;
        }
        let has_cookies = self.set.client_uat != 0 || self.set.session.is_some();
        let needs_sync = self.query.synced == Some(false);
        if !satellite.auto_sync && !has_cookies && !needs_sync {
            return Some(self.signed_out(Reason::SessionTokenAndUatMissing, "there is no session token"));
        }
        if has_cookies && !needs_sync {
            return None;
        }
        let (reason, message) = (Reason::SatelliteNeedsSyncing, "the primary domain has to be asked");
        Some(if instance.is_production {
            self.handshake(reason, message)
        } else {
            self.redirect_to(|| self.primary_url(instance), reason, message)
        })
    }

    /// A satellite asks who is signed in: it is sent this browser's dev-browser token.
    fn answer_satellite(&self, instance: &Instance) -> Option<Outcome> {
        let back = self.query.redirect_url.as_deref().filter(|_| !instance.is_production)?;
        let Some(mut back) = address::absolute(back) else {
            return Some(self.bad_request(BadRequest::RedirectUrl));
        };
        if let Some(token) = self.dev_browser() {
            back.query_pairs_mut().append_pair("__clerk_db_jwt", token);
        }
        address::set_pair(&mut back, "__clerk_synced", "true");
        let message = "a satellite asks who is signed in";
        Some(self.redirect_to(|| Some(back), Reason::PrimaryRespondsToSyncing, message))
    }

    /// The sign-in page of the primary domain, which answers this satellite.
    fn primary_url(&self, instance: &Instance) -> Option<Url> {
        let mut primary = address::absolute(instance.sign_in_url.as_deref()?)?;
        let page = self.url()?;
        primary.query_pairs_mut().append_pair("__clerk_redirect_url", page.as_str());
        Some(primary)
    }

    /// A visitor who comes from another origin may have signed in or out there.
    fn other_origin(&self, instance: &Instance) -> Option<Outcome> {
        let head = &self.decision.head;
        // Once is enough: the browser comes back from the handshake with the same referrer.
        if instance.satellite.is_some() || !head.is_document() || !self.cookies.redirect_count.is_zero() {
            return None;
        }
        let referrer = Url::parse(head.text(&REFERER)).ok()?;
        let page = self.url()?;
        if referrer.origin() == page.origin() || is_clerks(&referrer, &page, instance) {
            return None;
        }
        let message = "the visitor comes from another origin";
        Some(self.handshake(Reason::PrimaryDomainCrossOriginSync, message))
    }

    /// The URL may belong to another organization than the active one. Nobody is signed out for that.
    fn other_organization(&self, token: &Token) -> Option<Outcome> {
        let routes = &self.decision.config.routes;
        if routes.is_empty() {
            return None;
        }
        let claims = SessionClaims::of(token);
        if claims.is_pending() || claims.user_id().as_str().is_empty() {
            return None;
        }
        let page = self.url()?;
        routes.target(page.path()).filter(|target| target.differs(&claims))?;
        let message = self.decision.message("the URL belongs to another organization");
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
