//! The kinds of token that a service accepts.

use crate::token::TokenKind;

/// The kinds of token that a service accepts: one, several or any. Defaults to session tokens.
///
/// Every opaque machine token (API keys, and M2M and OAuth tokens that are not JWTs) costs a call to Clerk, so accept
/// them only where they are used.
///
/// ```
/// use clerk_core::{authenticate::AcceptedKinds, token::TokenKind};
///
/// let kinds = AcceptedKinds::from([TokenKind::Session, TokenKind::ApiKey]);
/// assert!(kinds.contains(TokenKind::ApiKey) && !kinds.contains(TokenKind::M2m));
/// assert!(AcceptedKinds::any().contains(TokenKind::M2m));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptedKinds(pub(crate) Kinds);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kinds {
    One(TokenKind),
    /// Any kind in the list.
    List(Box<[TokenKind]>),
    Any,
}

impl AcceptedKinds {
    /// Accepts every kind of token but those of JWT templates, which
    /// [`AuthenticateOptions::template_audiences`](super::AuthenticateOptions::template_audiences) adds.
    #[must_use]
    pub const fn any() -> Self {
        Self(Kinds::Any)
    }

    /// Accepts no kind of token: for a service that takes only tokens of JWT templates, which
    /// [`AuthenticateOptions::template_audiences`](super::AuthenticateOptions::template_audiences) adds.
    #[must_use]
    pub fn none() -> Self {
        Self(Kinds::List(Box::default()))
    }

    /// Whether a token of this kind is accepted.
    #[must_use]
    pub fn contains(&self, kind: TokenKind) -> bool {
        match &self.0 {
            Kinds::One(one) => *one == kind,
            Kinds::List(kinds) => kinds.contains(&kind),
            Kinds::Any => kind != TokenKind::Template,
        }
    }

    /// Whether only tokens in the header are accepted, which do not involve the instance's Frontend API.
    pub(crate) const fn is_header_only(&self) -> bool {
        matches!(self.0, Kinds::One(TokenKind::ApiKey | TokenKind::M2m))
    }

    pub(crate) fn is_none(&self) -> bool {
        matches!(&self.0, Kinds::List(kinds) if kinds.is_empty())
    }
}

impl Default for AcceptedKinds {
    fn default() -> Self {
        Self(Kinds::One(TokenKind::Session))
    }
}

impl From<TokenKind> for AcceptedKinds {
    fn from(kind: TokenKind) -> Self {
        Self(Kinds::One(kind))
    }
}

impl From<&[TokenKind]> for AcceptedKinds {
    fn from(kinds: &[TokenKind]) -> Self {
        Self(Kinds::List(kinds.into()))
    }
}

impl<const N: usize> From<[TokenKind; N]> for AcceptedKinds {
    fn from(kinds: [TokenKind; N]) -> Self {
        Self::from(&kinds[..])
    }
}

impl From<Vec<TokenKind>> for AcceptedKinds {
    fn from(kinds: Vec<TokenKind>) -> Self {
        Self(Kinds::List(kinds.into()))
    }
}
