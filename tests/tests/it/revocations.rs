//! Sessions that a webhook delivery or a call of this process ends are refused at once, although their tokens are valid.

use std::time::Duration;

use axum::{
    Router,
    routing::{any, get},
};
use clerk_axum::{Auth, ClerkLayer, ClerkWebhooks, Session};
use clerk_core::{
    api::{organization_memberships, organizations, sessions, users},
    id::SessionId,
};
use clerk_tests::{Instance, TextResponse, get as get_with, scripted::Scripted, send, serve, settle};
use clerk_tower::Clerk;
use http::{Method, Request, StatusCode};
use http_body_util::Full;
use serde_json::{Value, json};

const OK: (u16, &str) = (200, "user_ada");
const REVOKED: (u16, &str) = (401, "session-revoked");

/// A client of this instance that verifies its deliveries.
fn client(instance: &Instance) -> Clerk {
    let builder = instance.builder().webhook_secret(instance.local.webhook_secret());
    builder.transport(instance.local.clone()).build().unwrap()
}

/// What a request with this token gets from the client, without a server.
async fn verdict(clerk: &Clerk, token: &str) -> String {
    let auth = clerk.authenticate_token(token).await;
    let reason = auth.outcome().reason().map(|reason| reason.code().to_owned());
    reason.unwrap_or_else(|| "signed-in".to_owned())
}

fn deliver(instance: &Instance, clerk: &Clerk, kind: &str, data: &Value) {
    let request = instance.local.webhook(kind, data);
    clerk.verify_webhook(request.headers(), request.body()).unwrap();
}

fn later(instance: &Instance, seconds: u64) {
    instance.clock.advance(Duration::from_secs(seconds));
}

#[tokio::test]
async fn what_an_own_call_ends_is_refused_before_the_call_returns() {
    for (name, ends) in
        [("own session", 0), ("ban", 1), ("lock", 2), ("bulk ban", 3), ("delete", 4), ("password", 5)]
    {
        let instance = Instance::new();
        let clerk = client(&instance);
        let (session, other) = (instance.local.sign_in("user_ada"), instance.local.sign_in("user_ada"));
        let (ben, tokens) = (instance.local.sign_in("user_ben").token(), [session.token(), other.token()]);
        for token in [&ben, &tokens[0], &tokens[1]] {
            assert_eq!(verdict(&clerk, token).await, "signed-in", "{name}");
        }
        match ends {
            0 => drop(clerk.send(sessions::revoke(session.session_id())).await.unwrap()),
            1 => drop(clerk.send(users::ban("user_ada")).await.unwrap()),
            2 => drop(clerk.send(users::lock("user_ada")).await.unwrap()),
            3 => drop(clerk.send(users::bulk_ban(["user_ada"])).await.unwrap()),
            4 => drop(clerk.send(users::delete("user_ada")).await.unwrap()),
            _ => {
                let update =
                    users::update("user_ada").password("correct horse 5").sign_out_of_other_sessions(true);
                drop(clerk.send(update).await.unwrap());
            }
        }
        assert_eq!(verdict(&clerk, &tokens[0]).await, "session-revoked", "{name}");
        let others = if ends == 0 { "signed-in" } else { "session-revoked" };
        assert_eq!(verdict(&clerk, &tokens[1]).await, others, "{name}");
        assert_eq!(verdict(&clerk, &ben).await, "signed-in", "{name}");
        // A client of its own, as in another process, does not know.
        assert_eq!(verdict(&client(&instance), &tokens[0]).await, "signed-in", "{name}");
    }
}

#[tokio::test]
async fn a_write_that_clerk_refused_revokes_nothing_and_one_that_may_have_happened_does() {
    for (status, expected) in [
        (StatusCode::FORBIDDEN, "signed-in"),
        (StatusCode::UNPROCESSABLE_ENTITY, "signed-in"),
        // Not a response of Clerk's: that of a proxy that does not know the path.
        (StatusCode::NOT_FOUND, "signed-in"),
        (StatusCode::BAD_GATEWAY, "session-revoked"),
    ] {
        let instance = Instance::new();
        let clerk = client(&instance);
        let token = instance.ada();
        assert_eq!(verdict(&clerk, &token).await, "signed-in");
        instance.local.inject(clerk_local::Fault::status(status).times(10));
        clerk.send(users::delete("user_ada")).await.unwrap_err();
        assert_eq!(verdict(&clerk, &token).await, expected, "{status}");
    }
    // Another program was faster, and Clerk does not know the user any more.
    let instance = Instance::new();
    let (clerk, token) = (client(&instance), instance.ada());
    instance.in_memory().send(users::delete("user_ada")).await.unwrap();
    assert_eq!(verdict(&clerk, &token).await, "signed-in");
    assert!(clerk.send(users::delete("user_ada")).await.unwrap_err().is_missing());
    assert_eq!(verdict(&clerk, &token).await, "session-revoked");
}

