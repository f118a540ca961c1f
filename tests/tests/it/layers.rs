//! Tests of the layers as tower services: readiness, headers, bodies, and which types are `Send`.

use std::{convert::Infallible, fmt::Debug, rc::Rc, time::Duration};

use bytes::Bytes;
use clerk_axum::{ClerkLayer, ClerkUser, Rejection, Session, local};
use clerk_tests::Instance;
use clerk_tower::server::ResponseBody;
use clerk_tower::{
    Clerk, ConfigError, Error,
    client::middleware::base_uri::BaseUriLayer,
    client::middleware::collect::CollectLayer,
    client::middleware::credentials::CredentialsLayer,
    client::middleware::deadline::DeadlineLayer,
    client::rate_limit::RateLimitLayer,
    client::retry::RetryLayer,
    client::stack::Stack,
    client::transport::ReqwestTransport,
    keys::{KeyStore, KeysError},
    server::authenticate::{Auth, Authenticate, AuthenticateLayer},
    server::proxy::{Proxied, Proxy, ProxyBody, ProxyBuilder, ProxyLayer},
    server::require::{Require, RequireLayer},
};
use futures_util::future::{join_all, poll_immediate};
use http::{Request, Response, StatusCode, Version};
use http_body_util::Full;
use tower::{Layer, Service, ServiceBuilder, ServiceExt as _, limit::ConcurrencyLimit, service_fn};

/// A service that must be polled ready before each call and runs at most `at_once` calls concurrently.
fn limited<S>(at_once: usize, service: S) -> ConcurrencyLimit<S> {
    ConcurrencyLimit::new(service, at_once)
}

fn relative() -> Request<Bytes> {
    Request::new(Bytes::from("body"))
}

/// Calls one handle repeatedly, and many clones concurrently.
async fn stands_on_readiness<S, B, M>(service: S, request: M)
where
    S: Service<Request<B>, Error: Debug> + Clone,
    M: Fn() -> Request<B>,
{
    let mut one = service.clone();
    for _ in 0..50 {
        one.ready().await.unwrap().call(request()).await.unwrap();
    }
    drop(one);
    let many = (0..200).map(|_| service.clone().oneshot(request()));
    for response in join_all(many).await {
        response.unwrap();
    }
}

#[tokio::test]
async fn every_layer_calls_the_service_that_was_ready() {
    let instance = Instance::new();
    let clerk = instance.in_memory();
    clerk.keys().warm_up().await.unwrap();
    let key = instance.secret_key().clone();
    let ada = format!("Bearer {}", instance.ada());
    for at_once in [1, 3] {
        let response = service_fn(async |_: Request<Bytes>| {
            tokio::task::yield_now().await;
            Ok::<_, Error>(Response::new(Full::<Bytes>::from("fine")))
        });
        stands_on_readiness(
            DeadlineLayer::new(Duration::from_secs(60)).layer(limited(at_once, response)),
            relative,
        )
        .await;
        stands_on_readiness(CredentialsLayer::new(&key).layer(limited(at_once, response)), relative).await;
        stands_on_readiness(CollectLayer::new(10).layer(limited(at_once, response)), relative).await;
        let base = BaseUriLayer::new("https://api.clerk.com/v1").unwrap();
        stands_on_readiness(base.layer(limited(at_once, response)), relative).await;

        let collected = service_fn(async |_: Request<Bytes>| {
            tokio::task::yield_now().await;
            Ok::<_, Error>(Response::new(Bytes::from("fine")))
        });
        stands_on_readiness(RateLimitLayer::new().layer(limited(at_once, collected)), relative).await;
        stands_on_readiness(RetryLayer::new().layer(limited(at_once, collected)), relative).await;

        let signed_in = || Request::get("/").header("authorization", &ada).body(Bytes::new()).unwrap();
        let authenticate = AuthenticateLayer::new(&clerk);
        for request in [&signed_in as &dyn Fn() -> Request<Bytes>, &relative] {
            stands_on_readiness(authenticate.layer(limited(at_once, response)), request).await;
            let guarded = ServiceBuilder::new().layer(&authenticate).layer(RequireLayer::role("org:admin"));
            stands_on_readiness(guarded.service(limited(at_once, response)), request).await;
            let limited_outside =
                limited(at_once, RequireLayer::signed_in().layer(limited(at_once, response)));
            stands_on_readiness(authenticate.layer(limited_outside), request).await;
        }
        // A request that has to wait for its key must call the service that was polled ready, not a clone.
        for _ in 0..20 {
            let cold = instance.in_memory();
            let service = AuthenticateLayer::new(&cold).layer(limited(at_once, response));
            let responses = join_all((0..10).map(|_| service.clone().oneshot(signed_in()))).await;
            assert!(responses.into_iter().all(|response| response.unwrap().headers().is_empty()));
        }
    }
}

