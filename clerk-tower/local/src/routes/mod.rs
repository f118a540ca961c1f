//! The emulated operations of the Backend API, and their routes.

mod agents;
mod api_keys;
mod billing;
mod clients;
mod contacts;
mod directories;
mod domains;
mod email_addresses;
mod emails;
mod enterprise_connections;
mod external_accounts;
mod filter;
mod instance;
mod invitations;
mod jwks;
mod jwt_templates;
mod m2m_tokens;
mod machines;
mod memberships;
mod oauth;
mod oauth_applications;
mod organization_domains;
mod organization_invitations;
mod organizations;
mod permissions;
mod phone_numbers;
mod redirect_urls;
mod restrictions;
mod role_sets;
mod roles;
mod sessions;
mod sign_in_tokens;
mod sign_ups;
mod templates;
mod user_credentials;
mod users;
mod waitlist;

pub(super) use self::organizations::free_slug;

use std::sync::LazyLock;

use clerk_core::{Timestamp, id::Id};
use http::{HeaderMap, Method, StatusCode};
use serde_json::Value;

use super::{
    error::ApiError,
    keys::SigningKey,
    multipart,
    query::Query,
    router::{Found, NotFound, Router},
    state::State,
};

/// An authorized request to the Backend API.
pub(super) struct ApiRequest<'a> {
    pub(super) state: &'a mut State,
    pub(super) key: &'a SigningKey,
    /// The suffix of the instance's cookie names.
    pub(super) suffix: &'a str,
    pub(super) query: Query,
    pub(super) body: &'a [u8],
    pub(super) headers: &'a HeaderMap,
    pub(super) now: Timestamp,
    pub(super) caller: Caller,
}

impl ApiRequest<'_> {
    /// Returns the file in a body of the type `multipart/form-data`.
    fn file(&self) -> Result<Vec<u8>, ApiError> {
        multipart::file(self.header("content-type").unwrap_or_default(), self.body)
    }

    /// Returns the value of a header.
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// Whose secret key authorizes a request.
#[derive(PartialEq, Eq)]
pub(super) enum Caller {
    Instance,
    /// The machine with this identifier.
    Machine(Id),
}

/// The body of a successful response, or an error. `null` stands for a response without a body.
type ApiResult = Result<Value, ApiError>;

/// What runs an operation: a function of the request and of the path's parameters.
enum Handler {
    Fixed(fn(ApiRequest<'_>) -> ApiResult),
    One(fn(ApiRequest<'_>, &str) -> ApiResult),
    Two(fn(ApiRequest<'_>, &str, &str) -> ApiResult),
}

/// An operation.
pub(super) struct Route {
    method: Method,
    /// The path as in Clerk's document, without `/v1`.
    pub(super) path: &'static str,
    handler: Handler,
    /// The status of a successful response.
    pub(super) status: StatusCode,
    /// Whether a machine may call it with its own secret key.
    for_machines: bool,
    /// Whether anyone may call it, without a key.
    pub(super) is_public: bool,
}

impl Route {
    const fn new(method: Method, path: &'static str, handler: Handler) -> Self {
        Self { method, path, handler, status: StatusCode::OK, for_machines: false, is_public: false }
    }

    const fn get(path: &'static str, handler: Handler) -> Self {
        Self::new(Method::GET, path, handler)
    }

    const fn post(path: &'static str, handler: Handler) -> Self {
        Self::new(Method::POST, path, handler)
    }

    const fn put(path: &'static str, handler: Handler) -> Self {
        Self::new(Method::PUT, path, handler)
    }

    const fn patch(path: &'static str, handler: Handler) -> Self {
        Self::new(Method::PATCH, path, handler)
    }

    const fn delete(path: &'static str, handler: Handler) -> Self {
        Self::new(Method::DELETE, path, handler)
    }

    /// The response has status 201.
    const fn created(mut self) -> Self {
        self.status = StatusCode::CREATED;
        self
    }

    /// The response has status 204, and no body.
    const fn no_content(mut self) -> Self {
        self.status = StatusCode::NO_CONTENT;
        self
    }

    /// Nobody needs a key.
    const fn public(mut self) -> Self {
        self.is_public = true;
        self
    }

    /// Machines may call the operation, too.
    const fn for_machines(mut self) -> Self {
        self.for_machines = true;
        self
    }

    /// Runs the operation.
    pub(super) fn run(&self, request: ApiRequest<'_>, params: &[String]) -> ApiResult {
        if request.caller != Caller::Instance && !self.for_machines {
            return Err(ApiError::machine_key());
        }
        match (&self.handler, params) {
            (Handler::Fixed(run), _) => run(request),
            (Handler::One(run), [one, ..]) => run(request, one),
            (Handler::Two(run), [one, two, ..]) => run(request, one, two),
            _ => unreachable!("{} has fewer parameters than its handler", self.path),
        }
    }
}

/// The operations, by section of Clerk's document.
const SECTIONS: &[&[Route]] = &[
    agents::ROUTES,
    api_keys::ROUTES,
    directories::ROUTES,
    enterprise_connections::ROUTES,
    billing::ROUTES,
    clients::ROUTES,
    domains::ROUTES,
    email_addresses::ROUTES,
    emails::ROUTES,
    external_accounts::ROUTES,
    instance::ROUTES,
    invitations::ROUTES,
    jwks::ROUTES,
    jwt_templates::ROUTES,
    m2m_tokens::ROUTES,
    machines::ROUTES,
    memberships::ROUTES,
    oauth::ROUTES,
    oauth_applications::ROUTES,
    organization_domains::ROUTES,
    organization_invitations::ROUTES,
    organizations::ROUTES,
    phone_numbers::ROUTES,
    permissions::ROUTES,
    redirect_urls::ROUTES,
    role_sets::ROUTES,
    roles::ROUTES,
    restrictions::ROUTES,
    sessions::ROUTES,
    sign_in_tokens::ROUTES,
    sign_ups::ROUTES,
    user_credentials::ROUTES,
    templates::ROUTES,
    users::ROUTES,
    waitlist::ROUTES,
];

static ROUTER: LazyLock<Router<&Route>> = LazyLock::new(|| {
    let routes = SECTIONS.iter().copied().flatten();
    Router::new(routes.map(|route| (route.method.clone(), route.path, route)))
});

/// Returns the method and the path of every operation.
#[cfg(test)]
pub(super) fn all() -> impl Iterator<Item = (&'static Method, &'static str)> {
    SECTIONS.iter().copied().flatten().map(|route| (&route.method, route.path))
}

/// Finds the operation for a method and a path without `/v1`.
pub(super) fn find(method: &Method, path: &str) -> Result<Found<'static, &'static Route>, ApiError> {
    ROUTER.find(method, path).map_err(|missing| match missing {
        NotFound::Path => ApiError::no_path(method, path),
        NotFound::Method(methods) => ApiError::no_method(method, path, &methods),
    })
}