#[tokio::test]
async fn a_write_whose_caller_hung_up_revokes() {
    let instance = Instance::new();
    let stalled = Scripted::default();
    let clerk =
        instance.builder().transport(stalled.clone()).jwt_key(instance.local.jwt_key()).build().unwrap();
    let token = instance.ada();
    assert_eq!(verdict(&clerk, &token).await, "signed-in");
    let call = tokio::spawn({
        let clerk = clerk.clone();
        async move { clerk.send(users::ban("user_ada")).await }
    });
    settle().await;
    let _sent = stalled.one();
    assert_eq!(verdict(&clerk, &token).await, "signed-in");
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    assert_eq!(verdict(&clerk, &token).await, "session-revoked");
}

#[tokio::test]
async fn a_membership_that_ends_refuses_the_tokens_of_its_organization_until_they_are_renewed() {
    for is_delivered in [false, true] {
        let instance = Instance::new();
        let clerk = client(&instance);
        let acme = instance.ada();
        let personal = instance.local.sign_in("user_ada").token();
        let ben = instance.local.sign_in("user_ben").token();
        assert_eq!(verdict(&clerk, &acme).await, "signed-in");
        if is_delivered {
            let data = json!({
                "id": "orgmem_1", "role": "org:admin", "public_user_data": {"user_id": "user_ada"},
                "organization": {"id": "org_acme", "name": "Acme", "slug": "acme"},
            });
            deliver(&instance, &clerk, "organizationMembership.deleted", &data);
        } else {
            clerk.send(organization_memberships::delete("org_acme", "user_ada")).await.unwrap();
        }
        assert_eq!(verdict(&clerk, &acme).await, "session-revoked", "{is_delivered}");
        assert_eq!(verdict(&clerk, &personal).await, "signed-in", "{is_delivered}");
        assert_eq!(verdict(&clerk, &ben).await, "signed-in", "{is_delivered}");
    }
    let instance = Instance::new();
    let clerk = client(&instance);
    let acme = instance.ada();
    clerk.send(organizations::delete("org_acme")).await.unwrap();
    assert_eq!(verdict(&clerk, &acme).await, "session-revoked");
}

#[tokio::test]
async fn a_user_who_is_unbanned_and_signs_in_again_gets_in() {
    let instance = Instance::new();
    let clerk = client(&instance);
    let old = instance.ada();
    clerk.send(users::ban("user_ada")).await.unwrap();
    clerk.send(users::unban("user_ada")).await.unwrap();
    // The clocks may differ by some seconds, so a token from right after the ban does not count yet.
    assert_eq!(verdict(&clerk, &instance.ada()).await, "session-revoked");
    later(&instance, 6);
    assert_eq!(verdict(&clerk, &instance.ada()).await, "signed-in");
    assert_eq!(verdict(&clerk, &old).await, "session-revoked");
    // A delivery about the ban that is repeated later means the tokens from before it.
    let event = json!({"id": "user_ada", "banned": true, "locked": false});
    let request = instance.local.webhook("user.updated", &event);
    later(&instance, 2);
    let new = instance.ada();
    for _ in 0..2 {
        clerk.verify_webhook(request.headers(), request.body()).unwrap();
        assert_eq!(verdict(&clerk, &new).await, "signed-in");
    }
    assert_eq!(verdict(&clerk, &old).await, "session-revoked");
}

/// An application with a handler, pages for its session, and the endpoint for deliveries.
fn app(clerk: &Clerk) -> Router {
    Router::new()
        .route("/", get(async |session: Session| session.user_id().as_str().to_owned()))
        .route("/maybe", get(async |session: Option<Session>| session.is_some().to_string()))
        .route("/sign-out", any(async |auth: Auth| auth.sign_out("/bye").await))
        .layer(ClerkLayer::new(clerk))
        .route_service("/webhooks/clerk", ClerkWebhooks::new(clerk).unwrap())
}

