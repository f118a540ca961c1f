//! Signs users in and creates their session tokens and cookies.
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

/// How long ago an expired token expired: longer than any tolerance for differences between clocks.
const EXPIRED_FOR: Duration = Duration::from_secs(60 * 60);

impl LocalClerk {
    /// Signs a user in: starts a session, which the Backend API shows, and returns a handle that creates its tokens and
    /// cookies. Nothing is validated: a banned user, or one that does not exist, gets a session too.
    pub fn sign_in(&self, user: impl Into<UserId>) -> LocalSession {
        let session = {
            let state = &mut *self.state();
            state.sign_in(user.into(), state.now)
        };
        LocalSession { local: self.clone(), session, options: TokenOptions::default() }
    }

    /// Signs a token with any claims, for tests of unusual tokens. Its header has `alg`, `kid` and `typ`; the object
    /// `header` adds or replaces fields, and removes those that are `null` in it.
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

/// A session, and the settings of the tokens that this handle creates for it.
///
/// The organization and the pending task belong to the session: all handles of it share them. The other settings
/// belong to this handle.
#[derive(Clone)]
pub struct LocalSession {
    local: LocalClerk,
    /// The session as it was started. The instance has its current state.
    session: Session,
    options: TokenOptions,
}

impl LocalSession {
    /// Makes an organization the active one. Tokens contain it as long as the user is a member.
    #[must_use]
    pub fn organization(self, organization: impl Into<OrganizationId>) -> Self {
        let organization = organization.into();
        self.change(|session| session.organization = Some(organization))
    }

    /// Makes the session pending: the user is signed in, but has to choose an organization first.
    #[must_use]
    pub fn pending(self) -> Self {
        self.change(|session| session.pending = true)
    }

    fn change(mut self, change: impl FnOnce(&mut Session)) -> Self {
        change(&mut self.session);
        if let Ok(stored) = self.local.state().sessions.get_mut(self.session.id.as_str()) {
            stored.organization.clone_from(&self.session.organization);
            stored.pending = self.session.pending;
        }
        self
    }

    /// Sets the lifetime of tokens, in whole seconds. The default is 60 seconds, as at Clerk.
    #[must_use]
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.options.lifetime = lifetime;
        self
    }

    /// Sets the authorized party (`azp`) of tokens, an origin such as `https://app.example.com`. The default is none.
    #[must_use]
    pub fn authorized_party(mut self, origin: impl Into<String>) -> Self {
        self.options.authorized_party = Some(origin.into());
        self
    }

    /// Sets the minutes since the user verified the first and the second factor (`fva`); -1 stands for a factor that the
    /// user does not have. The default is 0 and -1.
    #[must_use]
    pub fn factor_ages(mut self, first: i64, second: i64) -> Self {
        self.options.factor_ages = [first, second];
        self
    }

    /// Adds or replaces a claim of tokens.
    #[must_use]
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.options.extra.insert(name.into(), value.into());
        self
    }

    /// Returns the session's identifier.
    #[must_use]
    pub const fn session_id(&self) -> &SessionId {
        &self.session.id
    }

    /// Returns the user's identifier.
    #[must_use]
    pub const fn user_id(&self) -> &UserId {
        &self.session.user
    }

    /// Creates a new session token: a JWT for the `Authorization` header or the `__session` cookie. A revoked session
    /// gets one too.
    #[must_use]
    pub fn token(&self) -> String {
        self.token_at(self.local.time())
    }

    /// Creates a token of a JWT template for this audience, as a front end gets it from `getToken({ template })`. Its claims
    /// are the user, the times, the authorized party, and those that were set with [`claim`](Self::claim).
    ///
    /// ```
    /// use clerk_local::LocalClerk;
    ///
    /// let local = LocalClerk::seeded();
    /// let session = local.sign_in("user_ada").claim("plan", "gold");
    /// let authorization = format!("Bearer {}", session.template_token("https://api.example.com"));
    /// // A layer with these `template_audiences` accepts it, any other rejects it.
    /// # drop(authorization);
    /// ```
    #[must_use]
    pub fn template_token(&self, audience: impl AsRef<str>) -> String {
        let claims = {
            let state = self.local.state();
            claims::template(&state, &self.session, &self.options, state.now, audience.as_ref())
        };
        self.local.key().sign(&claims::template_header(), &claims)
    }

    /// Returns an expired token of this session, with a valid signature. It was issued more than an hour ago and
    /// expired an hour ago.
    ///
    /// ```
    /// use clerk_local::LocalClerk;
    ///
    /// let local = LocalClerk::seeded();
    /// let authorization = format!("Bearer {}", local.sign_in("user_ada").expired_token());
    /// // The layer rejects it with status 401.
    /// # drop(authorization);
    /// ```
    #[must_use]
    pub fn expired_token(&self) -> String {
        self.token_at(self.expired_issue())
    }

    /// Returns when an expired token was issued.
    fn expired_issue(&self) -> Timestamp {
        self.local.time().saturating_sub(EXPIRED_FOR.saturating_add(self.options.lifetime))
    }

    /// Returns the value of the `Cookie` header of a browser in which this user is signed in: the session token, the
    /// time of the sign-in and the browser's token, each under its plain name and under the one with the instance's
    /// suffix. A layer whose client has this instance's [publishable key](LocalClerk::publishable_key) accepts them
    /// without a handshake.
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
        self.cookies_with(self.local.time())
    }

    /// Like [`cookies`](Self::cookies), with an [expired token](Self::expired_token): what a browser sends that comes
    /// back after a while. A request for a document gets a handshake, any other one gets status 401.
    #[must_use]
    pub fn expired_cookies(&self) -> String {
        self.cookies_with(self.expired_issue())
    }

    /// Returns the cookies, with a token that was issued at this time.
    fn cookies_with(&self, issued: Timestamp) -> String {
        let suffix = self.local.publishable_key().cookie_suffix();
        let token = self.token_at(issued);
        let state = &mut *self.local.state();
        let browser = state.clients.of_session(&self.session);
        // A token from before the sign-in would be ignored.
        let signed_in = state.clock_time(browser.changed_at.min(issued)).as_secs().to_string();
        [("__session", &token), ("__client_uat", &signed_in), ("__clerk_db_jwt", &browser.dev_browser)]
            .map(|(name, value)| format!("{name}={value}; {name}_{suffix}={value}"))
            .join("; ")
    }

    fn token_at(&self, now: Timestamp) -> String {
        let claims = {
            let state = self.local.state();
            let session = state.sessions.get(self.session.id.as_str()).unwrap_or(&self.session);
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
