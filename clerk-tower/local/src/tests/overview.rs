//! Tests of the page at `/`.

use bytes::Bytes;
use futures_util::FutureExt as _;
use http::Request;
use http_body_util::BodyExt as _;
use tower_service::Service as _;

use super::{Fixture, none};

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

fn post(fixture: &Fixture, form: &str) -> u16 {
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
        "People (5)",
        "ada@example.com",
        "&lt;b&gt; Bold",
        "Organizations (1)",
        "org_acme, 2 members",
        "Active sessions (1)",
        "GET /users/user_grace 200 (secret key)",
        "aria-label=\"Ban Ada Lovelace\"",
        "no identity provider for production",
    ] {
        assert!(page.contains(expected), "{expected} is missing in:\n{page}");
    }
    let secret = fixture.local.secret_key().expose();
    assert!(!page.contains("hunter2") && !page.contains("<b> Bold") && !page.contains(secret), "{page}");
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
