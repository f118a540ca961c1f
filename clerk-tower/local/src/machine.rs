//! Creates credentials for machines: API keys, secret keys, M2M tokens and OAuth access tokens.
//!
//! ```
//! use clerk_local::LocalClerk;
//!
//! let local = LocalClerk::seeded();
//! let key = local.api_key("nightly").subject("user_ada").scopes(["reports:read"]).create();
//! let authorization = format!("Bearer {}", key.secret);
//!
//! let reports = local.machine("reports").create();
//! let billing = local.machine("billing").may_call(&reports).create();
//! let token = local.m2m_token(&billing).create();
//! assert!(token.token.starts_with("mt_"));
//! # drop(authorization);
//! ```
//!
//! As in [`setup`](crate::setup), nothing is validated: a key may belong to a user that does not exist.

use std::{fmt, time::Duration};

use clerk_core::{
    Timestamp,
    id::{Id, UserId},
};
use serde_json::Value;

use crate::{
    LocalClerk, LocalOrganization, LocalUser, claims,
    credentials::{Standing, StoredApiKey, StoredM2mToken, StoredMachine, StoredOAuthToken},
};

impl LocalClerk {
    /// Starts a new API key with this name; [`LocalApiKeyBuilder::create`] creates it.
    pub fn api_key(&self, name: impl Into<String>) -> LocalApiKeyBuilder {
        let now = self.time();
        LocalApiKeyBuilder { local: self.clone(), key: StoredApiKey::new(name.into(), "".into(), now), now }
    }

    /// Starts a new machine with this name; [`LocalMachineBuilder::create`] creates it.
    pub fn machine(&self, name: impl Into<String>) -> LocalMachineBuilder {
        LocalMachineBuilder { local: self.clone(), machine: StoredMachine::new(name.into(), self.time()) }
    }

    /// Starts a new M2M token of a machine, for the machines that it may call; [`LocalM2mTokenBuilder::create`] creates
    /// it.
    pub fn m2m_token(&self, machine: impl Into<Id>) -> LocalM2mTokenBuilder {
        let (id, now) = (machine.into(), self.time());
        let machine = self.state().credentials.machines.get(id.as_str()).ok().cloned();
        let machine =
            machine.unwrap_or_else(|| StoredMachine { id, ..StoredMachine::new(String::new(), now) });
        let mut token = StoredM2mToken::new(&machine, now);
        token.standing.expiration = Some(machine.default_expiration(now));
        LocalM2mTokenBuilder { local: self.clone(), token, now }
    }

    /// Starts a new OAuth access token, with which an OAuth client acts for a user;
    /// [`LocalOAuthTokenBuilder::create`] creates it. The default lifetime is a day.
    pub fn oauth_token(&self, user: impl Into<UserId>) -> LocalOAuthTokenBuilder {
        let now = self.time();
        let mut token = StoredOAuthToken::new(user.into(), now);
        token.standing.expiration = Some(now.saturating_add(Duration::from_secs(86_400)));
        LocalOAuthTokenBuilder { local: self.clone(), token, now }
    }
}

impl Standing {
    fn end_after(&mut self, lifetime: Duration, now: Timestamp) {
        self.expiration = Some(now.saturating_add(lifetime));
    }
}

/// An API key of a [`LocalClerk`]. `Debug` does not show its secret.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LocalApiKey {
    /// The key's identifier, `ak_…`.
    pub id: Id,
    /// The key itself, `ak_…`, for the `Authorization` header.
    pub secret: String,
}

/// A machine of a [`LocalClerk`]. `Debug` does not show its secret key.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LocalMachine {
    /// The machine's identifier, `mch_…`.
    pub id: Id,
    /// The machine's secret key, `ak_…`.
    pub secret_key: String,
}

/// An M2M token of a [`LocalClerk`]. `Debug` does not show the token itself.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LocalM2mToken {
    /// The token's identifier, `mt_…`.
    pub id: Id,
    /// The token itself, for the `Authorization` header.
    pub token: String,
}

/// An OAuth access token of a [`LocalClerk`]. `Debug` does not show the token itself.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LocalOAuthToken {
    /// The token's identifier, `oat_…`.
    pub id: Id,
    /// The token itself, for the `Authorization` header.
    pub token: String,
}

macro_rules! debug_id_only {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).field("id", &self.id).finish_non_exhaustive()
            }
        }

        impl From<&$name> for Id {
            fn from(it: &$name) -> Self {
                it.id.clone()
            }
        }
    )*};
}

debug_id_only!(LocalApiKey, LocalMachine, LocalM2mToken, LocalOAuthToken);

impl From<&LocalUser> for Id {
    fn from(user: &LocalUser) -> Self {
        user.id.as_str().into()
    }
}

impl From<&LocalOrganization> for Id {
    fn from(organization: &LocalOrganization) -> Self {
        organization.id.as_str().into()
    }
}

/// Builder for an API key, returned by [`LocalClerk::api_key`].
#[must_use = "nothing exists until `create`"]
pub struct LocalApiKeyBuilder {
    local: LocalClerk,
    key: StoredApiKey,
    now: Timestamp,
}

impl LocalApiKeyBuilder {
    /// Sets the owner: a user, an organization or a machine. Without it, the key belongs to no one.
    pub fn subject(mut self, subject: impl Into<Id>) -> Self {
        self.key.subject = subject.into();
        self
    }

    /// Sets the scopes, which the application defines. The default is none.
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.key.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// Sets custom claims: any JSON. The default is none.
    pub fn claims(mut self, claims: impl Into<Value>) -> Self {
        self.key.claims = Some(claims.into());
        self
    }

