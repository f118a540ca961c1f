//! The options of an authenticator, and their checked form.

mod accepted_kinds;
mod forwarded;
mod instance;
mod machine_audience;
mod options;
mod organization_sync;
mod pattern;

use self::options::IgnoredTokens;
pub use self::{
    accepted_kinds::AcceptedKinds,
    forwarded::{Forwarded, PublicOrigin, PublicOriginError},
    options::{AuthenticateOptions, OptionsError, ProxySettings, Satellite},
    organization_sync::OrganizationSync,
    pattern::PatternError,
};
pub(super) use self::{
    accepted_kinds::Kinds, instance::Instance, machine_audience::MachineAudience, organization_sync::Routes,
};
use crate::token::{TokenKind, VerifyOptions};

/// The checked options of an authenticator.
pub(crate) struct Config {
    pub(super) instance: Option<Instance>,
    /// For session tokens.
    pub(super) session: VerifyOptions,
    /// For M2M and OAuth tokens in JWT form.
    pub(super) machine: VerifyOptions,
    /// For M2M and OAuth tokens in either form.
    pub(super) machine_audience: MachineAudience,
    /// For tokens of JWT templates, if they are accepted.
    pub(super) template: Option<VerifyOptions>,
    pub(super) accepted_kinds: AcceptedKinds,
    pub(super) ignored_tokens: Option<IgnoredTokens>,
    /// Whether operations can be sent for a decision, which takes the instance's secret key.
    pub(super) has_api: bool,
    /// Whether opaque M2M tokens can be verified without it.
    pub(super) has_machine_key: bool,
    pub(super) forwarded: Forwarded,
    pub(super) routes: Routes,
    pub(super) handshake_cookies_only: bool,
    pub(super) debug_headers: bool,
}

impl Config {
    /// Whether tokens of this kind are accepted.
    pub(super) fn accepts(&self, kind: TokenKind) -> bool {
        self.accepted_kinds.contains(kind) || (kind == TokenKind::Template && self.template.is_some())
    }

    /// Whether Clerk can be asked about an opaque token of this kind.
    pub(super) const fn can_verify(&self, kind: TokenKind) -> bool {
        self.has_api || (self.has_machine_key && matches!(kind, TokenKind::M2m))
    }

    /// Whether a token in the header is the application's own.
    pub(super) fn ignores(&self, token: &str) -> bool {
        self.ignored_tokens.as_ref().is_some_and(|is_ignored| is_ignored(token))
    }
}
