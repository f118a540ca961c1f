//! The outcome of a decision, sign-in pages, and what is probably wrong when requests are refused.

mod diagnosis;
mod machine;
mod sign_in;

use std::{fmt, sync::Arc};

use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{CACHE_CONTROL, LOCATION, SET_COOKIE},
};

pub use self::{
    diagnosis::Diagnosis,
    machine::{ApiKeyAuth, M2mAuth, MachineAuth, MachineFacts, OAuthAuth},
    sign_in::NoSignInPage,
};
pub(super) use self::{
    diagnosis::{diagnose, diagnose_redirect},
    machine::of_jwt,
    sign_in::{Page, page_url},
};
use crate::{
    Reason,
    token::{SessionAuth, TokenKind},
};

/// The status of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// The request has a valid token.
    SignedIn,
    /// The request has no token, or none that is valid: [`Outcome::reason`] says why.
    SignedOut,
    /// The browser has to be redirected first: [`Outcome::location`].
    Handshake,
}

impl Status {
    /// Returns the status as Clerk's SDKs write it: `signed-in`, `signed-out` or `handshake`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignedIn => "signed-in",
            Self::SignedOut => "signed-out",
            Self::Handshake => "handshake",
        }
    }
}

/// Why a request to a development instance has to be answered with 400.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum BadRequest {
    /// The handshake was signed by another instance.
    #[error(
        "The handshake was not signed by this instance. Publishable key and secret key may belong to different \
         instances, or have changed: check both, and clear this site's cookies."
    )]
    HandshakeSignature,
    /// The handshake is not a valid handshake token.
    #[error("The handshake in the URL or its cookie is not a valid handshake token of Clerk's.")]
    HandshakeToken,
    /// A satellite asks to be redirected to something that is not a valid URL.
    #[error("__clerk_redirect_url is not a valid absolute https or http URL.")]
    RedirectUrl,
}

/// The decision about a request.
///
/// Its [headers](Self::headers) belong to the response in every state. `Debug` shows the status and the reason, and
/// nothing of a token.
#[derive(Clone)]
#[non_exhaustive]
pub enum Outcome {
    /// The request has a valid token.
    SignedIn(SignedIn),
    /// The request has no token, its token was refused, or the token could not be verified.
    SignedOut(SignedOut),
    /// The browser has to be redirected before anything else happens.
    Redirect(Redirect),
    /// The request has to be answered with 400.
    BadRequest(Malformed),
}

/// A request with a valid token: the state of [`Outcome::SignedIn`].
#[derive(Clone)]
pub struct SignedIn {
    identity: Identity,
    response: ResponseHeaders,
}

/// Who a valid token belongs to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Identity {
    /// A session, which may still be pending.
    Session(Arc<SessionAuth>),
    /// A machine token.
    Machine(Arc<MachineAuth>),
}

/// A request without a valid token: the state of [`Outcome::SignedOut`].
#[derive(Clone)]
pub struct SignedOut {
    reason: Reason,
    token_kind: Option<TokenKind>,
    cause: SignedOutCause,
    response: ResponseHeaders,
}

/// What a request that is not signed in lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignedOutCause {
    /// The request has no token. A browser that returns from a handshake without a session counts as such, whatever it
    /// had before.
    NoToken,
    /// The request has a token, which was refused.
    TokenRefused,
    /// Clerk did not respond, so the request could not be decided.
    Undecided {
        /// Whether the request has a token.
        has_token: bool,
    },
}

impl SignedOutCause {
    /// For a request that was decided.
    pub(super) const fn decided(has_token: bool) -> Self {
        if has_token { Self::TokenRefused } else { Self::NoToken }
    }

    /// For a request that may not have been decided, because Clerk did not respond.
    pub(super) const fn new(has_token: bool, is_undecided: bool) -> Self {
        if is_undecided { Self::Undecided { has_token } } else { Self::decided(has_token) }
    }

    const fn has_token(self) -> bool {
        matches!(self, Self::TokenRefused | Self::Undecided { has_token: true })
    }
}

/// A redirect: the state of [`Outcome::Redirect`].
#[derive(Clone)]
pub struct Redirect {
    location: HeaderValue,
    purpose: Purpose,
    response: ResponseHeaders,
}

