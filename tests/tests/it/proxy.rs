//! Tests of the Frontend API proxy over real sockets: under axum and under bare hyper, in front of a server that
//! records what it receives.

use std::{
    convert::Infallible,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::{Router, extract::ConnectInfo, routing};
use bytes::Bytes;
use clerk_axum::{ClerkLayer, Forwarded, ProxyBuilder, ProxyLayer};
use clerk_core::keys;
use clerk_tests::{
    Instance, Log, TextResponse, eventually,
    fault::{Fault, FaultServer, http_response, nobody},
    get, send, serve, settle,
    upstream::{AnyBody, ReceivedRequest, Upstream, fed, serve_hyper, text},
};
use clerk_tower::{
    Clerk,
    client::transport::ReqwestTransport,
    server::authenticate::AuthenticateLayer,
    server::proxy::{Proxied, Proxy, ProxyBody},
};
use futures_util::future::{join_all, poll_immediate};
use http::{Method, Request, Response, Version};
use http_body::{Body, Frame};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, client::conn::http1::handshake};
use hyper_util::rt::TokioIo;
use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tower::{Service, ServiceBuilder, ServiceExt as _, limit::ConcurrencyLimit, service_fn};

const SECRET: &str = "sk_live_tHiSmUsTnEvErShOw";
const PUBLISHABLE: &str = "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k";

fn builder(fapi_url: impl Into<String>) -> ProxyBuilder {
    let keys: (keys::PublishableKey, keys::SecretKey) =
        (PUBLISHABLE.parse().unwrap(), SECRET.parse().unwrap());
    ProxyBuilder::with_keys(keys.0, keys.1).fapi_url(fapi_url)
}

fn layer(fapi_url: impl Into<String>) -> ProxyLayer<ReqwestTransport> {
    builder(fapi_url).build().unwrap().into()
}

/// Returns a proxy over a service that stands for the network.
fn over<T>(transport: T) -> Proxy<T> {
    builder("https://fapi.example").build_with(transport).unwrap()
}

/// Serves the layer around an application that echoes the path, under axum and under bare hyper.
async fn both_servers(layer: ProxyLayer<ReqwestTransport>) -> [SocketAddr; 2] {
    let app = Router::new()
        .route("/{*path}", routing::get(async |uri: http::Uri| format!("application {uri}")))
        .layer(layer.clone());
    let service = ServiceBuilder::new().layer(layer).service_fn(async |request: Request<Incoming>| {
        Ok::<_, Infallible>(Response::new(text(format!("application {}", request.uri()))))
    });
    [serve(app).await, serve_hyper(service).await]
}

