use std::{fmt, marker::PhantomData, ops::Deref};

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use clerk_core::token::Check;
use http::request::Parts;

use super::{Session, auth::decided};
use crate::Rejection;

/// What [`Has`] requires of a session. Each requirement is a type, so that a handler's signature says what it needs.
///
/// ```
/// use clerk_axum::{Has, Requirement, token::{Check, Reverification}};
///
/// /// The permission, and a recent second factor.
/// struct DeleteTeam;
///
/// impl Requirement for DeleteTeam {
///     fn check() -> Check {
///         Check::new().permission("org:team:delete").reverification(Reverification::STRICT_MFA)
///     }
/// }
///
/// async fn delete_team(session: Has<DeleteTeam>) -> String {
///     format!("deleted by {}", session.user_id())
/// }
/// # let _ = delete_team;
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not implement `Requirement`",
    label = "expected a type that says what a session must have",
    note = "implement it: `impl clerk_axum::Requirement for {Self}`, with a function `check` that returns, for \
            example, `Check::new().permission(\"org:reports:read\")`"
)]
pub trait Requirement {
    /// Returns what is required. The session must pass every part; an empty check rejects every session.
    fn check() -> Check;
}

/// Extractor for a session that has what `P` requires: a guard in a handler's signature.
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
/// It rejects like [`Session`], and with 403 like [`require::has`](crate::require::has) if the session lacks something.
/// `Option<Has<P>>` is `None` where `Option<Session>` is, and for a session that lacks something.
#[doc = include_str!("derive.md")]
///
/// A type that is not a [`Requirement`] does not compile:
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
    /// Returns the session.
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
        let auth = decided(parts)?;
        auth.require_has(&P::check())?;
        Session::of(auth).map(Self::of)
    }
}

impl<S: Sync, P: Requirement> OptionalFromRequestParts<S> for Has<P> {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Rejection> {
        let session = <Session as OptionalFromRequestParts<S>>::from_request_parts(parts, state).await?;
        Ok(session.filter(|session| session.has(&P::check())).map(Self::of))
    }
}
