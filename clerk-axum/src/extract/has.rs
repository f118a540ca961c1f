use std::{fmt, marker::PhantomData, ops::Deref};

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use clerk_core::token::Check;
use http::request::Parts;

use super::{Auth, Session};
use crate::Rejection;

/// What [`Has`] asks of a session. A type of its own for each question, so that a handler's signature says what it
/// needs.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say what a session must have",
    label = "this is no `Requirement`",
    note = "say it: `impl clerk_axum::Requirement for {Self}`, with a function `check` that returns, for example, \
            `Check::new().permission(\"org:reports:read\")`"
)]
pub trait Requirement {
    /// What is asked. Every part must hold; a question without parts is answered no.
    fn check() -> Check;
}

/// The session of a request that has what `P` asks for: a guard as an extractor.
///
/// It rejects like [`Session`] when there is none, and like [`require::has`](crate::require::has) with 403 when the
/// session lacks something. `Option<Has<P>>` is `None` where `Option<Session>` is, and for a session that lacks
/// something; a bad token rejects all the same.
///
/// ```
/// use clerk_axum::{Has, Requirement, token::Check};
///
/// struct ReadReports;
///
/// impl Requirement for ReadReports {
///     fn check() -> Check {
///         Check::new().permission("org:reports:read")
///     }
/// }
///
/// async fn report(session: Has<ReadReports>) -> String {
///     format!("the report for {}", session.user_id())
/// }
///
/// async fn index(reports: Option<Has<ReadReports>>) -> &'static str {
///     if reports.is_some() { "with a link to the report" } else { "without one" }
/// }
/// # let _ = (report, index);
/// ```
///
/// A type that says nothing does not compile, and the compiler says what to add:
///
/// ```compile_fail,E0277
/// use clerk_axum::Has;
///
/// struct ReadReports;
///
/// async fn report(session: Has<ReadReports>) {}
/// ```
pub struct Has<P: Requirement> {
    session: Session,
    requirement: PhantomData<fn() -> P>,
}

impl<P: Requirement> Has<P> {
    /// The session itself.
    #[must_use]
    pub fn into_inner(self) -> Session {
        self.session
    }

    fn of(session: Session) -> Self {
        Self { session, requirement: PhantomData }
    }
}

impl<P: Requirement> Deref for Has<P> {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.session
    }
}

impl<P: Requirement> Clone for Has<P> {
    fn clone(&self) -> Self {
        Self::of(self.session.clone())
    }
}

impl<P: Requirement> fmt::Debug for Has<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Has").field(&self.session).finish()
    }
}

impl<S: Sync, P: Requirement> FromRequestParts<S> for Has<P> {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        let auth = Auth::of(parts)?;
        auth.require_has(&P::check())?;
        Session::of(&auth).map(Self::of)
    }
}

impl<S: Sync, P: Requirement> OptionalFromRequestParts<S> for Has<P> {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Rejection> {
        let session = <Session as OptionalFromRequestParts<S>>::from_request_parts(parts, state).await?;
        Ok(session.filter(|session| session.has(&P::check())).map(Self::of))
    }
}