#[tokio::test]
async fn rejections_do_not_consume_the_inner_services_capacity() {
    let instance = Instance::new();
    let clerk = instance.in_memory();
    let inner = service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(())));
    let service = ServiceBuilder::new()
        .layer(AuthenticateLayer::new(&clerk))
        .layer(RequireLayer::signed_in())
        .service(limited(1, inner));
    let mut one = service.clone();
    for _ in 0..100 {
        let response = one.ready().await.unwrap().call(Request::new(())).await.unwrap();
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    }
    drop(one);
    for _ in 0..100 {
        assert_eq!(service.clone().oneshot(Request::new(())).await.unwrap().status(), 401);
    }
    let ada = Request::get("/").header("authorization", format!("Bearer {}", instance.ada()));
    assert_eq!(service.oneshot(ada.body(()).unwrap()).await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_handle_that_rejected_a_request_releases_its_permit() {
    let inner = service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(())));
    let mut one = RequireLayer::signed_in().layer(limited(1, inner));
    let mut other = one.clone();
    for _ in 0..2 {
        let response = one.ready().await.unwrap().call(Request::new(())).await.unwrap();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let ready = poll_immediate(other.ready()).await;
        assert!(ready.is_some(), "the place of the rejected request is still taken");
        let response = other.call(Request::new(())).await.unwrap();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    }
}

#[tokio::test]
async fn a_dropped_request_releases_its_permit() {
    let instance = Instance::new();
    let never = service_fn(async |_: Request<Bytes>| {
        std::future::pending::<Result<Response<Full<Bytes>>, Infallible>>().await
    });
    let clerk = instance.builder().transport(never).build().unwrap();
    let inner = service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(())));
    let service = AuthenticateLayer::new(&clerk).layer(limited(1, inner));
    let ada =
        || Request::get("/").header("authorization", format!("Bearer {}", instance.ada())).body(()).unwrap();
    for _ in 0..10 {
        let mut waiting = Box::pin(service.clone().oneshot(ada()));
        assert!(poll_immediate(&mut waiting).await.is_none());
        drop(waiting);
        assert_eq!(service.clone().oneshot(Request::new(())).await.unwrap().status(), 200);
    }
}

const STATUS: &str = "x-clerk-auth-status";
const REASON: &str = "x-clerk-auth-reason";

fn values<'a, B>(response: &'a Response<B>, name: &str) -> Vec<&'a str> {
    response.headers().get_all(name).iter().map(|value| value.to_str().unwrap()).collect()
}

#[tokio::test]
async fn the_decisions_headers_are_added_once_to_existing_headers() {
    const MISSING: &str = "session-token-and-uat-missing";
    let instance = Instance::new();
    let clerk = instance.in_memory();
    let inner = service_fn(async |_: Request<()>| {
        Ok::<_, Infallible>(
            Response::builder()
                .header(REASON, "the handler's own")
                .header("x-own", "1")
                .body(Full::<Bytes>::default())
                .unwrap(),
        )
    });
    let layer = || AuthenticateLayer::new(&clerk);
    let one = layer().layer(inner);
    let response = one.oneshot(Request::new(())).await.unwrap();
    assert_eq!(values(&response, REASON), ["the handler's own", MISSING]);
    assert_eq!(values(&response, STATUS), ["signed-out"]);
    assert_eq!(values(&response, "x-own"), ["1"]);

    // Layers of clones of one client decide once per request, in axum and outside of it.
    let nested = ServiceBuilder::new().layer(layer()).layer(ClerkLayer::new(clerk.clone())).layer(layer());
    let response = nested.service(inner).oneshot(Request::new(())).await.unwrap();
    assert_eq!(values(&response, REASON), ["the handler's own", MISSING]);
    assert_eq!(values(&response, STATUS), ["signed-out"]);

    // A signed-in request gets no additional headers.
    let ada =
        Request::get("/").header("authorization", format!("Bearer {}", instance.ada())).body(()).unwrap();
    let response = layer().layer(inner).oneshot(ada).await.unwrap();
    assert_eq!(values(&response, REASON), ["the handler's own"]);
    assert_eq!(values(&response, STATUS), [""; 0]);
}

#[tokio::test]
async fn an_inner_layer_of_another_instance_makes_its_own_decision() {
    let (outer, inner) = (Instance::new(), Instance::new());
    let (outer_clerk, inner_clerk) = (outer.in_memory(), inner.in_memory());
    let service = ServiceBuilder::new()
        .layer(AuthenticateLayer::new(&outer_clerk))
        .layer(AuthenticateLayer::new(&inner_clerk))
        .service_fn(async |request: Request<()>| {
            let auth = Auth::from_extensions(request.extensions()).unwrap();
            Ok::<_, Infallible>(Response::new(auth.session().is_some()))
        });
    for (instance, signed_in) in [(&outer, false), (&inner, true)] {
        let token = format!("Bearer {}", instance.ada());
        let request = Request::get("/").header("authorization", token).body(()).unwrap();
        let response = service.clone().oneshot(request).await.unwrap().into_body();
        assert_eq!(own(own(response)), signed_in);
    }
}

