//! The Lambda programs, behind a Runtime API that passes events to them.

use std::sync::Arc;

use clerk_local::{Fault, LocalClerk, LocalServer};
use poem::{
    EndpointExt as _, IntoResponse as _, Response, Route, Server, get, handler,
    listener::TcpAcceptor,
    post,
    web::{Data, Path},
};
use serde_json::{Value, json};
use tokio::sync::{Mutex, mpsc};

use crate::program::{LIMIT, Program};

const AUTHORIZER: &str = env!("CARGO_BIN_EXE_lambda_authorizer");

/// What the Runtime API passes on.
struct Runtime {
    events: Mutex<mpsc::Receiver<Value>>,
    results: mpsc::Sender<(String, Value)>,
}

#[handler]
async fn next(Data(runtime): Data<&Arc<Runtime>>) -> Response {
    let event = runtime.events.lock().await.recv().await.unwrap_or_default();
    event.to_string().with_header("lambda-runtime-aws-request-id", "8476a536").into_response()
}

#[handler]
async fn result(Data(runtime): Data<&Arc<Runtime>>, Path((id, how)): Path<(String, String)>, body: String) {
    assert_eq!(id, "8476a536");
    runtime.results.send((how, serde_json::from_str(&body).unwrap())).await.unwrap();
}

/// A program that handles events.
struct Lambda {
    local: LocalClerk,
    clerk: LocalServer,
    events: mpsc::Sender<Value>,
    results: mpsc::Receiver<(String, Value)>,
    _program: Program,
}

impl Lambda {
    async fn start(path: &str) -> Self {
        let clerk = LocalClerk::builder().seeded().serve(([127, 0, 0, 1], 0)).await.unwrap();
        let local = clerk.local().clone();
        let (events, receiver) = mpsc::channel(1);
        let (sender, results) = mpsc::channel(1);
        let runtime = Arc::new(Runtime { events: Mutex::new(receiver), results: sender });
        let app = Route::new()
            .at("/2018-06-01/runtime/invocation/next", get(next))
            .at("/2018-06-01/runtime/invocation/:id/:how", post(result))
            .data(runtime);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(Server::new_with_acceptor(TcpAcceptor::from_tokio(listener).unwrap()).run(app));
        // An authorizer needs no secret.
        let is_public = |name: &str| path != AUTHORIZER || name != "CLERK_SECRET_KEY";
        let mut envs = clerk.env();
        envs.retain(|(name, _)| is_public(name));
        envs.push(("AWS_LAMBDA_RUNTIME_API", address.to_string()));
        Self { _program: Program::start(path, envs), local, clerk, events, results }
    }

    /// Returns the response to an event, or the message of its error.
    async fn invoke(&mut self, event: Value) -> Result<Value, String> {
        self.events.send(event).await.unwrap();
        let received = tokio::time::timeout(LIMIT, self.results.recv()).await;
        let (how, body) = received.expect("the program does not respond").unwrap();
        match how.as_str() {
            "response" => Ok(body),
            "error" => Err(body["errorMessage"].as_str().unwrap().to_owned()),
            other => panic!("{other}"),
        }
    }
}

const ARN: &str = "arn:aws:execute-api:us-east-1:123456789012:abcdef123/test/GET/report";

/// The event of a REST API for one header, by its value.
fn token_event(authorization: &[&str]) -> Value {
    json!({ "type": "TOKEN", "methodArn": ARN, "authorizationToken": authorization.join(",") })
}

/// The event of a REST API, and of an HTTP API in format 1.0. `headers` has the last value only.
fn format_1(authorization: &[&str]) -> Value {
    json!({
        "version": "1.0",
        "type": "REQUEST",
        "methodArn": ARN,
        "path": "/report",
        "httpMethod": "GET",
        "headers": { "Host": "example.com", "Authorization": authorization.last() },
        "multiValueHeaders": { "Host": ["example.com"], "Authorization": authorization },
    })
}

/// The event of an HTTP API in format 2.0. Names are in lower case, and several values are one.
fn format_2(authorization: &[&str]) -> Value {
    json!({
        "version": "2.0",
        "type": "REQUEST",
        "routeArn": ARN,
        "rawPath": "/report",
        "headers": { "host": "example.com", "authorization": authorization.join(",") },
        "requestContext": { "http": { "method": "GET", "path": "/report" } },
    })
}

fn policy(principal: &str, effect: &str, context: &Value) -> Value {
    let statement = json!({ "Action": "execute-api:Invoke", "Effect": effect, "Resource": ARN });
    let policy = json!({ "Version": "2012-10-17", "Statement": [statement] });
    json!({ "principalId": principal, "policyDocument": policy, "context": context })
}

