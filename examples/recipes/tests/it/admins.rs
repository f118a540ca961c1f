//! Administrators by metadata and by a list.

use clerk_axum::local::{LocalClerk, session::LocalSession};
use clerk_recipes::admins::{Listed, app};
use serde_json::json;

use crate::{get, serve};

fn with(session: LocalSession, role: &str) -> String {
    session.claim("metadata", json!({ "role": role })).token()
}

#[tokio::test]
async fn administrators_are_those_with_the_role_or_on_the_list() {
    let local = LocalClerk::seeded();
    let address = serve(app(local.client(), Listed::from(" user_grace, ,"))).await;
    let sign_in = |user: &str| local.sign_in(user);
    let impersonated = sign_in("user_ada").claim("act", json!({ "sub": "user_alan" }));
    for (token, status, code) in [
        (with(sign_in("user_ada"), "admin"), 200, ""),
        (with(sign_in("user_ada"), "member"), 403, "check-failed"),
        (with(sign_in("user_ada"), "Admin"), 403, "check-failed"),
        (sign_in("user_ada").token(), 403, "check-failed"),
        (sign_in("user_ada").claim("metadata", json!({})).token(), 403, "check-failed"),
        (sign_in("user_ada").claim("metadata", json!({ "role": ["admin"] })).token(), 500, "claims-mismatch"),
        // Metadata that users can change themselves is another claim, and is not read.
        (
            sign_in("user_ada").claim("unsafe_metadata", json!({ "role": "admin" })).token(),
            403,
            "check-failed",
        ),
        (sign_in("user_grace").token(), 200, ""),
        (with(impersonated, "admin"), 403, "check-failed"),
        ("nonsense".to_owned(), 401, "token-invalid"),
    ] {
        // As an extractor, as a guard, and on a path without a route.
        for (path, found) in [("/admin/who", 200), ("/admin/settings", 200), ("/admin/nothing", 404)] {
            let (got, body) = get(&format!("{address}{path}"), &token).await;
            let expected = if status == 200 { found } else { status };
            assert_eq!(got, expected, "{path}: {body}");
            assert!(status == 200 || body["error"]["code"] == code, "{path}: {body}");
        }
    }
}