async fn ask(address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> TextResponse {
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    send(address, request.body(Full::default()).unwrap()).await
}

/// Sends raw bytes, and returns everything that is received until the connection closes.
async fn raw(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    response
}

fn header_lines(
    values: &[(&'static str, &'static str)],
) -> impl Fn(&ReceivedRequest) -> Response<AnyBody> + Clone + Send + use<> {
    let values = values.to_vec();
    move |_| {
        let mut response = Response::builder();
        for (name, value) in &values {
            response = response.header(*name, *value);
        }
        response.body(text("fine")).unwrap()
    }
}

#[tokio::test]
async fn requests_below_the_prefix_reach_clerk_unchanged_and_others_the_application() {
    let upstream = Upstream::fine().await;
    for address in both_servers(layer(upstream.url())).await {
        let big = vec![7; 300_000];
        for (method, body) in [
            (Method::GET, &b""[..]),
            (Method::OPTIONS, b""),
            (Method::POST, b"a=b"),
            (Method::POST, b""),
            (Method::POST, &big),
            (Method::PUT, b"a=b"),
            (Method::PATCH, b"a=b"),
            (Method::DELETE, b"a=b"),
            (Method::from_bytes(b"PURGE").unwrap(), b"a=b"),
        ] {
            let request = Request::builder().method(&method).uri("/__clerk/v1/client?a=b%20c&d=//e");
            let request =
                request.header("content-type", "text/x-own").body(Full::from(body.to_vec())).unwrap();
            let response = send(address, request).await;
            assert_eq!(response.summary(), (200, "fine".to_owned()));
            let received = upstream.one();
            assert_eq!((&received.method, &*received.target), (&method, "/v1/client?a=b%20c&d=//e"));
            assert_eq!(received.all("content-type"), ["text/x-own"]);
            assert_eq!(received.body, body, "{method}");
        }
        let head = Request::head("/__clerk/v1/client").body(Full::default()).unwrap();
        assert_eq!(send(address, head).await.summary(), (200, String::new()));
        assert_eq!(upstream.one().method, Method::HEAD);
        for path in ["/x", "/__clerkx", "/x/__clerk/y", "/%5F_clerk/v1", "/__CLERK"] {
            let response = get(address, path, "").await;
            assert_eq!(response.summary(), (200, format!("application {path}")));
        }
        assert!(upstream.take().is_empty());
    }
}

#[tokio::test]
async fn paths_cannot_change_the_host() {
    let upstream = Upstream::fine().await;
    for address in both_servers(layer(upstream.url())).await {
        for (path, target) in [
            ("/__clerk", "/"),
            ("/__clerk/", "/"),
            ("/__clerk?a=b", "/?a=b"),
            ("/__clerk//evil.com/x", "//evil.com/x"),
            ("/__clerk/@evil.com", "/@evil.com"),
            ("/__clerk/a//b", "/a//b"),
            ("/__clerk/a%20b%C3%A4?q=%2e%2e/", "/a%20b%C3%A4?q=%2e%2e/"),
            ("/__clerk/x?u=https://evil.com/../y", "/x?u=https://evil.com/../y"),
        ] {
            assert_eq!(get(address, path, "").await.summary(), (200, "fine".to_owned()), "{path}");
            assert_eq!(upstream.one().target, target);
        }
        for path in [
            "/__clerk/../x",
            "/__clerk/..",
            "/__clerk/a/./b",
            "/__clerk/%2e%2E/x",
            "/__clerk/..\\x",
            "/__clerk/%2e%2e%2fv1/users",
            "/__clerk/%2F%2Fevil.com",
            "/__clerk/..%5c",
            "/__clerk/.%00.",
            "/__clerk/%252e%252e%252fv1/users",
            "/__clerk/..;/v1/users",
            "/__clerk/%c0%ae%c0%ae/v1/users",
            "/__clerk/v1/%0d%0ax",
        ] {
            let response = get(address, path, "").await;
            assert_eq!(response.summary(), (400, "proxy_path_mismatch".to_owned()), "{path}");
            assert_eq!(response.header("cache-control"), "no-store");
            assert_eq!(response.header("content-type"), "application/json");
        }
        assert!(upstream.take().is_empty());
    }
}

#[tokio::test]
async fn the_prefix_and_the_upstreams_path_can_be_configured() {
    let upstream = Upstream::start(header_lines(&[("location", "/base/next")])).await;
    let proxy = builder(format!("{}/base/", upstream.url())).path("/auth/clerk/").build().unwrap();
    for address in both_servers(proxy.into()).await {
        let response = get(address, "/auth/clerk/v1/x", "").await;
        assert_eq!(response.header("location"), format!("http://{address}/auth/clerk/next"));
        let received = upstream.one();
        assert_eq!(received.target, "/base/v1/x");
        assert_eq!(received.all("clerk-proxy-url"), [format!("http://{address}/auth/clerk")]);
        assert_eq!(get(address, "/__clerk/v1/x", "").await.body, "application /__clerk/v1/x");
    }
}

/// The headers that a client sends, and what the upstream gets of one header.
type Row<'a> = (&'a [(&'a str, &'a str)], &'a str, &'a [&'a str]);

async fn check_headers(address: SocketAddr, upstream: &Upstream, rows: &[Row<'_>]) {
    for (sent, name, arrived) in rows {
        assert_eq!(ask(address, "/__clerk/v1/client", sent).await.status, 200, "{sent:?}");
        assert_eq!(upstream.one().all(name), *arrived, "{sent:?}: {name}");
    }
}

#[tokio::test]
async fn request_headers_follow_the_rules() {
    let upstream = Upstream::fine().await;
    let fapi_host = &upstream.url()["http://".len()..];
    for address in both_servers(layer(upstream.url())).await {
        let public = format!("http://{address}/__clerk");
        let host = address.to_string();
        check_headers(
            address,
            &upstream,
            &[
                (&[("cookie", "a=b; c=d")], "cookie", &["a=b; c=d"]),
                (
                    &[("cookie", "a=b"), ("cookie", "c=d; e=f"), ("cookie", "g")],
                    "cookie",
                    &["a=b; c=d; e=f; g"],
                ),
                (&[("authorization", "Bearer x")], "authorization", &["Bearer x"]),
                (&[("x-own", "1"), ("x-own", "2")], "x-own", &["1", "2"]),
                (&[("user-agent", "me/1")], "user-agent", &["me/1"]),
                (&[("origin", "https://a.example")], "origin", &["https://a.example"]),
                // Set by the proxy, whatever the client sends.
                (&[], "host", &[fapi_host]),
                (&[], "clerk-secret-key", &[SECRET]),
                (&[("clerk-secret-key", "sk_live_other")], "clerk-secret-key", &[SECRET]),
                (
                    &[
                        ("clerk-secret-key", "a"),
                        ("Clerk-Secret-Key", "b"),
                        ("connection", "clerk-secret-key"),
                    ],
                    "clerk-secret-key",
                    &[SECRET],
                ),
                (&[], "clerk-proxy-url", &[&public]),
                (&[("clerk-proxy-url", "https://evil.example")], "clerk-proxy-url", &[&public]),
                (&[("accept-encoding", "gzip, br")], "accept-encoding", &["identity"]),
                // Hop-by-hop headers.
                (&[("connection", "keep-alive, x-own"), ("x-own", "1")], "x-own", &[]),
                (&[("connection", "x-a"), ("connection", " X-Own "), ("x-own", "1")], "x-own", &[]),
                (&[("connection", "close, , /")], "connection", &[]),
                (&[("connection", "host, cookie, accept-encoding")], "host", &[fapi_host]),
                (&[("connection", "upgrade"), ("upgrade", "websocket")], "upgrade", &[]),
                (&[("connection", "upgrade"), ("upgrade", "websocket")], "connection", &[]),
                (&[("keep-alive", "timeout=5")], "keep-alive", &[]),
                (&[("te", "trailers")], "te", &[]),
                (&[("expect", "100-continue")], "expect", &[]),
                (&[("trailer", "x-own")], "trailer", &[]),
                (&[("proxy-connection", "keep-alive")], "proxy-connection", &[]),
                (&[("proxy-authorization", "Basic x")], "proxy-authorization", &[]),
                (&[("proxy-authenticate", "Basic")], "proxy-authenticate", &[]),
                // No proxy is trusted.
                (&[], "x-forwarded-host", &[&host]),
                (&[], "x-forwarded-proto", &["http"]),
                (&[], "x-forwarded-for", &[]),
                (&[("x-forwarded-host", "evil.example")], "x-forwarded-host", &[&host]),
                (&[("x-forwarded-host", "evil.example")], "clerk-proxy-url", &[&public]),
                (&[("x-forwarded-proto", "https")], "x-forwarded-proto", &["http"]),
                (&[("x-forwarded-for", "1.2.3.4")], "x-forwarded-for", &[]),
                (&[("x-real-ip", "1.2.3.4")], "x-real-ip", &[]),
                (&[("cf-connecting-ip", "1.2.3.4")], "cf-connecting-ip", &[]),
                (&[("forwarded", "for=1.2.3.4")], "forwarded", &[]),
            ],
        )
        .await;
    }
}

#[tokio::test]
async fn headers_of_a_trusted_proxy_are_used() {
    let upstream = Upstream::fine().await;
    let proxy = builder(upstream.url()).forwarded(Forwarded::TrustFirst).build().unwrap();
    const XFH: (&str, &str) = ("x-forwarded-host", "app.example , proxy.example");
    const XFP: (&str, &str) = ("x-forwarded-proto", "https,http");
    for address in both_servers(proxy.into()).await {
        let public = format!("http://{address}/__clerk");
        let host = address.to_string();
        check_headers(
            address,
            &upstream,
            &[
                (&[XFH, XFP], "clerk-proxy-url", &["https://app.example/__clerk"]),
                (&[XFH, XFP], "x-forwarded-host", &["app.example"]),
                (&[XFH, XFP], "x-forwarded-proto", &["https"]),
                (
                    &[XFH, XFP, ("connection", "x-forwarded-host")],
                    "clerk-proxy-url",
                    &["https://app.example/__clerk"],
                ),
                (&[], "clerk-proxy-url", &[&public]),
                (&[], "x-forwarded-host", &[&host]),
                // What is not valid is not passed on either.
                (&[("x-forwarded-host", "a/b"), XFP], "clerk-proxy-url", &[&public]),
                (&[("x-forwarded-host", "a/b"), XFP], "x-forwarded-host", &[&host]),
                (&[("x-forwarded-host", " , app.example"), XFP], "clerk-proxy-url", &[&public]),
                (&[("x-forwarded-host", " , app.example"), XFP], "x-forwarded-host", &[&host]),
                (&[("x-forwarded-host", " , app.example"), XFP], "x-forwarded-proto", &["http"]),
                (&[], "x-forwarded-for", &[]),
                (&[("x-forwarded-for", " 1.1.1.1 , 2.2.2.2")], "x-forwarded-for", &["1.1.1.1"]),
                (&[("x-forwarded-for", ", 2.2.2.2")], "x-forwarded-for", &[]),
                (&[("x-forwarded-for", "not an ip<script>")], "x-forwarded-for", &[]),
            ],
        )
        .await;
    }
}

/// Headers in which servers tell each other about a caller.
const ABOUT_CALLERS: [&str; 58] = [
    "ali-cdn-real-ip",
    "akamai-origin-hop",
    "cdn-src-ip",
    "cf-connecting-ip",
    "cf-connecting-ipv6",
    "cf-ipcountry",
    "cf-pseudo-ipv4",
    "cf-ray",
    "cf-visitor",
    "client-ip",
    "do-connecting-ip",
    "fastly-client-ip",
    "fly-client-ip",
    "forwarded",
    "forwarded-for",
    "front-end-https",
    "incap-client-ip",
    "proxy-client-ip",
    "remote-addr",
    "true-client-ip",
    "via",
    "wl-proxy-client-ip",
    "x-appengine-user-ip",
    "x-arr-ssl",
    "x-azure-clientip",
    "x-azure-socketip",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-envoy-external-address",
    "x-forward-for",
    "x-forwarded",
    "x-forwarded-by",
    "x-forwarded-for",
    "x-forwarded-port",
    "x-forwarded-prefix",
    "x-forwarder-for",
    "x-host",
    "x-http-method",
    "x-http-method-override",
    "x-ip",
    "x-method-override",
    "x-nf-client-connection-ip",
    "x-original-forwarded-for",
    "x-original-host",
    "x-originating-ip",
    "x-peer-ip",
    "x-proxyuser-ip",
    "x-real-ip",
    "x-remote-ip",
    "x-request-uri",
    "x-scheme",
    "x-the-next-invention-ip",
    "x-the-next-invention-scheme",
    "x-the-next-invention-url",
    "x-url",
    "x-user-ip",
    "x-vercel-forwarded-for",
    "x-vercel-ip-country",
];

/// Clerk is told what the configured source says, and nothing that the caller says in another place.
#[tokio::test]
async fn the_callers_address_has_one_source() {
    let upstream = Upstream::fine().await;
    let real = ("x-forwarded-for", "10.0.0.9");
    let fixed = || Forwarded::Origin("https://app.example".parse().unwrap());
    let cloudflare = http::HeaderName::from_static("cf-connecting-ip");
    let of_peer = |head: &http::request::Parts| head.extensions.get().map(SocketAddr::ip);
    let none: &[&str] = &[];
    for (what, builder, expected) in [
        ("nothing is configured", builder(upstream.url()), none),
        ("a fixed origin", builder(upstream.url()).forwarded(fixed()), none),
        ("a trusted proxy", builder(upstream.url()).forwarded(Forwarded::TrustFirst), &["10.0.0.9"]),
        ("the peer", builder(upstream.url()).client_ip(of_peer), &["127.0.0.1"]),
        (
            "the peer of a trusted proxy",
            builder(upstream.url()).forwarded(Forwarded::TrustFirst).client_ip(of_peer),
            &["127.0.0.1"],
        ),
        (
            "a function that does not know it",
            builder(upstream.url()).forwarded(Forwarded::TrustFirst).client_ip(|_| None),
            none,
        ),
        ("another header", builder(upstream.url()).client_ip_header(cloudflare.clone()), none),
        (
            "another header of a trusted proxy",
            builder(upstream.url()).forwarded(Forwarded::TrustFirst).client_ip_header(cloudflare.clone()),
            none,
        ),
    ] {
        let address = serve_hyper(builder.build().unwrap()).await;
        for name in ABOUT_CALLERS {
            let other_spelling = name.to_uppercase().replace('-', "_");
            for (name, value) in
                [(name, "6.6.6.6"), (name, "not an ip<script>"), (&*other_spelling, "6.6.6.6")]
            {
                let is_source = name == "x-forwarded-for";
                let is_own =
                    name == "cf-connecting-ip" && what.starts_with("another header") && value == "6.6.6.6";
                // After the header that the trusted server sets, unless it is that one.
                let sent = if is_source { vec![real] } else { vec![real, (name, value)] };
                assert_eq!(ask(address, "/__clerk/v1/client", &sent).await.status, 200, "{what}: {name}");
                let received = upstream.one();
                let expected = if is_own { &["6.6.6.6"][..] } else { expected };
                assert_eq!(received.all("x-forwarded-for"), expected, "{what}: {name}: {value}");
                let told: Vec<_> = received
                    .headers
                    .keys()
                    .map(http::HeaderName::as_str)
                    .filter(|name| {
                        let name = name.replace('_', "-");
                        ABOUT_CALLERS.contains(&&*name) && name != "x-forwarded-for"
                    })
                    .collect();
                assert_eq!(told, none, "{what}: {name}");
            }
        }
    }
}

#[tokio::test]
async fn with_a_fixed_origin_forwarded_headers_are_ignored() {
    let upstream = Upstream::fine().await;
    let fixed = Forwarded::Origin("https://app.example".parse().unwrap());
    let proxy = builder(upstream.url()).forwarded(fixed).build().unwrap();
    let claims =
        [("x-forwarded-host", "evil.example"), ("x-forwarded-proto", "http"), ("x-real-ip", "1.1.1.1")];
    for address in both_servers(proxy.into()).await {
        assert_eq!(ask(address, "/__clerk/v1", &claims).await.status, 200);
        let received = upstream.one();
        assert_eq!(received.all("clerk-proxy-url"), ["https://app.example/__clerk"]);
        assert_eq!(received.all("x-forwarded-host"), ["app.example"]);
        assert_eq!(received.all("x-forwarded-proto"), ["https"]);
        assert_eq!(received.all("x-forwarded-for"), [""; 0]);
    }
}

#[tokio::test]
async fn an_explicit_source_of_the_callers_address_wins() {
    let upstream = Upstream::fine().await;
    for trust in [Forwarded::Ignore, Forwarded::TrustFirst] {
        let builder = builder(upstream.url()).forwarded(trust);
        // The peer's address, as axum and as this test's hyper server provide it.
        let axum = builder
            .clone()
            .client_ip(|head| Some(head.extensions.get::<ConnectInfo<SocketAddr>>()?.0.ip()))
            .build()
            .unwrap();
        let app = Router::new().layer(ProxyLayer::from(axum));
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let in_axum = listener.local_addr().unwrap();
        let app = app.into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, app).await });
        let bare = builder.client_ip(|head| head.extensions.get().map(SocketAddr::ip)).build().unwrap();
        let in_hyper = serve_hyper(bare).await;
        for address in [in_axum, in_hyper] {
            ask(address, "/__clerk/v1", &[]).await;
            assert_eq!(upstream.one().all("x-forwarded-for"), ["127.0.0.1"]);
            ask(address, "/__clerk/v1", &[("x-forwarded-for", "1.1.1.1")]).await;
            assert_eq!(upstream.one().all("x-forwarded-for"), ["127.0.0.1"]);
        }
    }
}

