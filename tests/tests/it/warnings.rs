//! Checks that every warning of the library is limited, so that strangers cannot fill a log.

use std::{
    fs,
    path::{Path, PathBuf},
};

use axum::Router;
use clerk_axum::{
    Clerk, ClerkWebhooks, ProxyBuilder,
    webhook::{Verifier, kind},
};
use clerk_core::keys::{PublishableKey, SecretKey};
use clerk_tests::{Instance, Log, NOW, fault::nobody, serve};
use http::{Request, Response};
use http_body_util::Full;
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tower::ServiceExt as _;

/// The functions that warn without a limit: about how the application was built, once for each client or guard.
const ONCE: [&str; 5] =
    ["guessed_sign_in_page", "insecure_identity", "keys_differ", "misnamed", "no_sign_in_page"];

/// The macros that can log a warning.
const WARNING: [&str; 3] = ["warn", "error", "event"];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The names of the items around each macro that can log a warning.
fn warnings(tokens: TokenStream, around: &[String], found: &mut Vec<Vec<String>>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut item = None;
    for (position, token) in tokens.iter().enumerate() {
        let is_called =
            matches!(tokens.get(position + 1), Some(TokenTree::Punct(mark)) if mark.as_char() == '!');
        match token {
            TokenTree::Ident(word) if WARNING.iter().any(|name| word == name) && is_called => {
                found.push(around.to_vec());
            }
            TokenTree::Ident(word) if word == "fn" || word == "macro_rules" => {
                let name = tokens[position + 1..].iter().find_map(|token| match token {
                    TokenTree::Ident(name) => Some(name.to_string()),
                    _ => None,
                });
                item = name;
            }
            TokenTree::Group(group) => {
                let inner: Vec<String> = around.iter().cloned().chain(item.clone()).collect();
                warnings(group.stream(), &inner, found);
                if group.delimiter() == Delimiter::Brace {
                    item = None;
                }
            }
            _ => {}
        }
    }
}

#[test]
fn every_warning_is_limited_or_logged_once() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    for folder in ["clerk-core/src", "clerk-tower/src", "clerk-tower/local/src", "clerk-axum/src"] {
        sources(&root.join(folder), &mut files);
    }
    let mut places = Vec::new();
    for file in files {
        let mut found = Vec::new();
        warnings(fs::read_to_string(&file).unwrap().parse().unwrap(), &[], &mut found);
        let is_telemetry = file.ends_with("clerk-tower/src/telemetry.rs");
        assert!(found.is_empty() || is_telemetry, "{} logs on its own", file.display());
        places.extend(found.into_iter().map(|around| around.first().cloned().unwrap_or_default()));
    }
    places.sort_unstable();
    let mut expected: Vec<&str> = ONCE.into_iter().chain(["limited"]).collect();
    expected.sort_unstable();
    assert_eq!(places, expected);
}

#[test]
fn the_reader_finds_warnings_in_every_position() {
    let mut found = Vec::new();
    let source =
        "fn a() { if x { tracing::warn!(\"x\") } } mod b { fn c(error: u8) { error!(1); let warn = 2; } }";
    warnings(source.parse().unwrap(), &[], &mut found);
    assert_eq!(found, [vec!["a"], vec!["c"]]);
}

/// Run in a separate process, because the limiter of the process is shared.
#[tokio::test]
async fn what_strangers_repeat_is_logged_once() {
    if !clerk_tests::alone(module_path!(), "what_strangers_repeat_is_logged_once") {
        return;
    }
    let log = Log::default();
    let _guard = log.listen(tracing::Level::WARN);
    broken_uploads_are_not_logged(&log).await;
    an_unreachable_frontend_api(&log).await;
    failing_webhook_handlers(&log).await;
    deliveries_that_break_off_are_not_logged(&log).await;
}

fn proxy(fapi_url: &str) -> ProxyBuilder {
    let publishable: PublishableKey = "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k".parse().unwrap();
    let secret: SecretKey = "sk_live_abc".parse().unwrap();
    ProxyBuilder::with_keys(publishable, secret).fapi_url(fapi_url)
}

async fn broken_uploads_are_not_logged(log: &Log) {
    let upstream = clerk_tests::upstream::Upstream::fine().await;
    let app = Router::new().fallback_service(proxy(&upstream.url()).build().unwrap());
    let address = serve(app).await;
    for _ in 0..300 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = "POST /__clerk/v1 HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n";
        stream.write_all(format!("{head}5\r\nfirst\r\nno number\r\n").as_bytes()).await.unwrap();
        let mut response = String::new();
        let _ = stream.read_to_string(&mut response).await;
        assert!(
            response.starts_with("HTTP/1.1 400 ") && response.contains("not received completely"),
            "{response}"
        );
    }
    assert_eq!(log.warnings(), [""; 0]);
    assert!(upstream.take().is_empty());
}

async fn an_unreachable_frontend_api(log: &Log) {
    let proxy = proxy(&nobody().await).build().unwrap();
    for _ in 0..20 {
        let request =
            Request::get("/__clerk/v1").header("host", "a").body(Full::<bytes::Bytes>::default()).unwrap();
        assert_eq!(proxy.clone().oneshot(request).await.unwrap().status(), 502);
    }
    let line = log.warning();
    assert!(line.contains("cannot forward requests phase=\"connect\""), "{line}");
}

fn webhooks() -> ClerkWebhooks {
    let instance = Instance::new();
    let builder: clerk_axum::ClerkBuilder = instance.builder().webhook_secret("whsec_c2VjcmV0");
    let clerk: Clerk = builder.build().unwrap();
    ClerkWebhooks::new(&clerk).unwrap()
}

fn deleted<B>(id: usize, body: B) -> Request<B> {
    let mut request = Request::post("/webhooks/clerk").body(body).unwrap();
    let verifier = Verifier::new("whsec_c2VjcmV0".parse().unwrap());
    request.headers_mut().extend(verifier.sign(&format!("msg_{id}"), NOW, BODY.as_bytes()));
    request
}

const BODY: &str = r#"{"type":"user.deleted","data":{"id":"user_1","deleted":true}}"#;

async fn failing_webhook_handlers(log: &Log) {
    let webhooks = webhooks().on(kind::USER_DELETED, async |_, _| Err::<(), _>("always"));
    for id in 0..20 {
        let request = deleted(id, Full::<bytes::Bytes>::from(BODY));
        let response: Response<_> = webhooks.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), 500);
    }
    let line = log.warning();
    assert!(line.contains("webhook handler failed") && line.contains("how=\"error\""), "{line}");
}

async fn deliveries_that_break_off_are_not_logged(log: &Log) {
    let webhooks = webhooks();
    for id in 0..20 {
        let frames = futures_util::stream::iter([Err::<http_body::Frame<bytes::Bytes>, _>(
            std::io::Error::other("x"),
        )]);
        let request = deleted(id, http_body_util::StreamBody::new(frames));
        assert_eq!(webhooks.clone().oneshot(request).await.unwrap().status(), 400);
    }
    assert_eq!(log.warnings(), [""; 0]);
}
