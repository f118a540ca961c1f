//! Signs people in, and mints their session tokens.
//!
//! ```
//! use std::time::Duration;
//! use clerk_local::LocalClerk;
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

use clerk_core::{
    Timestamp,
    id::{OrganizationId, SessionId, UserId},
};
use serde_json::{Map, Value};

use crate::{
    LocalClerk,
    claims::{self, TokenOptions},
    state::Session,
};

/// For how long an expired token has been expired: longer than any difference between clocks.
const EXPIRED_FOR: Duration = Duration::from_secs(60 * 60);

impl LocalClerk {
    /// Signs a user in: starts a session, which the Sessions operations show, and whose tokens
    /// [`LocalSession::token`] mints. Nothing is checked: a banned user, or one who does not exist, gets a
    /// session as well.
    pub fn sign_in(&self, user: impl Into<UserId>) -> LocalSession {
        let session = self.state().sign_in(user.into(), self.now());
        LocalSession { local: self.clone(), session, options: TokenOptions::default() }
    }

    /// A token with claims of your own under this instance's key, for tests that need an odd one. Its
    /// header has `alg`, `kid` and `typ`, and what the object `header` adds or replaces; `null` in it
    /// removes.
    ///
    /// ```
    /// use clerk_local::LocalClerk;
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
    options: TokenOptions,
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
        self.options.lifetime = lifetime;
        self
    }

    /// The origin that tokens are for (`azp`), for example `https://app.example.com`; none by default.
    #[must_use]
    pub fn authorized_party(mut self, origin: impl Into<String>) -> Self {
        self.options.authorized_party = Some(origin.into());
        self
    }

    /// How many minutes ago the user proved the first and the second factor (`fva`); -1 says that there is
    /// none. By default, the first just now and no second.
    #[must_use]
    pub fn factor_ages(mut self, first: i64, second: i64) -> Self {
        self.options.factor_ages = [first, second];
        self
    }

    /// Adds a claim, or replaces one.
    #[must_use]
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.options.extra.insert(name.into(), value.into());
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
        self.token_at(self.local.now())
    }

    /// A token of this session whose time is over: it was issued a little more than an hour ago, and lasted as
    /// long as tokens last. Its signature is as good as any.
    ///
    /// ```
    /// use clerk_local::LocalClerk;
    ///
    /// let local = LocalClerk::seeded();
    /// let authorization = format!("Bearer {}", local.sign_in("user_ada").expired_token());
    /// // The layer answers it with 401.
    /// # drop(authorization);
    /// ```
    #[must_use]
    pub fn expired_token(&self) -> String {
        self.token_at(self.expired_issue())
    }

    /// When an expired token was issued.
    fn expired_issue(&self) -> Timestamp {
        self.local.now().saturating_sub(EXPIRED_FOR.saturating_add(self.options.lifetime))
    }

    /// What a browser sends in which this user is signed in, as the value of one `Cookie` header: the session
    /// token, the time of the sign-in and the browser's own token, each under its plain name and under the one
    /// that names the instance. A layer whose client has this instance's
    /// [publishable key](LocalClerk::publishable_key) takes them without a handshake.
    ///
    /// ```
    /// use clerk_local::LocalClerk;
    /// use http::{Request, header::COOKIE};
    ///
    /// let local = LocalClerk::seeded();
    /// let request = Request::get("/me").header(COOKIE, local.sign_in("user_ada").cookies()).body(()).unwrap();
    /// # drop(request);
    /// ```
    #[must_use]
    pub fn cookies(&self) -> String {
        self.cookies_with(self.local.now())
    }

    /// [`cookies`](Self::cookies) with an [expired token](Self::expired_token): what a browser sends that comes
    /// back after a while. A document is answered with a handshake, anything else with 401.
    #[must_use]
    pub fn expired_cookies(&self) -> String {
        self.cookies_with(self.expired_issue())
    }

    /// The cookies with a token of that time.
    fn cookies_with(&self, issued: Timestamp) -> String {
        let suffix = self.local.publishable_key().cookie_suffix();
        let token = self.token_at(issued);
        let browser = self.local.state().clients.of_session(&self.session);
        // A token from before the sign-in would not be looked at.
        let signed_in = browser.changed_at.min(issued).as_secs().to_string();
        [("__session", &token), ("__client_uat", &signed_in), ("__clerk_db_jwt", &browser.dev_browser)]
            .map(|(name, value)| format!("{name}={value}; {name}_{suffix}={value}"))
            .join("; ")
    }

    fn token_at(&self, now: Timestamp) -> String {
        let claims = {
            let state = self.local.state();
            let session = state.session(self.session.id.as_str()).unwrap_or(&self.session);
            claims::session(&state, session, &self.options, now)
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
