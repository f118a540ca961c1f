//! The outcome of a decision, URLs of sign-in pages, and the diagnosis of probable mistakes.

mod diagnosis;
mod handshake;
mod machine;
mod sign_in;

use std::{fmt, sync::Arc};

use http::{
    HeaderName, HeaderValue,
    header::{CACHE_CONTROL, LOCATION, SET_COOKIE},
};

pub(super) use self::handshake::HandshakeTrace;
pub use self::{
    diagnosis::Diagnosis,
    handshake::HandshakeRefusal,
    machine::{ApiKeyAuth, M2mAuth, MachineAuth, MachineFacts, OAuthActor, OAuthAuth},
    sign_in::NoSignInPage,
};
pub(super) use self::{
    diagnosis::{diagnose, diagnose_redirect},
    machine::of_jwt,
    sign_in::{Page, page_url},
};
use crate::{
    Reason,
    token::{SessionAuth, TemplateAuth, TokenKind},
};

/// Authentication status of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// The request has a valid token.
    SignedIn,
    /// The request has no valid token. [`Outcome::reason`] says why.
    SignedOut,
    /// The browser has to be redirected to [`Outcome::location`] first.
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

    const fn header_value(self) -> HeaderValue {
        match self {
            Self::SignedIn => const { HeaderValue::from_static(Self::SignedIn.as_str()) },
            Self::SignedOut => const { HeaderValue::from_static(Self::SignedOut.as_str()) },
            Self::Handshake => const { HeaderValue::from_static(Self::Handshake.as_str()) },
        }
    }
}

/// Reason why a request has to be rejected with 400. All but the last occur only on development instances.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum BadRequest {
    /// The handshake was signed by another instance.
    #[error(
        "The handshake was not signed by this instance. The publishable key and the secret key may belong to different \
         instances, or have changed: check both, and clear this site's cookies."
    )]
    HandshakeSignature,
    /// The handshake is not a valid handshake token.
    #[error("The handshake in the URL or in the cookie is not a valid handshake token.")]
    HandshakeToken,
    /// The URL to which a satellite wants the browser to return is not valid.
    #[error("The parameter __clerk_redirect_url is not an absolute http or https URL.")]
    RedirectUrl,
    /// The request names several hosts: more than one `Host`, or in HTTP/2 one that contradicts `:authority`.
    ///
    /// Other programs on the way may have chosen another one. It does not matter if the public origin is known otherwise:
    /// see [`Forwarded`](crate::authenticate::Forwarded).
    #[error(
        "The request names several hosts: more than one Host header, or one that differs from :authority."
    )]
    SeveralHosts,
}

/// Result of a decision about a request.
///
/// Add its [headers](Self::headers) to the response in every state. `Debug` shows the status and the reason, and nothing
/// of a token.
#[derive(Clone)]
#[non_exhaustive]
pub enum Outcome {
    /// The request has a valid token.
    SignedIn(SignedIn),
    /// The request has no token, its token was rejected, or the token could not be verified.
    SignedOut(SignedOut),
    /// The browser has to be redirected, instead of handling the request.
    Redirect(Redirect),
    /// The request has to be rejected with 400.
    BadRequest(Malformed),
}

/// Request with a valid token, in [`Outcome::SignedIn`].
#[derive(Clone)]
pub struct SignedIn {
    identity: Identity,
    response: ResponseHeaders,
}

/// Owner of a valid token.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Identity {
    /// A session, which may still be pending.
    Session(Arc<SessionAuth>),
    /// A machine token.
    Machine(Arc<MachineAuth>),
    /// A token of a JWT template.
    Template(TemplateAuth),
}

/// Request without a valid token, in [`Outcome::SignedOut`].
#[derive(Clone)]
pub struct SignedOut {
    reason: Reason,
    token_kind: Option<TokenKind>,
    cause: SignedOutCause,
    response: ResponseHeaders,
}

/// Cause for which a request is signed out, in terms of its token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignedOutCause {
    /// The request has no token. This includes browsers that return from a handshake without a session, even if they had
    /// one before.
    NoToken,
    /// The request has a token, which was rejected.
    TokenRejected,
    /// Clerk did not respond, so the request could not be decided.
    Undecided {
        /// Whether the request has a token.
        has_token: bool,
    },
}

