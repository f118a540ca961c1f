//! Why a token is refused.

use crate::authenticate::Reason;

/// Why a token is refused. Says which rule it breaks; never repeats anything of the token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TokenError {
    reason: Reason,
    message: &'static str,
}

impl TokenError {
    pub(crate) const fn new(reason: Reason, message: &'static str) -> Self {
        Self { reason, message }
    }

    pub(crate) const fn invalid(message: &'static str) -> Self {
        Self::new(Reason::TokenInvalid, message)
    }

    pub(crate) const fn failed(message: &'static str) -> Self {
        Self::new(Reason::TokenVerificationFailed, message)
    }

    pub(crate) const fn mismatch() -> Self {
        Self::new(Reason::TokenTypeMismatch, "this kind of token is not accepted here")
    }

    /// The stable code of the broken rule.
    #[must_use]
    pub const fn reason(&self) -> &Reason {
        &self.reason
    }

    pub(crate) const fn message(&self) -> &'static str {
        self.message
    }
}
