//! A Lambda function behind an HTTP API or a function URL, which both send payload format 2.0, protected by Clerk. It can
//! also serve browsers: their cookies are renewed as a server renews them.
//!
//! It needs `CLERK_SECRET_KEY`. With `CLERK_JWT_KEY`, a cold start fetches no keys.

use std::error::Error;

use bytes::Bytes;
use clerk_core::token::Check;
use clerk_tower::{
    Clerk,
    server::{
        authenticate::{Auth, Decision},
        rejection::Rejection,
    },
};
use http::{
    Method, Request, Response, StatusCode,
    header::{COOKIE, SET_COOKIE},
};
use serde_json::{Value, json};

/// The application.
async fn handle(auth: &Auth, head: &Request<()>) -> Result<Response<Bytes>, Rejection> {
    let text = match head.uri().path() {
        "/" => match auth.optional_session()? {
            Some(session) => format!("Hello {}", session.claims().user_id()),
            None => "Nobody is signed in".to_owned(),
        },
        "/session" => auth.require_session()?.claims().user_id().to_string(),
        "/me" => auth.user().await?.full_name().unwrap_or_default(),
        "/report" => {
            auth.require_has(&Check::new().permission("org:reports:read"))?;
            "the report".to_owned()
        }
        // Not GET: a link on another site could sign visitors out.
        "/sign-out" if head.method() == Method::POST => return auth.sign_out(&head.into(), "/").await,
        _ => {
            let mut response = Response::new(Bytes::new());
            *response.status_mut() = StatusCode::NOT_FOUND;
            return Ok(response);
        }
    };
    Ok(Response::new(text.into()))
}

/// Authenticates an event, and handles it.
async fn invoke(clerk: &Clerk, event: &Value) -> Result<Value, String> {
    let head = request(event).map_err(|error| error.to_string())?;
    let response = match clerk.authenticate(&(&head).into()).await {
        Decision::Respond(response) => response,
        Decision::Continue(auth, headers) => {
            let response = handle(&auth, &head).await;
            let mut response = response.unwrap_or_else(Rejection::into_response);
            headers.append_to(response.headers_mut());
            response
        }
    };
    Ok(to_json(&response))
}

/// Returns the head of the request in an event. Cookies are not among its headers, but in a list of their own.
fn request(event: &Value) -> Result<Request<()>, http::Error> {
    let text = |path: &str| event.pointer(path).and_then(Value::as_str).unwrap_or_default();
    let uri = match (text("/rawPath"), text("/rawQueryString")) {
        (path, "") => path.to_owned(),
        (path, query) => format!("{path}?{query}"),
    };
    let mut head = Request::builder().method(text("/requestContext/http/method")).uri(uri);
    for (name, value) in event.get("headers").and_then(Value::as_object).into_iter().flatten() {
        head = head.header(name, value.as_str().unwrap_or_default());
    }
    for cookie in event.get("cookies").and_then(Value::as_array).into_iter().flatten() {
        head = head.header(COOKIE, cookie.as_str().unwrap_or_default());
    }
    head.body(())
}

/// Converts a response. The cookies that it sets have a list of their own; other headers may occur once.
fn to_json(response: &Response<Bytes>) -> Value {
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let all = |name| response.headers().get_all(name).iter().map(text).collect::<Vec<_>>();
    let others = response.headers().keys().filter(|name| *name != SET_COOKIE);
    let headers: serde_json::Map<_, _> =
        others.map(|name| (name.to_string(), all(name).join(", ").into())).collect();
    json!({
        "statusCode": response.status().as_u16(),
        "headers": headers,
        "cookies": all(&SET_COOKIE),
        "body": String::from_utf8_lossy(response.body()),
        "isBase64Encoded": false,
    })
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let clerk = Clerk::from_env()?;
    clerk_framework_examples::run_lambda(async |event| invoke(&clerk, &event).await).await
}