impl SignedOutCause {
    /// Returns the cause for a request that was decided.
    pub(super) const fn decided(has_token: bool) -> Self {
        if has_token { Self::TokenRejected } else { Self::NoToken }
    }

    /// Returns the cause for a request that may be undecided, because Clerk did not respond.
    pub(super) const fn new(has_token: bool, is_undecided: bool) -> Self {
        if is_undecided { Self::Undecided { has_token } } else { Self::decided(has_token) }
    }

    const fn has_token(self) -> bool {
        matches!(self, Self::TokenRejected | Self::Undecided { has_token: true })
    }
}

/// Redirect of a browser, in [`Outcome::Redirect`].
#[derive(Clone)]
pub struct Redirect {
    /// In a box: hardly any outcome has one.
    location: Box<HeaderValue>,
    purpose: Purpose,
    response: ResponseHeaders,
}

/// The purpose of a redirect.
#[derive(Clone)]
enum Purpose {
    /// To Clerk for new cookies, to the primary domain, or back to a satellite.
    Handshake { reason: Reason, has_token: bool },
    /// After a handshake of a development instance that returned this session: to the URL without its parameters.
    SignedIn(Arc<SessionAuth>),
    /// The same after a handshake that returned no session, or a revoked one.
    SignedOut { reason: Reason, has_token: bool },
}

/// Request that has to be rejected with 400, in [`Outcome::BadRequest`].
#[derive(Clone)]
pub struct Malformed {
    error: BadRequest,
    has_token: bool,
    response: ResponseHeaders,
}

/// What a decision adds to the response, besides the headers that follow from its status and its reason. Nothing for nearly
/// every request.
#[derive(Clone, Default)]
pub(super) struct ResponseHeaders(Option<Box<Added>>);

#[derive(Clone, Default)]
struct Added {
    /// Says more about the reason.
    message: Option<HeaderValue>,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// The number of Clerk's cookies that were left out.
    dropped_cookies: usize,
    /// What was noticed about the handshake that the request returned from.
    handshake: Option<Box<HandshakeTrace>>,
    /// What a genuine machine token was issued for that is not for this service.
    rejected_audience: Option<Box<[String]>>,
}

impl ResponseHeaders {
    /// `dropped_cookies` is the number of Clerk's cookies that are not among the headers.
    pub(super) fn new(headers: Vec<(HeaderName, HeaderValue)>, dropped_cookies: usize) -> Self {
        Self(Some(Box::new(Added { headers, dropped_cookies, ..Added::default() })))
    }

    /// A message that is not a valid header value is left out.
    fn explained(message: Option<&str>) -> Self {
        let message = message.filter(|message| !message.is_empty());
        let message = message.and_then(|message| HeaderValue::from_str(message).ok());
        Self(message.map(|message| Box::new(Added { message: Some(message), ..Added::default() })))
    }

    fn with(mut self, headers: impl IntoIterator<Item = (HeaderName, HeaderValue)>) -> Self {
        self.0.get_or_insert_default().headers.extend(headers);
        self
    }

    fn redirecting(self, location: HeaderValue) -> Self {
        self.with([(LOCATION, location), (CACHE_CONTROL, NO_STORE)])
    }

    /// Forbids caches to store a response that sets cookies.
    pub(super) fn not_stored(self) -> Self {
        if self.headers().iter().any(|(name, _)| name == SET_COOKIE) {
            return self.with([(CACHE_CONTROL, NO_STORE)]);
        }
        self
    }

    fn headers(&self) -> &[(HeaderName, HeaderValue)] {
        self.0.as_ref().map_or(&[], |added| &added.headers)
    }
}

const STATUS: HeaderName = HeaderName::from_static("x-clerk-auth-status");
const REASON: HeaderName = HeaderName::from_static("x-clerk-auth-reason");
const MESSAGE: HeaderName = HeaderName::from_static("x-clerk-auth-message");
/// For responses that set cookies: a shared cache that stored one would sign other visitors in.
pub(super) const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// The reason when a handshake returns without a session.
const RETURNED_WITHOUT_SESSION: Reason = Reason::SessionTokenMissing;

/// The headers that say what was decided, in their order.
#[derive(Clone, Copy)]
enum Own {
    Status,
    Reason,
    Message,
}

/// Constructors, one for each state.
impl Outcome {
    /// Creates the outcome of a valid session token.
    pub(super) fn signed_in(session: Arc<SessionAuth>) -> Self {
        Self::renewed(session, ResponseHeaders::default())
    }