#[tokio::test]
async fn requests_that_cannot_be_represented_are_rejected() {
    let upstream = Upstream::fine().await;
    let large = format!(
        "GET /__clerk/x HTTP/1.1\r\nhost: a\r\nx: {}\r\nconnection: close\r\n\r\n",
        "a".repeat(70_000)
    );
    for address in both_servers(layer(upstream.url())).await {
        for (request, status) in [
            ("TRACE /__clerk/x HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n", 400),
            ("TRACK /__clerk/x HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n", 400),
            ("GET /__clerk/x HTTP/1.1\r\nconnection: close\r\n\r\n", 400),
            ("GET /__clerk/x HTTP/1.1\r\nhost: a\r\nhost: b\r\nconnection: close\r\n\r\n", 400),
            ("GET /__clerk/x HTTP/1.1\r\nhost: u@a\r\nconnection: close\r\n\r\n", 400),
            (&large, 431),
        ] {
            let response = raw(address, request).await;
            assert!(response.starts_with(&format!("HTTP/1.1 {status} ")), "{response}");
            assert!(
                response.contains("\"proxy_request_failed\"") && !response.contains(SECRET),
                "{response}"
            );
        }
        assert!(upstream.take().is_empty());
        // An absolute URI names its host itself, and an HTTP/1.0 client is served.
        let absolute = "GET http://b.example/__clerk/x HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
        assert!(raw(address, absolute).await.starts_with("HTTP/1.1 200 "));
        assert_eq!(upstream.one().all("clerk-proxy-url"), ["http://b.example/__clerk"]);
        let old = raw(address, "GET /__clerk/x HTTP/1.0\r\nhost: a\r\n\r\n").await;
        assert!(old.starts_with("HTTP/1.0 200 ") && old.ends_with("fine"), "{old}");
        assert_eq!(upstream.one().target, "/x");
    }
}

