//! The OAuth 2.1 and OpenID Connect provider: applications that act for users.
//!
//! ```
//! use clerk_local::LocalClerk;
//!
//! let local = LocalClerk::seeded();
//! let app = local
//!     .oauth_application("Reports")
//!     .redirect_uri("http://127.0.0.1/callback") // with any port
//!     .scopes(["openid", "profile", "email"])
//!     .public()
//!     .create();
//! // `app.client_id` is for /oauth/authorize and /oauth/token. A public application has no secret.
//! assert_eq!(app.client_secret, None);
//! ```
//!
//! Clients find the endpoints in `/.well-known/oauth-authorization-server` and `/.well-known/openid-configuration`. What the
//! provider checks is what RFC 9700 recommends:
//!
//! | what | how |
//! |---|---|
//! | redirect URIs | exact; only the port of `http://127.0.0.1` and `http://[::1]` is free |
//! | PKCE | required for public applications; S256 only |
//! | codes | valid for ten minutes, once; a second use revokes what the first one got |
//! | refresh tokens | replaced at each use; the use of an old one revokes the grant |
//! | `resource` | becomes the audience (`aud`) of the access token; a token request may narrow it |
//! | `iss` | in each authorization response |
//! | consent | asked for each time, unless the application has no consent screen |
//!
//! An access token is valid for a day, a refresh token for ten years.

use std::fmt;

use crate::{
    LocalClerk,
    state::{OAuthApplication, oauth::parse_scopes},
};

impl LocalClerk {
    /// Starts a new OAuth application with this name; [`LocalOAuthApplicationBuilder::create`] creates it.
    pub fn oauth_application(&self, name: impl Into<String>) -> LocalOAuthApplicationBuilder {
        let application = OAuthApplication::new(name.into(), self.time());
        LocalOAuthApplicationBuilder { local: self.clone(), application }
    }

    /// Sets whether applications may register themselves at `/oauth/register` (RFC 7591), as MCP clients do. The default
    /// is false, as at Clerk.
    pub fn set_dynamic_registration(&self, on: bool) {
        self.state().settings.oauth_applications.dynamic_oauth_client_registration = on;
    }

    /// Sets whether `/.well-known/oauth-authorization-server` says that the identifier of a client may be the URL of a
    /// document that describes it, as MCP clients do. The default is false. The served instance accepts such clients in
    /// any case, if their documents are on this computer: under `http://localhost` or a loopback address.
    pub fn set_client_id_metadata_documents_advertised(&self, on: bool) {
        self.state().settings.oauth_applications.client_id_metadata_documents_advertised = on;
    }

    /// Sets whether OAuth access tokens are JWTs, which resource servers verify with the instance's keys, and which cannot
    /// be revoked. The default is false: they are opaque.
    pub fn set_oauth_jwt_access_tokens(&self, on: bool) {
        self.state().settings.oauth_applications.oauth_jwt_access_tokens = on;
    }
}

/// An OAuth application of a [`LocalClerk`]. `Debug` does not show its secret.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LocalOAuthApplication {
    /// The identifier in the Backend API, `oa_…`.
    pub id: String,
    /// The identifier in OAuth requests.
    pub client_id: String,
    /// The secret for the token endpoint. `None` for a public application.
    pub client_secret: Option<String>,
}

impl fmt::Debug for LocalOAuthApplication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalOAuthApplication").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Builder for an OAuth application, returned by [`LocalClerk::oauth_application`].
#[must_use = "nothing exists until `create`"]
pub struct LocalOAuthApplicationBuilder {
    local: LocalClerk,
    application: OAuthApplication,
}

impl LocalOAuthApplicationBuilder {
    /// Adds a redirect URI. The default is none.
    pub fn redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.application.redirect_uris.push(uri.into());
        self
    }

    /// Sets the scopes that the application may ask for: `openid`, `profile`, `email`, `offline_access`,
    /// `public_metadata`, `private_metadata`, `user:org:read`. Others are ignored. The default is `profile` and `email`.
    pub fn scopes<S: AsRef<str>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        let known = scopes.into_iter().filter_map(|scope| parse_scopes(scope.as_ref()));
        self.application.scopes = known.flatten().collect();
        self
    }

    /// Makes the application public, such as a program on a user's computer: it has no secret, and must use PKCE. The
    /// default is an application with a secret.
    pub const fn public(mut self) -> Self {
        self.application.public = true;
        self
    }

    /// Sets whether users see a consent screen. The default is true; without it, a signed-in user's browser comes back
    /// with a code at once.
    pub const fn consent_screen(mut self, on: bool) -> Self {
        self.application.consent_screen_enabled = on;
        self
    }

    /// Creates the application.
    pub fn create(mut self) -> LocalOAuthApplication {
        let secret = self.application.renew_secret();
        let OAuthApplication { id, client_id, .. } = self.application.clone();
        self.local.state().oauth_applications.insert(self.application);
        LocalOAuthApplication {
            id,
            client_id,
            client_secret: Some(secret).filter(|secret| !secret.is_empty()),
        }
    }
}

impl fmt::Debug for LocalOAuthApplicationBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalOAuthApplicationBuilder").finish_non_exhaustive()
    }
}
