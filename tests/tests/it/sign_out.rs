//! Tests of signing out from a page that the server renders.

use axum::{Router, routing::any};
use clerk_axum::{Auth, Clerk, ClerkLayer};
use clerk_tests::{
    Instance, TextResponse,
    browser::{LIVE, SUFFIX},
    scripted::{Reply, Script},
    send, serve,
};
use http::{Method, Request, StatusCode};
use http_body_util::Full;
use serde_json::json;

async fn sign_out(instance: &Instance, cookies: impl AsRef<[u8]>) -> TextResponse {
    leave(&instance.local.client(), Method::POST, cookies.as_ref()).await
}

async fn leave(clerk: &Clerk, method: Method, cookies: &[u8]) -> TextResponse {
    let app = Router::new()
        .route("/sign-out", any(async |auth: Auth| auth.sign_out("/bye").await))
        .layer(ClerkLayer::new(clerk));
    let request = Request::builder().method(method).uri("/sign-out").header("cookie", cookies);
    send(serve(app).await, request.body(Full::default()).unwrap()).await
}

async fn status(instance: &Instance, id: &str) -> String {
    let session = instance.backend("GET", &format!("/sessions/{id}")).await;
    session.get("status").unwrap().as_str().unwrap().to_owned()
}

fn ended(response: &TextResponse) -> Vec<&str> {
    let lines = response.headers.get_all("set-cookie").iter().map(|line| line.to_str().unwrap());
    lines.filter_map(|line| line.strip_suffix("=; Path=/; Max-Age=0")).collect()
}

#[tokio::test]
async fn sign_out_ends_the_session_at_clerk_and_in_the_browser() {
    for (name, is_expired, is_forged, becomes) in [
        ("a living token", false, false, "revoked"),
        ("an expired token, as between two pages", true, false, "revoked"),
        ("a forged one", true, true, "active"),
    ] {
        let instance = Instance::new();
        let session = instance.local.sign_in("user_ada");
        let mut cookies = if is_expired { session.expired_cookies() } else { session.cookies() };
        if is_forged {
            let other = Instance::new().local;
            let theirs = other.sign_in("user_ada").expired_token();
            cookies = format!("__session={theirs}; __client_uat=1");
        }
        let response = sign_out(&instance, cookies).await;
        assert_eq!((response.status, response.header("location")), (StatusCode::SEE_OTHER, "/bye"), "{name}");
        assert_eq!(response.header("cache-control"), "no-store");
        assert_eq!(status(&instance, session.session_id().as_str()).await, becomes, "{name}");
        assert!(ended(&response).contains(&"__session"), "{name}");
        let others = ended(&response).into_iter().filter(|cookie| !cookie.starts_with("__session"));
        assert_eq!(others.collect::<Vec<_>>(), [""; 0], "{name}");
    }
}

#[tokio::test]
async fn sign_out_redirects_signed_out_visitors_too() {
    let instance = Instance::new();
    let response = sign_out(&instance, "theme=dark; __sessions=x").await;
    assert_eq!((response.status, ended(&response).len()), (StatusCode::SEE_OTHER, 0));
    let session = instance.local.sign_in("user_ada");
    for _ in 0..2 {
        let response = sign_out(&instance, session.cookies()).await;
        assert_eq!(response.status, StatusCode::SEE_OTHER);
    }
}

#[tokio::test]
async fn if_clerk_is_unreachable_the_browser_keeps_its_session() {
    let instance = Instance::new();
    let session = instance.local.sign_in("user_ada");
    for cookies in [session.cookies(), session.expired_cookies()] {
        instance.local.inject(clerk_local::Fault::status(StatusCode::SERVICE_UNAVAILABLE).times(20));
        let response = sign_out(&instance, cookies).await;
        instance.local.clear_faults();
        assert_eq!((response.status, ended(&response).len()), (StatusCode::SERVICE_UNAVAILABLE, 0));
        assert_eq!(response.code(), "clerk-unavailable");
    }
    assert_eq!(status(&instance, session.session_id().as_str()).await, "active");
}

/// Another application on the domain, or an attacker who can set cookies there, cannot affect signing out.
#[tokio::test]
async fn only_a_session_that_clerk_does_not_know_counts_as_ended() {
    for (status, code, expected) in [
        (404, "resource_not_found", StatusCode::SEE_OTHER),
        // Not Clerk's own response.
        (404, "", StatusCode::INTERNAL_SERVER_ERROR),
        (403, "authorization_invalid", StatusCode::INTERNAL_SERVER_ERROR),
        (503, "", StatusCode::SERVICE_UNAVAILABLE),
    ] {
        let instance = Instance::new();
        let local = instance.local.clone();
        let script = Script::new(move |received| {
            if received.request.uri().path().ends_with("/revoke") {
                return Reply::json(status, &json!({"errors": [{"code": code, "message": "m"}]}));
            }
            Reply::Pass(local.clone())
        });
        let clerk = instance.builder().transport(script).build().unwrap();
        let cookies = instance.local.sign_in("user_ada").cookies();
        let response = leave(&clerk, Method::POST, cookies.as_bytes()).await;
        assert_eq!(response.status, expected, "{status} {code}");
        assert_eq!(!ended(&response).is_empty(), expected == StatusCode::SEE_OTHER, "{status} {code}");
    }
}

