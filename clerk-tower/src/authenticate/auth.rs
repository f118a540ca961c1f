use std::{fmt, sync::Arc, time::Duration};

use clerk_core::authenticate::{Authenticator, Outcome, SessionAuth};
use http::Extensions;

use crate::{Clerk, reject::Rejection, telemetry};

/// What was decided about a request, and the client it was decided with. A clone is a reference count.
#[derive(Clone)]
pub struct Auth(Arc<Inner>);

struct Inner {
    outcome: Outcome,
    retry_after: Option<Duration>,
    clerk: Clerk,
    authenticator: Authenticator,
}

/// The extension's type is private, so that nothing but the layer can put it into a request.
#[derive(Clone)]
struct Stored(Auth);

impl Auth {
    pub(super) fn new(
        outcome: Outcome,
        retry_after: Option<Duration>,
        clerk: Clerk,
        authenticator: Authenticator,
    ) -> Self {
        telemetry::judged(&outcome);
        Self(Arc::new(Inner { outcome, retry_after, clerk, authenticator }))
    }

    /// What the layer decided; `None` when the request did not pass it.
    #[must_use]
    pub fn from_extensions(extensions: &Extensions) -> Option<&Self> {
        extensions.get::<Stored>().map(|Stored(auth)| auth)
    }

    pub(super) fn store(self, extensions: &mut Extensions) {
        extensions.insert(Stored(self));
    }

    /// Whether this was decided by the same client under the same rules.
    pub(super) fn is_by(&self, clerk: &Clerk, authenticator: &Authenticator) -> bool {
        self.0.clerk.is_same(clerk) && self.0.authenticator.is_same(authenticator)
    }

    /// The whole decision.
    #[must_use]
    pub fn outcome(&self) -> &Outcome {
        &self.0.outcome
    }

    /// The verified session; `None` when signed out, or when the session still has tasks to complete.
    #[must_use]
    pub fn session(&self) -> Option<&Arc<SessionAuth>> {
        self.0.outcome.session()
    }

    /// The verified session, or the answer for a request that needs one and has none.
    ///
    /// # Errors
    /// 401 when signed out, 503 when that could not be decided.
    pub fn require_session(&self) -> Result<&Arc<SessionAuth>, Rejection> {
        self.session().ok_or_else(|| match self.0.retry_after {
            Some(wait) if self.0.outcome.is_undecided() => Rejection::unavailable(Some(wait)),
            _ => Rejection::signed_out(&self.0.outcome),
        })
    }

    /// The client of the instance that the layer authenticates for.
    #[must_use]
    pub fn clerk(&self) -> &Clerk {
        &self.0.clerk
    }
}

/// Status and reason, and nothing of the token.
impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Auth").field(&self.0.outcome).finish()
    }
}
