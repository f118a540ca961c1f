//! Decoding and verification of Clerk's tokens, session claims, and authorization checks.
//!
//! A token is a JWS in compact serialization (RFC 7515), signed with RS256, RS384 or RS512. [`Token::decode`] parses it;
//! nothing in it can be trusted until [`Token::verify`] succeeds. [`SessionClaims`] reads the claims of both versions of
//! Clerk's session tokens and checks permissions.
//!
//! ```
//! use clerk_core::token::{KeySet, Token};
//!
//! // Header `{"alg":"RS256","kid":"ins_1"}`, payload `{"sub":"user_1"}`, and some signature.
//! let token = Token::decode("eyJhbGciOiJSUzI1NiIsImtpZCI6Imluc18xIn0.eyJzdWIiOiJ1c2VyXzEifQ.c2ln")?;
//! assert_eq!(token.kid(), Some("ins_1"));
//!
//! // No key has this id, so the token is rejected.
//! let unknown = KeySet::default().get("ins_1").unwrap_err();
//! assert_eq!(unknown.reason().as_str(), "jwk-kid-mismatch");
//!
//! let invalid = Token::decode("not a token").unwrap_err();
//! assert_eq!(invalid.reason().as_str(), "token-invalid");
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
mod template_auth;
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
    template_auth::TemplateAuth,
    verify::{ClockSkew, VerifyOptions},
};
pub(crate) use self::{key_set::plausible_kid, payload::Issuer};
