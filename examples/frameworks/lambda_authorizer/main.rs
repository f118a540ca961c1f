//! A Lambda authorizer of API Gateway, for session tokens in the `Authorization` header. It understands the events of REST
//! APIs, of both types (`TOKEN` and `REQUEST`), and of HTTP APIs, in format 1.0 and in format 2.0 with simple responses.
//!
//! An authorizer can allow or deny, but neither redirect a browser nor set cookies. For pages, see `lambda_function`.
//!
//! Set the authorizer's result TTL to 0: API Gateway would reuse a result for five minutes by default, but a session token
//! is valid for one minute.
//!
//! It needs no secret: set `CLERK_PUBLISHABLE_KEY`, or `CLERK_JWT_KEY`, with which a cold start fetches no keys.

use std::error::Error;

use clerk_core::token::{Check, SessionAuth};
use clerk_tower::ClerkVerifier;
use http::StatusCode;
use serde_json::{Map, Value, json};

/// Decides about an event. An error with this message is a response with 401 to the caller; one with any other message is
/// a response with 500.
async fn authorize(clerk: &ClerkVerifier, event: &Value) -> Result<Value, String> {
    const UNAUTHORIZED: &str = "Unauthorized";
    let auth = clerk.authenticate_token(bearer_token(event).ok_or(UNAUTHORIZED)?).await;
    match auth.require_has(&Check::new().permission("org:reports:read")) {
        Ok(session) => Ok(response(event, Some(session))),
        Err(rejection) => match rejection.status() {
            StatusCode::UNAUTHORIZED => Err(UNAUTHORIZED.to_owned()),
            StatusCode::FORBIDDEN => Ok(response(event, None)),
            // Not denied: whether the token is valid is not known.
            _ => Err(rejection.to_string()),
        },
    }
}

/// Returns the only bearer token of the request. Of several `Authorization` headers, other programs may read another one.
fn bearer_token(event: &Value) -> Option<&str> {
    let mut values = authorization(event);
    let value = values.pop().filter(|_| values.is_empty())?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

/// Returns the values of `Authorization`: of a `TOKEN` event, of one in format 1.0, or of one in format 2.0, where several
/// values are one value with commas.
fn authorization(event: &Value) -> Vec<&str> {
    if let Some(value) = event.get("authorizationToken") {
        return value.as_str().into_iter().collect();
    }
    let headers = event.get("multiValueHeaders").filter(|headers| headers.is_object());
    let headers = headers.or_else(|| event.get("headers")).and_then(Value::as_object);
    let own = headers.into_iter().flatten().filter(|(name, _)| name.eq_ignore_ascii_case("authorization"));
    let values = own.flat_map(|(_, value)| match value {
        Value::Array(values) => values.as_slice(),
        value => std::slice::from_ref(value),
    });
    // A value that is not a string must not make another one the only one.
    values.map(|value| value.as_str().unwrap_or_default()).collect()
}

/// Returns the response that allows a session, or denies the request with 403.
fn response(event: &Value, allowed: Option<&SessionAuth>) -> Value {
    let context = allowed.map(context).unwrap_or_default();
    if event.get("version").and_then(Value::as_str) == Some("2.0") {
        return json!({ "isAuthorized": allowed.is_some(), "context": context });
    }
    let resource = event.get("methodArn").or_else(|| event.get("routeArn")).and_then(Value::as_str);
    let effect = if allowed.is_some() { "Allow" } else { "Deny" };
    json!({
        "principalId": allowed.map_or("nobody", |session| session.claims().user_id().as_str()),
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{
                "Action": "execute-api:Invoke",
                "Effect": effect,
                "Resource": resource.unwrap_or_default(),
            }],
        },
        "context": context,
    })
}

/// Returns what the integration gets to know, such as `$context.authorizer.userId` of a REST API.
fn context(session: &SessionAuth) -> Map<String, Value> {
    let claims = session.claims();
    let organization = claims.organization().map(|organization| organization.id.as_str());
    let known = [("userId", Some(claims.user_id().as_str())), ("organizationId", organization)];
    known.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into()))).collect()
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let clerk = ClerkVerifier::from_env()?;
    clerk_framework_examples::run_lambda(async |event| authorize(&clerk, &event).await).await
}
