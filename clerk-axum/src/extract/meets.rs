use std::{fmt, marker::PhantomData, ops::Deref};

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use clerk_tower::server::rejection;
use http::request::Parts;

use super::{Session, auth::decided};
use crate::Rejection;

/// What [`Meets`] requires of a session: a predicate of yours, and the code of the rejection. Each rule is a type, so that a
/// handler's signature says what it needs.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not implement `SessionRule`",
    label = "expected a type with a predicate about sessions",
    note = "implement it: `impl clerk_axum::SessionRule for {Self}`, with a `CODE` and a function `is_met_by`; for a role \
            or a permission, implement `Requirement` and use `Has`"
)]
pub trait SessionRule {
    /// The stable code in the response to sessions that the predicate does not accept: 1 to 64 lower-case ASCII letters,
    /// digits, `-` and `_`, of which the first is a letter. Anything else does not compile.
    const CODE: &'static str;

    /// Returns whether the session is accepted. It runs for each request, and must not block.
    fn is_met_by(session: &Session) -> bool;
}

/// Extractor for a session that meets the rule `R`: a guard in a handler's signature, for what [`Has`](crate::Has) cannot
/// express.
///
/// ```
/// use clerk_axum::{Meets, Session, SessionRule};
///
/// /// Members of the support team who act for a user must not delete anything.
/// struct InPerson;
///
/// impl SessionRule for InPerson {
///     const CODE: &'static str = "no-impersonation";
///
///     fn is_met_by(session: &Session) -> bool {
///         session.actor().is_none()
///     }
/// }
///
/// async fn delete_account(session: Meets<InPerson>) -> String {
///     format!("deleted {}", session.user_id())
/// }
/// # let _ = delete_account;
/// ```
///
/// It rejects like [`Session`], and with 403 and the rule's code like [`require::session`](crate::require::session) if the
/// session does not meet the rule. `Option<Meets<R>>` is `None` where `Option<Session>` is, and for a session that does not
/// meet the rule.
#[doc = include_str!("derive.md")]
///
/// A code that is not valid does not compile:
///
/// ```compile_fail,E0080
/// # use axum::{Router, routing::get};
/// # use clerk_axum::{Meets, Session, SessionRule};
/// struct InPerson;
///
/// impl SessionRule for InPerson {
///     const CODE: &'static str = "No impersonation!";
/// #   fn is_met_by(session: &Session) -> bool { session.actor().is_none() }
/// }
///
/// let app: Router = Router::new().route("/", get(async |_: Meets<InPerson>| "in person"));
/// ```
pub struct Meets<R: SessionRule> {
    session: Session,
    rule: PhantomData<fn() -> R>,
}

impl<R: SessionRule> Meets<R> {
    const CODE: &'static str = {
        assert!(rejection::Rejection::is_valid_code(R::CODE), "the code of a SessionRule is not valid");
        R::CODE
    };

    /// Returns the session.
    #[must_use]
    pub fn into_inner(self) -> Session {
        self.session
    }

    fn of(session: Session) -> Result<Self, Rejection> {
        if R::is_met_by(&session) {
            Ok(Self { session, rule: PhantomData })
        } else {
            Err(Rejection::forbidden(Self::CODE))
        }
    }
}

impl<R: SessionRule> Deref for Meets<R> {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.session
    }
}

impl<R: SessionRule> Clone for Meets<R> {
    fn clone(&self) -> Self {
        Self { session: self.session.clone(), rule: PhantomData }
    }
}

impl<R: SessionRule> fmt::Debug for Meets<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Meets").field(&self.session).finish()
    }
}

impl<S: Sync, R: SessionRule> FromRequestParts<S> for Meets<R> {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        Self::of(Session::of(decided(parts)?)?)
    }
}

impl<S: Sync, R: SessionRule> OptionalFromRequestParts<S> for Meets<R> {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Rejection> {
        let session = <Session as OptionalFromRequestParts<S>>::from_request_parts(parts, state).await?;
        Ok(session.and_then(|session| Self::of(session).ok()))
    }
}
