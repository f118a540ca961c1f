//! Tests of the client with misbehaving servers and invalid settings.

use std::{error::Error as _, process::Command, time::Duration};

use clerk_axum::ClerkWebhooks;
use clerk_core::{
    api::{m2m, users},
    id::UserId,
};
use clerk_local::LocalClerk;
use clerk_tests::{
    Instance, Log, NOW,
    fault::{Fault, FaultServer, http_response, nobody},
};
use clerk_tower::{
    Clerk, ClerkBuilder, Error, ErrorKind, MachineClerk,
    client::transport::{HyperTransport, ReqwestTransport},
    server::proxy::ProxyLayer,
};
use futures_util::StreamExt as _;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tower::ServiceExt as _;

const KEY: &str = "sk_test_tHiSmUsTnEvErShOw";
const MACHINE_KEY: &str = "ak_tHiSmUsTnEvErShOw";
const USER: &str = "user_hidden";

/// Returns the phase of an error, in one word.
fn phase(error: &Error) -> &'static str {
    match error.kind() {
        ErrorKind::Build(_) => "build",
        ErrorKind::Config(_) => "config",
        ErrorKind::Connect(_) => "connect",
        ErrorKind::Timeout(_) => "timeout",
        ErrorKind::Transfer(_) => "transfer",
        ErrorKind::Status(_) => "status",
        ErrorKind::Decode(_) => "decode",
        _ => "new",
    }
}

/// The transports to test.
#[derive(Clone, Copy, Debug)]
enum Over {
    Reqwest,
    Hyper,
}

impl Over {
    const ALL: [Self; 2] = [Self::Reqwest, Self::Hyper];

    /// Returns a builder with this transport.
    fn builder(self) -> ClerkBuilder {
        let builder = Clerk::builder().secret_key(KEY);
        match self {
            Self::Reqwest => builder,
            Self::Hyper => builder.transport(HyperTransport::new().unwrap()),
        }
    }

    /// Requests a user from the server at this URL.
    async fn ask(self, api_url: String, configure: impl FnOnce(ClerkBuilder) -> ClerkBuilder) -> Error {
        self.client(api_url, configure).send(users::get(USER)).await.unwrap_err()
    }

    fn client(self, api_url: String, configure: impl FnOnce(ClerkBuilder) -> ClerkBuilder) -> Clerk {
        configure(self.builder().api_url(api_url)).build().unwrap()
    }
}

/// Checks that the message is one sentence about the operation and contains nothing that was sent.
fn check_text(case: &str, error: &Error) {
    assert_eq!(error.operation(), "GetUser", "{case}");
    let sentence = error.to_string();
    assert!(sentence.starts_with("GetUser: ") && sentence.len() < 200, "{case}: {sentence}");
    assert!(!sentence.ends_with('.') && !sentence.contains(['\n', '<']), "{case}: {sentence}");
    let mut texts = vec![sentence, format!("{error:?}"), format!("{error:#?}")];
    let mut source = error.source();
    while let Some(error) = source {
        texts.extend([error.to_string(), format!("{error:?}")]);
        source = error.source();
    }
    for text in texts {
        for hidden in [KEY, "tHiSmUsT", USER, "127.0.0.1/v1", "authorization", "Bearer"] {
            assert!(!text.contains(hidden), "{case}: {text}");
        }
    }
}

fn server_error(status: &str, headers: &str, code: &str) -> Fault {
    let body = json!({"errors": [{"code": code, "message": "for developers", "long_message": USER}]});
    Fault::Close(http_response(status, headers, &body.to_string()))
}