#[tokio::test]
async fn the_authorizer_understands_every_kind_of_event() {
    let mut lambda = Lambda::start(AUTHORIZER).await;
    let grace = lambda.local.sign_in("user_grace").organization("org_acme");
    let bearer = |token: String| format!("Bearer {token}");
    let (good, expired) = (bearer(grace.token()), bearer(grace.expired_token()));
    let alan = bearer(lambda.local.sign_in("user_alan").token());
    let context = json!({ "userId": "user_grace", "organizationId": "org_acme" });
    for event in [token_event as fn(&[&str]) -> Value, format_1, format_2] {
        let is_simple = event(&[])["version"] == "2.0";
        let allowed = match is_simple {
            true => json!({ "isAuthorized": true, "context": context }),
            false => policy("user_grace", "Allow", &context),
        };
        let denied = match is_simple {
            true => json!({ "isAuthorized": false, "context": {} }),
            false => policy("nobody", "Deny", &json!({})),
        };
        assert_eq!(lambda.invoke(event(&[&good])).await, Ok(allowed.clone()));
        assert_eq!(lambda.invoke(event(&[&good.replace("Bearer", "bearer")])).await, Ok(allowed));
        assert_eq!(lambda.invoke(event(&[&alan])).await, Ok(denied));
        for refused in [
            &[expired.as_str()][..],
            &["Bearer nonsense"],
            &["Basic eDp5"],
            &[""],
            &[],
            &[&good, &alan],
            &[&alan, &good],
        ] {
            assert_eq!(lambda.invoke(event(refused)).await, Err("Unauthorized".to_owned()), "{refused:?}");
        }
    }
    let cases = [json!({}), json!([]), json!({ "headers": { "authorization": [good, 1] } })];
    for event in cases {
        assert_eq!(lambda.invoke(event).await, Err("Unauthorized".to_owned()));
    }
}

#[tokio::test]
async fn without_clerk_the_authorizer_fails_instead_of_denying() {
    let mut lambda = Lambda::start(AUTHORIZER).await;
    let token = lambda.local.sign_in("user_grace").organization("org_acme").token();
    lambda
        .local
        .inject(Fault::status(http::StatusCode::SERVICE_UNAVAILABLE).on("GET", "/.well-known/jwks.json"));
    let error = lambda.invoke(token_event(&[&format!("Bearer {token}")])).await.unwrap_err();
    assert!(error.starts_with("503 clerk-unavailable"), "{error}");
}

/// The event of an HTTP API or a function URL for a function, in format 2.0.
fn page(path_and_query: &str, headers: &Value, cookies: &str) -> Value {
    let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
    json!({
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": query,
        "cookies": cookies.split("; ").filter(|cookie| !cookie.is_empty()).collect::<Vec<_>>(),
        "headers": headers,
        "requestContext": { "http": { "method": "GET", "path": path } },
    })
}

fn cookie_names(response: &Value) -> Vec<&str> {
    let lines = response["cookies"].as_array().unwrap().iter();
    lines.map(|line| line.as_str().unwrap().split('=').next().unwrap()).collect()
}

#[tokio::test]
async fn the_function_serves_programs_and_browsers() {
    let mut lambda = Lambda::start(env!("CARGO_BIN_EXE_lambda_function")).await;
    let grace = lambda.local.sign_in("user_grace").organization("org_acme");
    let script =
        |token: &str| json!({ "host": "app.example.com", "authorization": format!("Bearer {token}") });
    let browser = json!({ "host": "app.example.com", "sec-fetch-dest": "document" });
    let alan = lambda.local.sign_in("user_alan").token();
    for (event, status, body) in [
        (page("/", &json!({}), ""), 200, "Nobody is signed in"),
        (page("/me", &script(&grace.token()), ""), 200, "Grace Hopper"),
        (page("/session", &browser, &grace.cookies()), 200, "user_grace"),
        (page("/report", &script(&grace.token()), ""), 200, "the report"),
        (page("/report", &script(&alan), ""), 403, "permission-missing"),
        (page("/me", &script("nonsense"), ""), 401, "token-invalid"),
    ] {
        let response = lambda.invoke(event).await.unwrap();
        assert_eq!(response["statusCode"], status, "{response}");
        assert!(response["body"].as_str().unwrap().contains(body), "{response}");
        assert_eq!(response["headers"]["www-authenticate"].is_string(), status > 400, "{response}");
    }

    // A handshake, which gives the browser a refresh token.
    lambda.local.set_refresh_tokens(true);
    let expired = grace.expired_cookies();
    let start = lambda.invoke(page("/me?tab=1", &browser, &expired)).await.unwrap();
    assert_eq!((&start["statusCode"], &start["headers"]["cache-control"]), (&json!(307), &json!("no-store")));
    assert_eq!(cookie_names(&start), ["__clerk_redirect_count"]);
    let location = start["headers"]["location"].as_str().unwrap();
    assert!(location.starts_with(&lambda.clerk.api_url()), "{location}");
    let client =
        reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
    let at_clerk = client.get(location).send().await.unwrap();
    let back = at_clerk.headers()["location"].to_str().unwrap().split_once("app.example.com").unwrap().1;
    let end = lambda.invoke(page(back, &browser, &expired)).await.unwrap();
    assert_eq!(end["statusCode"], 307, "{end}");
    assert!(end["headers"]["location"].as_str().unwrap().ends_with("app.example.com/me?tab=1"), "{end}");
    let lines = end["cookies"].as_array().unwrap().iter().map(|line| line.as_str().unwrap());
    let fresh: Vec<_> = lines.map(|line| line.split(';').next().unwrap()).collect();
    let response = lambda.invoke(page("/me", &browser, &fresh.join("; "))).await.unwrap();
    assert_eq!(response["body"], "Grace Hopper");

    // A refresh, whose cookies are set by every response.
    let refresh = fresh.iter().find(|cookie| cookie.starts_with("__refresh_")).unwrap();
    let cookies = format!("{expired}; {refresh}");
    for (path, status) in [("/session", 200), ("/report", 200), ("/nowhere", 404), ("/sign-out", 404)] {
        let response = lambda.invoke(page(path, &browser, &cookies)).await.unwrap();
        assert_eq!(
            (&response["statusCode"], &response["headers"]["cache-control"]),
            (&json!(status), &json!("no-store"))
        );
        let names = cookie_names(&response);
        assert_eq!(names.iter().filter(|name| name.starts_with("__session")).count(), 2, "{names:?}");
    }
}
