#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc = include_str!("overview.md")]

mod error;
mod extract;
pub mod guide;
mod layer;
#[cfg(any(feature = "aide", feature = "utoipa"))]
mod openapi;
mod proxy;
mod rejection;
pub mod require;
#[cfg(feature = "resource")]
mod resource;
pub mod service;

/// All of [`clerk_core`]: operations, models, tokens.
pub use clerk_core as core;
#[doc(inline)]
pub use clerk_core::{
    Metadata, Nullable, Operation, Page, Reason, Timestamp,
    authenticate::{
        AcceptedKinds, AuthenticateOptions, Forwarded, OptionsError, OrganizationSync, Outcome, PublicOrigin,
        RedactedUri, RequestHead, Satellite,
    },
    keys::{PublishableKey, SecretKey},
};
pub use clerk_core::{api, id, model, token, webhook};
#[cfg(feature = "local")]
pub use clerk_local as local;
/// All of [`clerk_tower`]: the client, and the tower services that this crate is built on.
pub use clerk_tower as tower;
#[doc(inline)]
pub use clerk_tower::{
    BoxError, Clerk, ClerkBuilder, ClerkVerifier, Config, ConfigError, ErrorKind, MachineClerk, PageStream,
    WebhookLimits,
    server::{
        authenticate::InsecureIdentity, proxy::ProxyBuilder, rejection::RequestInfo, webhook::ClerkWebhooks,
    },
};

#[cfg(feature = "aide")]
pub use self::openapi::aide;
#[cfg(feature = "utoipa")]
pub use self::openapi::utoipa;
#[cfg(feature = "resource")]
pub use self::resource::{ProtectedResource, ProtectedResourceBuilder};
pub use self::{
    error::Error,
    extract::{
        ActiveOrganization, ApiKey, Auth, Claims, ClerkOrganization, ClerkUser, Has, M2mToken, Machine,
        Meets, OAuthToken, Requirement, Session, SessionRule, TemplateToken, Webhook,
    },
    layer::ClerkLayer,
    proxy::ProxyLayer,
    rejection::Rejection,
};

/// Compiles the code of the project's README, and of the crate's.
#[cfg(all(doctest, feature = "local"))]
#[doc = include_str!("../../README.md")]
#[doc = include_str!("../README.md")]
struct Readme;