#[tokio::test]
async fn every_server_fault_is_reported_in_its_phase() {
    let close = |text: &str| Fault::Close(text.to_owned());
    let page = "<html><body>Bad Gateway</body></html>";
    // Case, fault, phase, whether the call may have been processed, whether it is retryable.
    for (case, fault, expected, processed, retryable) in [
        ("closed at once", close(""), "transfer", true, true),
        ("closed within the headers", close("HTTP/1.1 200 OK\r\ncontent-le"), "transfer", true, true),
        ("garbage", close("\0\u{1}\u{2}garbage, not HTTP\r\n\r\n"), "transfer", true, true),
        ("another protocol", close("SSH-2.0-OpenSSH_9.9\r\n"), "transfer", true, true),
        ("cut body", close("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"id\""), "transfer", true, true),
        (
            "cut chunks",
            close("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"id\"\r\n"),
            "transfer",
            true,
            true,
        ),
        (
            "500 with a page",
            Fault::Close(http_response("500 Internal Server Error", "", page)),
            "status",
            true,
            true,
        ),
        ("502 without a body", Fault::Close(http_response("502 Bad Gateway", "", "")), "status", true, true),
        (
            "429",
            server_error("429 Too Many Requests", "retry-after: 7\r\n", "too_many_requests"),
            "status",
            false,
            true,
        ),
        ("401", server_error("401 Unauthorized", "", "clerk_key_invalid"), "status", false, false),
        ("404", server_error("404 Not Found", "", "resource_not_found"), "status", false, false),
        ("422", server_error("422 Unprocessable", "", "form_param_invalid"), "status", false, false),
        ("a page with 200", Fault::Close(http_response("200 OK", "", page)), "decode", true, false),
        ("nothing with 200", Fault::Close(http_response("200 OK", "", "")), "decode", true, false),
        (
            "JSON that is cut",
            Fault::Close(http_response("200 OK", "", "{\"id\": \"user_hid")),
            "decode",
            true,
            false,
        ),
        ("another JSON", Fault::Close(http_response("200 OK", "", "[1, 2]")), "decode", true, false),
        ("204", Fault::Close("HTTP/1.1 204 No Content\r\n\r\n".to_owned()), "decode", true, false),
    ] {
        for over in Over::ALL {
            let server = FaultServer::start(fault.clone()).await;
            let error = over.ask(server.api_url(), |builder| builder.max_attempts(1)).await;
            assert_eq!(phase(&error), expected, "{case}: {error:?}");
            assert!(!error.may_have_been_processed(), "{case}");
            assert_eq!(error.is_retryable(), retryable, "{case}");
            assert_eq!(error.is_not_found(), case == "404", "{case}");
            let wait = (case == "429").then_some(Duration::from_secs(7));
            assert_eq!(error.retry_after(NOW), wait, "{case}");
            assert_eq!(error.status_error().is_some(), expected == "status", "{case}");
            check_text(case, &error);

            let heads = server.heads();
            assert_eq!(heads.len(), 1, "sent once, {case}");
            let head = heads[0].to_lowercase();
            assert!(head.starts_with("get /v1/users/user_hidden http/1.1\r\n"), "{head}");
            for header in
                ["authorization: bearer sk_test_", "clerk-api-version: 20", "user-agent: clerk-rust/"]
            {
                assert_eq!(head.matches(header).count(), 1, "{header} in {head}");
            }

            let server = FaultServer::start(fault.clone()).await;
            let clerk = over.client(server.api_url(), |builder| builder.timeout(Duration::from_secs(5)));
            let error = clerk.send(users::create().first_name("Ada")).await.unwrap_err();
            assert_eq!((phase(&error), error.may_have_been_processed()), (expected, processed), "{case}");
            assert_eq!(server.heads().len(), 1, "sent once, {case}");
        }
    }
}

#[tokio::test]
async fn without_a_connection_the_error_says_that_nothing_was_sent() {
    for over in Over::ALL {
        let error = over.ask(nobody().await, |builder| builder).await;
        assert_eq!(
            (phase(&error), error.may_have_been_processed(), error.is_retryable(), error.attempts()),
            ("connect", false, true, 3),
            "{over:?}"
        );
        assert_eq!(error.to_string(), "GetUser: cannot connect to Clerk; nothing was sent");
        check_text("refused", &error);
    }
}

#[tokio::test]
async fn tls_and_dns_failures_count_as_connection_failures() {
    // The server writes something other than TLS at once, and ignores what it receives.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let plain = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    // RFC 6761, section 6.4: no name below `invalid` resolves to an address.
    for url in [plain, "https://clerk.invalid".to_owned()] {
        for over in Over::ALL {
            let error = over.ask(url.clone(), |builder| builder.max_attempts(2)).await;
            assert_eq!(phase(&error), "connect", "{over:?} {url}: {error:?}");
            assert_eq!((error.may_have_been_processed(), error.attempts()), (false, 2), "{over:?} {url}");
            check_text("no connection", &error);
        }
    }
}

