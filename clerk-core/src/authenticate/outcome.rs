//! What came of a request.

use std::{fmt, sync::Arc};

use http::{HeaderMap, HeaderName, HeaderValue};
use serde::de::DeserializeOwned;

use super::Reason;
use crate::token::{SessionClaims, Token, TokenKind};

/// How a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// The token is good.
    SignedIn,
    /// There is no token, or none that is good; [`Outcome::reason`] says why.
    SignedOut,
}

impl Status {
    /// The status as Clerk's SDKs write it: `signed-in`, `signed-out`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignedIn => "signed-in",
            Self::SignedOut => "signed-out",
        }
    }
}

/// The decision about a request. `Debug` shows status and reason, and nothing of the token.
#[derive(Clone)]
pub struct Outcome {
    status: Status,
    reason: Option<Reason>,
    undecided: bool,
    session: Option<Arc<SessionAuth>>,
    headers: HeaderMap,
}

const STATUS: HeaderName = HeaderName::from_static("x-clerk-auth-status");
const REASON: HeaderName = HeaderName::from_static("x-clerk-auth-reason");
const MESSAGE: HeaderName = HeaderName::from_static("x-clerk-auth-message");

impl Outcome {
    pub(super) fn signed_in(session: SessionAuth) -> Self {
        Self {
            status: Status::SignedIn,
            reason: None,
            undecided: false,
            session: Some(Arc::new(session)),
            headers: HeaderMap::new(),
        }
    }

    pub(super) fn signed_out(reason: Reason, message: Option<&str>) -> Self {
        let mut headers = HeaderMap::with_capacity(3);
        headers.append(STATUS, HeaderValue::from_static(Status::SignedOut.as_str()));
        headers.append(REASON, HeaderValue::from_static(reason.as_str()));
        // A message that is no legal header value is left out.
        if let Some(Ok(message)) = message.filter(|message| !message.is_empty()).map(HeaderValue::from_str) {
            headers.append(MESSAGE, message);
        }
        Self { status: Status::SignedOut, reason: Some(reason), undecided: false, session: None, headers }
    }

    pub(super) const fn undecided(mut self) -> Self {
        self.undecided = true;
        self
    }

    /// How the request stands. A pending session is signed in here, but is no [`session`](Self::session).
    #[must_use]
    pub const fn status(&self) -> Status {
        self.status
    }

    /// Why the request is signed out.
    #[must_use]
    pub const fn reason(&self) -> Option<&Reason> {
        self.reason.as_ref()
    }

    /// Whether the token could not be judged at all, because Clerk did not hand out a key. Such a request is
    /// signed out, but it is no proof that its user is: answer 503 rather than 401.
    #[must_use]
    pub const fn is_undecided(&self) -> bool {
        self.undecided
    }

    /// The kind of token that was looked for.
    #[must_use]
    pub const fn token_kind(&self) -> TokenKind {
        TokenKind::Session
    }

    /// The verified session, unless it is pending.
    #[must_use]
    pub fn session(&self) -> Option<&Arc<SessionAuth>> {
        self.session_or_pending().filter(|session| !session.claims().is_pending())
    }

    /// The verified session, even when its user still has something to do before they count as signed in.
    #[must_use]
    pub const fn session_or_pending(&self) -> Option<&Arc<SessionAuth>> {
        self.session.as_ref()
    }

    /// Headers to *append* to the response, whoever makes it. A name may come more than once.
    #[must_use]
    pub const fn headers(&self) -> &HeaderMap {
        &self.headers
    }
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outcome")
            .field("status", &self.status)
            .field("reason", &self.reason)
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
    pub fn claims_as<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
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
