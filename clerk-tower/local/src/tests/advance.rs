//! Tests of an instance whose time is ahead of its clock.

use std::time::Duration;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use clerk_core::webhook::Verifier;
use serde_json::{Value, json};

use super::{
    Fixture, NOW, none,
    overview::post,
    save::Directory,
    surfing::{APP, Browser, LOCAL},
};
use crate::{LocalClerk, state::State};

const DAY: i64 = 86_400;

fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// An instance whose time is 30 days ahead.
fn ahead() -> Fixture {
    let fixture = Fixture::seeded();
    assert_eq!(post(&fixture, "action=advance&by=month"), 303);
    fixture
}

#[test]
fn what_the_instance_remembers_expires() {
    let fixture = Fixture::seeded();
    let session = fixture.local.sign_in("user_ada");
    let status = || fixture.get(&format!("/sessions/{}", session.session_id()))["status"].clone();
    let key = fixture.local.api_key("nightly").expires_in(Duration::from_secs(7200)).create();
    let verify = || fixture.ok("POST", "/api_keys/verify", &json!({"secret": key.secret}))["expired"].clone();
    fixture.ok("POST", "/invitations", &json!({"email_address": "mary@example.com"}));
    let invitations = || fixture.column("/invitations", "/status");

    assert_eq!(post(&fixture, "action=advance&by=hour"), 303);
    assert_eq!((status(), verify()), (json!("active"), json!(false)));
    assert_eq!(post(&fixture, "action=advance&by=hour"), 303);
    assert_eq!((status(), verify()), (json!("active"), json!(true)));
    (0..7).for_each(|_| assert_eq!(post(&fixture, "action=advance&by=day"), 303));
    assert_eq!((status(), &*invitations()), (json!("expired"), &["pending".to_owned()][..]));
    assert_eq!(post(&fixture, "action=advance&by=month"), 303);
    assert_eq!(invitations(), ["expired"]);
    assert_eq!(fixture.now(), NOW, "the clock stands still");
    let created = fixture.local.user("Mary", "Shelley").create();
    let created = fixture.get(&format!("/users/{}", created.id))["created_at"].as_i64().unwrap();
    assert_eq!(created, NOW.as_millis() + (37 * DAY + 7200) * 1000);
}

#[test]
fn signed_tokens_have_the_time_of_the_clock() {
    let fixture = ahead();
    let local = &fixture.local;
    let session = local.sign_in("user_ada").organization("org_acme");
    let path = format!("/sessions/{}/tokens", session.session_id());
    fixture.ok("POST", "/jwt_templates", &json!({"name": "api", "claims": {}}));
    let machine = local.machine("billing").create();
    let jwt = |path: &str| fixture.ok("POST", path, &none())["jwt"].as_str().unwrap().to_owned();
    let ticket = fixture.ok("POST", "/sign_in_tokens", &json!({"user_id": "user_ada"}));
    for (what, token) in [
        ("session", session.token()),
        ("session over the API", jwt(&path)),
        ("template", session.template_token("https://api.example.com")),
        ("template over the API", jwt(&format!("{path}/api"))),
        ("M2M", local.m2m_token(&machine).create_jwt().token),
        ("OAuth", local.oauth_token("user_ada").create_jwt().token),
        ("ticket", ticket["token"].as_str().unwrap().to_owned()),
    ] {
        let claims = claims(&token);
        let time = |name: &str| claims[name].as_i64();
        assert!(time("iat").is_none_or(|time| time == NOW.as_secs()), "{what}: {claims}");
        assert!(time("nbf").is_none_or(|time| time <= NOW.as_secs()), "{what}: {claims}");
        let lifetime = time("exp").unwrap() - NOW.as_secs();
        assert!((1..=30 * DAY).contains(&lifetime), "{what}: {claims}");
    }
    assert_eq!(claims(&session.expired_token())["exp"], NOW.as_secs() - 3600);

    // It is valid for the instance, too, until the clock says otherwise.
    let token = local.oauth_token("user_ada").create_jwt().token;
    let verify =
        || fixture.ok("POST", "/oauth_applications/access_tokens/verify", &json!({"access_token": token}));
    assert_eq!(verify()["expired"], false);
    let of_session = json!({"token": session.token()});
    fixture.ok("POST", "/clients/verify", &of_session);
    fixture.clock.advance(Duration::from_secs(2 * 86_400));
    assert_eq!(verify()["active"], false);
    assert!(!fixture.call("POST", "/clients/verify", &of_session).0.is_success());
}