#[tokio::test]
async fn a_call_to_a_server_that_stalls_times_out() {
    let short = Duration::from_millis(50);
    for (case, text) in [
        ("before the headers", ""),
        ("within the headers", "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"),
        ("before the body", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n"),
        ("within the body", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"id\""),
        ("within the chunks", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"id\"\r\n"),
    ] {
        for over in Over::ALL {
            let server = FaultServer::start(Fault::Stall(text.to_owned())).await;
            let one = over.ask(server.api_url(), |builder| builder.attempt_timeout(short)).await;
            let all = over.ask(server.api_url(), |builder| builder.timeout(short)).await;
            for error in [one, all] {
                assert!(
                    matches!(error.kind(), ErrorKind::Timeout(after) if *after == short),
                    "{case}: {error:?}"
                );
                assert!(!error.may_have_been_processed() && error.is_retryable(), "{case}");
                check_text(case, &error);
            }
        }
    }
    for over in Over::ALL {
        let server = FaultServer::start(Fault::Stall(String::new())).await;
        let clerk = over.client(server.api_url(), |builder| builder.timeout(Duration::from_millis(500)));
        let error = clerk.send(users::create().first_name("Ada")).await.unwrap_err();
        assert_eq!(error.to_string(), "CreateUser: no response within 500ms; the call may have taken effect");
        assert!(error.may_have_been_processed() && error.is_retryable());
    }
}

/// The server accepts connections and does not answer the TLS handshake, so the request stays here.
#[tokio::test]
async fn a_call_that_waits_for_a_connection_is_not_sent() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    for over in Over::ALL {
        let short = Duration::from_millis(50);
        let clerk = over.client(url.clone(), |builder| builder.attempt_timeout(short));
        let error = clerk.send(users::create().first_name("Ada")).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::NotSent(_)), "{over:?}: {error:?}");
        assert_eq!((error.attempts(), error.may_have_been_processed()), (3, false), "{over:?}");
        assert!(error.to_string().starts_with("CreateUser: not sent within 50ms"), "{error}");
    }
}

