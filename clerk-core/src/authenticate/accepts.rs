//! The kinds of token that a service takes.

use crate::token::TokenKind;

/// Which kinds of token are accepted: one, several, or any. Session tokens only, unless set.
///
/// Opaque machine tokens (API keys, M2M and OAuth tokens that are no JWT) cost a call to Clerk each, so accept
/// them only where they are used.
///
/// ```
/// use clerk_core::{authenticate::Accepts, token::TokenKind};
///
/// let accepts = Accepts::from([TokenKind::Session, TokenKind::ApiKey]);
/// assert!(accepts.contains(TokenKind::ApiKey) && !accepts.contains(TokenKind::M2m));
/// assert!(Accepts::any().contains(TokenKind::M2m));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepts(pub(super) Kinds);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kinds {
    One(TokenKind),
    /// One of these; no more than there are kinds.
    List(Box<[TokenKind]>),
    Any,
}

impl Accepts {
    /// Every kind of token.
    #[must_use]
    pub const fn any() -> Self {
        Self(Kinds::Any)
    }

    /// Whether a token of this kind is accepted.
    #[must_use]
    pub fn contains(&self, kind: TokenKind) -> bool {
        match &self.0 {
            Kinds::One(one) => *one == kind,
            Kinds::List(kinds) => kinds.contains(&kind),
            Kinds::Any => true,
        }
    }

    /// Whether only tokens of a machine in the header are accepted, for which the instance's Frontend API plays
    /// no part.
    pub(super) const fn is_header_only(&self) -> bool {
        matches!(self.0, Kinds::One(TokenKind::ApiKey | TokenKind::M2m))
    }
}

impl Default for Accepts {
    fn default() -> Self {
        Self(Kinds::One(TokenKind::Session))
    }
}

impl From<TokenKind> for Accepts {
    fn from(kind: TokenKind) -> Self {
        Self(Kinds::One(kind))
    }
}

impl From<&[TokenKind]> for Accepts {
    fn from(kinds: &[TokenKind]) -> Self {
        Self(Kinds::List(kinds.into()))
    }
}

impl<const N: usize> From<[TokenKind; N]> for Accepts {
    fn from(kinds: [TokenKind; N]) -> Self {
        Self::from(&kinds[..])
    }
}

impl From<Vec<TokenKind>> for Accepts {
    fn from(kinds: Vec<TokenKind>) -> Self {
        Self(Kinds::List(kinds.into()))
    }
}
