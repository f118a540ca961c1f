//! The kinds of tokens that Clerk issues.

use std::fmt;

use super::{
    json::Member,
    payload::{Header, Payload},
};

/// What a token stands for. All kinds are signed with the same keys, so every token is classified before
/// it is used for anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenKind {
    /// A user's session.
    Session,
    /// An API key, `ak_…`: always opaque.
    ApiKey,
    /// A machine-to-machine token: `mt_…`, or a JWT whose subject is a machine.
    M2m,
    /// An OAuth access token: `oat_…`, or a JWT of type `at+jwt` (RFC 9068).
    OAuth,
}

impl TokenKind {
    /// The kind as Clerk's SDKs write it: `session_token`, `api_key`, `m2m_token`, `oauth_token`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session_token",
            Self::ApiKey => "api_key",
            Self::M2m => "m2m_token",
            Self::OAuth => "oauth_token",
        }
    }

    /// The kind of machine token that a text is by its prefix; `None` for everything else, such as a JWT.
    #[must_use]
    pub fn of_opaque(text: &str) -> Option<Self> {
        match text.as_bytes() {
            [b'm', b't', b'_', ..] => Some(Self::M2m),
            [b'o', b'a', b't', b'_', ..] => Some(Self::OAuth),
            [b'a', b'k', b'_', ..] => Some(Self::ApiKey),
            _ => None,
        }
    }

    /// The kind of a decoded token. One without a signature has the form of no machine token.
    pub(super) fn of_jwt(header: &Header, payload: &Payload, is_signed: bool) -> Self {
        if !is_signed {
            return Self::Session;
        }
        if payload.sub.text().is_some_and(|sub| sub.starts_with("mch_")) {
            return Self::M2m;
        }
        match header.typ.valid() {
            Some(typ) if typ.is_access_token() => Self::OAuth,
            _ => Self::Session,
        }
    }
}

impl fmt::Display for TokenKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The `cat` header: the class that Clerk stamps on what it signs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Category {
    /// A token from before there were classes, or of an instance that stamps everything alike.
    Unmarked,
    Session,
    M2m,
    /// A JWT template's token, or a class this version does not know.
    Other,
}

impl Category {
    pub(super) fn parse(text: &str) -> Self {
        match text {
            "cl_B7d4PD111AAA" => Self::Session,
            "cl_I7d4PD111III" => Self::Unmarked,
            "cl_B7d4PD333AAA" => Self::M2m,
            _ => Self::Other,
        }
    }

    pub(super) fn of(header: &Header) -> Self {
        match header.cat {
            Member::Absent => Self::Unmarked,
            Member::Valid(category) => category,
            Member::Null | Member::Malformed => Self::Other,
        }
    }
}
