//! Administrators by metadata and by a list.

use clerk_axum::local::{LocalClerk, session::LocalSession};
use clerk_recipes::admins::{app, listed};
use serde_json::json;

use crate::{get, serve};

fn with(session: LocalSession, role: &str) -> String {
    session.claim("metadata", json!({ "role": role })).token()
}

#[tokio::test]
async fn administrators_are_those_with_the_role_or_on_the_list() {
    let local = LocalClerk::seeded();
    let address = serve(app(&local.client(), listed(" user_grace, ,"))).await;
    let sign_in = |user: &str| local.sign_in(user);
    let impersonated = |user: &str| sign_in(user).claim("act", json!({ "sub": "user_alan" }));
    let no = "not-an-admin";
    for (token, by_metadata, by_either, code) in [
        (with(sign_in("user_ada"), "admin"), 200, 200, ""),
        (with(sign_in("user_ada"), "member"), 403, 403, no),
        (with(sign_in("user_ada"), "Admin"), 403, 403, no),
        (sign_in("user_ada").token(), 403, 403, no),
        (sign_in("user_ada").claim("metadata", json!({})).token(), 403, 403, no),
        (sign_in("user_ada").claim("metadata", json!({ "role": ["admin"] })).token(), 403, 403, no),
        // Metadata that users can change themselves is another claim, and is not read.
        (sign_in("user_ada").claim("unsafe_metadata", json!({ "role": "admin" })).token(), 403, 403, no),
        (sign_in("user_grace").token(), 403, 200, no),
        (with(impersonated("user_ada"), "admin"), 403, 403, no),
        (impersonated("user_grace").token(), 403, 403, no),
        ("nonsense".to_owned(), 401, 401, "token-invalid"),
    ] {
        // The extractor, the guard, and the guard on a path without a route.
        let not_found = if by_either == 200 { 404 } else { by_either };
        for (path, status) in
            [("/who", by_metadata), ("/admin/settings", by_either), ("/admin/nothing", not_found)]
        {
            let (got, body) = get(&format!("{address}{path}"), &token).await;
            assert_eq!(got, status, "{path}: {body}");
            assert!([200, 404].contains(&status) || body["error"]["code"] == code, "{path}: {body}");
        }
    }
}