#[tokio::test]
async fn responses_are_forwarded_without_hop_by_hop_headers() {
    let upstream = Upstream::start(header_lines(&[
        ("set-cookie", "__client=1; Path=/; HttpOnly"),
        ("set-cookie", "__client_uat=2; Path=/"),
        ("set-cookie", "__session=3"),
        ("connection", "keep-alive, x-listed"),
        ("x-listed", "1"),
        ("keep-alive", "timeout=5"),
        ("proxy-authenticate", "Basic"),
        ("trailer", "x-later"),
        ("upgrade", "h2c"),
        ("content-encoding", "identity"),
        ("cache-control", "private"),
        ("vary", "a"),
        ("vary", "b"),
    ]))
    .await;
    for address in both_servers(layer(upstream.url())).await {
        let response = get(address, "/__clerk/v1/client", "").await;
        assert_eq!(response.summary(), (200, "fine".to_owned()));
        let all =
            |name| response.headers.get_all(name).iter().map(|v| v.to_str().unwrap()).collect::<Vec<_>>();
        let cookies = ["__client=1; Path=/; HttpOnly", "__client_uat=2; Path=/", "__session=3"];
        assert_eq!(all("set-cookie"), cookies);
        assert_eq!(all("vary"), ["a", "b"]);
        assert_eq!(response.header("cache-control"), "private");
        for name in [
            "x-listed",
            "keep-alive",
            "proxy-authenticate",
            "trailer",
            "upgrade",
            "content-encoding",
            "connection",
        ] {
            assert_eq!(all(name), [""; 0], "{name}");
        }
    }
}

#[tokio::test]
async fn statuses_are_forwarded_and_redirects_are_not_followed() {
    let upstream = Upstream::start(|received| {
        let query: Vec<&str> = received.target["/?".len()..].splitn(2, '&').collect();
        let mut response = Response::new(text("fine"));
        *response.status_mut() = query[0].parse::<u16>().unwrap().try_into().unwrap();
        response.headers_mut().insert("location", query[1].parse().unwrap());
        response
    })
    .await;
    for address in both_servers(layer(upstream.url())).await {
        let public = format!("http://{address}/__clerk");
        let fapi = upstream.url();
        for (status, location, want) in [
            (302, "/v1/next?a=b".to_owned(), format!("{public}/v1/next?a=b")),
            (307, format!("{fapi}/v1/next"), format!("{public}/v1/next")),
            (303, "next".to_owned(), format!("{public}/next")),
            (301, format!("{fapi}//evil.com/x"), format!("{public}//evil.com/x")),
            (302, "https://app.example/done?a=b".to_owned(), "https://app.example/done?a=b".to_owned()),
            (302, "//evil.com/x".to_owned(), "//evil.com/x".to_owned()),
            (302, "myapp://callback".to_owned(), "myapp://callback".to_owned()),
            (201, "/v1/made".to_owned(), format!("{public}/v1/made")),
            (404, String::new(), public.clone() + "/?404&"),
            (422, "https://[".to_owned(), "https://[".to_owned()),
            (500, "/".to_owned(), format!("{public}/")),
        ] {
            let received = get(address, &format!("/__clerk?{status}&{location}"), "").await;
            assert_eq!((received.status.as_u16(), received.header("location")), (status, &*want));
            upstream.one();
        }
    }
}

#[tokio::test]
async fn upstream_failures_are_a_502_without_details() {
    let close = |text: &str| Fault::Close(text.to_owned());
    let switch = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";
    let large = format!("HTTP/1.1 200 OK\r\nx: {}\r\ncontent-length: 0\r\n\r\n", "a".repeat(70_000));
    let mut urls = vec![("nobody", nobody().await)];
    for (case, fault) in [
        ("closed at once", close("")),
        ("closed within the headers", close("HTTP/1.1 200 OK\r\ncontent-le")),
        ("garbage", close("SSH-2.0-OpenSSH_9.9\r\n")),
        ("another protocol", close(switch)),
        ("large headers", close(&large)),
        ("silence", Fault::Stall(String::new())),
        ("silence within the headers", Fault::Stall("HTTP/1.1 200 OK\r\n".to_owned())),
    ] {
        urls.push((case, FaultServer::start(fault).await.api_url()));
    }
    for (case, url) in urls {
        // Only a silent upstream runs into the timeout.
        let timeout = Duration::from_millis(if case.starts_with("silence") { 50 } else { 60_000 });
        let proxy = builder(url).timeout(timeout).build().unwrap();
        for address in both_servers(proxy.into()).await {
            let request = Request::post("/__clerk/v1/client").header("cookie", "a=hidden");
            let response = send(address, request.body(Full::from("a=hidden")).unwrap()).await;
            assert_eq!(response.summary(), (502, "proxy_request_failed".to_owned()), "{case}");
            assert_eq!(response.header("cache-control"), "no-store");
            assert_eq!(response.header("content-type"), "application/json");
            let shown = format!("{response:?}");
            for hidden in ["tHiSmUsT", "hidden", "127.0.0.1", "v1/client"] {
                assert!(!shown.contains(hidden), "{case}: {shown}");
            }
        }
    }
}