/// Why a browser is redirected.
#[derive(Clone)]
enum Purpose {
    /// To Clerk for new cookies, to the primary domain, or back to a satellite.
    Handshake { reason: Reason, has_token: bool },
    /// To the URL without the parameters of a handshake of a development instance, which brought this session.
    SignedIn(Arc<SessionAuth>),
    /// The same after a handshake that brought no session.
    SignedOut,
}

/// A request that has to be answered with 400: the state of [`Outcome::BadRequest`].
#[derive(Clone)]
pub struct Malformed {
    error: BadRequest,
    has_token: bool,
    response: ResponseHeaders,
}

/// What a decision adds to a response.
#[derive(Clone, Default)]
pub(super) struct ResponseHeaders {
    pub(super) headers: HeaderMap,
    /// How many cookies of Clerk's were left out.
    pub(super) dropped_cookies: usize,
}

const STATUS: HeaderName = HeaderName::from_static("x-clerk-auth-status");
const REASON: HeaderName = HeaderName::from_static("x-clerk-auth-reason");
const MESSAGE: HeaderName = HeaderName::from_static("x-clerk-auth-message");
pub(super) const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// The reason of a handshake that comes back without a session.
const RETURNED_WITHOUT_SESSION: &Reason = &Reason::SessionTokenMissing;

/// The headers that explain a request that is not signed in. What is not a valid header value is left out.
fn explain(status: Status, reason: &Reason, message: Option<&str>) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(3);
    headers.append(STATUS, HeaderValue::from_static(status.as_str()));
    let reason = match reason.as_static_str() {
        Some(code) => Some(HeaderValue::from_static(code)),
        None => HeaderValue::from_str(reason.as_str()).ok(),
    };
    if let Some(reason) = reason {
        headers.append(REASON, reason);
    }
    if let Some(Ok(message)) = message.filter(|message| !message.is_empty()).map(HeaderValue::from_str) {
        headers.append(MESSAGE, message);
    }
    headers
}

/// One constructor for each state, with everything that is known.
impl Outcome {
    /// A valid session token.
    pub(super) fn signed_in(session: Arc<SessionAuth>) -> Self {
        Self::signed_in_anew(session, ResponseHeaders::default())
    }

    /// A valid session token that a handshake or a refresh brought, with its cookies.
    pub(super) const fn signed_in_anew(session: Arc<SessionAuth>, response: ResponseHeaders) -> Self {
        Self::SignedIn(SignedIn { identity: Identity::Session(session), response })
    }

    /// A valid machine token.
    pub(super) fn machine_signed_in(machine: MachineAuth) -> Self {
        let identity = Identity::Machine(Arc::new(machine));
        Self::SignedIn(SignedIn { identity, response: ResponseHeaders::default() })
    }

    /// No valid token.
    pub(super) fn signed_out(
        token_kind: Option<TokenKind>,
        reason: Reason,
        cause: SignedOutCause,
        message: Option<&str>,
    ) -> Self {
        let headers = explain(Status::SignedOut, &reason, message);
        let response = ResponseHeaders { headers, dropped_cookies: 0 };
        Self::SignedOut(SignedOut { reason, token_kind, cause, response })
    }

    /// A redirect to Clerk, to the primary domain or to a satellite, and the cookie that counts it.
    pub(super) fn handshake(
        location: HeaderValue,
        count: HeaderValue,
        reason: Reason,
        has_token: bool,
        message: Option<&str>,
    ) -> Self {
        let mut headers = explain(Status::Handshake, &reason, message);
        headers.append(LOCATION, location.clone());
        headers.append(CACHE_CONTROL, NO_STORE);
        headers.append(SET_COOKIE, count);
        let response = ResponseHeaders { headers, dropped_cookies: 0 };
        Self::Redirect(Redirect { location, purpose: Purpose::Handshake { reason, has_token }, response })
    }

