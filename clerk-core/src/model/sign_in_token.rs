//! Tokens that sign a user in, let another act as the user, or let tests pass.
//!
//! ```
//! use clerk_core::model::{SignInToken, SignInTokenStatus};
//!
//! let token: SignInToken = serde_json::from_str(r#"{
//!     "id": "sit_1", "user_id": "user_1", "status": "pending", "token": "a secret"
//! }"#).unwrap();
//! assert_eq!(token.status, SignInTokenStatus::Pending);
//! assert_eq!(token.token.as_deref(), Some("a secret"));
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use serde::{Deserialize, Serialize};

use crate::{
    Metadata, Timestamp,
    decode::lenient,
    id::{Id, UserId},
    opaque::opaque,
    open_enum::open_enum,
};

/// A token that signs one user in once.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SignInToken {
    /// Its identifier.
    pub id: Id,
    /// Where it stands.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub status: SignInTokenStatus,
    /// The user.
    pub user_id: UserId,
    /// The token. `None` where Clerk does not show it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Where the browser is sent to use it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// When it was created.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub updated_at: Timestamp,
}

opaque!(SignInToken, id);

open_enum! {
    /// Where a sign-in token stands.
    SignInTokenStatus {
        /// Not used yet.
        Pending = "pending",
        /// Used.
        Accepted = "accepted",
        /// Withdrawn.
        Revoked = "revoked",
    }
}

/// A token with which somebody acts as another user.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ActorToken {
    /// Its identifier.
    pub id: Id,
    /// Where it stands.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub status: ActorTokenStatus,
    /// The user somebody acts as.
    pub user_id: UserId,
    /// Who acts as the user, when the user is impersonated.
    pub actor: Option<Metadata>,
    /// The token. `None` where Clerk does not show it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Where the browser is sent to use it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// When it was created.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub updated_at: Timestamp,
}

opaque!(ActorToken, id);

open_enum! {
    /// Where an actor token stands.
    ActorTokenStatus {
        /// Not used yet.
        Pending = "pending",
        /// Used.
        Accepted = "accepted",
        /// Withdrawn.
        Revoked = "revoked",
    }
}

/// A token that lets automated tests past bot protection.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TestingToken {
    /// The token, which goes into the query parameter `__clerk_testing_token` of calls to the Frontend API.
    pub token: String,
    /// When it expires, in seconds since 1970-01-01 UTC, not milliseconds.
    #[serde(default, deserialize_with = "lenient::integer_or_zero")]
    pub expires_at: i64,
}

opaque!(TestingToken);
