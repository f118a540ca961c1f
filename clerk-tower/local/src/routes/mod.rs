//! The emulated operations of the Backend API, and their routes.

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

pub(super) use self::organizations::free_slug;

use clerk_core::{Timestamp, id::Id};
use http::StatusCode;
use serde_json::{Value, json};

use super::{error::ApiError, keys::SigningKey, query::Query, state::State};

/// An authorized request to the Backend API.
pub(super) struct ApiRequest<'a> {
    pub(super) state: &'a mut State,
    pub(super) key: &'a SigningKey,
    /// The suffix of the instance's cookie names.
    pub(super) suffix: &'a str,
    pub(super) query: Query,
    pub(super) body: &'a [u8],
    pub(super) now: Timestamp,
    pub(super) caller: Caller,
}

/// Whose secret key authorizes a request.
#[derive(PartialEq, Eq)]
pub(super) enum Caller {
    Instance,
    /// The machine with this identifier.
    Machine(Id),
}

/// The body of a successful response, or an error.
type ApiResult = Result<Value, ApiError>;

/// Returns the status of a successful response.
pub(super) fn success(method: &str, path: &[&str]) -> StatusCode {
    match (method, path) {
        ("POST", ["api_keys" | "m2m_tokens"]) => StatusCode::CREATED,
        _ => StatusCode::OK,
    }
}

/// Runs the operation for a method and the decoded segments of a path.
pub(super) fn run(method: &str, path: &[&str], request: ApiRequest<'_>) -> ApiResult {
    if request.caller != Caller::Instance && path.first() != Some(&"m2m_tokens") {
        return Err(ApiError::machine_key());
    }
    match (method, path) {
        ("GET", ["jwks"]) => Ok(json!({ "keys": [request.key.jwk()] })),

        ("GET", ["users"]) => users::list(request),
        ("POST", ["users"]) => users::create(request),
        ("GET", ["users", "count"]) => users::count(request),
        ("POST", ["users", "ban"]) => users::ban_all(request, true),
        ("POST", ["users", "unban"]) => users::ban_all(request, false),
        ("GET", ["users", id]) => users::get(request, id),
        ("PATCH", ["users", id]) => users::update(request, id),
        ("DELETE", ["users", id]) => users::delete(request, id),
        ("POST", ["users", id, "ban"]) => users::ban(request, id, true),
        ("POST", ["users", id, "unban"]) => users::ban(request, id, false),
        ("POST", ["users", id, "lock"]) => users::lock(request, id, true),
        ("POST", ["users", id, "unlock"]) => users::lock(request, id, false),
        ("PATCH", ["users", id, "metadata"]) => users::merge_metadata(request, id),
        ("PUT", ["users", id, "metadata"]) => users::replace_metadata(request, id),
        ("GET", ["users", id, "organization_memberships"]) => memberships::of_user(request, id),

        ("GET", ["organizations"]) => organizations::list(request),
        ("POST", ["organizations"]) => organizations::create(request),
        ("GET", ["organizations", id]) => organizations::get(request, id),
        ("PATCH", ["organizations", id]) => organizations::update(request, id),
        ("DELETE", ["organizations", id]) => organizations::delete(request, id),
        ("PATCH", ["organizations", id, "metadata"]) => organizations::merge_metadata(request, id),
        ("PUT", ["organizations", id, "metadata"]) => organizations::replace_metadata(request, id),

        ("GET", ["organization_memberships"]) => memberships::all(request),
        ("GET", ["organizations", id, "memberships"]) => memberships::list(request, id),
        ("POST", ["organizations", id, "memberships"]) => memberships::create(request, id),
        ("PATCH", ["organizations", id, "memberships", user]) => memberships::update(request, id, user),
        ("DELETE", ["organizations", id, "memberships", user]) => memberships::delete(request, id, user),
        ("PATCH", ["organizations", id, "memberships", user, "metadata"]) => {
            memberships::merge_metadata(request, id, user)
        }

        ("GET", ["sessions"]) => sessions::list(request),
        ("POST", ["sessions"]) => sessions::create(request),
        ("GET", ["sessions", id]) => sessions::get(request, id),
        ("POST", ["sessions", id, "refresh"]) => sessions::refresh(request, id),
        ("POST", ["sessions", id, "revoke"]) => sessions::revoke(request, id),
        ("POST", ["sessions", id, "tokens"]) => sessions::token(request, id),

        ("GET", ["clients", "handshake_payload"]) => clients::handshake_payload(request),
        ("GET", ["api_keys"]) => api_keys::list(request),
        ("POST", ["api_keys"]) => api_keys::create(request),
        ("POST", ["api_keys", "verify"]) => api_keys::verify(request),
        ("GET", ["api_keys", id]) => api_keys::get(request, id),
        ("PATCH", ["api_keys", id]) => api_keys::update(request, id),
        ("DELETE", ["api_keys", id]) => api_keys::delete(request, id),
        ("GET", ["api_keys", id, "secret"]) => api_keys::secret(request, id),
        ("POST", ["api_keys", id, "revoke"]) => api_keys::revoke(request, id),

        ("GET", ["machines"]) => machines::list(request),
        ("POST", ["machines"]) => machines::create(request),
        ("GET", ["machines", id]) => machines::get(request, id),
        ("PATCH", ["machines", id]) => machines::update(request, id),
        ("DELETE", ["machines", id]) => machines::delete(request, id),
        ("GET", ["machines", id, "secret_key"]) => machines::secret_key(request, id),
        ("POST", ["machines", id, "secret_key", "rotate"]) => machines::rotate(request, id),
        ("POST", ["machines", id, "scopes"]) => machines::add_scope(request, id),
        ("DELETE", ["machines", id, "scopes", other]) => machines::remove_scope(request, id, other),

        ("GET", ["m2m_tokens"]) => m2m_tokens::list(request),
        ("POST", ["m2m_tokens"]) => m2m_tokens::create(request),
        ("POST", ["m2m_tokens", "verify"]) => m2m_tokens::verify(request),
        ("POST", ["m2m_tokens", id, "revoke"]) => m2m_tokens::revoke(request, id),

        ("POST", ["oauth_applications", "access_tokens", "verify"]) => oauth::verify(request),

        _ => Err(ApiError::not_emulated(&format!("{method} /{}", path.join("/")))),
    }
}
