use std::ops::Deref;

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use clerk_core::token::{TemplateAuth, TokenKind};
use clerk_tower::server::{authenticate::Auth, rejection};
use http::request::Parts;
use serde::de::DeserializeOwned;

use super::auth::decided;
use crate::Rejection;

/// Extractor for a verified token of a [JWT template](https://clerk.com/docs/guides/sessions/jwt-templates), on a layer that
/// accepts some by their audience:
/// [`template_audiences`](clerk_core::authenticate::AuthenticateOptions::template_audiences). No call to Clerk.
///
/// It rejects with 401 if the request has no such token, with 503 if that cannot be decided, and with 500
/// `clerk-kind-not-accepted` if the layer accepts none. `Option<TemplateToken>` is `None` for sessions, machine tokens, and
/// without a token; an invalid token is still rejected.
#[doc = include_str!("derive.md")]
///
/// ```
/// use axum::{Router, routing::get};
/// use clerk_axum::{Clerk, ClerkLayer, Error, TemplateToken};
///
/// /// What the template in Clerk's dashboard contains.
/// #[derive(serde::Deserialize)]
/// struct Custom {
///     tenant: String,
/// }
///
/// async fn tenant(token: TemplateToken) -> Result<String, Error> {
///     Ok(format!("{} of {}", token.user_id(), token.claims::<Custom>()?.tenant))
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let clerk = Clerk::builder()
///     .secret_key("sk_test_abc")
///     .authentication(|options| options.template_audiences(["https://api.example.com"]))
///     .build()?;
/// let app: Router = Router::new().route("/tenant", get(tenant)).layer(ClerkLayer::new(&clerk));
/// # let _ = app; Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct TemplateToken(TemplateAuth);

impl TemplateToken {
    fn of(auth: &Auth) -> Result<Self, Rejection> {
        Ok(Self(auth.require_template()?.clone()))
    }

    /// Deserializes all claims into a type of your choice.
    ///
    /// # Errors
    /// 500 `claims-mismatch` if the claims do not match the type.
    pub fn claims<T: DeserializeOwned>(&self) -> Result<T, Rejection> {
        self.0.claims_as().map_err(|error| rejection::Rejection::claims_mismatch(&error).into())
    }
}

impl Deref for TemplateToken {
    type Target = TemplateAuth;

    fn deref(&self) -> &TemplateAuth {
        &self.0
    }
}

impl<S: Sync> FromRequestParts<S> for TemplateToken {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        Self::of(decided(parts)?)
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for TemplateToken {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Rejection> {
        let auth = decided(parts)?;
        if auth.has_none_of(&[TokenKind::Template]) { Ok(None) } else { Self::of(auth).map(Some) }
    }
}