    /// Creates the outcome of a valid session token from a handshake or a refresh, with its cookies.
    pub(super) const fn renewed(session: Arc<SessionAuth>, response: ResponseHeaders) -> Self {
        Self::SignedIn(SignedIn { identity: Identity::Session(session), response })
    }

    /// Creates the outcome of a valid machine token.
    pub(super) fn machine_signed_in(machine: MachineAuth) -> Self {
        let identity = Identity::Machine(Arc::new(machine));
        Self::SignedIn(SignedIn { identity, response: ResponseHeaders::default() })
    }

    /// Creates the outcome of a valid token of a JWT template.
    pub(super) fn template_signed_in(template: TemplateAuth) -> Self {
        let identity = Identity::Template(template);
        Self::SignedIn(SignedIn { identity, response: ResponseHeaders::default() })
    }

    /// Creates the outcome of a request without a valid token.
    pub(super) fn signed_out(
        token_kind: Option<TokenKind>,
        reason: Reason,
        cause: SignedOutCause,
        message: Option<&str>,
    ) -> Self {
        Self::SignedOut(SignedOut {
            reason,
            token_kind,
            cause,
            response: ResponseHeaders::explained(message),
        })
    }

    /// Creates a redirect to Clerk, to the primary domain or to a satellite, with the cookie that counts it.
    pub(super) fn handshake(
        location: HeaderValue,
        count: HeaderValue,
        reason: Reason,
        has_token: bool,
        message: Option<&str>,
    ) -> Self {
        let response = ResponseHeaders::explained(message).redirecting(location.clone());
        let response = response.with([(SET_COOKIE, count)]);
        let purpose = Purpose::Handshake { reason, has_token };
        Self::Redirect(Redirect { location: Box::new(location), purpose, response })
    }

    /// Creates the redirect after a handshake of a development instance: to the URL without the handshake's parameters.
    /// `response` has its cookies.
    ///
    /// The parameters contain a token, which must not stay in the address bar and the browser's history.
    pub(super) fn returned(
        location: HeaderValue,
        session: Option<Arc<SessionAuth>>,
        response: ResponseHeaders,
    ) -> Self {
        let purpose = match session {
            Some(session) => Purpose::SignedIn(session),
            None => Purpose::SignedOut { reason: RETURNED_WITHOUT_SESSION, has_token: false },
        };
        let response = response.redirecting(location.clone());
        Self::Redirect(Redirect { location: Box::new(location), purpose, response })
    }

    /// Creates the outcome of a handshake that returned without a session. `response` has its cookies.
    pub(super) fn returned_signed_out(is_undecided: bool, response: ResponseHeaders) -> Self {
        let (reason, cause) = (RETURNED_WITHOUT_SESSION, SignedOutCause::new(false, is_undecided));
        Self::SignedOut(SignedOut { reason, token_kind: Some(TokenKind::Session), cause, response })
    }

    /// Creates a rejection with 400.
    pub(super) fn malformed(error: BadRequest, has_token: bool, message: Option<&str>) -> Self {
        Self::BadRequest(Malformed { error, has_token, response: ResponseHeaders::explained(message) })
    }
}

impl Outcome {
    /// Creates the outcome of a request that is signed in although no token of it was verified.
    ///
    /// Insecure, like [`SessionAuth::insecure_from_claims`]: for unit tests, and for applications that run without Clerk.
    #[must_use]
    pub fn insecure_signed_in(session: Arc<SessionAuth>) -> Self {
        Self::signed_in(session)
    }

    /// Signs the request out with [`Reason::SessionRevoked`], if it is signed in with a session. Other outcomes stay as they
    /// are.
    ///
    /// A session token is valid until it expires, also after its session was revoked. A caller that knows of the revocation
    /// asks [`session_or_pending`](Self::session_or_pending), and calls this if the session is a revoked one.
    ///
    /// Nobody is redirected to Clerk for it, because a session that Clerk still considers active would return in a loop. If
    /// a handshake or a refresh brought the token, its cookies and, on a development instance, its redirect are kept: they
    /// end the handshake, and the next request with this token is signed out in the same way.
    #[must_use]
    pub fn session_revoked(self) -> Self {
        if self.session_or_pending().is_none() {
            return self;
        }
        let (reason, has_token) = (Reason::SessionRevoked, true);
        match self {
            Self::SignedIn(SignedIn { response, .. }) => Self::SignedOut(SignedOut {
                reason,
                token_kind: Some(TokenKind::Session),
                cause: SignedOutCause::decided(has_token),
                response,
            }),
            Self::Redirect(Redirect { location, response, .. }) => Self::Redirect(Redirect {
                location,
                purpose: Purpose::SignedOut { reason, has_token },
                response,
            }),
            other => other,
        }
    }

