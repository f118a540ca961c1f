//! A session token that a request carries.

use std::sync::Arc;

use super::SessionAuth;
use crate::token::{KeySet, Token, TokenError};

/// A token, decoded. Nothing in it may be believed yet, except that a known one's signature is good.
pub(super) enum Candidate {
    /// Its signature was verified before, with the same keys.
    Known(Arc<SessionAuth>),
    New(Token),
}

impl Candidate {
    pub(super) fn read(text: &str, keys: &KeySet) -> Result<Self, TokenError> {
        match keys.known(text) {
            Some(session) => Ok(Self::Known(session)),
            None => Token::decode(text).map(Self::New),
        }
    }

    pub(super) fn token(&self) -> &Token {
        match self {
            Self::Known(session) => session.token(),
            Self::New(token) => token,
        }
    }

    /// What was verified, from now on known.
    pub(super) fn into_session(self, keys: &KeySet) -> Arc<SessionAuth> {
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