/// Nothing listens on port 9, so a call that is proxied fails.
#[tokio::test]
async fn loopback_is_never_proxied_and_a_proxy_that_fails_is_named() {
    const PROXY: &str = "http://someone:hidden@127.0.0.1:9";
    let variables = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"];
    let variables = variables.map(|name| (name, PROXY));
    let variables = [&variables[..], &[("NO_PROXY", ""), ("no_proxy", "")]].concat();
    let test = "loopback_is_never_proxied_and_a_proxy_that_fails_is_named";
    if !clerk_tests::alone::alone_with(module_path!(), test, &variables) {
        return;
    }
    let own = || {
        let proxy = || reqwest::Proxy::all(PROXY).unwrap();
        let transport = ReqwestTransport::from_builder(move || reqwest::Client::builder().proxy(proxy()));
        Clerk::builder().secret_key(KEY).transport(transport.unwrap())
    };
    for (build, name) in [
        (&(|| Clerk::builder().secret_key(KEY)) as &dyn Fn() -> ClerkBuilder, "the proxy 127.0.0.1:9"),
        (&own, "the proxy"),
    ] {
        let response = http_response("200 OK", "connection: close\r\n", r#"{"total_count": 3}"#);
        let server = FaultServer::start(Fault::Close(response)).await;
        let port = server.api_url().rsplit_once(':').unwrap().1.to_owned();
        for host in ["127.0.0.1", "localhost", "LOCALHOST"] {
            let clerk = build().api_url(format!("http://{host}:{port}")).build().unwrap();
            assert_eq!(clerk.send(users::count()).await.unwrap().total_count, 3, "{host}");
        }

        let clerk = build().api_url("https://api.example.com").max_attempts(1).build().unwrap();
        let error = clerk.send(users::create()).await.unwrap_err();
        assert!(!error.may_have_been_processed(), "{error:?}");
        let expected = format!("CreateUser: cannot connect to Clerk through {name}; nothing was sent");
        assert_eq!(error.to_string(), expected);
        let mut texts = vec![format!("{error:?}")];
        let mut source = error.source();
        while let Some(error) = source {
            texts.extend([error.to_string(), format!("{error:?}")]);
            source = error.source();
        }
        assert!(texts.iter().all(|text| !text.contains("hidden") && !text.contains("someone")), "{texts:?}");
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    for status in ["301 Moved Permanently", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
        for over in Over::ALL {
            let other = FaultServer::start(Fault::Close(http_response("200 OK", "", "{}"))).await;
            let location = format!("location: {}/v1/users/{USER}\r\n", other.api_url());
            let server = FaultServer::start(Fault::Close(http_response(status, &location, ""))).await;
            let error = over.ask(server.api_url(), |builder| builder).await;
            assert_eq!(error.status().unwrap().as_str(), &status[..3]);
            check_text(status, &error);
            assert_eq!((server.heads().len(), other.heads().len()), (1, 0));
        }
    }
}

#[tokio::test]
async fn response_bodies_are_limited() {
    let body = format!("{{\"x\":\"{}\"}}", "a".repeat(2000));
    let chunked = format!(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
        body.len()
    );
    let error_page = http_response("500 Internal Server Error", "", &body);
    for (case, text) in
        [("length", http_response("200 OK", "", &body)), ("chunks", chunked), ("error", error_page)]
    {
        for over in Over::ALL {
            let server = FaultServer::start(Fault::Close(text.clone())).await;
            let error = over.ask(server.api_url(), |builder| builder.max_response_bytes(1000)).await;
            assert_eq!(phase(&error), "transfer", "{case}: {error:?}");
            assert_eq!(server.heads().len(), 1, "it would be too large again");
            check_text(case, &error);
            let error = over.ask(server.api_url(), |builder| builder.max_response_bytes(body.len())).await;
            assert_ne!(phase(&error), "transfer", "{case}: {error:?}");
        }
    }
}

/// A user as Clerk sends it.
async fn user() -> serde_json::Value {
    let instance = Instance::new();
    instance.backend("GET", "/v1/users/user_ada").await
}

#[tokio::test]
async fn a_response_without_its_id_is_an_error_that_names_the_field() {
    for (field, value) in [
        ("id", None),
        ("id", Some(json!(""))),
        ("id", Some(json!(null))),
        ("id", Some(json!(7))),
        ("banned", None),
        ("banned", Some(json!("no"))),
        ("locked", None),
        ("locked", Some(json!(null))),
    ] {
        let mut user = user().await;
        let members = user.as_object_mut().unwrap();
        match &value {
            Some(value) => members.insert(field.to_owned(), value.clone()),
            None => members.remove(field),
        };
        let server = FaultServer::start(Fault::Close(http_response("200 OK", "", &user.to_string()))).await;
        let error = Over::Reqwest.ask(server.api_url(), |builder| builder).await;
        let ErrorKind::Decode(cause) = error.kind() else { panic!("{field} {value:?}: {error:?}") };
        assert_eq!((cause.operation, &*cause.path), ("GetUser", field), "{value:?}");
        let sentence = error.to_string();
        assert!(
            sentence.starts_with(&format!("GetUser: cannot decode the response at {field}: ")),
            "{sentence}"
        );
        check_text(field, &error);
        assert!(!sentence.contains("example.com"), "{sentence}");
    }
    // The position in a list is part of the path.
    let (good, mut bad) = (user().await, user().await);
    bad.as_object_mut().unwrap().remove("id");
    let server =
        FaultServer::start(Fault::Close(http_response("200 OK", "", &json!([good, bad]).to_string()))).await;
    let clerk = Clerk::builder().secret_key(KEY).api_url(server.api_url()).build().unwrap();
    let error = clerk.send(users::list().limit(2)).await.unwrap_err();
    let ErrorKind::Decode(cause) = error.kind() else { panic!("{error:?}") };
    assert!(cause.path.contains("[1]") && cause.path.ends_with("id"), "{}", cause.path);
}

#[tokio::test]
async fn a_request_with_an_invalid_path_is_not_sent() {
    let server = FaultServer::start(Fault::Close(http_response("200 OK", "", "{}"))).await;
    let clerk = Clerk::builder().secret_key(KEY).api_url(server.api_url()).build().unwrap();
    for id in ["", ".", ".."] {
        let Err(error) = clerk.send(users::get(UserId::from(id))).await else { panic!("{id:?} was sent") };
        assert_eq!((phase(&error), error.may_have_been_processed()), ("build", false), "{id:?}");
    }
    assert_eq!(server.heads().len(), 0);
    for (id, line) in [
        ("../../secret?x=y#z", "GET /v1/users/..%2F..%2Fsecret%3Fx%3Dy%23z HTTP/1.1"),
        ("a b\r\nx: y", "GET /v1/users/a%20b%0D%0Ax%3A%20y HTTP/1.1"),
    ] {
        let _ = clerk.send(users::get(UserId::from(id))).await;
        let head = server.heads().pop().unwrap();
        assert_eq!(head.lines().next().unwrap(), line);
        assert_eq!(head.to_lowercase().matches("x: y").count(), 0);
    }
}

/// Returns the key that was sent.
async fn sent<T>(server: &FaultServer, call: impl Future<Output = Result<T, Error>>) -> String {
    assert!(call.await.is_err(), "the server responses nothing of use");
    let head = server.heads().pop().unwrap().to_lowercase();
    head.lines().find_map(|line| line.strip_prefix("authorization: bearer ")).unwrap_or_default().to_owned()
}

#[tokio::test]
async fn each_client_sends_its_own_key() {
    let server = FaultServer::start(Fault::Close(http_response("200 OK", "", "{}"))).await;
    let builder = || Clerk::builder().api_url(server.api_url());
    let (key, machine_key) = (KEY.to_lowercase(), MACHINE_KEY.to_lowercase());

    let both = builder().secret_key(KEY).machine_secret_key(MACHINE_KEY).build().unwrap();
    assert_eq!(sent(&server, both.send(users::get(USER))).await, key);
    assert_eq!(sent(&server, both.send(m2m::list_tokens("mch_1"))).await, key, "either key will do");

    let alone = builder().machine_secret_key(MACHINE_KEY).build_machine().unwrap();
    for machine in [both.as_machine().unwrap(), alone] {
        assert_eq!(sent(&server, machine.send(m2m::create_token())).await, machine_key);
        assert_eq!(sent(&server, machine.send(m2m::list_tokens("mch_1"))).await, machine_key);
        let mut tokens = machine.stream(m2m::list_tokens("mch_1"));
        let next = async { tokens.next().await.unwrap() };
        assert_eq!(sent(&server, next).await, machine_key);
        let service = machine.clone().oneshot(m2m::create_token());
        assert_eq!(sent(&server, service).await, machine_key);
        assert!(!format!("{machine:?}").contains("tHiSmUsT"));
    }

    let error = builder().secret_key(KEY).build().unwrap().as_machine().unwrap_err();
    assert_eq!(error.setting, "machine_secret_key");
}

#[tokio::test]
async fn users_are_listed_in_any_order_and_listing_can_be_resumed() {
    let clerk = Instance::new().in_memory();
    for order in [None, Some("created_at"), Some("-created_at"), Some("first_name")] {
        let list = users::list().limit(1);
        let list = order.map_or_else(|| list.clone(), |order| list.clone().order_by(order));
        let all: Vec<_> = clerk.stream(list.clone()).map(|user| user.unwrap().id).collect().await;
        assert_eq!(all.len(), 4, "{order:?}");
        let mut stream = clerk.stream(list);
        for id in &all {
            let rest: Vec<_> = clerk.stream(stream.rest()).map(|user| user.unwrap().id).collect().await;
            let next = stream.next().await.unwrap().unwrap();
            assert_eq!((&next.id, &rest[0]), (id, id), "{order:?}");
        }
        assert!(stream.next().await.is_none());
        let rest: Vec<_> = clerk.stream(stream.rest()).collect().await;
        assert_eq!(rest.len(), 0, "{order:?}");
    }
}

/// Checks that the error names this setting and does not contain `hidden`.
fn refused(builder: ClerkBuilder, setting: &str, hidden: &str) {
    let error = builder.build().unwrap_err();
    assert_eq!(error.setting, setting, "{error}");
    let text = error.to_string();
    assert!(text.starts_with(&format!("{setting}: ")) && text.len() > setting.len() + 10, "{text}");
    assert_eq!(text.matches(&format!("{setting}: ")).count(), 1, "{text}");
    let hidden = hidden.trim();
    assert!(
        hidden.len() < 4 || hidden.ends_with('_') || !format!("{error:?} {text}").contains(hidden),
        "{text}"
    );
}

#[test]
fn errors_about_settings_name_them_and_do_not_repeat_values() {
    let publishable = "pk_test_Y2xlcmsuZXhhbXBsZS5jb20k";
    refused(Clerk::builder(), "secret_key", "");
    for key in [
        "",
        " ",
        "hunter2hunter2",
        "sk_test_",
        "sk_test_a b",
        "sk_test_a\nb",
        publishable,
        "whsec_abcd",
        "ak_abcd",
        " sk_test_abcd",
        "sk_test_ä",
    ] {
        refused(Clerk::builder().secret_key(key), "secret_key", key);
    }
    let good = || Clerk::builder().secret_key(KEY);
    for key in ["", "pk_test_", "pk_test_!!!!", "pk_test_YWJj", KEY, "hunter2hunter2"] {
        refused(good().publishable_key(key), "publishable_key", key);
    }
    for key in ["ak_", KEY, "hunter2hunter2"] {
        refused(good().machine_secret_key(key), "machine_secret_key", key);
        let error = Clerk::builder().machine_secret_key(key).build_machine().unwrap_err();
        assert_eq!(error.setting, "machine_secret_key", "{error}");
    }
    for key in [
        "hunter2hunter2",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
        "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----",
    ] {
        refused(good().jwt_key(key), "jwt_key", key);
    }
    for url in [
        "",
        "api.clerk.com",
        "ftp://api.clerk.com",
        "https://",
        "https://me:hunter2@api.clerk.com",
        "https://api.clerk.com?x=y",
        "http://api.clerk.com",
        "http://192.168.0.1:8080",
        "http://localhost.evil.example",
    ] {
        refused(good().api_url(url), "api_url", "hunter2");
    }
    for url in [
        "https://api.clerk.com",
        "https://api.clerk.com/",
        "http://localhost:1",
        "http://127.0.0.1:1",
        "http://[::1]:1",
    ] {
        good().api_url(url).publishable_key(publishable).build().unwrap();
    }
}

/// The test below runs this in a child process with its own environment.
#[test]
fn child_that_reads_its_environment() {
    if std::env::var_os("CLERK_TESTS_CHILD").is_some() {
        let log = Log::default();
        let _guard = log.listen(tracing::Level::WARN);
        match Clerk::from_env() {
            Ok(clerk) => match ProxyLayer::new(&clerk) {
                Ok(layer) => println!("<built> <{layer:?}>"),
                Err(error) => println!("<built> <proxy: {error}>"),
            },
            Err(error) => println!("<{error}>"),
        }
        for warning in log.warnings() {
            println!("<log: {warning}>");
        }
        if let Ok(clerk) = Clerk::from_env()
            && let Err(error) = ClerkWebhooks::new(&clerk)
        {
            println!("<webhooks: {error}>");
        }
        match MachineClerk::from_env() {
            Ok(_) => println!("<machine: built>"),
            Err(error) => println!("<machine: {error}>"),
        }
    }
}

#[test]
fn the_environment_is_read_and_errors_name_the_variable() {
    let key = LocalClerk::new().publishable_key().as_str().to_owned();
    let secret = ("CLERK_SECRET_KEY", KEY);
    let public = ("CLERK_PUBLISHABLE_KEY", &*key);
    let machine = ("CLERK_MACHINE_SECRET_KEY", MACHINE_KEY);
    let at = ("CLERK_PROXY_URL", "/__clerk");
    for (variables, expected) in [
        (&[][..], "CLERK_SECRET_KEY: not set"),
        (&[("CLERK_SECRET_KEY", "")], "CLERK_SECRET_KEY: not set"),
        (&[("CLERK_SECRET_KEY", "tHiSmUsT")], "CLERK_SECRET_KEY: the value does not look"),
        (&[("CLERK_SECRET_KEY", &key)], "CLERK_SECRET_KEY: this is a publishable key"),
        (&[secret], "built"),
        (&[secret, ("CLERK_PUBLISHABLE_KEY", &key)], "built"),
        (&[secret, ("CLERK_PUBLISHABLE_KEY", "")], "built"),
        (&[secret, ("CLERK_PUBLISHABLE_KEY", KEY)], "CLERK_PUBLISHABLE_KEY: this is a secret key"),
        (&[secret, ("CLERK_JWT_KEY", "nonsense")], "CLERK_JWT_KEY: "),
        (&[secret, ("CLERK_MACHINE_SECRET_KEY", "nonsense")], "CLERK_MACHINE_SECRET_KEY: "),
        (&[secret], "machine: CLERK_MACHINE_SECRET_KEY: not set"),
        (&[machine], "CLERK_SECRET_KEY: not set"),
        (&[machine], "machine: built"),
        (&[machine, secret], "built"),
        (&[machine, ("CLERK_SECRET_KEY", "nonsense")], "machine: built"),
        (&[("CLERK_MACHINE_SECRET_KEY", KEY)], "machine: CLERK_MACHINE_SECRET_KEY: this is a secret key"),
        (&[machine, ("CLERK_API_URL", "nonsense")], "machine: CLERK_API_URL: "),
        (&[secret, ("CLERK_API_URL", "http://api.clerk.com")], "CLERK_API_URL: http would send"),
        (&[secret, ("CLERK_API_URL", "nonsense")], "CLERK_API_URL: "),
        (&[secret, ("CLERK_SIGN_IN_URL", "nonsense"), public], "CLERK_SIGN_IN_URL: "),
        (&[secret, ("CLERK_PROXY_URL", "nonsense"), public], "CLERK_PROXY_URL: "),
        (&[secret, ("CLERK_API_VERSION", "")], "built"),
        (&[secret, ("CLERK_API_VERSION", "a/b")], "CLERK_API_VERSION: "),
        (&[secret, ("CLERK_API_VERSION", "..")], "CLERK_API_VERSION: "),
        (&[secret, ("CLERK_API_VERSION", "v1?x")], "CLERK_API_VERSION: "),
        (&[secret], "proxy: publishable_key: not set"),
        (&[secret, public], "proxy: proxy_url: not set; authentication needs to know"),
        (&[secret, public, ("CLERK_PROXY_URL", "https://a.example/b/")], "ProxyLayer(Proxy { path: \"/b\""),
        (
            &[secret, public, at],
            "ProxyLayer(Proxy { path: \"/__clerk\", upstream: \"frontend-api.clerk.dev\"",
        ),
        (&[secret, public, at, ("CLERK_FAPI_URL", "")], "ProxyLayer("),
        (
            &[secret, public, at, ("CLERK_FAPI_URL", "http://localhost:1")],
            "ProxyLayer(Proxy { path: \"/__clerk\", upstream: \"localhost:1\"",
        ),
        (&[secret, public, at, ("CLERK_FAPI_URL", "http://fapi.example")], "CLERK_FAPI_URL: http would send"),
        (&[secret, public, at, ("CLERK_FAPI_URL", "nonsense")], "CLERK_FAPI_URL: "),
        (&[("CLERK_API_KEY", KEY)], "CLERK_SECRET_KEY: not set; found the variable CLERK_API_KEY"),
        (
            &[secret, ("CLERK_WEBHOOK_SECRET", "tHiSmUsT")],
            "webhooks: CLERK_WEBHOOK_SIGNING_SECRET: not set; found the",
        ),
        (
            &[secret, ("VITE_CLERK_PUBLISHABLE_KEY", "tHiSmUsT")],
            "proxy: publishable_key: not set; found the variable VITE_",
        ),
        (
            &[secret, public, ("NEXT_PUBLIC_CLERK_PROXY_URL", "/__clerk")],
            "proxy: proxy_url: not set; found the variable NEXT",
        ),
        (
            &[secret, ("CLERK_WEBHOOK_SECRET", "tHiSmUsT")],
            "log: cause=\"other-variable\" detail=found the variable CLERK_WEBHOOK_SECRET, expected \
             CLERK_WEBHOOK_SIGNING_SECRET",
        ),
        (
            &[secret, public, ("NEXT_PUBLIC_CLERK_SIGN_IN_URL", "tHiSmUsT")],
            "log: cause=\"other-variable\" detail=found the variable NEXT_PUBLIC_CLERK_SIGN_IN_URL, expected \
             CLERK_SIGN_IN_URL",
        ),
        (
            &[secret, public, ("VITE_CLERK_SIGN_UP_URL", "tHiSmUsT")],
            "log: cause=\"other-variable\" detail=found the variable VITE_CLERK_SIGN_UP_URL, expected CLERK_SIGN_UP_URL",
        ),
        (
            &[secret, public, ("NEXT_PUBLIC_CLERK_PROXY_URL", "tHiSmUsT")],
            "log: cause=\"other-variable\" detail=found the variable NEXT_PUBLIC_CLERK_PROXY_URL, expected CLERK_PROXY_URL",
        ),
        (
            &[("NUXT_CLERK_MACHINE_SECRET_KEY", "tHiSmUsT")],
            "machine: CLERK_MACHINE_SECRET_KEY: not set; found the",
        ),
    ] {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--nocapture", "client::child_that_reads_its_environment"])
            .env_clear()
            .env("CLERK_TESTS_CHILD", "1")
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        let stdout = String::from_utf8(output.stdout).unwrap();
        let is_said = |line: &str| match expected.strip_prefix("log: ") {
            Some(expected) => line.starts_with("<log: ") && line.contains(expected),
            None => line.contains(&format!("<{expected}")),
        };
        assert!(stdout.lines().any(is_said), "{variables:?}: {stdout}");
        assert!(!stdout.contains("tHiSmUsT"), "{stdout}");
    }
}

/// A setting that another one makes pointless is an error, whatever its value.
#[test]
fn settings_without_an_effect_are_rejected() {
    fn stack(builder: ClerkBuilder) -> ClerkBuilder {
        builder.stack(tower::service_fn(|_: http::Request<bytes::Bytes>| {
            std::future::pending::<Result<http::Response<bytes::Bytes>, Error>>()
        }))
    }
    type Set = fn(ClerkBuilder) -> ClerkBuilder;
    let second = Duration::from_secs(1);
    assert!(stack(Clerk::builder().secret_key(KEY)).decision_timeout(second).build().is_ok());
    for (setting, set) in [
        ("timeout", (|builder| builder.timeout(Duration::from_secs(10))) as Set),
        ("attempt_timeout", |builder| builder.attempt_timeout(Duration::from_secs(1))),
        ("max_attempts", |builder| builder.max_attempts(3)),
        ("max_concurrent_calls", |builder| builder.max_concurrent_calls(9)),
        ("max_response_bytes", |builder| builder.max_response_bytes(9)),
        ("api_url", |builder| builder.api_url("https://api.clerk.com")),
        ("api_version", |builder| builder.api_version("v1")),
        ("retry_budget", |builder| builder.retry_budget(Default::default())),
    ] {
        let builder = Clerk::builder().secret_key(KEY);
        assert!(set(Clerk::builder().secret_key(KEY)).build().is_ok(), "{setting}");
        for builder in [stack(set(builder)), set(stack(Clerk::builder().secret_key(KEY)))] {
            let error = builder.build().unwrap_err();
            assert_eq!(error.setting, setting);
            assert!(error.to_string().contains("has no effect beside `stack`"), "{error}");
        }
    }
    let budget = Clerk::builder().secret_key(KEY).max_attempts(1).retry_budget(Default::default());
    assert_eq!(budget.build().unwrap_err().setting, "retry_budget");
}

/// The value that is set last counts, even if the one before was invalid.
#[test]
fn setters_replace_invalid_values() {
    let key = || KEY.parse::<clerk_core::keys::SecretKey>().unwrap();
    assert!(Clerk::builder().secret_key("nope").secret_key(KEY).build().is_ok());
    assert!(Clerk::builder().secret_key("nope").secret_key_provider(key).build().is_ok());
    assert!(Clerk::builder().secret_key(KEY).secret_key("nope").build().is_err());
    assert!(Clerk::builder().secret_key("nope").machine_secret_key("ak_abc").build_machine().is_ok());
    assert!(
        Clerk::builder()
            .secret_key(KEY)
            .webhook_secret("whsec_!")
            .webhook_secret("whsec_bmV3")
            .build()
            .is_err()
    );
}
