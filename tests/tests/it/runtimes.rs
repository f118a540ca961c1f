//! Tests that a missing tokio runtime, or one without timers or I/O, is an error and never a panic.

use bytes::Bytes;
use clerk_axum::{
    ClerkWebhooks,
    webhook::{Verifier, kind},
};
use clerk_core::api::users;
use clerk_tests::{Instance, NOW};
use clerk_tower::{
    Clerk, Error, ErrorKind, blocking,
    client::transport::{HyperTransport, ReqwestTransport},
    server::{proxy::ProxyBuilder, resource::ProtectedResourceLayer},
};
use futures_util::{FutureExt as _, future::poll_immediate};
use http::Request;
use http_body_util::Full;
use serde_json::json;
use tokio::runtime::Builder;
use tower::ServiceExt as _;

/// Clients with each transport. None of them reaches a server.
fn clients() -> [Clerk; 3] {
    let instance = Instance::new();
    let builder = || instance.builder().api_url("http://127.0.0.1:9").max_attempts(1);
    [
        builder().transport(ReqwestTransport::new().unwrap()).build().unwrap(),
        builder().transport(HyperTransport::new().unwrap()).build().unwrap(),
        builder().transport(instance.local.clone()).build().unwrap(),
    ]
}

/// Returns the error of every way to make a call.
async fn errors(clerk: &Clerk) -> Vec<Error> {
    vec![
        clerk.send(users::count()).await.unwrap_err(),
        clerk.send(users::create()).await.unwrap_err(),
        clerk.send_raw(users::count()).await.unwrap_err(),
        clerk.cached(users::get("user_ada")).await.unwrap_err(),
        clerk.stream(users::list()).next().await.unwrap().unwrap_err(),
        clerk.clone().oneshot(users::count()).await.unwrap_err(),
    ]
}

/// Checks that all calls fail because this is missing.
async fn check(clerk: &Clerk, missing: &str) {
    for error in errors(clerk).await {
        assert!(matches!(error.kind(), ErrorKind::Config(_)), "{error:?}");
        assert!(error.to_string().contains(missing), "{error}");
        assert_eq!((error.attempts(), error.may_have_been_processed()), (0, false), "{error}");
    }
    let error = clerk.keys().warm_up().await.unwrap_err();
    assert!(error.to_string().contains("requires a tokio runtime"), "{error}");
    assert!(clerk.keys().with_key("ins_1").await.is_err());
}

/// Checks the services that await something. The decision of the layer is tested elsewhere.
async fn check_services(instance: &Instance) {
    let clerk = instance.builder().webhook_secret("whsec_c2VjcmV0").build().unwrap();
    let verifier = Verifier::new("whsec_c2VjcmV0".parse().unwrap());
    let webhooks = ClerkWebhooks::new(&clerk).unwrap().on(kind::USER_DELETED, async |_, _| ());
    let body = json!({"type": "user.deleted", "data": {"id": "user_1", "deleted": true}}).to_string();
    let mut request = Request::post("/").body(Full::<Bytes>::from(body.clone())).unwrap();
    request.headers_mut().extend(verifier.sign("msg_1", NOW, body.as_bytes()));
    assert!(webhooks.oneshot(request).await.unwrap().status().is_server_error());

    let proxy = ProxyBuilder::with_keys(
        "pk_test_Y2xlcmsuZXhhbXBsZS5jb20k".parse::<clerk_core::keys::PublishableKey>().unwrap(),
        "sk_test_abc".parse::<clerk_core::keys::SecretKey>().unwrap(),
    )
    .build()
    .unwrap();
    let request = Request::get("/__clerk/v1/client").header("host", "app.example.com");
    let response = proxy.oneshot(request.body(Full::<Bytes>::default()).unwrap()).await.unwrap();
    assert_eq!(response.status(), 502);
}

#[test]
fn without_a_runtime_calls_fail() {
    for clerk in clients() {
        check(&clerk, "requires a tokio runtime").now_or_never().unwrap();
    }
    check_services(&Instance::new()).now_or_never().unwrap();
}

/// A call goes on in the runtime that it was started on, and others may ask for its result from outside of any.
#[test]
fn without_a_runtime_nobody_waits_for_a_call_in_flight() {
    let clerk = Instance::new().local.client();
    let resource = ProtectedResourceLayer::builder(clerk, "https://mcp.example.com/mcp").build().unwrap();
    let documents = resource.documents();
    let ask = || {
        let request = Request::get("/.well-known/oauth-authorization-server");
        documents.clone().oneshot(request.body(()).unwrap())
    };
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    assert!(runtime.block_on(poll_immediate(ask())).is_none());
    assert_eq!(ask().now_or_never().unwrap().unwrap().status(), 503);
}

#[test]
fn on_a_runtime_without_timers_calls_fail() {
    let runtime = Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        for clerk in clients() {
            check(&clerk, "requires a tokio runtime with timers").await;
        }
        check_services(&Instance::new()).await;
    });
}

#[test]
fn on_a_runtime_without_io_the_transports_fail() {
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let [reqwest, hyper, in_memory] = clients();
        for clerk in [reqwest, hyper] {
            for error in errors(&clerk).await {
                assert!(error.to_string().contains("requires a tokio runtime with I/O"), "{error}");
                assert!(!error.may_have_been_processed(), "{error}");
            }
            let error = clerk.keys().warm_up().await.unwrap_err();
            assert!(error.to_string().contains("cannot be fetched"), "{error}");
        }
        in_memory.send(users::count()).await.unwrap();
        in_memory.cached(users::get("user_ada")).await.unwrap();
        in_memory.keys().warm_up().await.unwrap();
    });
}

/// A client may meet several runtimes, and each is looked at.
#[test]
fn a_client_works_again_on_a_complete_runtime() {
    let clerk = Instance::new().in_memory();
    for _ in 0..2 {
        assert!(clerk.send(users::count()).now_or_never().unwrap().is_err());
        let runtime = Builder::new_current_thread().build().unwrap();
        assert!(runtime.block_on(clerk.send(users::count())).is_err());
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(clerk.send(users::count())).unwrap();
    }
    blocking::Clerk::new(clerk).unwrap().send(users::count()).unwrap();
}