#[tokio::test]
async fn a_truncated_response_is_truncated_for_the_caller_too() {
    for fault in [
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nfirst",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n",
    ] {
        let upstream = FaultServer::start(Fault::Close(fault.to_owned())).await;
        for address in both_servers(layer(upstream.api_url())).await {
            let stream = TcpStream::connect(address).await.unwrap();
            let (mut sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
            tokio::spawn(connection);
            let request =
                Request::get("/__clerk/x").header("host", "a").body(Full::<Bytes>::default()).unwrap();
            // The head may not have been flushed before the connection is closed.
            let Ok(response) = sender.send_request(request).await else { continue };
            assert_eq!(response.status(), 200);
            assert!(response.into_body().collect().await.is_err(), "{fault}");
        }
    }
}

#[tokio::test]
async fn an_unrequested_content_encoding_stays_declared() {
    let gzip = http_response("200 OK", "content-encoding: gzip\r\n", "not unpacked");
    let upstream = FaultServer::start(Fault::Close(gzip)).await;
    for address in both_servers(layer(upstream.api_url())).await {
        let response = get(address, "/__clerk/x", "").await;
        assert_eq!((response.header("content-encoding"), &*response.body), ("gzip", "not unpacked"));
    }
}

/// An endless body that counts how often it is polled and whether it was dropped.
struct Endless {
    pulled: Arc<AtomicUsize>,
    piece: Bytes,
    _gone: Gone,
}

/// Counts how often it was dropped.
struct Gone(Arc<AtomicUsize>);

impl Drop for Gone {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[derive(Clone, Default)]
struct Counts {
    pulled: Arc<AtomicUsize>,
    gone: Arc<AtomicUsize>,
}

impl Counts {
    fn body(&self, size: usize) -> Endless {
        let (pulled, piece) = (self.pulled.clone(), Bytes::from(vec![7; size]));
        Endless { pulled, piece, _gone: Gone(self.gone.clone()) }
    }

    fn pulled(&self) -> usize {
        self.pulled.load(Ordering::SeqCst)
    }

    fn gone(&self) -> usize {
        self.gone.load(Ordering::SeqCst)
    }
}

impl Body for Endless {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<std::io::Result<Frame<Bytes>>>> {
        self.pulled.fetch_add(1, Ordering::SeqCst);
        Poll::Ready(Some(Ok(Frame::data(self.piece.clone()))))
    }
}

fn to_proxy<B>(body: B) -> Request<B> {
    Request::post("/__clerk/v1/client").header("host", "a").body(body).unwrap()
}

/// Opens a new connection, and returns the response once its head is there.
async fn open<B>(address: SocketAddr, request: Request<B>) -> Response<Incoming>
where
    B: Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
{
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender.send_request(request).await.unwrap()
}

#[tokio::test]
async fn both_directions_are_streamed() {
    let echo = service_fn(async |request: Request<Incoming>| {
        Ok::<_, Infallible>(Response::new(request.into_body()))
    });
    let upstream = serve_hyper(echo).await;
    for address in both_servers(layer(format!("http://{upstream}"))).await {
        let (feed, body) = fed();
        feed.send(Bytes::from("piece 0")).await.unwrap();
        let mut response = open(address, to_proxy(body)).await.into_body();
        for number in 0..20 {
            let piece = response.frame().await.unwrap().unwrap().into_data().unwrap();
            assert_eq!(piece, format!("piece {number}"));
            // Only now is another chunk sent.
            feed.send(Bytes::from(format!("piece {}", number + 1))).await.unwrap();
        }
        drop(feed);
        assert_eq!(response.collect().await.unwrap().to_bytes(), "piece 20");
    }
}

#[tokio::test]
async fn bodies_are_read_only_on_demand() {
    let download = Counts::default();
    let request = Counts::default();
    let (body, sent) = (download.clone(), request.clone());
    let proxy = over(service_fn(move |request: Request<ProxyBody>| {
        let (body, sent) = (body.body(1000), sent.clone());
        async move {
            let mut upload = request.into_body();
            assert_eq!(sent.pulled(), 0);
            for pulled in 1..=10 {
                upload.frame().await.unwrap().unwrap();
                assert_eq!(sent.pulled(), pulled);
            }
            Ok::<_, Infallible>(Response::new(body))
        }
    }));
    let mut response = proxy.oneshot(to_proxy(request.body(1000))).await.unwrap();
    assert_eq!((request.pulled(), request.gone()), (10, 1));
    assert_eq!(download.pulled(), 0);
    for pulled in 1..=10 {
        response.frame().await.unwrap().unwrap();
        assert_eq!(download.pulled(), pulled);
    }
    assert_eq!(download.gone(), 0);
    drop(response);
    assert_eq!(download.gone(), 1);
}

#[tokio::test]
async fn a_slow_reader_causes_backpressure_and_a_disconnect_ends_the_response() {
    const PIECE: usize = 64 * 1024;
    let counts = Counts::default();
    let shared = counts.clone();
    let endless = service_fn(move |_: Request<Incoming>| {
        std::future::ready(Ok::<_, Infallible>(Response::new(shared.body(PIECE))))
    });
    let upstream = serve_hyper(endless).await;
    for (number, address) in both_servers(layer(format!("http://{upstream}"))).await.into_iter().enumerate() {
        let before = counts.pulled();
        let mut response = open(address, to_proxy(Full::<Bytes>::default())).await;
        response.frame().await.unwrap().unwrap();
        for _ in 0..50 {
            // Every task runs until it waits, so without backpressure there would be thousands.
            settle().await;
        }
        // Sockets and their readers buffer far less than these 64 MiB.
        assert!(counts.pulled() - before < 1024, "{} pieces", counts.pulled() - before);
        assert_eq!(counts.gone(), number);
        drop(response);
        eventually("the upstream is told", || counts.gone() == number + 1).await;
    }
}

#[tokio::test]
async fn a_disconnect_during_a_silent_response_ends_the_exchange() {
    let (feeds, mut started) = tokio::sync::mpsc::unbounded_channel();
    let silent = service_fn(move |_: Request<Incoming>| {
        let (feed, body) = fed();
        feeds.send(feed).unwrap();
        std::future::ready(Ok::<_, Infallible>(Response::new(body)))
    });
    let upstream = serve_hyper(silent).await;
    for address in both_servers(layer(format!("http://{upstream}"))).await {
        let response = open(address, to_proxy(Full::<Bytes>::default())).await;
        let feed = started.recv().await.unwrap();
        drop(response);
        feed.closed().await;
    }
}

#[tokio::test]
async fn an_aborted_upload_is_not_a_complete_request_for_clerk() {
    let (ends, mut ended) = tokio::sync::mpsc::unbounded_channel();
    let upstream = serve_hyper(service_fn(move |request: Request<Incoming>| {
        let ends = ends.clone();
        async move {
            let mut body = request.into_body();
            let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
            ends.send(Ok(first)).unwrap();
            ends.send(body.collect().await.map(http_body_util::Collected::to_bytes)).unwrap();
            Ok::<_, Infallible>(Response::new(text("")))
        }
    }))
    .await;
    for address in both_servers(layer(format!("http://{upstream}"))).await {
        for head in ["content-length: 10", "transfer-encoding: chunked"] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let body = if head.ends_with('d') { "5\r\nfirst\r\n" } else { "first" };
            let sent = format!("POST /__clerk/x HTTP/1.1\r\nhost: a\r\n{head}\r\n\r\n{body}");
            stream.write_all(sent.as_bytes()).await.unwrap();
            assert_eq!(ended.recv().await.unwrap().unwrap(), "first");
            drop(stream);
            assert!(ended.recv().await.unwrap().is_err(), "{head}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_upstream_times_out_and_the_request_body_is_dropped() {
    let counts = Counts::default();
    let proxy = builder("https://fapi.example")
        .timeout(Duration::from_secs(7))
        .build_with(service_fn(async |request: Request<ProxyBody>| {
            let _held = request;
            std::future::pending::<Result<Response<Full<Bytes>>, Infallible>>().await
        }))
        .unwrap();
    let begin = tokio::time::Instant::now();
    let response = proxy.clone().oneshot(to_proxy(counts.body(1))).await.unwrap();
    assert_eq!((response.status().as_u16(), begin.elapsed()), (502, Duration::from_secs(7)));
    assert_eq!(counts.gone(), 1);
    // A caller that disconnects first.
    let mut call = Box::pin(proxy.oneshot(to_proxy(counts.body(1))));
    assert!(poll_immediate(&mut call).await.is_none());
    assert_eq!(counts.gone(), 1);
    drop(call);
    assert_eq!(counts.gone(), 2);
}

#[tokio::test]
async fn requests_in_flight_are_bounded_until_their_responses_end() {
    let (feeds, mut started) = tokio::sync::mpsc::unbounded_channel();
    let upstream = service_fn(move |_: Request<ProxyBody>| {
        let (feed, body) = fed();
        feeds.send(feed).unwrap();
        std::future::ready(Ok::<_, Infallible>(Response::new(body)))
    });
    let proxy = builder("https://fapi.example").max_in_flight(2).build_with(upstream).unwrap();
    let ask = || proxy.clone().oneshot(to_proxy(Full::<Bytes>::default()));
    let (one, two) = (ask().await.unwrap(), ask().await.unwrap());
    let refused = ask().await.unwrap();
    assert_eq!((refused.status().as_u16(), refused.headers()["retry-after"].to_str().unwrap()), (503, "1"));
    let body = refused.into_body().collect().await.unwrap().to_bytes();
    assert!(body.windows(10).any(|part| part == b"proxy_busy"), "{body:?}");
    // Rejected requests take no place, and neither does a response that was dropped or read to its end.
    drop(two);
    let three = ask().await.unwrap();
    assert_eq!(ask().await.unwrap().status(), 503);
    drop(started.recv().await.unwrap());
    assert_eq!(one.into_body().collect().await.unwrap().to_bytes(), "");
    assert_eq!(ask().await.unwrap().status(), 200);
    drop(three);
}

#[tokio::test]
async fn callers_who_do_not_send_their_bodies_make_room_for_others() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let upstream = Upstream::fine().await;
    let hour = Duration::from_secs(3600);
    let proxy = builder(upstream.url()).max_in_flight(4).idle_timeout(hour).timeout(hour).build().unwrap();
    let address = serve(Router::new().fallback_service(proxy)).await;
    let mut strangers = Vec::new();
    for body in ["", "a", "", "a", "", "a", "", "a"] {
        let mut stranger = TcpStream::connect(address).await.unwrap();
        let head = "POST /__clerk/x HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\n";
        stranger.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
        strangers.push(stranger);
    }
    for body in ["", "some", "", "more"].map(Full::<Bytes>::from) {
        let request = || Request::post("/__clerk/v1/client").body(body.clone()).unwrap();
        // A place is free once the transport waits for one of the strangers.
        let served = async { while send(address, request()).await.status != 200 {} };
        tokio::time::timeout(Duration::from_secs(60), served).await.unwrap();
    }
    let mut response = vec![0; 1024];
    let length = strangers.remove(0).read(&mut response).await.unwrap();
    let response = String::from_utf8_lossy(&response[..length]);
    assert!(response.starts_with("HTTP/1.1 503 ") && response.contains("proxy_busy"), "{response}");
    let counted = snapshotter.snapshot().into_vec().into_iter().any(|(key, _, _, value)| {
        key.key().name() == "clerk_proxy_busy_total" && value != DebugValue::Counter(0)
    });
    assert!(counted);
}

/// Returns the caller's status for a transport that first reads the request's body, on a paused clock.
async fn upload<B>(body: B) -> (u16, Duration)
where
    B: Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
{
    let proxy = over(service_fn(async |request: Request<ProxyBody>| {
        request.into_body().collect().await?;
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(Response::new(text("fine")))
    }));
    let begin = tokio::time::Instant::now();
    let response = proxy.oneshot(to_proxy(body)).await.unwrap();
    (response.status().as_u16(), begin.elapsed())
}

#[tokio::test(start_paused = true)]
async fn a_callers_own_body_that_breaks_off_or_stands_still_is_the_callers_fault() {
    assert_eq!(upload(Full::<Bytes>::from("whole")).await, (200, Duration::ZERO));
    let broken =
        futures_util::stream::iter([Ok(Frame::data(Bytes::from("a"))), Err(std::io::Error::other("broken"))]);
    assert_eq!(upload(http_body_util::StreamBody::new(broken)).await, (400, Duration::ZERO));
    let (feed, stalled) = fed();
    feed.send(Bytes::from("a")).await.unwrap();
    assert_eq!(upload(stalled).await, (408, Duration::from_secs(30)));
    // One that goes on, but too slowly.
    let (feed, slow) = fed();
    tokio::spawn(async move {
        while feed.send(Bytes::from("a")).await.is_ok() {
            tokio::time::sleep(Duration::from_secs(7)).await;
        }
    });
    assert_eq!(upload(slow).await, (408, Duration::from_secs(60)));
}

/// Run in a separate process, because `tracing` caches globally which events are enabled.
#[tokio::test(start_paused = true)]
async fn a_caller_is_blamed_only_if_it_was_waited_for() {
    if !clerk_tests::alone(module_path!(), "a_caller_is_blamed_only_if_it_was_waited_for") {
        return;
    }
    type Failed = Box<dyn std::error::Error + Send + Sync>;
    let log = Log::default();
    let _guard = log.listen(tracing::Level::WARN);
    // Clerk reads this many parts of a body of two, and reads on after so many seconds. The body then ends, or stands still.
    for (what, reads, reads_on, ends, expected, warned) in [
        ("Clerk reads nothing", 0, 3600, true, (502, 60), 1),
        ("Clerk stops reading", 1, 3600, true, (502, 60), 0),
        ("Clerk reads on too late", 1, 40, true, (502, 40), 0),
        ("Clerk has all of it and does not respond", 2, 3600, true, (502, 60), 0),
        ("the caller stops, and Clerk was slow before", 2, 25, false, (408, 55), 0),
    ] {
        let proxy = builder("https://fapi.example").timeout(Duration::from_secs(60));
        let proxy = proxy.build_with(service_fn(move |request: Request<ProxyBody>| async move {
            let mut body = request.into_body();
            for _ in 0..reads {
                body.frame().await.unwrap()?;
            }
            tokio::time::sleep(Duration::from_secs(reads_on)).await;
            body.collect().await?;
            Ok::<_, Failed>(Response::new(text("fine")))
        }));
        let part = |text: &'static str| Ok::<_, std::io::Error>(Frame::data(Bytes::from(text)));
        let parts = futures_util::stream::iter([part("a"), part("b")]);
        let rest =
            futures_util::stream::poll_fn(move |_| if ends { Poll::Ready(None) } else { Poll::Pending });
        let body = http_body_util::StreamBody::new(futures_util::StreamExt::chain(parts, rest));
        let begin = tokio::time::Instant::now();
        let response = proxy.unwrap().oneshot(to_proxy(body)).await.unwrap();
        assert_eq!((response.status().as_u16(), begin.elapsed().as_secs()), expected, "{what}");
        let warnings = log.warnings();
        assert_eq!(warnings.len(), warned, "{what}: {warnings:?}");
        assert!(warnings.iter().all(|line| line.contains("phase=\"timeout\"")), "{warnings:?}");
    }
    // Nobody was slow.
    let broken = over(service_fn(async |_: Request<ProxyBody>| {
        Err::<Response<Full<Bytes>>, Failed>("connection reset".into())
    }));
    assert_eq!(broken.oneshot(to_proxy(Full::<Bytes>::from("a"))).await.unwrap().status(), 502);
    let warnings = log.warnings();
    assert!(matches!(&warnings[..], [line] if line.contains("phase=\"transfer\"")), "{warnings:?}");
}

#[tokio::test]
async fn a_slow_caller_costs_no_connection_of_others() {
    let connections = Arc::new(AtomicUsize::new(0));
    let (arrivals, mut arrived) = tokio::sync::mpsc::unbounded_channel();
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let upstream = listener.local_addr().unwrap();
    let counter = connections.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counter.fetch_add(1, Ordering::SeqCst);
            let arrivals = arrivals.clone();
            let respond = service_fn(move |request: Request<Incoming>| {
                let arrivals = arrivals.clone();
                async move {
                    let (feed, body) = fed();
                    if request.into_body().collect().await.is_ok() {
                        arrivals.send(feed).unwrap();
                    }
                    Ok::<_, Infallible>(Response::new(body))
                }
            });
            let service = hyper_util::service::TowerToHyperService::new(respond);
            let connection = hyper::server::conn::http1::Builder::new();
            tokio::spawn(connection.serve_connection(TokioIo::new(stream), service));
        }
    });
    let proxy = builder(format!("http://{upstream}")).timeout(Duration::from_secs(2)).build().unwrap();
    let address = serve(Router::new().fallback_service(proxy)).await;
    // Two at the same time, so that the transport has two connections.
    let ask = || tokio::spawn(async move { get(address, "/__clerk/v1/client", "").await.status });
    let both = [ask(), ask()];
    let feeds = [arrived.recv().await.unwrap(), arrived.recv().await.unwrap()];
    drop(feeds);
    for one in both {
        assert_eq!(one.await.unwrap(), 200);
    }
    // One of them is lost with this request.
    let mut slow = TcpStream::connect(address).await.unwrap();
    let head = "POST /__clerk/x HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\na";
    slow.write_all(head.as_bytes()).await.unwrap();
    let mut response = vec![0; 1024];
    let length = slow.read(&mut response).await.unwrap();
    assert!(response[..length].starts_with(b"HTTP/1.1 408 "), "{}", String::from_utf8_lossy(&response));
    let next = ask();
    drop(arrived.recv().await.unwrap());
    assert_eq!(next.await.unwrap(), 200);
    assert_eq!(connections.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn a_response_that_stands_still_is_cut_off() {
    let counts = Counts::default();
    let proxy = |body: AnyBody| {
        let body = Arc::new(std::sync::Mutex::new(Some(body)));
        let proxy = builder("https://fapi.example").max_in_flight(1).build_with(service_fn(
            move |_: Request<ProxyBody>| {
                let body = body.lock().unwrap().take().unwrap_or_else(|| text("next"));
                std::future::ready(Ok::<_, Infallible>(Response::new(body)))
            },
        ));
        proxy.unwrap()
    };
    let ask =
        async |proxy: &Proxy<_>| proxy.clone().oneshot(to_proxy(Full::<Bytes>::default())).await.unwrap();
    let begin = tokio::time::Instant::now();
    // Because nothing arrives from Clerk.
    let (feed, body) = fed();
    let silent = proxy(body);
    feed.send(Bytes::from("first")).await.unwrap();
    let mut response = ask(&silent).await;
    assert_eq!(response.frame().await.unwrap().unwrap().into_data().unwrap(), "first");
    assert!(response.frame().await.unwrap().is_err());
    assert_eq!(begin.elapsed(), Duration::from_secs(30));
    // Because the caller does not read, so that nobody polls the body.
    let unread = proxy(counts.body(1000).boxed_unsync());
    let mut response = ask(&unread).await;
    response.frame().await.unwrap().unwrap();
    assert_eq!(ask(&unread).await.status(), 503);
    tokio::time::sleep(Duration::from_secs(29)).await;
    assert_eq!(counts.gone(), 0);
    // Each part that is read starts the time anew.
    response.frame().await.unwrap().unwrap();
    tokio::time::sleep(Duration::from_secs(29)).await;
    assert_eq!(counts.gone(), 0);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(counts.gone(), 1);
    assert_eq!(ask(&unread).await.status(), 200);
    assert!(response.frame().await.unwrap().is_err());
}

#[tokio::test]
async fn http_versions_and_extensions_are_not_forwarded() {
    let inspect = service_fn(async |request: Request<ProxyBody>| {
        assert_eq!(request.version(), Version::HTTP_11);
        assert!(request.extensions().get::<&str>().is_none());
        assert_eq!(request.uri().host(), Some("fapi.example"));
        assert!(request.headers()["clerk-secret-key"].is_sensitive());
        let mut response = Response::new(text("fine"));
        *response.version_mut() = Version::HTTP_2;
        response.extensions_mut().insert("theirs");
        Ok::<_, Infallible>(response)
    });
    let upstream = Upstream::fine().await;
    for version in [Version::HTTP_10, Version::HTTP_11, Version::HTTP_2, Version::HTTP_3] {
        let request = || {
            let mut request = to_proxy(Full::<Bytes>::from("body"));
            *request.version_mut() = version;
            request.extensions_mut().insert("ours");
            request
        };
        let response = over(inspect).oneshot(request()).await.unwrap();
        assert_eq!((response.status().as_u16(), response.version()), (200, Version::HTTP_11));
        assert!(response.extensions().is_empty());
        // The default transport accepts every version, too.
        let proxy = builder(upstream.url()).build().unwrap();
        assert_eq!(proxy.oneshot(request()).await.unwrap().status(), 200);
        assert_eq!(upstream.one().body, "body");
    }
}

#[tokio::test]
async fn an_outer_proxy_responds_before_authentication() {
    let instance = Instance::new();
    let upstream = Upstream::fine().await;
    let clerk = instance
        .builder()
        .publishable_key(PUBLISHABLE)
        .fapi_url(upstream.url())
        .authentication(|options| options.proxy_url("https://app.example.com/__clerk"))
        .transport(instance.local.clone())
        .build()
        .unwrap();
    let app = Router::new()
        .route("/{*path}", routing::get("application"))
        .layer(ClerkLayer::new(&clerk))
        .layer(ProxyLayer::new(&clerk).unwrap());
    let service = ServiceBuilder::new()
        .layer(ProxyLayer::new(&clerk).unwrap())
        .layer(AuthenticateLayer::new(&clerk))
        .service_fn(async |_: Request<Incoming>| Ok::<_, Infallible>(Response::new(text("application"))));
    for address in [serve(app).await, serve_hyper(service).await] {
        let response = get(address, "/__clerk/v1/client", &instance.ada()).await;
        assert_eq!(response.summary(), (200, "fine".to_owned()));
        assert!(!response.headers.contains_key("x-clerk-auth-status"));
        assert!(clerk.keys().current().is_none());
        let received = upstream.one();
        assert_eq!(received.all("clerk-secret-key"), [instance.secret_key().expose()]);
        assert_eq!(received.all("authorization").len(), 1);
        let response = get(address, "/x", "").await;
        assert_eq!((&*response.body, response.header("x-clerk-auth-status")), ("application", "signed-out"));
    }
}

#[tokio::test]
async fn the_proxy_can_be_a_route_service() {
    let upstream = Upstream::fine().await;
    let proxy = || builder(upstream.url()).build().unwrap();
    let app = Router::new()
        .route_service("/__clerk/{*path}", proxy())
        .nest_service("/nested", proxy())
        .fallback_service(proxy());
    let address = serve(app).await;
    assert_eq!(get(address, "/__clerk/v1/client", "").await.summary(), (200, "fine".to_owned()));
    assert_eq!(upstream.one().target, "/v1/client");
    // A nested service sees only the rest of the path.
    assert_eq!(get(address, "/nested/__clerk/v1", "").await.body, "fine");
    for path in ["/nested/v1", "/elsewhere", "/__clerkx"] {
        assert_eq!(get(address, path, "").await.summary(), (400, "proxy_path_mismatch".to_owned()));
    }
}

#[tokio::test]
async fn readiness_is_used_or_released_and_transports_are_awaited() {
    fn limited<S>(service: S) -> ConcurrencyLimit<S> {
        ConcurrencyLimit::new(service, 1)
    }
    let application = service_fn(async |_: Request<Full<Bytes>>| {
        tokio::task::yield_now().await;
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("application")))
    });
    let transport = service_fn(async |_: Request<ProxyBody>| {
        tokio::task::yield_now().await;
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("fine")))
    });
    let layer = clerk_tower::server::proxy::ProxyLayer::from(over(limited(transport)));
    let service: Proxied<_, _> = ServiceBuilder::new().layer(layer).service(limited(application));
    let proxied = || to_proxy(Full::<Bytes>::default());
    let other = || Request::new(Full::<Bytes>::default());
    let mut one = service.clone();
    let mut two = service.clone();
    for _ in 0..50 {
        let response = one.ready().await.unwrap().call(proxied()).await.unwrap();
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "fine");
        // The permit of the request that was proxied is released at once.
        assert!(poll_immediate(two.ready()).await.is_some());
        let response = two.call(other()).await.unwrap();
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "application");
    }
    drop((one, two));
    let many =
        (0..200).map(|number| service.clone().oneshot(if number % 2 == 0 { proxied() } else { other() }));
    assert!(join_all(many).await.into_iter().all(|response| response.unwrap().status() == 200));
}

