#![doc = include_str!("../README.md")]

mod error;
mod extract;
pub mod guide;
mod layer;
mod rejection;
pub mod require;

pub use clerk_core::{
    Metadata, Nullable, Page, Timestamp, api,
    authenticate::{
        AcceptedKinds, AuthenticateOptions, Forwarded, OptionsError, OrganizationSync, PublicOrigin,
        RequestHead, Satellite,
    },
    id, model, token, webhook,
};
#[cfg(feature = "local")]
pub use clerk_tower::local;
pub use clerk_tower::{
    BoxError, Clerk, ClerkBuilder, ConfigError, MachineClerk, cache, clock, jwks, options,
    proxy::{ProxyBuilder, ProxyLayer},
    reject::RequestInfo,
    upload,
    webhook::ClerkWebhooks,
};

pub use self::{
    error::Error,
    extract::{
        ActiveOrganization, ApiKey, Auth, Claims, ClerkOrganization, ClerkUser, Has, M2mToken, Machine,
        OAuthToken, Requirement, Session, Webhook,
    },
    layer::ClerkLayer,
    rejection::Rejection,
};

/// Compiles the code of the project's README.
#[cfg(all(doctest, feature = "local"))]
#[doc = include_str!("../../README.md")]
struct Readme;