async fn with_cookies(
    address: std::net::SocketAddr,
    method: Method,
    path: &str,
    cookies: &str,
) -> TextResponse {
    let request =
        Request::builder().method(method).uri(path).header("cookie", cookies).header("accept", "text/html");
    send(address, request.body(Full::default()).unwrap()).await
}

fn summary(response: &TextResponse) -> (u16, String) {
    let text = if response.status.is_success() { response.body.clone() } else { response.code() };
    (response.status.as_u16(), text)
}

#[tokio::test]
async fn after_signing_out_the_same_cookie_is_refused_at_once() {
    let instance = Instance::new();
    let clerk = instance.local.client();
    let address = serve(app(&clerk)).await;
    let session = instance.local.sign_in("user_ada");
    let cookies = session.cookies();
    for _ in 0..2 {
        assert_eq!(with_cookies(address, Method::GET, "/", &cookies).await.body, "user_ada");
    }
    let left = with_cookies(address, Method::POST, "/sign-out", &cookies).await;
    assert_eq!((left.status, left.header("location")), (StatusCode::SEE_OTHER, "/bye"));
    // Also as a navigation, which a handshake would send to Clerk, and in the header.
    let refused = with_cookies(address, Method::GET, "/", &cookies).await;
    assert_eq!((refused.summary().0, &*refused.code()), REVOKED);
    assert_eq!(refused.header("x-clerk-auth-reason"), "session-revoked");
    assert!(!refused.headers.contains_key("location"));
    let refused = get_with(address, "/", &session.token()).await;
    assert_eq!((refused.summary().0, &*refused.code()), REVOKED);
    // Signing out once more is no error, and another session of the same user goes on.
    let again = with_cookies(address, Method::POST, "/sign-out", &cookies).await;
    assert_eq!(again.status, StatusCode::SEE_OTHER);
    let other = with_cookies(address, Method::GET, "/", &instance.local.sign_in("user_ada").cookies()).await;
    assert_eq!(other.body, "user_ada");
}

/// Everything over sockets: another program bans a user at Clerk, which delivers the event to this service.
#[tokio::test]
async fn a_ban_by_another_program_reaches_the_next_request_through_the_webhook() {
    let (instance, clerk, server) = Instance::over_http().await;
    drop(clerk);
    let secret = instance.local.webhook_secret();
    let clerk = instance.builder().api_url(server.api_url()).webhook_secret(secret.clone()).build().unwrap();
    let address = serve(app(&clerk)).await;
    instance.local.deliver_webhooks_to(&format!("http://{address}/webhooks/clerk"), secret).unwrap();
    let other = instance.builder().api_url(server.api_url()).build().unwrap();

    let (ada, ben) = (instance.local.sign_in("user_ada"), instance.local.sign_in("user_ben"));
    let token = ada.token();
    assert_eq!(summary(&get_with(address, "/", &token).await), (OK.0, OK.1.to_owned()));
    other.send(users::ban("user_ada")).await.unwrap();
    instance.local.webhooks_delivered().await;
    for path in ["/", "/maybe"] {
        let refused = get_with(address, path, &token).await;
        assert_eq!(summary(&refused), (REVOKED.0, REVOKED.1.to_owned()), "{path}");
    }
    let token = ben.token();
    assert_eq!(get_with(address, "/", &token).await.status, StatusCode::OK);
    other.send(sessions::revoke(ben.session_id())).await.unwrap();
    instance.local.webhooks_delivered().await;
    assert_eq!(get_with(address, "/", &token).await.code(), "session-revoked");
}

#[tokio::test]
async fn templates_machines_and_identities_of_tests_outlive_a_revocation() {
    let instance = Instance::new();
    let session: SessionId = instance.local.sign_in("user_ada").session_id().clone();
    let clerk = instance
        .builder()
        .authentication(|options| options.template_audiences(["api"]))
        .transport(instance.local.clone())
        .build()
        .unwrap();
    let claims = json!({
        "sub": "user_ada", "sid": session, "aud": "api", "iss": "https://clerk.example.com",
        "iat": 1_700_000_000, "nbf": 1_700_000_000, "exp": 1_700_003_600,
    });
    let template = instance.local.sign_claims(&json!({"cat": "cl_B7d4PD222AAA"}), &claims);
    let auth = clerk.authenticate_token(&template).await;
    assert!(auth.outcome().template().is_some(), "{:?}", auth.outcome());
    clerk.send(users::ban("user_ada")).await.unwrap();
    clerk.send(sessions::revoke(session)).await.unwrap();
    assert!(clerk.authenticate_token(&template).await.outcome().template().is_some());
}

