//! What came of a request.

use std::{fmt, sync::Arc};

use http::{HeaderMap, HeaderName, HeaderValue, header::LOCATION};
use serde::de::DeserializeOwned;

use super::{MachineAuth, Reason};
use crate::token::{ClaimsError, SessionClaims, Token, TokenKind};

/// How a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// The token is good.
    SignedIn,
    /// There is no token, or none that is good; [`Outcome::reason`] says why.
    SignedOut,
    /// The visitor's browser has to be sent to Clerk first: [`Outcome::location`].
    Handshake,
}

impl Status {
    /// The status as Clerk's SDKs write it: `signed-in`, `signed-out`, `handshake`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignedIn => "signed-in",
            Self::SignedOut => "signed-out",
            Self::Handshake => "handshake",
        }
    }
}

/// A request of a development instance that cannot be answered in a sensible way: answer 400.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum BadRequest {
    /// The handshake's signature is not that of this instance.
    #[error(
        "The handshake was not signed by this instance. Publishable key and secret key may belong to different \
         instances, or have changed: check both, and clear this site's cookies."
    )]
    HandshakeSignature,
    /// The handshake cannot be read.
    #[error("The handshake in the URL or its cookie is no handshake token of Clerk's.")]
    HandshakeToken,
    /// A satellite asks to be sent back to something that is no address.
    #[error("__clerk_redirect_url is no absolute https or http URL.")]
    RedirectUrl,
}

/// The decision about a request. `Debug` shows status and reason, and nothing of the token.
#[derive(Clone)]
pub struct Outcome {
    status: Status,
    reason: Option<Reason>,
    kind: Option<TokenKind>,
    undecided: bool,
    had_token: bool,
    bad_request: Option<BadRequest>,
    dropped_cookies: usize,
    who: Who,
    headers: HeaderMap,
}

#[derive(Clone)]
enum Who {
    Nobody,
    Session(Arc<SessionAuth>),
    Machine(Arc<MachineAuth>),
}

const STATUS: HeaderName = HeaderName::from_static("x-clerk-auth-status");
const REASON: HeaderName = HeaderName::from_static("x-clerk-auth-reason");
const MESSAGE: HeaderName = HeaderName::from_static("x-clerk-auth-message");

impl Outcome {
    const fn new(status: Status, kind: Option<TokenKind>, who: Who, headers: HeaderMap) -> Self {
        Self {
            status,
            reason: None,
            kind,
            undecided: false,
            had_token: true,
            bad_request: None,
            dropped_cookies: 0,
            who,
            headers,
        }
    }

    pub(super) fn signed_in(session: Arc<SessionAuth>) -> Self {
        Self::new(Status::SignedIn, Some(TokenKind::Session), Who::Session(session), HeaderMap::new())
    }

    pub(super) fn machine_signed_in(machine: MachineAuth) -> Self {
        let kind = machine.kind();
        Self::new(Status::SignedIn, Some(kind), Who::Machine(Arc::new(machine)), HeaderMap::new())
    }

    pub(super) fn signed_out(kind: Option<TokenKind>, reason: Reason, message: Option<&str>) -> Self {
        Self::refused(Status::SignedOut, kind, reason, message)
    }

    pub(super) fn handshake(reason: Reason, message: Option<&str>) -> Self {
        Self::refused(Status::Handshake, Some(TokenKind::Session), reason, message)
    }

    fn refused(status: Status, kind: Option<TokenKind>, reason: Reason, message: Option<&str>) -> Self {
        let mut headers = HeaderMap::with_capacity(3);
        headers.append(STATUS, HeaderValue::from_static(status.as_str()));
        // What is no legal header value is left out.
        if let Some(reason) = reason.to_value() {
            headers.append(REASON, reason);
        }
        if let Some(Ok(message)) = message.filter(|message| !message.is_empty()).map(HeaderValue::from_str) {
            headers.append(MESSAGE, message);
        }
        Self { reason: Some(reason), ..Self::new(status, kind, Who::Nobody, headers) }
    }

    /// Nothing is known about the token, as long as it does not sign in or go to Clerk anyway.
    pub(super) fn undecided_if(mut self, undecided: bool) -> Self {
        self.undecided |= undecided && self.status == Status::SignedOut;
        self
    }

    /// Nobody brought a token.
    pub(super) const fn without_token(mut self) -> Self {
        self.had_token = false;
        self
    }

