//! The options of an authenticator, and their checked form.

mod accepted_kinds;
mod forwarded;
mod instance;
mod options;
mod organization_sync;
mod pattern;

pub use self::{
    accepted_kinds::AcceptedKinds,
    forwarded::{Forwarded, PublicOrigin, PublicOriginError},
    options::{AuthenticateOptions, OptionsError, ProxySettings, Satellite},
    organization_sync::OrganizationSync,
    pattern::PatternError,
};
pub(super) use self::{accepted_kinds::Kinds, instance::Instance, organization_sync::Routes};
use crate::token::VerifyOptions;

/// The checked options of an authenticator.
pub(crate) struct Config {
    pub(super) instance: Option<Instance>,
    /// For session tokens.
    pub(super) session: VerifyOptions,
    /// For M2M and OAuth tokens in JWT form.
    pub(super) machine: VerifyOptions,
    pub(super) accepted_kinds: AcceptedKinds,
    pub(super) forwarded: Forwarded,
    pub(super) routes: Routes,
    pub(super) handshake_cookies_only: bool,
    pub(super) debug_headers: bool,
}