    /// Adds what was noticed about the handshake that the request returned from.
    pub(super) fn with_handshake(mut self, trace: Option<Box<HandshakeTrace>>) -> Self {
        if trace.is_some() {
            self.response_mut().0.get_or_insert_default().handshake = trace;
        }
        self
    }

    /// Adds the audience of a genuine machine token that is rejected because of it.
    pub(super) fn with_rejected_audience(mut self, audience: &[String]) -> Self {
        self.response_mut().0.get_or_insert_default().rejected_audience = Some(audience.into());
        self
    }

    /// Returns what a genuine machine token was issued for, if it was rejected because that is not this service: see
    /// [`AuthenticateOptions::machine_audiences`](crate::authenticate::AuthenticateOptions::machine_audiences). Empty if
    /// the token names no audience; one empty string if the claim is malformed.
    #[must_use]
    pub fn rejected_audience(&self) -> Option<&[String]> {
        self.response().0.as_ref()?.rejected_audience.as_deref()
    }

    pub(super) fn handshake_trace(&self) -> Option<&HandshakeTrace> {
        self.response().0.as_ref()?.handshake.as_deref()
    }

    const fn response_mut(&mut self) -> &mut ResponseHeaders {
        match self {
            Self::SignedIn(signed_in) => &mut signed_in.response,
            Self::SignedOut(signed_out) => &mut signed_out.response,
            Self::Redirect(redirect) => &mut redirect.response,
            Self::BadRequest(malformed) => &mut malformed.response,
        }
    }
}

impl Outcome {
    /// Returns the status. A pending session counts as signed in here, but [`session`](Self::session) does not return it.
    #[must_use]
    pub const fn status(&self) -> Status {
        match self {
            Self::SignedIn(_) => Status::SignedIn,
            Self::SignedOut(_) | Self::BadRequest(_) => Status::SignedOut,
            Self::Redirect(redirect) => match redirect.purpose {
                Purpose::Handshake { .. } => Status::Handshake,
                Purpose::SignedIn(_) => Status::SignedIn,
                Purpose::SignedOut { .. } => Status::SignedOut,
            },
        }
    }

    /// Returns the reason why the request is not signed in.
    #[must_use]
    pub const fn reason(&self) -> Option<&Reason> {
        match self {
            Self::SignedIn(_) => None,
            Self::SignedOut(signed_out) => Some(&signed_out.reason),
            Self::BadRequest(_) => Some(&Reason::UnexpectedError),
            Self::Redirect(redirect) => match &redirect.purpose {
                Purpose::Handshake { reason, .. } | Purpose::SignedOut { reason, .. } => Some(reason),
                Purpose::SignedIn(_) => None,
            },
        }
    }

    /// Whether the token could not be verified because Clerk did not respond.
    ///
    /// The request counts as signed out, but its user may be signed in: respond with 503 and not with 401. Outcomes with a
    /// [location](Self::location) are never undecided, since the browser returns.
    #[must_use]
    pub const fn is_undecided(&self) -> bool {
        matches!(self, Self::SignedOut(SignedOut { cause: SignedOutCause::Undecided { .. }, .. }))
    }

    /// Returns the reason why the request has to be rejected with 400. On a development instance, any other response could
    /// cause a redirect loop.
    #[must_use]
    pub const fn bad_request(&self) -> Option<BadRequest> {
        match self {
            Self::BadRequest(malformed) => Some(malformed.error),
            _ => None,
        }
    }

    /// Returns the URL to redirect the browser to. Respond with 307, all [`headers`](Self::headers), and no body.
    ///
    /// Outcomes of any [`status`](Self::status) can have one: after a handshake of a development instance, a redirect
    /// removes its parameters from the URL.
    #[must_use]
    pub const fn location(&self) -> Option<&HeaderValue> {
        match self {
            Self::Redirect(redirect) => Some(&redirect.location),
            _ => None,
        }
    }

