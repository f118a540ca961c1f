//! Tests of decisions without a layer: about a request head, and about a token from another source.

use clerk_core::authenticate::RequestHead;
use clerk_tests::Instance;
use clerk_tower::Clerk;
use http::Request;

/// Returns the user, or the status and the code of the rejection.
async fn authenticate(clerk: &Clerk, token: &str) -> Result<String, (u16, String)> {
    let auth = clerk.authenticate_token(token).await;
    let session = auth.require_session().map(|session| session.claims().user_id().to_string());
    session.map_err(|rejection| (rejection.status().as_u16(), rejection.code().to_owned()))
}

#[tokio::test]
async fn a_token_is_verified_as_if_it_came_with_a_request() {
    let instance = Instance::new();
    let clerk = instance.in_memory();
    let ada = instance.ada();
    let mut forged = ada.clone();
    forged.replace_range(ada.len() - 8..ada.len() - 4, "AAAA");
    let expired =
        instance.local.sign_claims(&serde_json::json!({}), &serde_json::json!({"sub": "u", "exp": 1}));
    let pending = instance.local.sign_in("user_ada").pending().token();
    for (token, expected) in [
        (&*ada, Ok("user_ada")),
        (&forged, Err((401, "token-invalid-signature"))),
        (&expired, Err((401, "session-token-expired-refresh-non-eligible-non-get"))),
        (&pending, Err((401, "session-pending"))),
        ("", Err((401, "session-token-and-uat-missing"))),
        ("nonsense", Err((401, "token-invalid"))),
        // The first word alone would be a valid token.
        (&format!("{ada} more"), Err((401, "token-invalid"))),
        (&format!(" {ada}"), Err((401, "token-invalid"))),
        (&format!("{ada}\n"), Err((401, "token-invalid"))),
        ("Bearer\u{e9}", Err((401, "token-invalid"))),
    ] {
        let expected = expected.map(str::to_owned).map_err(|(status, code)| (status, code.to_owned()));
        assert_eq!(authenticate(&clerk, token).await, expected, "{token}");
    }
}

#[tokio::test]
async fn without_clerk_the_decision_is_unknown() {
    let instance = Instance::new();
    instance.local.set_jwks_down(true);
    let clerk = instance.in_memory();
    let code = "clerk-unavailable".to_owned();
    assert_eq!(authenticate(&clerk, &instance.ada()).await, Err((503, code)));
}

#[tokio::test]
async fn a_request_head_is_authenticated_as_the_layer_does_it() {
    let instance = Instance::new();
    let clerk = instance.in_memory();
    let session = format!("__session={}", instance.ada());
    for (name, value, is_signed_in) in [
        ("authorization", format!("Bearer {}", instance.ada()), true),
        ("cookie", session, true),
        ("authorization", "Basic x".to_owned(), false),
    ] {
        let (head, ()) = Request::get("/").header(name, value).body(()).unwrap().into_parts();
        let auth = clerk.authenticate(&RequestHead::from(&head)).await;
        assert_eq!(auth.session().is_some(), is_signed_in, "{name}");
    }
}
