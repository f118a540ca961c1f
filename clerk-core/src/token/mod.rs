//! Clerk's tokens: decoded strictly, verified with parsed keys at a given time, and read as a session.
//!
//! A token is a JWS in compact form (RFC 7515) signed with RS256, RS384 or RS512. [`Token::decode`] reads
//! it once; nothing in it may be believed before [`Token::verify`] has said yes. Claims, the differences
//! between version 1 and 2 of them, and what a user may do are in [`SessionClaims`].
//!
//! ```
//! use clerk_core::token::{KeySet, Token};
//!
//! // Header `{"alg":"RS256","kid":"ins_1"}`, payload `{"sub":"user_1"}`, and some signature.
//! let token = Token::decode("eyJhbGciOiJSUzI1NiIsImtpZCI6Imluc18xIn0.eyJzdWIiOiJ1c2VyXzEifQ.c2ln")?;
//! assert_eq!(token.kid(), Some("ins_1"));
//!
//! // No key has this id, so the token is refused.
//! let refused = KeySet::default().get("ins_1").unwrap_err();
//! assert_eq!(refused.reason().as_str(), "jwk-kid-mismatch");
//!
//! let broken = Token::decode("not a token").unwrap_err();
//! assert_eq!(broken.reason().as_str(), "token-invalid");
//! # Ok::<(), clerk_core::token::TokenError>(())
//! ```

mod decode;
mod error;
mod has;
mod json;
mod key;
mod key_set;
mod kind;
mod payload;
mod permissions;
mod scopes;
mod session;
mod session_auth;
mod verify;

#[cfg(test)]
pub(crate) mod testing;

pub use self::{
    decode::Token,
    error::{ClaimsError, TokenError},
    has::{Check, Lack, Reverification, ReverificationLevel},
    key::{VerifyingKey, VerifyingKeyError},
    key_set::{KeySet, KnownTokens},
    kind::TokenKind,
    session::{Actor, FactorAges, Organization, SessionClaims},
    session_auth::SessionAuth,
    verify::{ClockSkew, VerifyOptions},
};
pub(crate) use self::{
    key_set::{plausible_kid, unknown_key},
    payload::Issuer,
};
