//! Actor tokens, with which somebody acts as another user.
//!
//! ```
//! use clerk_core::{Metadata, Operation, api::actor_tokens};
//!
//! let admin = Metadata::new().with("sub", "user_2");
//! let request = actor_tokens::create("user_1", admin).expires_in_seconds(600).request().unwrap();
//! assert_eq!(request.body(), r#"{"user_id":"user_1","actor":{"sub":"user_2"},"expires_in_seconds":600}"#);
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use bytes::Bytes;
use http::{Method, Request, Response};

use crate::{
    Metadata, credential,
    decode::{self, ResponseError},
    encode::{BuildError, RequestBuilder},
    id::{Id, UserId},
    model::ActorToken,
    opaque::opaque,
    operation::{Operation, OperationInfo},
};

/// Creates a token for acting as a user. Takes that user and the actor: an object whose `sub` is the id
/// of who acts. The whole object ends up in the session token.
///
/// `POST /actor_tokens` ([reference](https://clerk.com/docs/reference/backend-api/tag/actor-tokens)).
/// Documented error statuses: 400, 402, 422.
pub fn create(user_id: impl Into<UserId>, actor: impl Into<Metadata>) -> Create {
    Create {
        user_id: user_id.into(),
        actor: actor.into(),
        expires_in_seconds: None,
        session_max_duration_in_seconds: None,
    }
}

/// The operation that [`create`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Create {
    user_id: UserId,
    actor: Metadata,
    expires_in_seconds: Option<i64>,
    session_max_duration_in_seconds: Option<i64>,
}

opaque!(Create);

impl Create {
    /// How many seconds it can be used; 3600 when left out.
    pub fn expires_in_seconds(mut self, expires_in_seconds: i64) -> Self {
        self.expires_in_seconds = Some(expires_in_seconds);
        self
    }

    /// How many seconds a session from it lasts at most; 1800 when left out.
    pub fn session_max_duration_in_seconds(mut self, session_max_duration_in_seconds: i64) -> Self {
        self.session_max_duration_in_seconds = Some(session_max_duration_in_seconds);
        self
    }
}

impl Operation for Create {
    type Output = ActorToken;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("CreateActorToken", Method::POST, "/actor_tokens", "Actor Tokens");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .json(|body| {
                body.required("user_id", &self.user_id)
                    .required("actor", &self.actor)
                    .optional("expires_in_seconds", &self.expires_in_seconds)
                    .optional("session_max_duration_in_seconds", &self.session_max_duration_in_seconds);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Revokes an actor token that was not used yet.
///
/// `POST /actor_tokens/{actor_token_id}/revoke`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/actor-tokens)). Documented error
/// statuses: 400, 404.
pub fn revoke(actor_token_id: impl Into<Id>) -> Revoke {
    Revoke { actor_token_id: actor_token_id.into() }
}

/// The operation that [`revoke`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Revoke {
    actor_token_id: Id,
}

opaque!(Revoke);

impl Operation for Revoke {
    type Output = ActorToken;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "RevokeActorToken",
        Method::POST,
        "/actor_tokens/{actor_token_id}/revoke",
        "Actor Tokens",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).path("actor_token_id", &self.actor_token_id).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}
