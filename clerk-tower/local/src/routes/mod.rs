//! The operations that are emulated, and where they are.

mod api_keys;
mod clients;
mod filter;
mod m2m_tokens;
mod machines;
mod memberships;
mod oauth;
mod organizations;
mod sessions;
mod users;

pub(super) use self::{organizations::free_slug, users::is_email};

use clerk_core::{Timestamp, id::Id};
use http::StatusCode;
use serde_json::{Value, json};

use super::{error::ApiError, keys::SigningKey, query::Query, state::State};

/// One request on its way to its operation.
pub(super) struct Call<'a> {
    pub(super) state: &'a mut State,
    pub(super) key: &'a SigningKey,
    /// The end of the names of the instance's cookies.
    pub(super) suffix: &'a str,
    pub(super) query: Query,
    pub(super) body: &'a [u8],
    pub(super) now: Timestamp,
    pub(super) caller: Caller,
}

/// Whose secret key a request carries.
#[derive(PartialEq, Eq)]
pub(super) enum Caller {
    Instance,
    /// The machine with this identifier.
    Machine(Id),
}

/// What an operation answers when it succeeds, or an error.
type Outcome = Result<Value, ApiError>;

/// With which status an operation succeeds.
pub(super) fn success(method: &str, path: &[&str]) -> StatusCode {
    match (method, path) {
        ("POST", ["api_keys" | "m2m_tokens"]) => StatusCode::CREATED,
        _ => StatusCode::OK,
    }
}

/// Finds the operation for a method and the decoded segments of a path, and runs it.
pub(super) fn run(method: &str, path: &[&str], call: Call<'_>) -> Outcome {
    if call.caller != Caller::Instance && path.first() != Some(&"m2m_tokens") {
        return Err(ApiError::machine_key());
    }
    match (method, path) {
        ("GET", ["jwks"]) => Ok(json!({ "keys": [call.key.jwk()] })),

        ("GET", ["users"]) => users::list(call),
        ("POST", ["users"]) => users::create(call),
        ("GET", ["users", "count"]) => users::count(call),
        ("POST", ["users", "ban"]) => users::ban_all(call, true),
        ("POST", ["users", "unban"]) => users::ban_all(call, false),
        ("GET", ["users", id]) => users::get(call, id),
        ("PATCH", ["users", id]) => users::update(call, id),
        ("DELETE", ["users", id]) => users::delete(call, id),
        ("POST", ["users", id, "ban"]) => users::ban(call, id, true),
        ("POST", ["users", id, "unban"]) => users::ban(call, id, false),
        ("POST", ["users", id, "lock"]) => users::lock(call, id, true),
        ("POST", ["users", id, "unlock"]) => users::lock(call, id, false),
        ("PATCH", ["users", id, "metadata"]) => users::merge_metadata(call, id),
        ("PUT", ["users", id, "metadata"]) => users::replace_metadata(call, id),
        ("GET", ["users", id, "organization_memberships"]) => memberships::of_user(call, id),

        ("GET", ["organizations"]) => organizations::list(call),
        ("POST", ["organizations"]) => organizations::create(call),
        ("GET", ["organizations", id]) => organizations::get(call, id),
        ("PATCH", ["organizations", id]) => organizations::update(call, id),
        ("DELETE", ["organizations", id]) => organizations::delete(call, id),
        ("PATCH", ["organizations", id, "metadata"]) => organizations::merge_metadata(call, id),
        ("PUT", ["organizations", id, "metadata"]) => organizations::replace_metadata(call, id),

        ("GET", ["organization_memberships"]) => memberships::all(call),
        ("GET", ["organizations", id, "memberships"]) => memberships::list(call, id),
        ("POST", ["organizations", id, "memberships"]) => memberships::create(call, id),
        ("PATCH", ["organizations", id, "memberships", user]) => memberships::update(call, id, user),
        ("DELETE", ["organizations", id, "memberships", user]) => memberships::delete(call, id, user),
        ("PATCH", ["organizations", id, "memberships", user, "metadata"]) => {
            memberships::merge_metadata(call, id, user)
        }

        ("GET", ["sessions"]) => sessions::list(call),
        ("POST", ["sessions"]) => sessions::create(call),
        ("GET", ["sessions", id]) => sessions::get(call, id),
        ("POST", ["sessions", id, "refresh"]) => sessions::refresh(call, id),
        ("POST", ["sessions", id, "revoke"]) => sessions::revoke(call, id),
        ("POST", ["sessions", id, "tokens"]) => sessions::token(call, id),

        ("GET", ["clients", "handshake_payload"]) => clients::handshake_payload(call),
        ("GET", ["api_keys"]) => api_keys::list(call),
        ("POST", ["api_keys"]) => api_keys::create(call),
        ("POST", ["api_keys", "verify"]) => api_keys::verify(call),
        ("GET", ["api_keys", id]) => api_keys::get(call, id),
        ("PATCH", ["api_keys", id]) => api_keys::update(call, id),
        ("DELETE", ["api_keys", id]) => api_keys::delete(call, id),
        ("GET", ["api_keys", id, "secret"]) => api_keys::secret(call, id),
        ("POST", ["api_keys", id, "revoke"]) => api_keys::revoke(call, id),

        ("GET", ["machines"]) => machines::list(call),
        ("POST", ["machines"]) => machines::create(call),
        ("GET", ["machines", id]) => machines::get(call, id),
        ("PATCH", ["machines", id]) => machines::update(call, id),
        ("DELETE", ["machines", id]) => machines::delete(call, id),
        ("GET", ["machines", id, "secret_key"]) => machines::secret_key(call, id),
        ("POST", ["machines", id, "secret_key", "rotate"]) => machines::rotate(call, id),
        ("POST", ["machines", id, "scopes"]) => machines::add_scope(call, id),
        ("DELETE", ["machines", id, "scopes", other]) => machines::remove_scope(call, id, other),

        ("GET", ["m2m_tokens"]) => m2m_tokens::list(call),
        ("POST", ["m2m_tokens"]) => m2m_tokens::create(call),
        ("POST", ["m2m_tokens", "verify"]) => m2m_tokens::verify(call),
        ("POST", ["m2m_tokens", id, "revoke"]) => m2m_tokens::revoke(call, id),

        ("POST", ["oauth_applications", "access_tokens", "verify"]) => oauth::verify(call),

        _ => Err(ApiError::not_emulated(&format!("{method} /{}", path.join("/")))),
    }
}