/// An inner layer may be the stricter one: the outer one's decision must not stand for it.
#[tokio::test]
async fn an_inner_layer_with_other_options_makes_its_own_decision() {
    let instance = Instance::new();
    let clerk = instance.in_memory();
    let layer = |party: Option<&str>| {
        let options = clerk.authenticate_options();
        AuthenticateLayer::with_options(&clerk, options.authorized_parties(party)).unwrap()
    };
    let (ours, other) = (Some("https://app.example.com"), Some("https://other.example.com"));
    for (outer, inner, signed_in) in [
        (None, None, true),
        (None, ours, true),
        (None, other, false),
        (other, None, true),
        (other, ours, true),
    ] {
        let service = ServiceBuilder::new().layer(layer(outer)).layer(layer(inner)).service_fn(
            async |request: Request<()>| {
                let auth = Auth::from_extensions(request.extensions()).unwrap();
                Ok::<_, Infallible>(Response::new(auth.session().is_some()))
            },
        );
        let token = instance.local.sign_in("user_ada").authorized_party("https://app.example.com").token();
        let request = Request::get("/").header("authorization", format!("Bearer {token}")).body(()).unwrap();
        let response = service.oneshot(request).await.unwrap().into_body();
        assert_eq!(own(own(response)), signed_in, "{outer:?} {inner:?}");
    }
}

/// Returns the inner service's body; fails if the layer made the response.
fn own<B>(body: ResponseBody<B>) -> B {
    body.into_inner().expect("the layer has not made the response itself")
}

/// Sends a request with any body type through both layers, signed in and signed out.
async fn carries<A: Clone, B: Clone + PartialEq + Debug>(body: A, response_body: B) {
    let instance = Instance::new();
    let clerk = instance.in_memory();
    let kept = response_body.clone();
    let service = ServiceBuilder::new()
        .layer(AuthenticateLayer::new(&clerk))
        .layer(RequireLayer::signed_in())
        .service(service_fn(move |_: Request<A>| {
            std::future::ready(Ok::<_, Infallible>(Response::new(kept.clone())))
        }));
    let response = service.clone().oneshot(Request::new(body.clone())).await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    let ada =
        Request::get("/").header("authorization", format!("Bearer {}", instance.ada())).body(body).unwrap();
    let response = service.oneshot(ada).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(own(own(response.into_body())), response_body);
}

#[tokio::test]
async fn any_body_type_is_accepted() {
    carries((), ()).await;
    carries(String::from("text"), "text").await;
    carries("text", String::from("text")).await;
    carries(Bytes::from("bytes"), vec![1_u8]).await;
    carries(Full::new(Bytes::from("bytes")), Bytes::from("bytes")).await;
    // A body that is not even `Send`.
    carries(Rc::new(1), Rc::new(2)).await;
}

#[test]
fn public_types_satisfy_the_bounds_of_axum_and_hyper() {
    fn service<T: Clone + Send + Sync + 'static>() {}
    fn error<T: std::error::Error + Send + Sync + 'static>() {}
    fn future<T: Send>(_: T) {}
    type Inner = axum::routing::Route;

    service::<Clerk>();
    service::<KeyStore>();
    service::<Stack>();
    service::<AuthenticateLayer>();
    service::<Authenticate<Inner>>();
    service::<RequireLayer>();
    service::<Require<Inner>>();
    service::<ClerkLayer>();
    service::<Auth>();
    service::<clerk_axum::Auth>();
    service::<Session>();
    service::<ClerkUser>();
    service::<Rejection>();
    service::<ReqwestTransport>();
    service::<ProxyBuilder>();
    service::<Proxy<ReqwestTransport>>();
    service::<ProxyLayer<ReqwestTransport>>();
    service::<Proxied<Inner, ReqwestTransport>>();
    fn sync<T: Send + Sync>() {}
    sync::<ProxyBody>();
    service::<local::LocalClerk>();
    service::<local::LocalSession>();
    error::<Error>();
    error::<KeysError>();
    error::<ConfigError>();
    error::<Rejection>();
    error::<clerk_axum::Error>();
    let clerk = Clerk::builder().secret_key("sk_test_x").build().unwrap();
    future(clerk.send(clerk_axum::api::users::get("user_1")));
    future(clerk.clone().oneshot(clerk_axum::api::users::get("user_1")));
    future(async move { clerk.keys().warm_up().await });
}

/// From HTTP/2 on, a request whose `Host` contradicts its authority is rejected.
#[tokio::test]
async fn the_layer_knows_the_version_of_http() {
    let instance = Instance::new();
    let builder = instance.builder().publishable_key("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k");
    let clerk = builder.transport(instance.local.clone()).build().unwrap();
    let layer = AuthenticateLayer::new(&clerk);
    for (version, host, expected) in [
        (Version::HTTP_2, "evil.example", StatusCode::BAD_REQUEST),
        (Version::HTTP_2, "app.example.com", StatusCode::TEMPORARY_REDIRECT),
        (Version::HTTP_11, "evil.example", StatusCode::TEMPORARY_REDIRECT),
    ] {
        let service = layer.layer(service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(()))));
        let request = Request::get("https://app.example.com/p")
            .version(version)
            .header("host", host)
            .header("sec-fetch-dest", "document")
            .header("cookie", "__client_uat=1700000000");
        let response = service.oneshot(request.body(()).unwrap()).await.unwrap();
        assert_eq!(response.status(), expected, "{version:?} {host}");
    }
}
