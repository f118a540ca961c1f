//! Decoded session tokens.

use std::sync::Arc;

use crate::token::{KeySet, SessionAuth, Token, TokenError};

/// A decoded token. Only the signature of a known one has been verified, and no claims.
pub(crate) enum SessionToken {
    /// The signature was verified before, with the same keys.
    Known(Arc<SessionAuth>),
    New(Token),
}

impl SessionToken {
    pub(crate) fn read(text: &str, keys: &KeySet) -> Result<Self, TokenError> {
        match keys.known(text) {
            Some(session) => Ok(Self::Known(session)),
            None => keys.decode(text).map(Self::New),
        }
    }

    pub(crate) fn token(&self) -> &Token {
        match self {
            Self::Known(session) => session.token(),
            Self::New(token) => token,
        }
    }

    /// Turns a verified token into a session, and makes it known.
    pub(crate) fn into_session(self, keys: &KeySet) -> Arc<SessionAuth> {
        match self {
            Self::Known(session) => session,
            Self::New(token) => {
                let session = Arc::new(SessionAuth::new(token));
                keys.remember(&session);
                session
            }
        }
    }
}