    pub(super) const fn bad(mut self, bad_request: BadRequest) -> Self {
        self.bad_request = Some(bad_request);
        self
    }

    pub(super) fn with_headers(mut self, headers: &HeaderMap) -> Self {
        for (name, value) in headers {
            self.headers.append(name, value.clone());
        }
        self
    }

    pub(super) const fn with_dropped_cookies(mut self, dropped: usize) -> Self {
        self.dropped_cookies = dropped;
        self
    }

    /// How the request stands. A pending session is signed in here, but is no [`session`](Self::session).
    #[must_use]
    pub const fn status(&self) -> Status {
        self.status
    }

    /// Why the request is not signed in.
    #[must_use]
    pub const fn reason(&self) -> Option<&Reason> {
        self.reason.as_ref()
    }

    /// Whether the token could not be judged at all, because Clerk did not answer. Such a request is
    /// signed out, but it is no proof that its user is: answer 503 rather than 401. What has a
    /// [location](Self::location) is decided: the browser comes back.
    #[must_use]
    pub fn is_undecided(&self) -> bool {
        self.undecided && self.location().is_none()
    }

    /// Why the request makes no sense. Answer 400 and say so: going on might send a browser in circles.
    #[must_use]
    pub const fn bad_request(&self) -> Option<BadRequest> {
        self.bad_request
    }

    /// Where to send the browser: answer 307 with all [`headers`](Self::headers) and without a body. Not only
    /// handshakes have one: a handshake that came back to a development instance has its parameters taken off the URL.
    #[must_use]
    pub fn location(&self) -> Option<&HeaderValue> {
        self.headers.get(LOCATION)
    }

    /// Whether there was no token to judge, as opposed to a bad one: a visitor, as far as is known. A browser that comes
    /// back from a handshake without a session is one too, whatever it had before.
    #[must_use]
    pub const fn is_anonymous(&self) -> bool {
        !self.had_token || matches!(self.reason, Some(Reason::SessionTokenMissing))
    }

    /// The kind of token that was found or asked for; `None` when none of several kinds can be named.
    #[must_use]
    pub const fn token_kind(&self) -> Option<TokenKind> {
        self.kind
    }

    /// The verified session, unless it is pending.
    #[must_use]
    pub fn session(&self) -> Option<&Arc<SessionAuth>> {
        self.session_or_pending().filter(|session| !session.claims().is_pending())
    }

    /// The verified session, even when its user still has something to do before they count as signed in.
    #[must_use]
    pub const fn session_or_pending(&self) -> Option<&Arc<SessionAuth>> {
        match &self.who {
            Who::Session(session) => Some(session),
            Who::Nobody | Who::Machine(_) => None,
        }
    }

    /// The verified machine token.
    #[must_use]
    pub const fn machine(&self) -> Option<&Arc<MachineAuth>> {
        match &self.who {
            Who::Machine(machine) => Some(machine),
            Who::Nobody | Who::Session(_) => None,
        }
    }

    /// Headers to *append* to the response, whoever makes it. A name may come more than once.
    #[must_use]
    pub const fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// How many cookies Clerk wanted to set that are no legal header values, or too many. They are not among the
    /// headers.
    #[must_use]
    pub const fn dropped_cookies(&self) -> usize {
        self.dropped_cookies
    }
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outcome")
            .field("status", &self.status)
            .field("reason", &self.reason)
            .field("kind", &self.kind)
            .field("undecided", &self.undecided)
            .finish_non_exhaustive()
    }
}

/// A session whose token was verified.
pub struct SessionAuth {
    token: Token,
    claims: SessionClaims,
}

impl SessionAuth {
    pub(super) fn new(token: Token) -> Self {
        Self { claims: SessionClaims::of(&token), token }
    }

    pub(super) const fn token(&self) -> &Token {
        &self.token
    }

    /// What the token says.
    #[must_use]
    pub const fn claims(&self) -> &SessionClaims {
        &self.claims
    }

    /// All claims, custom ones among them, read into a type of your choice.
    ///
    /// # Errors
    ///
    /// When the claims do not fit the type.
    pub fn claims_as<T: DeserializeOwned>(&self) -> Result<T, ClaimsError> {
        self.token.claims()
    }

    /// The token's text, to pass it on to another service. It is a credential: do not log it.
    #[must_use]
    pub fn expose_token(&self) -> &str {
        self.token.expose()
    }
}

impl fmt::Debug for SessionAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionAuth").finish_non_exhaustive()
    }
}
