//! Signs people in, and mints their session tokens.
//!
//! ```
//! use std::time::Duration;
//! use clerk_tower::local::LocalClerk;
//!
//! let local = LocalClerk::seeded();
//! let session = local
//!     .sign_in("user_ada")
//!     .organization("org_acme")
//!     .authorized_party("https://app.example.com")
//!     .lifetime(Duration::from_secs(3600));
//! let authorization = format!("Bearer {}", session.token());
//! # drop(authorization);
//! ```

use std::{fmt, time::Duration};

use clerk_core::id::{OrganizationId, SessionId, UserId};
use serde_json::{Map, Value};

use super::{
    LocalClerk,
    claims::{self, Wishes},
    state::Session,
};

impl LocalClerk {
    /// Signs a user in: starts a session, which the Sessions operations show, and whose tokens
    /// [`LocalSession::token`] mints. Nothing is checked: a banned user, or one who does not exist, gets a
    /// session as well.
    pub fn sign_in(&self, user: impl Into<UserId>) -> LocalSession {
        let session = self.state().sign_in(user.into(), self.now());
        LocalSession { local: self.clone(), session, wishes: Wishes::default() }
    }

    /// A token with claims of your own under this instance's key, for tests that need an odd one. Its
    /// header has `alg`, `kid` and `typ`, and what the object `header` adds or replaces; `null` in it
    /// removes.
    ///
    /// ```
    /// use clerk_tower::local::LocalClerk;
    /// use serde_json::json;
    ///
    /// let local = LocalClerk::new();
    /// let without_kid = local.sign_claims(&json!({ "kid": null }), &json!({ "sub": "user_ada" }));
    /// # drop(without_kid);
    /// ```
    #[must_use]
    pub fn sign_claims(&self, header: &Value, claims: &Value) -> String {
        self.key().sign(header.as_object().unwrap_or(&Map::new()), claims)
    }
}

/// A session, and how its tokens are to be. The settings of tokens belong to this handle; the user and the
/// organization belong to the session.
#[derive(Clone)]
pub struct LocalSession {
    local: LocalClerk,
    /// The session as it began. What it has become is in the instance.
    session: Session,
    wishes: Wishes,
}

impl LocalSession {
    /// Makes an organization the active one. Tokens name it as long as the user is its member.
    #[must_use]
    pub fn organization(self, organization: impl Into<OrganizationId>) -> Self {
        let organization = organization.into();
        self.change(|session| session.organization = Some(organization))
    }

    /// Leaves the session pending: signed in, but with the task to choose an organization before it.
    #[must_use]
    pub fn pending(self) -> Self {
        self.change(|session| session.pending = true)
    }

    fn change(mut self, change: impl FnOnce(&mut Session)) -> Self {
        change(&mut self.session);
        if let Ok(kept) = self.local.state().session_mut(self.session.id.as_str()) {
            kept.organization.clone_from(&self.session.organization);
            kept.pending = self.session.pending;
        }
        self
    }

    /// How long tokens last, in whole seconds; 60 by default, as at Clerk.
    #[must_use]
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.wishes.lifetime = lifetime;
        self
    }

    /// The origin that tokens are for (`azp`), for example `https://app.example.com`; none by default.
    #[must_use]
    pub fn authorized_party(mut self, origin: impl Into<String>) -> Self {
        self.wishes.authorized_party = Some(origin.into());
        self
    }

    /// How many minutes ago the user proved the first and the second factor (`fva`); -1 says that there is
    /// none. By default, the first just now and no second.
    #[must_use]
    pub fn factor_ages(mut self, first: i64, second: i64) -> Self {
        self.wishes.factor_ages = [first, second];
        self
    }

    /// Adds a claim, or replaces one.
    #[must_use]
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.wishes.extra.insert(name.into(), value.into());
        self
    }

    /// The session's identifier.
    #[must_use]
    pub const fn session_id(&self) -> &SessionId {
        &self.session.id
    }

    /// The user's identifier.
    #[must_use]
    pub const fn user_id(&self) -> &UserId {
        &self.session.user
    }

    /// A new session token: a JWT for the `Authorization` header, or for the `__session` cookie. Also a
    /// session that has been revoked gets one.
    #[must_use]
    pub fn token(&self) -> String {
        let now = self.local.now();
        let claims = {
            let state = self.local.state();
            let session = state.session(self.session.id.as_str()).unwrap_or(&self.session);
            claims::session(&state, session, &self.wishes, now)
        };
        self.local.key().sign(&claims::header(), &claims)
    }
}

impl fmt::Debug for LocalSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalSession")
            .field("id", &self.session.id)
            .field("user", &self.session.user)
            .finish_non_exhaustive()
    }
}
