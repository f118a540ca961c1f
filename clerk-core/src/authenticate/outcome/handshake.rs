//! What was noticed about the handshake that a request returned from.

use std::fmt;

use super::Diagnosis;
use crate::Reason;

/// Reason why the result of a handshake was ignored, in [`Outcome::refused_handshake`](super::Outcome::refused_handshake).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HandshakeRefusal {
    /// The handshake's own token was rejected.
    Token(Reason),
    /// The session token in the handshake was rejected.
    Session(Reason),
    /// Clerk refused the nonce: it belongs to another instance, or was used before.
    Nonce,
}

impl HandshakeRefusal {
    /// Returns the part that was refused: `token`, `session` or `nonce`.
    #[must_use]
    pub const fn part(&self) -> &'static str {
        match self {
            Self::Token(_) => "token",
            Self::Session(_) => "session",
            Self::Nonce => "nonce",
        }
    }

    /// Returns the reason why a token was rejected.
    #[must_use]
    pub const fn reason(&self) -> Option<&Reason> {
        match self {
            Self::Token(reason) | Self::Session(reason) => Some(reason),
            Self::Nonce => None,
        }
    }
}

impl fmt::Display for HandshakeRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(reason) => write!(f, "its token: {reason}"),
            Self::Session(reason) => write!(f, "the session token in it: {reason}"),
            Self::Nonce => f.write_str("Clerk does not know its nonce"),
        }
    }
}

/// What was noticed while a handshake was resolved.
///
/// The decision has the content of the handshake, and a later diagnosis does not: a nonce can be used only once.
#[derive(Clone, Debug)]
pub(crate) struct HandshakeTrace {
    pub(crate) refusal: Option<HandshakeRefusal>,
    /// The probable mistake, if the browser was redirected just before.
    pub(crate) diagnosis: Option<Diagnosis>,
}

impl HandshakeTrace {
    /// Returns the trace of a handshake that was refused.
    pub(crate) fn refused(refusal: HandshakeRefusal, diagnosis: Option<Diagnosis>) -> Box<Self> {
        Box::new(Self { refusal: Some(refusal), diagnosis })
    }

    /// Returns the trace of a handshake that was accepted, but reveals a mistake.
    pub(crate) fn accepted(diagnosis: Diagnosis) -> Box<Self> {
        Box::new(Self { refusal: None, diagnosis: Some(diagnosis) })
    }
}
