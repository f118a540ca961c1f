//! The JSON part of the Frontend API: what Clerk's JavaScript and small scripts call.

mod api_keys;
mod billing;
mod client;
pub(super) mod consent;
mod devices;
mod enterprise;
mod environment;
mod factors;
mod instance;
pub(super) mod links;
mod me;
mod organization_domains;
mod organizations;
mod render;
mod security;
mod sessions;
mod sign_ins;
mod sign_ups;
pub(super) mod social;
pub(super) mod tickets;

use std::sync::LazyLock;

use http::{
    HeaderValue, Method, Response, StatusCode,
    header::{
        ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
        ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, CACHE_CONTROL,
        ORIGIN, RETRY_AFTER, SET_COOKIE, VARY,
    },
};
use serde_json::{Value, json};

use super::{
    super::{
        HttpResponse, LocalBody,
        error::ApiError,
        keys::SigningKey,
        router::{NotFound, Router},
        service::json_response,
        state::{Session, State},
    },
    browser_request::BrowserRequest,
};
use crate::state::clients::Client;

/// A request while it is answered.
struct Call<'a> {
    request: &'a BrowserRequest<'a>,
    state: &'a mut State,
    key: &'a SigningKey,
    /// The browser, if it is known. Its state is [`State::clients`]'s.
    client: Option<Client>,
}

/// What is answered.
enum Reply {
    /// A resource, with the browser's client beside it.
    Resource(Value),
    /// The browser's client as the resource.
    Client,
    /// The whole body.
    Body(Value),
    /// Like [`Body`](Self::Body), with status 201.
    Created(Value),
    /// Anything else than JSON.
    Response(HttpResponse),
}

type ApiResult = Result<Reply, ApiError>;