    /// Sets the lifetime. By default, the key does not expire; with [`Duration::ZERO`] it has expired already.
    pub fn expires_in(mut self, lifetime: Duration) -> Self {
        self.key.standing.end_after(lifetime, self.now);
        self
    }

    /// Sets whether the key is revoked. The default is false.
    pub fn revoked(mut self, revoked: bool) -> Self {
        self.key.standing.revoked = revoked;
        self
    }

    /// Creates the key.
    pub fn create(self) -> LocalApiKey {
        let created = LocalApiKey { id: self.key.id.clone(), secret: self.key.secret.clone() };
        self.local.state().credentials.api_keys.insert(self.key);
        created
    }
}

/// Builder for a machine, returned by [`LocalClerk::machine`].
#[must_use = "nothing exists until `create`"]
pub struct LocalMachineBuilder {
    local: LocalClerk,
    machine: StoredMachine,
}

impl LocalMachineBuilder {
    /// Lets the machine call another one, which then accepts its tokens. By default, it may call none.
    pub fn may_call(mut self, other: impl Into<Id>) -> Self {
        self.machine.scopes.push(other.into());
        self
    }

    /// Creates the machine.
    pub fn create(self) -> LocalMachine {
        let created =
            LocalMachine { id: self.machine.id.clone(), secret_key: self.machine.secret_key.clone() };
        self.local.state().credentials.machines.insert(self.machine);
        created
    }
}

/// Builder for an M2M token, returned by [`LocalClerk::m2m_token`].
#[must_use = "nothing exists until `create`"]
pub struct LocalM2mTokenBuilder {
    local: LocalClerk,
    token: StoredM2mToken,
    now: Timestamp,
}

impl LocalM2mTokenBuilder {
    /// Sets custom claims: any JSON, or an object for a token in JWT form. The default is none.
    pub fn claims(mut self, claims: impl Into<Value>) -> Self {
        self.token.claims = Some(claims.into());
        self
    }

    /// Sets the lifetime. The default is an hour; with [`Duration::ZERO`] the token has expired already.
    pub fn expires_in(mut self, lifetime: Duration) -> Self {
        self.token.standing.end_after(lifetime, self.now);
        self
    }

    /// Sets whether the token is revoked. The default is false. A token in JWT form cannot be revoked.
    pub fn revoked(mut self, revoked: bool) -> Self {
        self.token.standing.revoked = revoked;
        self
    }

    /// Creates an opaque token.
    pub fn create(self) -> LocalM2mToken {
        let created = LocalM2mToken { id: self.token.id.clone(), token: self.token.token.clone() };
        self.local.state().credentials.m2m_tokens.insert(self.token);
        created
    }

    /// Creates a token in JWT form, which is verified with the instance's keys, and which the instance does not store.
    pub fn create_jwt(self) -> LocalM2mToken {
        let claims = claims::m2m(&self.local.state(), &self.token);
        LocalM2mToken { id: self.token.id, token: self.local.key().sign(&claims::m2m_header(), &claims) }
    }
}

/// Builder for an OAuth access token, returned by [`LocalClerk::oauth_token`].
#[must_use = "nothing exists until `create`"]
pub struct LocalOAuthTokenBuilder {
    local: LocalClerk,
    token: StoredOAuthToken,
    now: Timestamp,
}

impl LocalOAuthTokenBuilder {
    /// Sets the OAuth client. The default is a random identifier.
    pub fn client_id(mut self, id: impl Into<String>) -> Self {
        self.token.client_id = id.into();
        self
    }

    /// Sets the scopes to which the user consented. The default is none.
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.token.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the services that the token is issued for (`aud`), usually URLs. The default is none.
    pub fn audience<S: Into<String>>(mut self, audience: impl IntoIterator<Item = S>) -> Self {
        self.token.audience = audience.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the claim `act` (RFC 8693, section 4.1), as in a token that was issued to someone who acts for the user, for
    /// example `{"sub": "user_admin"}`. The default is none.
    pub fn actor(mut self, act: impl Into<Value>) -> Self {
        self.token.actor = Some(act.into());
        self
    }

    /// Sets the lifetime. The default is a day; with [`Duration::ZERO`] the token has expired already.
    pub fn expires_in(mut self, lifetime: Duration) -> Self {
        self.token.standing.end_after(lifetime, self.now);
        self
    }

    /// Sets whether the token is revoked. The default is false. A token in JWT form cannot be revoked.
    pub fn revoked(mut self, revoked: bool) -> Self {
        self.token.standing.revoked = revoked;
        self
    }

    /// Creates an opaque token.
    pub fn create(self) -> LocalOAuthToken {
        let created = LocalOAuthToken { id: self.token.id.clone(), token: self.token.token.clone() };
        self.local.state().credentials.oauth_tokens.insert(self.token);
        created
    }

    /// Creates a token in JWT form, which is verified with the instance's keys, and which the instance does not store.
    pub fn create_jwt(self) -> LocalOAuthToken {
        let claims = claims::oauth(&self.local.state(), self.local.issuer(), &self.token);
        LocalOAuthToken { id: self.token.id, token: self.local.key().sign(&claims::oauth_header(), &claims) }
    }
}

macro_rules! debug_without_fields {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )*};
}

debug_without_fields!(LocalApiKeyBuilder, LocalMachineBuilder, LocalM2mTokenBuilder, LocalOAuthTokenBuilder);
