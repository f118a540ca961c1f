//! Tests of failures on demand, and of the journal.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use clerk_core::api::users;
use http::{Method, Request, Response, StatusCode, header::RETRY_AFTER};
use http_body_util::BodyExt as _;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::Instant,
};
use tower_service::Service as _;

use super::{Fixture, NOW, none};
use crate::{Disconnected, Fault, LocalCaller};

const BUSY: Fault = Fault::status(StatusCode::SERVICE_UNAVAILABLE);

/// Returns the statuses of these requests, one after the other; 0 for a cut connection.
fn statuses(fixture: &Fixture, requests: &[(&str, &str)]) -> Vec<u16> {
    let status = |(method, path): &(&str, &str)| {
        let request = Request::builder().method(*method).uri(*path);
        let request = request.header("authorization", fixture.local.secret_key().to_header());
        let call = fixture.local.clone().call(request.body(Bytes::new()).unwrap());
        let outcome = futures_util::FutureExt::now_or_never(call).unwrap();
        outcome.map_or(0, |response| response.status().as_u16())
    };
    requests.iter().map(status).collect()
}

#[test]
fn faults_choose_their_requests() {
    const ADA: (&str, &str) = ("GET", "/v1/users/user_ada");
    const GRACE: (&str, &str) = ("GET", "/users/user_grace");
    const LIST: (&str, &str) = ("GET", "/v1/users");
    const BAN: (&str, &str) = ("POST", "/v1/users/user_ada/ban");
    for (faults, requests, expected) in [
        (vec![BUSY], vec![ADA, LIST, BAN], vec![503, 503, 503]),
        (vec![BUSY.times(2)], vec![ADA, LIST, ADA], vec![503, 503, 200]),
        (vec![BUSY.skip(1).times(1)], vec![ADA, LIST, ADA], vec![200, 503, 200]),
        (vec![BUSY.times(0)], vec![ADA], vec![200]),
        (vec![BUSY.on("GET", "/users/{user_id}")], vec![ADA, GRACE, LIST, BAN], vec![503, 503, 200, 200]),
        (vec![BUSY.on("get", "/v1/users/user_ada")], vec![ADA, GRACE], vec![503, 200]),
        (
            vec![BUSY.on("GET", "/users/user_ada").on("GET", "/users")],
            vec![ADA, GRACE, LIST],
            vec![503, 200, 503],
        ),
        (vec![BUSY.on("GET", "/users/{user_id}").skip(1)], vec![ADA, LIST, GRACE], vec![200, 200, 503]),
        // The first one takes the request; the second one does not see it.
        (vec![BUSY.times(1), Fault::disconnect().times(1)], vec![ADA, ADA, ADA], vec![503, 0, 200]),
        (vec![Fault::disconnect().skip(1), BUSY.times(1)], vec![ADA, ADA, ADA], vec![503, 0, 0]),
    ] {
        let fixture = Fixture::seeded();
        let shown = format!("{faults:?}");
        faults.into_iter().for_each(|fault| fixture.local.inject(fault));
        assert_eq!(statuses(&fixture, &requests), expected, "{shown}");
        fixture.local.clear_faults();
        assert_eq!(statuses(&fixture, &[ADA]), [200], "{shown}");
    }
}