/// What runs an operation: a function of the call and of the path's parameters.
enum Handler {
    Fixed(fn(&mut Call<'_>) -> ApiResult),
    One(fn(&mut Call<'_>, &str) -> ApiResult),
    Two(fn(&mut Call<'_>, &str, &str) -> ApiResult),
    /// What LocalClerk cannot do.
    NotEmulated(&'static str),
}

/// An operation of the Frontend API.
struct Route {
    method: Method,
    /// The path as in Clerk's document.
    path: &'static str,
    handler: Handler,
}

impl Route {
    const fn get(path: &'static str, handler: Handler) -> Self {
        Self { method: Method::GET, path, handler }
    }

    const fn post(path: &'static str, handler: Handler) -> Self {
        Self { method: Method::POST, path, handler }
    }

    const fn put(path: &'static str, handler: Handler) -> Self {
        Self { method: Method::PUT, path, handler }
    }

    const fn patch(path: &'static str, handler: Handler) -> Self {
        Self { method: Method::PATCH, path, handler }
    }

    const fn delete(path: &'static str, handler: Handler) -> Self {
        Self { method: Method::DELETE, path, handler }
    }
}

/// The operations, by section of Clerk's document.
const SECTIONS: &[&[Route]] = &[
    api_keys::ROUTES,
    billing::ROUTES,
    client::ROUTES,
    consent::ROUTES,
    devices::ROUTES,
    enterprise::ROUTES,
    environment::ROUTES,
    instance::ROUTES,
    me::ROUTES,
    organization_domains::ROUTES,
    organizations::ROUTES,
    security::ROUTES,
    sessions::ROUTES,
    sign_ins::ROUTES,
    sign_ups::ROUTES,
];

static ROUTER: LazyLock<Router<&Route>> = LazyLock::new(|| {
    let routes = SECTIONS.iter().copied().flatten();
    Router::new(routes.map(|route| (route.method.clone(), route.path, route)))
});

/// Returns whether the Frontend API has an operation with this path.
pub(super) fn has_path(path: &str) -> bool {
    !matches!(ROUTER.find(&Method::OPTIONS, path), Err(NotFound::Path))
}

/// Returns the session on whose behalf a request is sent.
pub(super) fn session(
    request: &BrowserRequest<'_>,
    state: &mut State,
    key: &SigningKey,
) -> Result<Session, ApiError> {
    let client = request.client_by_query_or_cookie(state).cloned();
    Call { request, state, key, client }.session().cloned()
}

/// Returns whether Clerk's JavaScript sends a session token with requests for this path.
pub(super) fn takes_session_token(path: &str) -> bool {
    path.strip_prefix("/api_keys").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Responds to one request. The CORS headers let pages of this computer read the response.
pub(super) fn respond(request: &BrowserRequest<'_>) -> Result<HttpResponse, ApiError> {
    let origin = request.check_script()?;
    let mut response = if *request.method == Method::OPTIONS {
        preflight()
    } else {
        match run(request) {
            Ok(response) => response,
            Err(error) if request.wants_document() => return Err(error),
            Err(error) => error.into_response(),
        }
    };
    allow_script(&mut response, origin);
    Ok(response)
}

/// Lets the script of a page with this origin read a response.
pub(super) fn allow_script(response: &mut HttpResponse, origin: Option<HeaderValue>) {
    let headers = response.headers_mut();
    headers.insert(VARY, HeaderValue::from_static(ORIGIN.as_str()));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(origin) = origin {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        // Clerk's JavaScript waits as long as it says.
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(RETRY_AFTER.as_str()));
    }
}

fn preflight() -> HttpResponse {
    let mut response = Response::new(LocalBody::default());
    *response.status_mut() = StatusCode::NO_CONTENT;
    for (name, value) in [
        (ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, PUT, PATCH, DELETE"),
        (ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type"),
        (ACCESS_CONTROL_MAX_AGE, "600"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn run(request: &BrowserRequest<'_>) -> Result<HttpResponse, ApiError> {
    let method = request.api_method();
    let found = ROUTER.find(&method, request.path).map_err(|missing| match missing {
        NotFound::Path => ApiError::no_path(&method, request.path),
        NotFound::Method(methods) => ApiError::no_method(&method, request.path, &methods),
    })?;
    let key = request.local.key();
    let state = &mut *request.local.state();
    let client = request.client_by_query_or_cookie(state).cloned();
    let mut call = Call { request, state, key: &key, client };
    let reply = match (&found.handler.handler, &*found.params) {
        (Handler::Fixed(run), _) => run(&mut call),
        (Handler::One(run), [one, ..]) => run(&mut call, one),
        (Handler::Two(run), [one, two, ..]) => run(&mut call, one, two),
        (Handler::NotEmulated(what), _) => Err(ApiError::not_emulated(what)),
        _ => unreachable!("{} has fewer parameters than its handler", found.handler.path),
    }?;
    let ok = |body: Value| json_response(StatusCode::OK, &body);
    let mut response = match reply {
        Reply::Resource(resource) => ok(json!({ "response": resource, "client": call.render_client() })),
        Reply::Client => ok(json!({ "response": call.render_client(), "client": null })),
        Reply::Body(body) => ok(body),
        Reply::Created(body) => json_response(StatusCode::CREATED, &body),
        Reply::Response(response) => response,
    };
    if let Some(client) = &call.client {
        for cookie in request.client_cookies(call.state, client) {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
    }
    Ok(response)
}

impl Call<'_> {
    /// Returns the browser; registers one that is unknown.
    fn client_or_new(&mut self) -> Client {
        let (state, now) = (&mut *self.state, self.request.now);
        self.client.get_or_insert_with(|| state.clients.create(now)).clone()
    }

    /// Returns the browser, as it is now.
    fn client(&self) -> Result<&Client, ApiError> {
        let known =
            self.client.as_ref().and_then(|client| self.state.clients.all.get(client.id.as_str()).ok());
        known.ok_or_else(unknown_browser)
    }

    /// Returns the browser's session with this identifier.
    fn own_session(&self, id: &str) -> Result<&Session, ApiError> {
        let mut sessions = self.state.live_sessions(self.client()?, self.request.now);
        let session = sessions.find(|(session, _)| session.id == id).map(|(session, _)| session);
        session.ok_or_else(|| ApiError::not_found("session of this browser"))
    }
}

fn unknown_browser() -> ApiError {
    ApiError::new(
        StatusCode::UNAUTHORIZED,
        "dev_browser_unauthenticated",
        "Browser unauthenticated",
        "This LocalClerk does not know the browser: send the cookie that it set, or the token of POST \
         /v1/dev_browser as __clerk_db_jwt in the query",
    )
}
