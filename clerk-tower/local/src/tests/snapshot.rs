//! Tests of snapshots.

use http::StatusCode;
use serde_json::json;

use super::{Fixture, none};
use crate::Fault;

#[tokio::test]
async fn everything_goes_back_to_the_snapshot() {
    let fixture = Fixture::seeded();
    let local = &fixture.local;
    let token = local.sign_in("user_ada").token();
    let key = local.api_key("nightly").subject("user_ada").create();
    let everything = || {
        let users = fixture.get("/users?limit=100");
        let keys = fixture.ok("POST", "/api_keys/verify", &json!({ "secret": key.secret }));
        let sessions = fixture.get("/sessions?user_id=user_ada");
        (users, fixture.get("/organizations"), sessions, keys, local.jwks())
    };
    let before = everything();
    let snapshot = local.snapshot();

    let events = tower::service_fn(|_| async { Ok::<_, std::convert::Infallible>(http::Response::new(())) });
    local.deliver_webhooks_to_service(events, local.webhook_secret()).unwrap();
    for _ in 0..2 {
        fixture.ok("DELETE", "/users/user_grace", &none());
        fixture.ok("PATCH", "/users/user_ada", &json!({ "first_name": "Augusta" }));
        fixture.ok("POST", "/users/user_ada/ban", &none());
        fixture.ok("POST", "/organizations", &json!({ "name": "Other", "created_by": "user_alan" }));
        fixture.local.rotate_keys();
        fixture.local.inject(Fault::status(StatusCode::BAD_GATEWAY));
        let delivered = local.webhooks_delivered().await.delivered;
        local.restore(&snapshot);
        assert!(local.requests().is_empty());
        assert_eq!(everything(), before);
        assert_eq!(local.webhooks_delivered().await.delivered, delivered);
    }
    let auth = local.client().authenticate_token(&token).await;
    assert_eq!(auth.require_session().unwrap().claims().user_id(), "user_ada");
}