    /// A handshake of a development instance came back: a redirect to the URL without its parameters. `response` has its
    /// cookies.
    pub(super) fn returned(
        location: HeaderValue,
        session: Option<Arc<SessionAuth>>,
        response: ResponseHeaders,
    ) -> Self {
        let (purpose, mut headers) = match session {
            Some(session) => (Purpose::SignedIn(session), HeaderMap::new()),
            None => (Purpose::SignedOut, explain(Status::SignedOut, RETURNED_WITHOUT_SESSION, None)),
        };
        append_all(&mut headers, response.headers);
        headers.append(LOCATION, location.clone());
        headers.append(CACHE_CONTROL, NO_STORE);
        let response = ResponseHeaders { headers, ..response };
        Self::Redirect(Redirect { location, purpose, response })
    }

    /// A handshake came back without a session, and the request goes on. `response` has its cookies.
    pub(super) fn returned_signed_out(is_undecided: bool, response: ResponseHeaders) -> Self {
        let reason = RETURNED_WITHOUT_SESSION.clone();
        let mut headers = explain(Status::SignedOut, &reason, None);
        append_all(&mut headers, response.headers);
        let response = ResponseHeaders { headers, ..response };
        let cause = SignedOutCause::new(false, is_undecided);
        Self::SignedOut(SignedOut { reason, token_kind: Some(TokenKind::Session), cause, response })
    }

    /// 400.
    pub(super) fn bad_request_because(error: BadRequest, has_token: bool, message: Option<&str>) -> Self {
        let headers = explain(Status::SignedOut, &Reason::UnexpectedError, message);
        let response = ResponseHeaders { headers, dropped_cookies: 0 };
        Self::BadRequest(Malformed { error, has_token, response })
    }
}

fn append_all(headers: &mut HeaderMap, more: HeaderMap) {
    let mut last = None;
    for (name, value) in more {
        // A name is given once, before the first of its values.
        last = name.or(last);
        if let Some(name) = &last {
            headers.append(name, value);
        }
    }
}

impl Outcome {
    /// Returns the status. A pending session is signed in here, but is not a [`session`](Self::session).
    #[must_use]
    pub const fn status(&self) -> Status {
        match self {
            Self::SignedIn(_) => Status::SignedIn,
            Self::SignedOut(_) | Self::BadRequest(_) => Status::SignedOut,
            Self::Redirect(redirect) => match redirect.purpose {
                Purpose::Handshake { .. } => Status::Handshake,
                Purpose::SignedIn(_) => Status::SignedIn,
                Purpose::SignedOut => Status::SignedOut,
            },
        }
    }

    /// Returns why the request is not signed in.
    #[must_use]
    pub const fn reason(&self) -> Option<&Reason> {
        match self {
            Self::SignedIn(_) => None,
            Self::SignedOut(signed_out) => Some(&signed_out.reason),
            Self::BadRequest(_) => Some(&Reason::UnexpectedError),
            Self::Redirect(redirect) => match &redirect.purpose {
                Purpose::Handshake { reason, .. } => Some(reason),
                Purpose::SignedIn(_) => None,
                Purpose::SignedOut => Some(RETURNED_WITHOUT_SESSION),
            },
        }
    }

    /// Whether the token could not be verified because Clerk did not respond.
    ///
    /// Such a request is signed out, but that does not mean that its user is: respond with 503 and not with 401. An
    /// outcome with a [location](Self::location) is decided: the browser comes back.
    #[must_use]
    pub const fn is_undecided(&self) -> bool {
        matches!(self, Self::SignedOut(SignedOut { cause: SignedOutCause::Undecided { .. }, .. }))
    }

    /// Returns why the request has to be answered with 400. Any other response might send a browser in circles.
    #[must_use]
    pub const fn bad_request(&self) -> Option<BadRequest> {
        match self {
            Self::BadRequest(malformed) => Some(malformed.error),
            _ => None,
        }
    }

    /// Returns the URL to redirect the browser to: respond with 307, all [`headers`](Self::headers), and no body.
    ///
    /// Not only handshakes have one: after a handshake of a development instance, its parameters are removed from the
    /// URL.
    #[must_use]
    pub const fn location(&self) -> Option<&HeaderValue> {
        match self {
            Self::Redirect(redirect) => Some(&redirect.location),
            _ => None,
        }
    }

