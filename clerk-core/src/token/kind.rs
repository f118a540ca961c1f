//! The kinds of token that Clerk issues.

use std::fmt;

use super::{
    json::Member,
    payload::{Header, Payload},
};

/// The kind of a token.
///
/// An instance signs all kinds with the same keys, so every token is classified before it is used for anything
/// (RFC 8725, section 3.12).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenKind {
    /// A user's session.
    Session,
    /// An API key, `ak_…`. Always opaque.
    ApiKey,
    /// A machine-to-machine token: `mt_…`, or a JWT whose subject is a machine.
    M2m,
    /// An OAuth access token: `oat_…`, or a JWT of type `at+jwt` (RFC 9068).
    OAuth,
    /// A token that a front end or a service made from a JWT template of the dashboard. Always a JWT.
    Template,
}

impl TokenKind {
    /// Returns the kind as Clerk's SDKs write it: `session_token`, `api_key`, `m2m_token` or `oauth_token`; and
    /// `jwt_template`, for which they have no name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session_token",
            Self::ApiKey => "api_key",
            Self::M2m => "m2m_token",
            Self::OAuth => "oauth_token",
            Self::Template => "jwt_template",
        }
    }

    /// Returns the kind of an opaque machine token, by its prefix; `None` for any other string, such as a JWT.
    #[must_use]
    pub fn of_opaque(text: &str) -> Option<Self> {
        match text.as_bytes() {
            [b'm', b't', b'_', ..] => Some(Self::M2m),
            [b'o', b'a', b't', b'_', ..] => Some(Self::OAuth),
            [b'a', b'k', b'_', ..] => Some(Self::ApiKey),
            _ => None,
        }
    }

    /// Returns the kind of a decoded token.
    ///
    /// A token without a signature counts as a session token, whose verification rejects it.
    pub(super) fn of_jwt(header: &Header, payload: &Payload, is_signed: bool) -> Self {
        if !is_signed {
            return Self::Session;
        }
        // M2M tokens have the same type as session tokens, so the subject distinguishes them.
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

/// The class of a token: the header `cat`, which Clerk sets in the tokens that it signs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Category {
    /// Without a class, as older tokens are.
    Unmarked,
    /// The one class that some instances use for all tokens, so that it says nothing about a token.
    Common,
    Session,
    M2m,
    Template,
    /// An unknown class.
    Other,
}

impl Category {
    pub(super) fn parse(text: &str) -> Self {
        match text {
            "cl_B7d4PD111AAA" => Self::Session,
            "cl_I7d4PD111III" => Self::Common,
            "cl_B7d4PD222AAA" => Self::Template,
            "cl_B7d4PD333AAA" => Self::M2m,
            _ => Self::Other,
        }
    }

    pub(super) fn of(header: &Header) -> Self {
        match header.cat {
            Member::Absent => Self::Unmarked,
            Member::Valid(category) => category,
            // A class that is present must be known: tokens of future kinds must not pass as sessions.
            Member::Null | Member::Malformed => Self::Other,
        }
    }
}