#[test]
fn invalid_settings_are_found_before_any_request() {
    let good = || builder("https://fapi.example");
    for (builder, setting) in [
        (good().fapi_url("http://fapi.example"), "fapi_url"),
        (good().fapi_url("https://me:hunter2@fapi.example"), "fapi_url"),
        (good().fapi_url("https://fapi.example?a=b"), "fapi_url"),
        (good().fapi_url("https://fapi.example#a"), "fapi_url"),
        (good().path("clerk"), "path"),
        (good().path("/"), "path"),
        (good().path("/a/../b"), "path"),
        (ProxyBuilder::new(&Clerk::builder().secret_key(SECRET).build().unwrap()), "publishable_key"),
        (of_client(None), "proxy_url"),
        (of_client(Some("/a/../b")), "path"),
    ] {
        let error = builder.build().unwrap_err();
        assert_eq!(error.setting, setting);
        let message = format!("{error} {error:?}");
        assert!(!message.contains("hunter2") && !message.contains("tHiSmUsT"), "{message}");
    }
    good().fapi_url("http://localhost:1").path("/a/b/").build().unwrap();
    of_client(None).path("/a").build().unwrap();
    of_client(Some("/a")).build().unwrap();
}

/// Returns the proxy of a client that is configured with this `proxy_url`.
fn of_client(proxy_url: Option<&str>) -> ProxyBuilder {
    let builder = Clerk::builder().secret_key(SECRET).publishable_key(PUBLISHABLE);
    let builder = builder.authentication(|options| match proxy_url {
        Some(url) => options.proxy_url(url),
        None => options,
    });
    ProxyBuilder::new(&builder.build().unwrap())
}
