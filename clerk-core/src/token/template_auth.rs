//! Verified tokens of JWT templates.

use std::{fmt, sync::Arc};

use serde::de::DeserializeOwned;

use super::{Check, ClaimsError, SessionAuth, SessionClaims};
use crate::id::UserId;

/// Verified token of a JWT template. Its claims are whatever the template in Clerk's dashboard says, and the user. `Debug`
/// shows none of them.
///
/// It is not a session: it names none, and nothing revokes it before it expires. Cloning it increments a reference count.
#[derive(Clone)]
pub struct TemplateAuth(Arc<SessionAuth>);

impl TemplateAuth {
    pub(crate) const fn new(token: Arc<SessionAuth>) -> Self {
        Self(token)
    }

    /// Returns the user (`sub`).
    #[must_use]
    pub fn user_id(&self) -> &UserId {
        self.claims().user_id()
    }

    /// Returns the claims that the token has in common with session tokens. A template may have any of them, such as those
    /// of the active organization (`org_id`, `org_role`), or none.
    #[must_use]
    pub fn claims(&self) -> &SessionClaims {
        self.0.claims()
    }

    /// Whether the token's claims pass a check, as [`SessionClaims::has`] does for sessions. It is `false` if the template
    /// does not contain the claims.
    #[must_use]
    pub fn has(&self, check: &Check) -> bool {
        self.claims().has(check)
    }

    /// Deserializes all claims into a type of your choice.
    ///
    /// # Errors
    ///
    /// If the claims do not match the type.
    pub fn claims_as<T: DeserializeOwned>(&self) -> Result<T, ClaimsError> {
        self.0.claims_as()
    }

    /// Returns the token itself, to pass it on to another service. It is a credential: do not log it.
    #[must_use]
    pub fn expose_token(&self) -> &str {
        self.0.expose_token()
    }
}

impl fmt::Debug for TemplateAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TemplateAuth").finish_non_exhaustive()
    }
}