#[test]
fn a_status_comes_with_clerks_error_and_with_a_time_to_retry() {
    let fixture = Fixture::seeded();
    for (fault, code, retry_after) in [
        (Fault::status(StatusCode::BAD_GATEWAY), "internal_clerk_error", ""),
        (Fault::status(StatusCode::CONFLICT), "injected_failure", ""),
        (Fault::status(StatusCode::TOO_MANY_REQUESTS), "too_many_requests", "1"),
        (
            Fault::status(StatusCode::TOO_MANY_REQUESTS).retry_after(Duration::from_secs(7)),
            "too_many_requests",
            "7",
        ),
        (BUSY.retry_after(Duration::from_secs(30)), "internal_clerk_error", "30"),
    ] {
        fixture.local.inject(fault.times(1));
        let request = Request::get("/users").body(Bytes::new()).unwrap();
        let response =
            futures_util::FutureExt::now_or_never(fixture.local.clone().call(request)).unwrap().unwrap();
        let found = response.headers().get(RETRY_AFTER).map_or("", |value| value.to_str().unwrap());
        assert_eq!(found, retry_after);
        let body = futures_util::FutureExt::now_or_never(response.into_body().collect()).unwrap().unwrap();
        assert!(String::from_utf8_lossy(&body.to_bytes()).contains(code));
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_can_be_delayed_lost_or_answered_with_garbage() {
    let fixture = Fixture::seeded();
    let mut local = fixture.local.clone();
    let create = |name: &str| {
        let request = Request::post("/users").header("authorization", fixture.local.secret_key().to_header());
        request.body(Bytes::from(json!({ "username": name }).to_string())).unwrap()
    };
    let exists = |name: &str| {
        !fixture.column("/users?limit=100", "/id").is_empty()
            && fixture.get(&format!("/users?username={name}")).as_array().unwrap().len() == 1
    };

    local.inject(Fault::delay(Duration::from_secs(30)).times(1));
    let start = Instant::now();
    assert_eq!(local.call(create("slow")).await.unwrap().status(), 200);
    assert_eq!(start.elapsed(), Duration::from_secs(30));

    local.inject(BUSY.after(Duration::from_secs(3)).times(1));
    let start = Instant::now();
    assert_eq!(local.call(create("slow_and_busy")).await.unwrap().status(), 503);
    assert_eq!((start.elapsed(), exists("slow_and_busy")), (Duration::from_secs(3), false));

    // A client that does not wait for it has changed nothing.
    local.inject(Fault::delay(Duration::from_secs(30)).times(1));
    tokio::time::timeout(Duration::from_secs(1), local.call(create("impatient"))).await.unwrap_err();
    assert!(!exists("impatient"));

    local.inject(Fault::disconnect().times(1));
    assert_eq!(local.call(create("cut")).await.unwrap_err(), Disconnected);
    assert!(!exists("cut"));

    local.inject(Fault::disconnect().after_processing().times(1));
    assert_eq!(local.call(create("lost")).await.unwrap_err(), Disconnected);
    assert!(exists("lost"));

    let page = Response::builder().status(200).header("content-type", "text/html").body("<html>").unwrap();
    local.inject(Fault::response(page).after_processing().times(1));
    let response = local.call(create("garbage")).await.unwrap();
    assert_eq!(
        (response.status(), &response.headers()["content-type"]),
        (StatusCode::OK, &"text/html".parse().unwrap())
    );
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "<html>");
    assert!(exists("garbage"));
    let requests = local.requests().to("POST", "/users");
    let last = requests.last().unwrap();
    assert_eq!((last.operation, &last.caller), (Some("/users"), &LocalCaller::Backend));
}

#[tokio::test]
async fn a_cut_connection_has_no_response_on_the_wire() {
    let (fixture, server) = Fixture::served().await;
    fixture.local.inject(Fault::disconnect().times(1));
    for expected in ["", "HTTP/1.1 401 Unauthorized"] {
        let mut stream = TcpStream::connect(server.addr()).await.unwrap();
        stream.write_all(b"GET /v1/users HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).await.unwrap();
        assert_eq!(response.lines().next().unwrap_or_default(), expected);
    }
    let statuses: Vec<_> = fixture.local.requests().iter().map(|request| request.status).collect();
    assert_eq!(statuses, [None, Some(StatusCode::UNAUTHORIZED)]);
}

/// A preflight passes, so that scripts see the failure itself, and not that they may not call.
#[test]
fn scripts_can_read_failures_as_they_can_read_responses() {
    const PAGE: &str = "http://localhost:3000";
    let fixture = Fixture::seeded();
    let call = |method: &str, path: &str, origin: &str| {
        let request = Request::builder().method(method).uri(format!("http://localhost{path}"));
        let request = request.header("origin", origin).body(Bytes::new()).unwrap();
        let response =
            futures_util::FutureExt::now_or_never(fixture.local.clone().call(request)).unwrap().unwrap();
        let header = |name: &str| {
            response.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
        };
        (
            response.status().as_u16(),
            header("access-control-allow-origin"),
            header("access-control-allow-credentials"),
            header("access-control-expose-headers"),
        )
    };
    let limited = || Fault::status(StatusCode::TOO_MANY_REQUESTS);
    let page = || Fault::response(Response::builder().status(502).body("<html>").unwrap());
    for (fault, method, path, origin, expected) in [
        (BUSY, "GET", "/v1/client", PAGE, (503, PAGE, "true", "retry-after")),
        (limited(), "POST", "/v1/client/sign_ins", PAGE, (429, PAGE, "true", "retry-after")),
        (page(), "GET", "/v1/environment", PAGE, (502, PAGE, "true", "retry-after")),
        (BUSY.after_processing(), "GET", "/v1/client", PAGE, (503, PAGE, "true", "retry-after")),
        (BUSY.on("PATCH", "/me"), "POST", "/v1/me?_method=PATCH", PAGE, (503, PAGE, "true", "retry-after")),
        (BUSY.on("POST", "/me"), "POST", "/v1/me?_method=PATCH", PAGE, (401, PAGE, "true", "retry-after")),
        (BUSY, "POST", "/oauth/token", PAGE, (503, "*", "", "www-authenticate")),
        // As without a failure.
        (BUSY, "OPTIONS", "/v1/client", PAGE, (204, PAGE, "true", "retry-after")),
        (BUSY.on("OPTIONS", "/client"), "OPTIONS", "/v1/client", PAGE, (503, PAGE, "true", "retry-after")),
        (BUSY, "GET", "/v1/client", "https://evil.example", (503, "", "", "")),
        (BUSY, "GET", "/v1/jwks", PAGE, (503, "", "", "")),
    ] {
        fixture.local.inject(fault);
        let found = call(method, path, origin);
        let found = (found.0, &*found.1, &*found.2, &*found.3);
        assert_eq!(found, expected, "{method} {path} from {origin}");
        fixture.local.clear_faults();
    }
    assert_eq!(fixture.local.requests().to("PATCH", "/me").len(), 2);
}

#[tokio::test]
async fn a_response_can_break_off_in_the_middle() {
    let (fixture, server) = Fixture::served().await;
    let whole = fixture.local.jwks();
    fixture.local.inject(Fault::disconnect_midway().times(1));
    for expected in [&whole[..whole.len() / 2], &*whole] {
        let mut stream = TcpStream::connect(server.addr()).await.unwrap();
        let head = "GET /.well-known/jwks.json HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).await.unwrap();
        let (head, body) = response.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 OK"), "{head}");
        assert!(head.to_ascii_lowercase().contains(&format!("content-length: {}", whole.len())), "{head}");
        assert_eq!(body, expected);
    }

    // A client takes it for a failure and calls again, over sockets and in memory.
    for clerk in [server.client_builder().build().unwrap(), fixture.local.client()] {
        fixture.local.clear_requests();
        fixture.local.inject(Fault::disconnect_midway().on("GET", "/users/{user_id}").times(1));
        let ada = clerk.send(users::get("user_ada")).await.unwrap();
        assert_eq!(ada.first_name.as_deref(), Some("Ada"));
        assert_eq!(fixture.local.requests().to("GET", "/users/user_ada").len(), 2);
        // Unless it may have taken effect, as here.
        fixture.local.inject(Fault::disconnect_midway().on("POST", "/users").times(1));
        let error = clerk.send(users::create().username("twice")).await.unwrap_err();
        assert!(error.may_have_been_processed(), "{error}");
        assert_eq!(fixture.local.requests().to("POST", "/users").len(), 1);
        let created = fixture.column("/users?username=twice", "/id");
        clerk.send(users::delete(&*created[0])).await.unwrap();
    }

    // An empty body has no half.
    fixture.local.inject(Fault::disconnect_midway());
    let request = Request::patch("/instance").header("authorization", fixture.local.secret_key().to_header());
    let outcome = fixture.local.clone().call(request.body(Bytes::from("{}")).unwrap()).await;
    assert_eq!(outcome.unwrap_err(), Disconnected);
}

#[test]
fn the_journal_says_who_asked_for_what() {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let fixture = Fixture::with(|builder| {
        let lines = Arc::clone(&lines);
        builder.seeded().on_request(move |request| lines.lock().unwrap().push(request.to_string()))
    });
    let machine = fixture.local.machine("billing").create();
    fixture.get("/v1/users/user_ada?query=secret");
    fixture.call("DELETE", "/v1/users/nobody", &none());
    fixture.call("GET", "/nowhere", &none());
    fixture.local.inject(BUSY.times(1));
    fixture.call("GET", "/users", &none());
    for (method, path, key) in [
        ("POST", "/m2m_tokens", Some(&*machine.secret_key)),
        ("GET", "/users", None),
        ("POST", "http://localhost/v1/dev_browser", None),
        ("GET", "/public/interstitial", None),
    ] {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(key) = key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        fixture.send(request.body(Bytes::new()).unwrap());
    }
    let machine = LocalCaller::Machine(machine.id.as_str().to_owned());
    let (backend, browser, unknown) = (LocalCaller::Backend, LocalCaller::Browser, LocalCaller::Unknown);
    let requests = fixture.local.requests();
    let found: Vec<_> = requests
        .iter()
        .map(|one| (&one.method, &*one.path, one.operation, one.status.unwrap().as_u16(), &one.caller))
        .collect();
    let user = Some("/users/{user_id}");
    for (found, expected) in found.iter().zip([
        (&Method::GET, "/users/user_ada", user, 200, &backend),
        (&Method::DELETE, "/users/nobody", user, 404, &backend),
        (&Method::GET, "/nowhere", None, 404, &backend),
        (&Method::GET, "/users", None, 503, &unknown),
        (&Method::POST, "/m2m_tokens", Some("/m2m_tokens"), 201, &machine),
        (&Method::GET, "/users", None, 401, &unknown),
        (&Method::POST, "/dev_browser", None, 200, &browser),
        (&Method::GET, "/public/interstitial", Some("/public/interstitial"), 422, &unknown),
    ]) {
        assert_eq!(*found, expected);
    }
    assert!(requests.iter().all(|request| request.time == NOW) && requests.len() == 8);
    assert_eq!(requests.clone().to("get", "/v1/users").len(), 2);
    assert_eq!(requests.to("DELETE", "/users/{user_id}").len(), 1);
    let lines = lines.lock().unwrap();
    assert_eq!((lines.len(), &*lines[0]), (8, "GET /users/user_ada 200 (secret key)"));
    fixture.local.clear_requests();
    assert!(fixture.local.requests().is_empty());
}

#[test]
fn the_journal_keeps_the_last_ten_thousand() {
    let fixture = Fixture::new();
    let send = |path: String| statuses(&fixture, &[("GET", &path)]);
    send("/first".to_owned());
    for _ in 0..9_999 {
        send("/other".to_owned());
    }
    assert_eq!(fixture.local.requests().to("GET", "/first").len(), 1);
    send(format!("/{}\u{1b}", "x".repeat(300)).replace('\u{1b}', "%1b"));
    let requests = fixture.local.requests();
    assert_eq!((requests.len(), requests.last().unwrap().path.len()), (10_000, 256));
    assert!(requests.to("GET", "/first").is_empty());
}
