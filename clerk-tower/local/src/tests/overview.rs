//! Tests of the page at `/`.

use std::{
    convert::Infallible,
    future::ready,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use futures_util::FutureExt as _;
use http::{Request, Response};
use http_body_util::BodyExt as _;
use tower_service::Service as _;

use super::{Fixture, none};
use crate::LocalBody;

/// Sends a browser's request; returns status and text.
fn browse(fixture: &Fixture, method: &str, origin: &str, form: &str) -> (u16, String) {
    let request = Request::builder().method(method).uri("/").header("host", "localhost:4010");
    let request = match origin {
        "" => request,
        origin => request.header("origin", origin),
    };
    let request = request.header("sec-fetch-dest", "document").body(Bytes::from(form.to_owned())).unwrap();
    let response = fixture.local.clone().call(request).now_or_never().unwrap().unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().now_or_never().unwrap().unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

pub(super) fn post(fixture: &Fixture, form: &str) -> u16 {
    browse(fixture, "POST", "http://localhost:4010", form).0
}

#[test]
fn it_shows_the_instance() {
    let fixture = Fixture::seeded();
    fixture.local.user("<b>", "Bold").id("user_bold").create();
    let session = fixture.local.sign_in("user_ada");
    drop(session.token());
    fixture.get("/users/user_grace?secret=hunter2");
    let (status, page) = browse(&fixture, "GET", "", "");
    assert_eq!(status, 200);
    for expected in [
        "People <span>(5)",
        "ada@example.com",
        "&lt;b&gt; Bold",
        "Organizations <span>(1)",
        "org_acme, 2 members",
        "Active sessions <span>(1)",
        "<code>GET /users/user_grace</code></td><td>200</td><td>secret key</td>",
        "It is <time datetime=\"2023-11-14T22:13:20Z\">2023-11-14 22:13:20 UTC</time>, as on this computer",
        "Nobody receives them",
        "aria-label=\"Ban Ada Lovelace\"",
        "not for production",
    ] {
        assert!(page.contains(expected), "{expected} is missing in:\n{page}");
    }
    let secret = fixture.local.secret_key().expose();
    assert!(!page.contains("hunter2") && !page.contains("<b> Bold") && !page.contains(secret), "{page}");
}

#[test]
fn it_says_how_far_the_time_is_ahead() {
    let fixture = Fixture::seeded();
    for (by, expected) in [
        ("hour", "1 hour ahead"),
        ("hour", "2 hours ahead"),
        ("day", "1 day and 2 hours ahead"),
        ("month", "31 days and 2 hours ahead"),
    ] {
        assert_eq!(post(&fixture, &format!("action=advance&by={by}")), 303);
        let page = browse(&fixture, "GET", "", "").1;
        assert!(page.contains(expected), "{expected} is missing in:\n{page}");
    }
    assert!(browse(&fixture, "GET", "", "").1.contains("2023-12-16 00:13:20 UTC"));
}

#[tokio::test]
async fn it_shows_webhooks_and_sends_them_again() {
    let fixture = Fixture::seeded();
    let ids = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&ids);
    let receiver = tower::service_fn(move |request: Request<LocalBody>| {
        let id = request.headers()["svix-id"].to_str().unwrap().to_owned();
        let mut seen = seen.lock().unwrap();
        seen.push(id);
        let status = if seen.len() == 1 { 503 } else { 204 };
        ready(Ok::<_, Infallible>(Response::builder().status(status).body(()).unwrap()))
    });
    fixture.local.deliver_webhooks_to_service(receiver, fixture.local.webhook_secret()).unwrap();
    fixture.local.user("<script>", "Bold").create();
    fixture.local.webhooks_delivered().await;
    let page = browse(&fixture, "GET", "", "").1;
    for expected in [
        "1 delivered, 0 waiting, 0 given up, 0 dropped",
        "<b>user.created</b>",
        "<span class=\"tag good\">204</span>",
        "UTC</time>: 503</li>",
        "&quot;first_name&quot;: &quot;&lt;script&gt;&quot;",
        "aria-label=\"Send again user.created\"",
    ] {
        assert!(page.contains(expected), "{expected} is missing in:\n{page}");
    }
    assert!(!page.contains("<script"));

    let id = ids.lock().unwrap()[0].clone();
    assert_eq!(post(&fixture, &format!("action=resend&webhook={id}")), 303);
    fixture.local.webhooks_delivered().await;
    assert_eq!(*ids.lock().unwrap(), [&*id, &*id, &*id], "with the same ID");
    for form in ["action=resend", "action=resend&webhook=msg_unknown"] {
        assert!([404, 422].contains(&post(&fixture, form)), "{form}");
    }
}

#[test]
fn its_forms_change_the_instance() {
    let fixture = Fixture::seeded();
    assert_eq!(post(&fixture, "action=ban&user=user_ada"), 303);
    assert_eq!(fixture.get("/users/user_ada")["banned"], true);
    assert!(browse(&fixture, "GET", "", "").1.contains("aria-label=\"Unban Ada Lovelace\""));
    assert_eq!(post(&fixture, "action=unban&user=user_ada"), 303);
    assert_eq!(fixture.get("/users/user_ada")["banned"], false);

    drop(fixture.local.sign_in("user_grace").token());
    let session = fixture.column("/sessions?user_id=user_grace", "/id").remove(0);
    assert_eq!(post(&fixture, &format!("action=revoke&session={session}")), 303);
    assert_eq!(fixture.get(&format!("/sessions/{session}"))["status"], "revoked");

    for (to, expected) in [("on", "Turn off links in emails"), ("off", "Turn on links in emails")] {
        assert_eq!(post(&fixture, &format!("action=email_links&to={to}")), 303);
        assert!(browse(&fixture, "GET", "", "").1.contains(expected));
    }

    let before = fixture.local.key_id();
    assert_eq!(post(&fixture, "action=rotate"), 303);
    assert_ne!(fixture.local.key_id(), before);

    assert_eq!(post(&fixture, "action=fail&times=1&status=429"), 303);
    assert_eq!(browse(&fixture, "GET", "", "").0, 200);
    fixture.refuses("GET", "/users", &none(), 429, "too_many_requests", "");
    fixture.get("/users");
    assert_eq!(post(&fixture, "action=fail&times=1000&status=503"), 303);
    assert_eq!(post(&fixture, "action=heal"), 303);
    fixture.get("/users");
    for (form, status) in [
        ("", 422),
        ("action=explode", 422),
        ("action=ban", 422),
        ("action=ban&user=nobody", 404),
        ("action=ban&user=user_ada%2Flock%3F", 404),
        ("action=fail&times=0&status=503", 422),
        ("action=fail&times=1001&status=503", 422),
        ("action=fail&times=1&status=200", 422),
    ] {
        assert_eq!(post(&fixture, form), status, "{form}");
    }
}

#[test]
fn pages_of_other_sites_cannot_use_its_forms() {
    let fixture = Fixture::seeded();
    for origin in ["https://evil.example", "http://localhost:3000", "null"] {
        assert_eq!(browse(&fixture, "POST", origin, "action=ban&user=user_ada").0, 403, "{origin}");
    }
    assert_eq!(fixture.get("/users/user_ada")["banned"], false);
}