#[test]
fn lifetimes_of_tokens_are_checked() {
    for (lifetime, is_good) in [
        (Duration::ZERO, false),
        (Duration::from_millis(999), false),
        (Duration::from_secs(1), true),
        (Duration::from_secs(86_400), true),
        (Duration::from_secs(86_401), false),
        (Duration::MAX, false),
    ] {
        let built = Clerk::builder().secret_key("sk_test_x").session_token_lifetime(lifetime).build();
        let problem = built.err().map(|error| error.to_string());
        let expected = "session_token_lifetime: expected a duration from one second to one day";
        assert_eq!(problem.as_deref(), (!is_good).then_some(expected), "{lifetime:?}");
    }
}

/// Processes of one service.
mod fleet {
    use clerk_tests::engine::Engine;
    use clerk_tower::fleet::Broadcast as _;

    use super::*;

    fn process(instance: &Instance, engine: &Engine) -> Clerk {
        let builder = instance.builder().publishable_key(instance.local.publishable_key().clone());
        let builder = builder.webhook_secret(instance.local.webhook_secret()).fleet(engine);
        builder.transport(instance.local.clone()).build().unwrap()
    }

    async fn linked(processes: &[&Clerk]) {
        for process in processes {
            process.fleet().linked().await;
        }
        settle().await;
    }

    #[tokio::test]
    async fn what_one_process_revokes_all_refuse() {
        let (instance, engine) = (Instance::new(), Engine::new());
        let (one, other) = (process(&instance, &engine), process(&instance, &engine.another()));
        linked(&[&one, &other]).await;
        let (session, member) = (instance.local.sign_in("user_ada"), instance.ada());
        let (ada, ben) = (session.token(), instance.local.sign_in("user_ben").token());
        for token in [&ada, &member, &ben] {
            assert_eq!(verdict(&other, token).await, "signed-in");
        }
        // By signing out, which only this process sees.
        let auth = one.authenticate_token(&ada).await;
        auth.sign_out::<()>(&(&Request::new(())).into(), "/").await.unwrap();
        settle().await;
        assert_eq!(verdict(&other, &ada).await, "session-revoked");
        assert_eq!(verdict(&other, &member).await, "signed-in");
        // By calls, and by a delivery.
        one.send(organization_memberships::delete("org_acme", "user_ada")).await.unwrap();
        deliver(&instance, &one, "user.deleted", &json!({"id": "user_ben", "deleted": true}));
        settle().await;
        for token in [&ada, &member, &ben] {
            assert_eq!(verdict(&other, token).await, "session-revoked");
        }
        // A process that starts later learns it before its link is up.
        let late = process(&instance, &engine.another());
        linked(&[&late]).await;
        for token in [&ada, &member, &ben] {
            assert_eq!(verdict(&late, token).await, "session-revoked");
        }
    }

    /// Whoever can write to the engine can sign somebody out for a while, and no more.
    #[tokio::test]
    async fn hostile_messages_let_nobody_in() {
        let (instance, engine) = (Instance::new(), Engine::new());
        let clerk = process(&instance, &engine);
        linked(&[&clerk]).await;
        let (session, other) = (instance.local.sign_in("user_ada"), instance.local.sign_in("user_ada"));
        clerk.send(sessions::revoke(session.session_id())).await.unwrap();
        let channel = format!("{{clerk:{}}}:notices", instance.local.publishable_key().frontend_api());
        for text in [
            json!({"session": session.session_id(), "until": i64::MIN}).to_string(),
            json!({"user": "user_ada", "until": i64::MIN}).to_string(),
            json!({"forgiven": session.session_id(), "until": 1}).to_string(),
            "x".repeat(5000),
            String::new(),
        ] {
            let message = json!({"v": 1, "from": "x", "notices": [["revoked", text]]}).to_string();
            engine.publish(&channel, message.into()).await.unwrap();
            settle().await;
            assert_eq!(verdict(&clerk, &session.token()).await, "session-revoked", "{text}");
            assert_eq!(verdict(&clerk, &other.token()).await, "signed-in", "{text}");
        }
        let text = json!({"user": "user_ada", "until": i64::MAX}).to_string();
        let message = json!({"v": 1, "from": "x", "notices": [["revoked", text]]}).to_string();
        engine.publish(&channel, message.into()).await.unwrap();
        settle().await;
        assert_eq!(verdict(&clerk, &other.token()).await, "session-revoked");
    }
}