#[tokio::test]
async fn foreign_cookies_are_neither_removed_nor_used() {
    let instance = Instance::new();
    let session = instance.local.sign_in("user_ada");
    let foreign = Instance::new().local.sign_in("user_ada").expired_token();
    let planted = format!(
        "__session_aaaa={foreign}; __session_bbbb=x; __refresh_bbbb=y; __session_cccc=; __session_d=e"
    );
    let response = sign_out(&instance, format!("{planted}; {}", session.expired_cookies())).await;
    assert_eq!(response.status, StatusCode::SEE_OTHER);
    assert_eq!(status(&instance, session.session_id().as_str()).await, "revoked");
    let suffix = instance.local.publishable_key().cookie_suffix();
    assert_eq!(ended(&response), [&*format!("__session_{suffix}"), "__session"]);
}

/// JWT template tokens are signed by the same key and can have any lifetime.
#[tokio::test]
async fn a_jwt_template_token_ends_no_session() {
    let instance = Instance::new();
    let session = instance.local.sign_in("user_ada");
    let claims = json!({"sub": "user_ada", "sid": session.session_id(), "exp": 1});
    let template = instance.local.sign_claims(&json!({"cat": "cl_B7d4PD222AAA"}), &claims);
    sign_out(&instance, format!("__session={template}; __client_uat=1")).await;
    assert_eq!(status(&instance, session.session_id().as_str()).await, "active");
}

/// Another application's cookie in the same header may contain bytes that are not UTF-8.
#[tokio::test]
async fn other_cookies_may_have_any_value() {
    for beside in [&b"theme=gr\xf6\xdfe"[..], "theme=gr\u{f6}\u{df}e".as_bytes()] {
        let instance = Instance::new();
        let session = instance.local.sign_in("user_ada");
        let response =
            sign_out(&instance, [beside, b"; ", session.expired_cookies().as_bytes()].concat()).await;
        assert_eq!(status(&instance, session.session_id().as_str()).await, "revoked");
        assert!(ended(&response).contains(&"__session"));
    }
}

/// It is unknown which of two expired tokens was checked, and both sessions may still be active at Clerk.
#[tokio::test]
async fn two_expired_sessions_both_end() {
    let instance = Instance::new();
    let (one, two) = (instance.local.sign_in("user_ada"), instance.local.sign_in("user_grace"));
    let suffix = instance.local.publishable_key().cookie_suffix();
    let cookies = format!(
        "__session_{suffix}={}; __session={}; __client_uat=1",
        one.expired_token(),
        two.expired_token()
    );
    sign_out(&instance, cookies).await;
    for session in [one, two] {
        assert_eq!(status(&instance, session.session_id().as_str()).await, "revoked");
    }
}

/// The layer would set the cookies that this request has refreshed. They are removed instead.
#[tokio::test]
async fn cookies_set_by_the_same_request_are_removed_too() {
    let instance = Instance::new();
    let session = instance.local.sign_in("user_ada");
    let token = session.token();
    let [suffixed, refresh] = [format!("__session_{SUFFIX}"), format!("__refresh_{SUFFIX}")];
    let lines = [
        format!("__session={token}; Path=/; Secure"),
        format!("{suffixed}={token}; Path=/; Secure"),
        "__client_uat=1700000000; Path=/; Domain=example.com; Secure".to_owned(),
        format!("{refresh}=new; Path=/; Secure; HttpOnly"),
    ];
    let clerk = instance.builder().publishable_key(LIVE).transport(instance.local.clone()).build().unwrap();
    for (method, lines, expected) in [
        (Method::POST, &lines[..], &[&*suffixed, "__session", &*refresh][..]),
        (Method::GET, &lines, &[&suffixed, "__session", &refresh]),
        // Only what is set.
        (Method::POST, &lines[1..3], &[&suffixed]),
    ] {
        let handshake = instance.local.sign_claims(&json!({}), &json!({"handshake": lines}));
        let response = leave(&clerk, method, format!("__clerk_handshake={handshake}").as_bytes()).await;
        assert_eq!(response.status, StatusCode::SEE_OTHER);
        assert_eq!(status(&instance, session.session_id().as_str()).await, "revoked");
        assert_eq!(ended(&response), expected);
        let lines = response.headers.get_all("set-cookie").iter().map(|line| line.to_str().unwrap());
        let others: Vec<_> = lines.filter(|line| !line.contains("Max-Age=0")).collect();
        assert_eq!(others, ["__client_uat=1700000000; Path=/; Domain=example.com; Secure"]);
    }
}