#[test]
fn codes_of_authenticator_apps_and_signatures_of_webhooks_have_the_time_of_the_clock() {
    let fixture = ahead();
    let user = |name: &str| {
        let body = json!({"username": name, "totp_secret": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"});
        fixture.ok("POST", "/users", &body)["id"].as_str().unwrap().to_owned()
    };
    let [mary, joan] = [user("mary"), user("joan")];
    let code = fixture.local.state().users.get(&mary).unwrap().totp.as_ref().unwrap().current_code(NOW);
    let verify = json!({"code": code});
    assert_eq!(fixture.ok("POST", &format!("/users/{mary}/verify_totp"), &verify)["verified"], true);
    let check = |state: &mut State| state.check_totp(&joan, &code, state.now);
    assert!(check(&mut fixture.local.state()).is_ok());

    let request = fixture.local.webhook("user.deleted", &json!({"id": "user_1", "deleted": true}));
    let verifier = Verifier::new(fixture.local.webhook_secret());
    let delivery = verifier.verify(request.headers(), request.body(), fixture.now()).unwrap();
    assert_eq!(delivery.timestamp, Some(fixture.now()), "receivers compare it with the `iat` of tokens");
}

#[tokio::test]
async fn a_browser_signs_in_and_stays_signed_in() {
    let fixture = Fixture::seeded();
    let browser = &mut Browser::new(&fixture);
    for _ in 0..2 {
        let page = browser.open(&format!("{APP}/private")).await;
        assert_eq!(page.url.path(), "/sign-in");
        let page = browser.submit(&page, "/sign-in", "user", "user_alan").await;
        assert_eq!((page.url.path(), &*page.text), ("/private", "user_alan for nobody"));
        // The next page needs no handshake.
        let page = browser.open(&format!("{APP}/private")).await;
        assert_eq!((page.way.len(), &*page.text), (1, "user_alan for nobody"));
        fixture.clock.advance(Duration::from_secs(66));
        let page = browser.open(&format!("{APP}/private")).await;
        assert_eq!((page.way.len(), &*page.text), (4, "user_alan for nobody"));
        // The session expires; the token does not, but a handshake finds out.
        assert_eq!(post(&fixture, "action=advance&by=month"), 303);
        fixture.clock.advance(Duration::from_secs(66));
    }
    let page = browser.open(&format!("{LOCAL}/sign-in")).await;
    assert!(!page.text.contains("You are signed in"));
}

#[test]
fn it_stays_ahead_in_a_file_and_goes_back_with_a_snapshot() {
    let fixture = Fixture::seeded();
    let snapshot = fixture.local.snapshot();
    assert_eq!(post(&fixture, "action=advance&by=day"), 303);
    let directory = Directory::new();
    let path = directory.0.join("clerk.json");
    fixture.local.save(&path).unwrap();
    let loaded = LocalClerk::builder().clock(fixture.clock.clone()).load(&path).build().unwrap();
    assert_eq!(loaded.time().as_secs(), NOW.as_secs() + DAY);
    fixture.local.restore(&snapshot);
    assert_eq!(fixture.local.time(), NOW);
}

#[test]
fn it_is_at_most_ten_years_ahead() {
    let fixture = Fixture::seeded();
    let years = Duration::from_secs(10 * 365 * 86_400 - 3600);
    fixture.local.state().ahead = years;
    assert_eq!(post(&fixture, "action=advance&by=day"), 422);
    assert_eq!(post(&fixture, "action=advance&by=hour"), 303);
    for form in
        ["action=advance&by=hour", "action=advance&by=-1", "action=advance&by=second", "action=advance"]
    {
        assert_eq!(post(&fixture, form), 422, "{form}");
    }
    assert_eq!(fixture.local.state().ahead.as_secs(), years.as_secs() + 3600);
}
