//! Tests of the layers on a bare hyper server, without a web framework.

use std::{convert::Infallible, net::SocketAddr};

use bytes::Bytes;
use clerk_tests::{Instance, get, send};
use clerk_tower::{
    Clerk,
    server::authenticate::{Auth, AuthenticateLayer},
    server::require::RequireLayer,
};
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::net::TcpListener;
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
    let instance = Instance::new();
    let (clerk, _server) = instance.over_http().await;
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
        AuthenticateLayer::new(&instance.in_memory()).layer(service_fn(async |request: Request<()>| {
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
    let instance = Instance::new();
    let (clerk, server) = instance.over_http().await;
    let address = start(&clerk, RequireLayer::signed_in()).await;
    server.shutdown().await;
    let response = get(address, "/", &instance.ada()).await;
    assert_eq!(response.summary(), (503, "clerk-unavailable".to_owned()));
    assert!(response.header("retry-after").parse::<u32>().unwrap() >= 1);
}
