//! Tests of the layers on a bare hyper server, without a web framework.

use std::{convert::Infallible, net::SocketAddr};

use bytes::Bytes;
use clerk_tests::{Instance, browser::LIVE, get, send};
use clerk_tower::{
    Clerk,
    server::authenticate::{Auth, AuthenticateLayer},
    server::require::RequireLayer,
};
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    body::Incoming,
    server::conn::{http1, http2},
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tower::{Layer as _, ServiceBuilder, ServiceExt as _, limit::ConcurrencyLimitLayer, service_fn};

async fn greet(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let auth = Auth::from_extensions(request.extensions()).unwrap();
    let user = auth.session().unwrap().claims().user_id().to_string();
    let sent = request.into_body().collect().await?.to_bytes();
    Ok(Response::new(Full::from(format!("{user} sent {} bytes", sent.len()))))
}

async fn start(clerk: &Clerk, guard: RequireLayer) -> SocketAddr {
    let service = ServiceBuilder::new()
        .layer(ConcurrencyLimitLayer::new(8))
        .layer(AuthenticateLayer::new(clerk))
        .layer(guard)
        .service_fn(greet);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = TowerToHyperService::new(service.clone());
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    address
}

#[tokio::test]
async fn a_bare_hyper_server_is_guarded() {
    let (instance, clerk, _server) = Instance::over_http().await;
    let address = start(&clerk, RequireLayer::permission("org:users:manage")).await;
    let token = |user: &str| instance.local.sign_in(user).organization("org_acme").token();
    let (ada, grace) = (token("user_ada"), token("user_grace"));
    // Several requests, so that a permit that is not released would block one of them.
    for _ in 0..20 {
        for (token, status, expected_body) in [
            ("", 401, "session-token-and-uat-missing"),
            ("nonsense", 401, "token-invalid"),
            (&*grace, 403, "permission-missing"),
            (&*ada, 200, "user_ada sent 0 bytes"),
        ] {
            let response = get(address, "/", token).await;
            assert_eq!(response.summary(), (status, expected_body.to_owned()));
            assert_eq!(response.headers.contains_key("www-authenticate"), status != 200);
        }
    }
    let request = Request::post("/").header("authorization", format!("Bearer {ada}"));
    let response = send(address, request.body(Full::from(vec![7; 100_000])).unwrap()).await;
    assert_eq!(response.summary(), (200, "user_ada sent 100000 bytes".to_owned()));
}

/// Interceptors and middleware of others look for the type itself.
#[tokio::test]
async fn the_decision_is_in_the_extensions_under_its_own_type() {
    let instance = Instance::new();
    let token = instance.ada();
    let service =
        AuthenticateLayer::new(instance.in_memory()).layer(service_fn(async |request: Request<()>| {
            let extensions = request.extensions();
            let users = [
                extensions.get::<Auth>().cloned(),
                Auth::from_extensions(extensions).cloned(),
                clerk_axum::Auth::from_extensions(extensions).map(|auth| (*auth).clone()),
            ]
            .map(|auth| auth.unwrap().session().unwrap().claims().user_id().to_string());
            Ok::<_, Infallible>(Response::builder().header("users", users.join(" ")).body(()).unwrap())
        }));
    let request = Request::get("/").header("authorization", format!("Bearer {token}")).body(()).unwrap();
    assert_eq!(service.oneshot(request).await.unwrap().headers()["users"], "user_ada user_ada user_ada");
    assert!(Request::new(()).extensions().get::<Auth>().is_none());
}

#[tokio::test]
async fn a_guard_without_the_layer_rejects_every_request() {
    let instance = Instance::new();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let service =
        ServiceBuilder::new().layer(RequireLayer::signed_in()).service_fn(async |_: Request<Incoming>| {
            Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
        });
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = TowerToHyperService::new(service.clone());
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    for token in ["", "nonsense", &instance.ada()] {
        assert_eq!(get(address, "/", token).await.summary(), (500, "clerk-layer-missing".to_owned()));
    }
}

#[tokio::test]
async fn a_bare_hyper_server_responds_503_while_clerk_is_unreachable() {
    let (instance, clerk, server) = Instance::over_http().await;
    let address = start(&clerk, RequireLayer::signed_in()).await;
    server.shutdown().await;
    let response = get(address, "/", &instance.ada()).await;
    assert_eq!(response.summary(), (503, "clerk-unavailable".to_owned()));
    assert!(response.header("retry-after").parse::<u32>().unwrap() >= 1);
}

