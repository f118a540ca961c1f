//! JWT templates: other claims, and other keys, for the tokens of sessions.
//!
//! ```
//! use std::time::Duration;
//! use clerk_local::LocalClerk;
//! use serde_json::json;
//!
//! let local = LocalClerk::seeded();
//! local
//!     .jwt_template("hasura")
//!     .claims(json!({ "role": "user", "email": "{{user.primary_email_address}}" }))
//!     .lifetime(Duration::from_secs(300))
//!     .create();
//! // `POST /sessions/{session_id}/tokens/hasura` returns such tokens, and so does `getToken({ template: "hasura" })`.
//! ```

use std::{fmt, time::Duration};

use serde_json::{Map, Value};

use crate::{
    LocalClerk,
    state::{CustomKey, JwtTemplate},
};

impl LocalClerk {
    /// Starts a new JWT template with this name; [`LocalJwtTemplateBuilder::create`] creates it. It replaces one with the
    /// same name.
    pub fn jwt_template(&self, name: impl AsRef<str>) -> LocalJwtTemplateBuilder {
        let template = JwtTemplate::new(name.as_ref(), Map::new(), self.time());
        LocalJwtTemplateBuilder { local: self.clone(), template }
    }
}

/// A JWT template of a [`LocalClerk`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct LocalJwtTemplate {
    /// The template's identifier, `jtmp_…`.
    pub id: String,
}

/// Builder for a JWT template, returned by [`LocalClerk::jwt_template`].
#[must_use = "nothing exists until `create`"]
pub struct LocalJwtTemplateBuilder {
    local: LocalClerk,
    template: JwtTemplate,
}

impl LocalJwtTemplateBuilder {
    /// Sets the claims, a JSON object, with Clerk's shortcodes such as `{{user.id}}`. The default is none besides those
    /// that every token has. Anything but an object counts as none.
    pub fn claims(mut self, claims: Value) -> Self {
        self.template.claims = match claims {
            Value::Object(claims) => claims,
            _ => Map::new(),
        };
        self
    }

    /// Sets the lifetime of the tokens, in whole seconds. The default is a minute.
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.template.lifetime = seconds(lifetime);
        self
    }

    /// Sets how long before its creation a token is valid, in whole seconds. The default is five seconds.
    pub fn allowed_clock_skew(mut self, skew: Duration) -> Self {
        self.template.allowed_clock_skew = seconds(skew);
        self
    }

    /// Sets a key of its own. The default is the instance's. `algorithm` is one of `HS256`, `HS384` and `HS512` with a
    /// secret, or of `RS…`, `PS…` (256, 384, 512), `ES256`, `ES384`, `ES512` and `EdDSA` with a private key as PEM. It is
    /// not checked: with a key that cannot sign, requests for a token fail.
    ///
    /// ```
    /// use clerk_local::LocalClerk;
    ///
    /// let local = LocalClerk::new();
    /// local.jwt_template("supabase").signing_key("HS256", "a secret that others know, too").create();
    /// ```
    pub fn signing_key(mut self, algorithm: impl Into<String>, key: impl Into<String>) -> Self {
        self.template.custom_key = Some(CustomKey { algorithm: algorithm.into(), key: key.into() });
        self
    }

    /// Creates the template.
    pub fn create(self) -> LocalJwtTemplate {
        let created = LocalJwtTemplate { id: self.template.id.clone() };
        let state = &mut *self.local.state();
        state.jwt_templates.retain(|other| other.name != self.template.name);
        state.jwt_templates.insert(self.template);
        created
    }
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

impl fmt::Debug for LocalJwtTemplateBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalJwtTemplateBuilder").field("name", &self.template.name).finish_non_exhaustive()
    }
}
