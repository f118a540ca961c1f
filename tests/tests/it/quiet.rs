//! Tests that outages and programming mistakes are logged as warnings at most once a minute, with their cause.

use axum::{Router, body::Body, routing::get};
use clerk_axum::{ApiKey, Clerk, ClerkLayer, ClerkUser, Session, api::users};
use clerk_tests::{Instance, Log};
use http::{Request, StatusCode};
use tower::ServiceExt as _;

async fn status(app: &Router, path: &str, token: &str) -> u16 {
    let request = Request::get(path).header("authorization", format!("Bearer {token}"));
    app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap().status().as_u16()
}

fn site(layer: Option<&Clerk>) -> Router {
    let app = Router::new()
        .route("/session", get(async |session: Session| session.user_id().to_string()))
        .route("/user", get(async |user: ClerkUser| user.id.to_string()))
        .route("/key", get(async |_: ApiKey| "fine"));
    match layer {
        Some(clerk) => app.layer(ClerkLayer::new(clerk)),
        None => app,
    }
}

/// One test, because the log limiter is global to the process.
#[tokio::test]
async fn problems_are_logged_once_a_minute_with_their_cause() {
    if !clerk_tests::alone(module_path!(), "problems_are_logged_once_a_minute_with_their_cause") {
        return;
    }
    let log = Log::default();
    let _guard = log.listen(tracing::Level::WARN);
    let instance = Instance::new();
    let ada = instance.ada();

    // A program that lacks the layer.
    for expected in [1, 0, 0] {
        assert_eq!(status(&site(None), "/session", &ada).await, 500);
        let lines = log.warnings();
        assert_eq!(lines.len(), expected, "{lines:#?}");
        assert!(lines.iter().all(|line| line.contains("clerk-layer-missing") && line.contains("ClerkLayer")));
    }

    // An extractor for a token kind that the layer does not accept.
    let clerk = instance.in_memory();
    assert_eq!(status(&site(Some(&clerk)), "/key", &ada).await, 500);
    let line = log.warning();
    assert!(line.contains("clerk-kind-not-accepted") && line.contains("TokenKind::ApiKey"), "{line}");

    // Clerk is down, and the keys are cached.
    assert_eq!(status(&site(Some(&clerk)), "/session", &ada).await, 200);
    instance.local.inject(clerk_local::Fault::status(StatusCode::BAD_GATEWAY).times(100));
    let _ = log.warnings();
    for expected in [2, 0] {
        assert_eq!(status(&site(Some(&clerk)), "/user", &ada).await, 503);
        let lines = log.warnings();
        assert_eq!(lines.len(), expected, "{lines:#?}");
        for line in lines {
            let is_call =
                line.contains("calls to Clerk fail") && line.contains("GetUser") && line.contains("502");
            assert!(is_call || line.contains("clerk-unavailable"), "{line}");
            assert!(!line.contains("user_ada") && !line.contains("sk_test"), "{line}");
        }
    }

    // Clerk cannot be reached, by a call of the service and for its keys.
    let nowhere = Clerk::builder().secret_key("sk_test_abc").api_url("http://127.0.0.1:1").max_attempts(1);
    let nowhere = nowhere.build().unwrap();
    let _ = log.warnings();
    let _ = nowhere.send(users::get("user_ada")).await.unwrap_err();
    let line = log.warning();
    assert!(line.contains("GetUser: cannot connect to Clerk") && line.contains("refused"), "{line}");
    let error = nowhere.keys().warm_up().await.unwrap_err().to_string();
    assert!(error.contains("refused"), "{error}");
    assert_eq!(log.warnings().len(), 1);
    assert_eq!(status(&site(Some(&nowhere)), "/session", &ada).await, 503);

    // A rejected request is not a problem of the service.
    let other = Instance::new();
    let fine = other.in_memory();
    let _ = log.warnings();
    assert!(fine.send(users::get("user_none")).await.unwrap_err().is_not_found());
    assert_eq!(log.warnings(), Vec::<String>::new());
    other.local.inject(clerk_local::Fault::status(StatusCode::UNAUTHORIZED).times(1));
    let _ = fine.send(users::get("user_ada")).await.unwrap_err();
    let line = log.warning();
    assert!(line.contains("GetUser") && line.contains("401"), "{line}");
}
