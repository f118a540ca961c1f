//! Tests of behavior that is common to all requests.

use bytes::Bytes;
use http::{Request, StatusCode};
use serde_json::json;

use super::{Fixture, LocalClerk, none};

#[test]
fn requests_need_the_secret_key() {
    let fixture = Fixture::new();
    let own = fixture.local.secret_key().expose().to_owned();
    for (value, expected) in [
        (None, "authentication_invalid"),
        (Some(String::new()), "authentication_invalid"),
        (Some(own.clone()), "authentication_invalid"),
        (Some(format!("Basic {own}")), "authentication_invalid"),
        (Some("Bearer sk_test_other".to_owned()), "clerk_key_invalid"),
        (Some(format!("Bearer {own}x")), "clerk_key_invalid"),
        (Some(format!("bearer {own}")), ""),
    ] {
        let mut request = Request::get("/v1/jwks");
        if let Some(value) = &value {
            request = request.header("authorization", value);
        }
        let (status, body) = fixture.send(request.body(Bytes::new()).unwrap());
        assert_eq!(body["errors"][0]["code"].as_str().unwrap_or_default(), expected);
        assert_eq!(status == StatusCode::UNAUTHORIZED, !expected.is_empty());
    }
}

#[test]
fn paths_work_with_and_without_the_version_and_a_host() {
    let fixture = Fixture::seeded();
    let expected = fixture.get("/v1/users/user_ada");
    for path in ["/users/user_ada", "https://api.clerk.com/v1/users/user_ada", "/users/user%5Fada"] {
        assert_eq!(fixture.get(path), expected, "{path}");
    }
    assert_eq!(fixture.local.requests().to("GET", "/v1/users/user_ada").len(), 3);
    assert_eq!(fixture.local.requests().to("GET", "/users/user_ada").len(), 3);
}

#[test]
fn unsupported_requests_get_an_error_that_says_so() {
    let fixture = Fixture::seeded();
    for (method, path, status, message) in [
        ("PUT", "/users/user_ada", 405, "/users/user_ada has no PUT, but GET, PATCH, DELETE"),
        ("GET", "/v2/users", 404, "There is no operation GET /v2/users"),
        ("GET", "/users/a/b/c", 404, "There is no operation GET /users/a/b/c"),
        ("GET", "/", 404, "There is no operation GET /"),
    ] {
        let (found, body) = fixture.call(method, path, &none());
        assert_eq!((found.as_u16(), body["errors"][0]["long_message"].as_str()), (status, Some(message)));
    }
}

#[test]
fn segments_are_decoded_once_and_stay_segments() {
    let fixture = Fixture::seeded();
    fixture.refuses("GET", "/v1/users/..%2Fusers%2Fuser_ada", &none(), 404, "resource_not_found", "");
    fixture.refuses("GET", "/v1/users/", &none(), 404, "operation_not_found", "");
}

#[test]
fn long_bodies_are_rejected() {
    let fixture = Fixture::new();
    let body = json!({"username": "a", "public_metadata": {"x": "y".repeat(1024 * 1024)}});
    fixture.refuses("POST", "/v1/users", &body, 413, "request_body_too_large", "");
}

#[test]
fn debug_output_contains_no_secrets() {
    let fixture = Fixture::seeded();
    let session = fixture.local.sign_in("user_ada").claim("secret", "very");
    let builder = fixture.local.user("Ada", "Lovelace").email("ada@example.com");
    let shown =
        format!("{:?} {session:?} {builder:?} {:?}", fixture.local, fixture.local.organization("Acme"));
    for hidden in [fixture.local.secret_key().expose(), "very", "Lovelace", "ada@example.com", "Acme"] {
        assert!(!shown.contains(hidden), "{shown}");
    }
}

#[test]
fn clones_share_state_and_instances_do_not() {
    fn shared<T: Send + Sync + Clone + 'static>(_: &T) {}
    let fixture = Fixture::new();
    shared(&fixture.local);
    let clone = fixture.local.clone();
    clone.user("Ada", "Lovelace").create();
    assert_eq!(clone.key_id(), fixture.local.key_id());
    assert_eq!(fixture.get("/users/count")["total_count"], 1);
    let other = LocalClerk::new();
    assert_ne!(other.secret_key().expose(), fixture.local.secret_key().expose());
    assert_ne!(other.publishable_key(), fixture.local.publishable_key());
    assert_ne!(other.key_id(), fixture.local.key_id());
    assert_eq!(other.issuer(), other.publishable_key().frontend_api_url());
}