    /// Whether the request has no token, as opposed to one that was rejected.
    ///
    /// A browser that returns from a handshake without a session is anonymous too, even if it had one before.
    #[must_use]
    pub const fn is_anonymous(&self) -> bool {
        match self {
            Self::SignedIn(_) => false,
            Self::SignedOut(signed_out) => !signed_out.cause.has_token(),
            Self::BadRequest(malformed) => !malformed.has_token,
            Self::Redirect(redirect) => match redirect.purpose {
                Purpose::Handshake { has_token, .. } | Purpose::SignedOut { has_token, .. } => !has_token,
                Purpose::SignedIn(_) => false,
            },
        }
    }

    /// Returns the kind of token that was found or is required; `None` if several kinds are accepted and none was found.
    #[must_use]
    pub fn token_kind(&self) -> Option<TokenKind> {
        match self {
            Self::SignedIn(SignedIn { identity: Identity::Machine(machine), .. }) => Some(machine.kind()),
            Self::SignedIn(SignedIn { identity: Identity::Template(_), .. }) => Some(TokenKind::Template),
            Self::SignedOut(signed_out) => signed_out.token_kind,
            Self::SignedIn(_) | Self::Redirect(_) | Self::BadRequest(_) => Some(TokenKind::Session),
        }
    }

    /// Returns the verified session, unless it is pending.
    #[must_use]
    pub fn session(&self) -> Option<&Arc<SessionAuth>> {
        self.session_or_pending().filter(|session| !session.claims().is_pending())
    }

    /// Returns the verified session, even if it is pending: its user still has to complete a task, such as choosing an
    /// organization.
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

    /// Returns the verified token of a JWT template.
    #[must_use]
    pub const fn template(&self) -> Option<&TemplateAuth> {
        match self {
            Self::SignedIn(SignedIn { identity: Identity::Template(template), .. }) => Some(template),
            _ => None,
        }
    }

    /// Returns the headers to *append* to the response, in every state. A name such as `set-cookie` may occur more than
    /// once. To look one up, collect them into an [`http::HeaderMap`].
    pub fn headers(&self) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
        // Each is made when it is its turn: moving three of them through a chain costs more than making them.
        let own = [Own::Status, Own::Reason, Own::Message].into_iter();
        own.filter_map(|header| self.own_header(header)).chain(self.response().headers().iter().cloned())
    }

    /// Returns a header that says what was decided, unless there is nothing to explain.
    fn own_header(&self, header: Own) -> Option<(HeaderName, HeaderValue)> {
        let reason = self.reason()?;
        Some(match header {
            Own::Status => (STATUS, self.status().header_value()),
            Own::Reason => (REASON, reason.header_value()?),
            Own::Message => (MESSAGE, self.response().0.as_ref()?.message.clone()?),
        })
    }

    /// Whether there are [headers](Self::headers) to append to the response.
    #[must_use]
    pub fn has_headers(&self) -> bool {
        self.reason().is_some() || !self.response().headers().is_empty()
    }

    /// Returns how many of Clerk's cookies were left out of the headers, because they are not valid header values, are too
    /// long, or are too many.
    #[must_use]
    pub fn dropped_cookies(&self) -> usize {
        self.response().0.as_ref().map_or(0, |added| added.dropped_cookies)
    }

    /// Returns why the result of a handshake was ignored, with which the browser returned from Clerk.
    ///
    /// The outcome is that of the request without it. If the browser is then redirected to Clerk again, this is the cause
    /// of the loop.
    #[must_use]
    pub fn refused_handshake(&self) -> Option<&HandshakeRefusal> {
        self.handshake_trace()?.refusal.as_ref()
    }

    /// Whether [`Authenticator::diagnose`](crate::authenticate::Authenticator::diagnose) may find a mistake: the request is
    /// not signed in, or something about a handshake is unusual.
    #[must_use]
    #[inline]
    pub fn may_be_diagnosed(&self) -> bool {
        self.reason().is_some() || self.handshake_trace().is_some()
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
    /// Returns the owner of the token.
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

    /// Returns the cause, in terms of the request's token.
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
    /// Returns the reason why the request has to be rejected with 400.
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
    /// Does not show the location, which may contain tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redirect").finish_non_exhaustive()
    }
}