/// Serves HTTP/1.1 and HTTP/2, each on its own port.
async fn start_both(clerk: &Clerk) -> [SocketAddr; 2] {
    let service = ServiceBuilder::new().layer(AuthenticateLayer::new(clerk)).service_fn(
        async |_: Request<Incoming>| Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("passed on"))),
    );
    let (first, second) = (TcpListener::bind("127.0.0.1:0").await, TcpListener::bind("127.0.0.1:0").await);
    let (first, second) = (first.unwrap(), second.unwrap());
    let addresses = [first.local_addr().unwrap(), second.local_addr().unwrap()];
    let other = service.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = first.accept().await {
            let service = TowerToHyperService::new(service.clone());
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    tokio::spawn(async move {
        while let Ok((stream, _)) = second.accept().await {
            let (io, service) = (TokioIo::new(stream), TowerToHyperService::new(other.clone()));
            tokio::spawn(http2::Builder::new(TokioExecutor::new()).serve_connection(io, service));
        }
    });
    addresses
}

/// A browser that has to renew its cookies.
const BROWSER: [(&str, &str); 2] = [("cookie", "__client_uat=1"), ("sec-fetch-dest", "document")];

/// Sends a request with HTTP/1.1 as it is written, and returns the response's status and location.
async fn over_http_1(address: SocketAddr, target: &str, hosts: &[&str]) -> (u16, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let hosts = hosts.iter().map(|host| ("host", *host));
    let headers: String = hosts.chain(BROWSER).map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let sent = format!("GET {target} HTTP/1.1\r\n{headers}connection: close\r\n\r\n");
    stream.write_all(sent.as_bytes()).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    let status = response.split(' ').nth(1).unwrap().parse().unwrap();
    let location = response.lines().find_map(|line| line.strip_prefix("location: ")).unwrap_or_default();
    (status, location.to_owned())
}

/// Sends the same with HTTP/2: the authority of the target is `:authority`.
async fn over_http_2(address: SocketAddr, target: &str, hosts: &[&str]) -> (u16, String) {
    let io = TokioIo::new(TcpStream::connect(address).await.unwrap());
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.unwrap();
    tokio::spawn(connection);
    let mut request = Request::get(target);
    for (name, value) in hosts.iter().map(|host| ("host", *host)).chain(BROWSER) {
        request = request.header(name, value);
    }
    let response = sender.send_request(request.body(Full::<Bytes>::default()).unwrap()).await.unwrap();
    let location = response.headers().get("location").map_or("", |location| location.to_str().unwrap());
    (response.status().as_u16(), location.to_owned())
}

/// RFC 9112, section 3.2, and RFC 9113, section 8.3.1.
#[tokio::test]
async fn a_redirect_leads_back_to_the_only_host_and_two_hosts_are_rejected() {
    let clerk = Instance::new().builder().publishable_key(LIVE).build().unwrap();
    let [first, second] = start_both(&clerk).await;
    let (app, evil) = ("app.test", "evil.test");
    for (is_http_2, target, hosts, expected) in [
        (false, "/p", &[app][..], Some("http%3A%2F%2Fapp.test%2Fp")),
        (false, "http://app.test/p", &[evil], Some("http%3A%2F%2Fapp.test%2Fp")),
        (false, "/p", &[app, evil], None),
        (false, "/p", &[app, app], None),
        (true, "http://app.test/p", &[], Some("http%3A%2F%2Fapp.test%2Fp")),
        (true, "http://app.test/p", &[app], Some("http%3A%2F%2Fapp.test%2Fp")),
        (true, "http://app.test/p", &[evil], None),
        (true, "http://app.test/p", &[app, evil], None),
    ] {
        let (status, location) = match is_http_2 {
            false => over_http_1(first, target, hosts).await,
            true => over_http_2(second, target, hosts).await,
        };
        let case = format!("HTTP/2: {is_http_2} {target} {hosts:?}: {location}");
        assert_eq!(status, if expected.is_some() { 307 } else { 400 }, "{case}");
        match expected {
            Some(page) => assert!(location.contains(&format!("redirect_url={page}&")), "{case}"),
            None => assert_eq!(location, "", "{case}"),
        }
    }
}
