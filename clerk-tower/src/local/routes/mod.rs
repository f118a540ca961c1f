//! The operations that are emulated, and where they are.

mod clients;
mod filter;
mod memberships;
mod organizations;
mod sessions;
mod users;

pub(super) use self::{organizations::free_slug, users::is_email};

use clerk_core::Timestamp;
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
}

/// What an operation answers with status 200, or an error.
type Outcome = Result<Value, ApiError>;

/// Finds the operation for a method and the decoded segments of a path, and runs it.
pub(super) fn run(method: &str, path: &[&str], call: Call<'_>) -> Outcome {
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

        _ => Err(ApiError::not_emulated(&format!("{method} /{}", path.join("/")))),
    }
}
