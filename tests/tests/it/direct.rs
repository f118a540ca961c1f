//! Tests of decisions without a layer: about a request head, and about a token from another source.

use clerk_core::{
    api::{organization_memberships, users},
    authenticate::RequestHead,
};
use clerk_tests::Instance;
use clerk_tower::{Clerk, server::authenticate::Auth};
use http::{Request, StatusCode};

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

/// Returns the user's name, or the status and the code of the rejection.
async fn user_of(auth: &Auth) -> Result<String, (u16, String)> {
    let user = auth.user().await.map(|user| user.full_name().unwrap_or_default());
    user.map_err(|rejection| (rejection.status().as_u16(), rejection.code().to_owned()))
}

#[tokio::test]
async fn the_user_of_a_session_is_resolved_and_blocked_users_are_told_apart() {
    let instance = Instance::new();
    let local = &instance.local;
    local.user("Bad", "Boy").id("user_banned").banned(true).create();
    local.user("Shut", "Out").id("user_locked").create();
    local.user("Let", "Go").id("user_deprovisioned").deprovisioned(true).create();
    instance.backend("POST", "/v1/users/user_locked/lock").await;
    let token = |user: &str| local.sign_in(user).token();
    let clerk = instance.in_memory();
    for (visitor, token, expected) in [
        ("Ada", token("user_ada"), Ok("Ada Lovelace")),
        ("a banned user", token("user_banned"), Err((403, "user-banned"))),
        ("a locked user", token("user_locked"), Err((403, "user-locked"))),
        ("a deprovisioned user", token("user_deprovisioned"), Err((403, "user-deprovisioned"))),
        ("a deleted user", token("user_nobody"), Err((401, "user-deleted"))),
        ("a pending session", local.sign_in("user_ada").pending().token(), Err((401, "session-pending"))),
        ("nobody", String::new(), Err((401, "session-token-and-uat-missing"))),
        ("a stranger", "garbage".to_owned(), Err((401, "token-invalid"))),
    ] {
        let auth = clerk.authenticate_token(&token).await;
        let expected = expected.map(str::to_owned).map_err(|(status, code)| (status, code.to_owned()));
        assert_eq!(user_of(&auth).await, expected, "{visitor}");
        // A page that needs no session treats a missing token differently from an invalid one.
        let optional = auth.optional_session().map(|session| session.is_some());
        let is_absent = matches!(visitor, "nobody" | "a pending session");
        let expected = if visitor == "a stranger" { None } else { Some(!is_absent) };
        assert_eq!(optional.ok(), expected, "{visitor}");
    }
    // The token is still valid, and its user was known a moment ago.
    let auth = clerk.authenticate_token(&token("user_ada")).await;
    clerk.send(users::ban("user_ada")).await.unwrap();
    assert_eq!(user_of(&auth).await, Err((403, "user-banned".to_owned())));
    let other = Instance::new();
    let clerk = other.builder().transport(other.local.clone()).max_attempts(1).build().unwrap();
    let auth = clerk.authenticate_token(&other.ada()).await;
    other.local.fail_next(u64::MAX, StatusCode::BAD_GATEWAY);
    assert_eq!(user_of(&auth).await, Err((503, "clerk-unavailable".to_owned())));
}

#[tokio::test]
async fn the_organization_of_a_session_is_resolved_for_its_members_only() {
    let instance = Instance::new();
    let local = &instance.local;
    local.user("Bad", "Boy").id("user_banned").banned(true).create();
    local.user("Let", "Go").id("user_deprovisioned").deprovisioned(true).create();
    for user in ["user_banned", "user_deprovisioned"] {
        local.add_member("org_acme", user, "org:member");
    }
    let token = |user: &str| local.sign_in(user).organization("org_acme").token();
    let clerk = instance.in_memory();
    let former = token("user_grace");
    clerk.send(organization_memberships::delete("org_acme", "user_grace")).await.unwrap();
    for (visitor, token, expected) in [
        ("Ada", token("user_ada"), "Acme"),
        ("a personal account", local.sign_in("user_alan").token(), "organization-missing"),
        ("a former member", former, "organization-missing"),
        ("a banned member", token("user_banned"), "user-banned"),
        ("a deprovisioned member", token("user_deprovisioned"), "user-deprovisioned"),
        ("nobody", String::new(), "session-token-and-uat-missing"),
    ] {
        let organization = clerk.authenticate_token(&token).await.organization().await;
        let found = organization.map_or_else(|rejection| rejection.code().to_owned(), |it| it.name.clone());
        assert_eq!(found, expected, "{visitor}");
    }
}