    /// Whether the request has no token, as opposed to one that is not valid. A browser that returns from a handshake
    /// without a session is anonymous too, whatever it had before.
    #[must_use]
    pub const fn is_anonymous(&self) -> bool {
        match self {
            Self::SignedIn(_) => false,
            Self::SignedOut(signed_out) => !signed_out.cause.has_token(),
            Self::BadRequest(malformed) => !malformed.has_token,
            Self::Redirect(redirect) => match redirect.purpose {
                Purpose::Handshake { has_token, .. } => !has_token,
                Purpose::SignedIn(_) => false,
                Purpose::SignedOut => true,
            },
        }
    }

    /// Returns the kind of token that was found or required; `None` if several kinds are accepted and none was found.
    #[must_use]
    pub fn token_kind(&self) -> Option<TokenKind> {
        match self {
            Self::SignedIn(SignedIn { identity: Identity::Machine(machine), .. }) => Some(machine.kind()),
            Self::SignedOut(signed_out) => signed_out.token_kind,
            Self::SignedIn(_) | Self::Redirect(_) | Self::BadRequest(_) => Some(TokenKind::Session),
        }
    }

    /// Returns the verified session, unless it is pending.
    #[must_use]
    pub fn session(&self) -> Option<&Arc<SessionAuth>> {
        self.session_or_pending().filter(|session| !session.claims().is_pending())
    }

    /// Returns the verified session, even if it is pending: its user has tasks to complete before they count as signed
    /// in.
    #[must_use]
    pub const fn session_or_pending(&self) -> Option<&Arc<SessionAuth>> {
        match self {
            Self::SignedIn(SignedIn { identity: Identity::Session(session), .. })
            | Self::Redirect(Redirect { purpose: Purpose::SignedIn(session), .. }) => Some(session),
            _ => None,
        }
    }

    /// Returns the verified machine token.
    #[must_use]
    pub const fn machine(&self) -> Option<&Arc<MachineAuth>> {
        match self {
            Self::SignedIn(SignedIn { identity: Identity::Machine(machine), .. }) => Some(machine),
            _ => None,
        }
    }

    /// Returns the headers to *append* to the response, in every state. A name may occur more than once.
    #[must_use]
    pub const fn headers(&self) -> &HeaderMap {
        &self.response().headers
    }

    /// Returns how many of Clerk's cookies are not among the headers, because they are not valid header values or there
    /// are too many.
    #[must_use]
    pub const fn dropped_cookies(&self) -> usize {
        self.response().dropped_cookies
    }

    const fn response(&self) -> &ResponseHeaders {
        match self {
            Self::SignedIn(signed_in) => &signed_in.response,
            Self::SignedOut(signed_out) => &signed_out.response,
            Self::Redirect(redirect) => &redirect.response,
            Self::BadRequest(malformed) => &malformed.response,
        }
    }
}

impl SignedIn {
    /// Returns who the token belongs to.
    #[must_use]
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }
}

impl SignedOut {
    /// Returns the reason.
    #[must_use]
    pub const fn reason(&self) -> &Reason {
        &self.reason
    }

    /// Returns what the request lacks.
    #[must_use]
    pub const fn cause(&self) -> SignedOutCause {
        self.cause
    }
}

impl Redirect {
    /// Returns the URL to redirect the browser to.
    #[must_use]
    pub const fn location(&self) -> &HeaderValue {
        &self.location
    }
}

impl Malformed {
    /// Returns why the request has to be answered with 400.
    #[must_use]
    pub const fn error(&self) -> BadRequest {
        self.error
    }
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outcome")
            .field("status", &self.status())
            .field("reason", &self.reason())
            .field("token_kind", &self.token_kind())
            .field("undecided", &self.is_undecided())
            .finish_non_exhaustive()
    }
}

macro_rules! opaque_debug {
    ($($name:ident: $field:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).field(stringify!($field), &self.$field).finish_non_exhaustive()
            }
        }
    )*};
}

opaque_debug!(SignedIn: identity, SignedOut: reason, Malformed: error);

impl fmt::Debug for Redirect {
    /// Without the location, which may contain tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redirect").finish_non_exhaustive()
    }
}
