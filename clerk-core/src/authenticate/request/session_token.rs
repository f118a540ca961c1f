//! Decoded session tokens.

use std::sync::Arc;

use super::CookieValue;
use crate::token::{KeySet, SessionAuth, Token, TokenError};

/// A decoded token. Only the signature of a known one has been verified, and no claims.
pub(crate) enum SessionToken {
    /// The signature was verified before, with the same keys.
    Known(Arc<SessionAuth>),
    /// In a box, because hardly any token is new, and all are moved often.
    New(Box<Token>),
}

impl SessionToken {
    pub(crate) fn known(token: &[u8], keys: &KeySet) -> Option<Self> {
        keys.known(token).map(Self::Known)
    }

    pub(crate) fn read(text: &str, keys: &KeySet) -> Result<Self, TokenError> {
        Self::known(text.as_bytes(), keys)
            .map_or_else(|| keys.decode(text).map(|token| Self::New(Box::new(token))), Ok)
    }

    /// Returns the same token, if it is a known one.
    pub(crate) fn same(&self) -> Option<Self> {
        match self {
            Self::Known(session) => Some(Self::Known(session.clone())),
            Self::New(_) => None,
        }
    }

    /// Nearly every token is known, and has no escapes: then it is not read as text.
    pub(crate) fn of_cookie(value: CookieValue<'_>, keys: &KeySet) -> Result<Self, TokenError> {
        let known = Self::known(value.as_bytes(), keys);
        known.map_or_else(|| Self::read(&value.text(), keys), Ok)
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
                let session = Arc::new(SessionAuth::new(*token));
                keys.remember(&session);
                session
            }
        }
    }
}
