//! Tests of domains, checks of proxies, the console of webhooks and logos.

use bytes::Bytes;
use http::{Request, StatusCode};
use serde_json::json;

use super::{Fixture, has_fields, none};

#[test]
fn satellites_are_added_changed_and_deleted() {
    let fixture = Fixture::new();
    let path = "/v1/domains";
    let primary = fixture.get(path)["data"][0].clone();
    has_fields(&primary, &["object", "id", "name", "is_satellite", "frontend_api_url", "development_origin"]);
    assert_eq!((&primary["is_satellite"], &primary["id"]), (&json!(false), &json!("dmn_local")));
    let body = json!({"name": "localhost:3001", "is_satellite": true});
    let created = fixture.ok("POST", path, &body);
    let own = format!("{path}/{}", created["id"].as_str().unwrap());
    assert_eq!(fixture.column(path, "/name").last().unwrap(), "localhost:3001");
    let change = json!({"name": "satellite.example", "proxy_url": "https://satellite.example/__clerk"});
    let changed = fixture.ok("PATCH", &own, &change);
    assert_eq!((&changed["name"], &changed["proxy_url"]), (&change["name"], &change["proxy_url"]));
    assert_eq!(fixture.ok("PATCH", &own, &json!({"proxy_url": null}))["proxy_url"], none());
    for (body, status, code, param) in [
        (json!({"is_satellite": true}), 422, "form_param_missing", "name"),
        (json!({"name": "a.example"}), 422, "form_param_missing", "is_satellite"),
        (
            json!({"name": "a.example", "is_satellite": false}),
            422,
            "primary_domain_already_exists",
            "is_satellite",
        ),
        (json!({"name": "a/b", "is_satellite": true}), 422, "form_param_format_invalid", "name"),
        (json!({"name": "satellite.example", "is_satellite": true}), 422, "form_identifier_exists", "name"),
        (
            json!({"name": "a.example", "is_satellite": true, "proxy_url": "x"}),
            422,
            "form_param_format_invalid",
            "proxy_url",
        ),
    ] {
        fixture.refuses("POST", path, &body, status, code, param);
    }
    assert_eq!(fixture.ok("DELETE", &own, &none())["deleted"], true);
    fixture.refuses("DELETE", &own, &none(), 404, "resource_not_found", "");
    let primary = "/v1/domains/dmn_local";
    fixture.refuses("DELETE", primary, &none(), 403, "operation_not_allowed_on_primary_domain", "");
    fixture.refuses("PATCH", primary, &json!({"name": "a.example"}), 400, "domain_update_forbidden", "");
    for (method, path) in [("POST", "/v1/instance/change_domain"), ("PUT", "/v1/beta_features/domain")] {
        let body = json!({"home_url": "https://www.example.com"});
        fixture.refuses(method, path, &body, 400, "domain_update_forbidden", "");
        fixture.refuses(
            method,
            path,
            &json!({"home_url": "x"}),
            422,
            "form_param_format_invalid",
            "home_url",
        );
    }
}

#[test]
fn a_proxy_is_only_known_to_work_at_the_own_address() {
    let fixture = Fixture::new();
    let url = fixture.local.state().frontend_url().to_owned();
    let check = fixture.ok("POST", "/v1/proxy_checks", &json!({"domain_id": "dmn_local", "proxy_url": url}));
    has_fields(
        &check,
        &["object", "id", "domain_id", "last_run_at", "proxy_url", "successful", "created_at", "updated_at"],
    );
    let body = json!({"domain_id": "dmn_local", "proxy_url": "https://example.com/__clerk"});
    fixture.refuses("POST", "/v1/proxy_checks", &body, 422, "invalid_proxy_configuration", "proxy_url");
    let body = json!({"domain_id": "dmn_x", "proxy_url": "https://example.com/__clerk"});
    fixture.refuses("POST", "/v1/proxy_checks", &body, 404, "resource_not_found", "");
    fixture.refuses("GET", "/v1/public/interstitial", &none(), 422, "not_emulated", "");
}

#[test]
fn the_console_of_webhooks_is_created_once() {
    let fixture = Fixture::new();
    let path = "/v1/webhooks/svix";
    fixture.refuses("POST", "/v1/webhooks/svix_url", &none(), 400, "svix_app_missing", "");
    let created = fixture.ok("POST", path, &none());
    assert_eq!(fixture.ok("POST", "/v1/webhooks/svix_url", &none()), created);
    fixture.refuses("POST", path, &none(), 400, "svix_app_exists", "");
    assert_eq!(fixture.call("DELETE", path, &none()), (StatusCode::NO_CONTENT, none()));
    fixture.refuses("DELETE", path, &none(), 400, "svix_app_missing", "");
}

#[test]
fn an_organization_has_a_logo_until_it_is_deleted() {
    let fixture = Fixture::seeded();
    let path = "/v1/organizations/org_acme/logo";
    let head = "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\n\r\n";
    let body = [head.as_bytes(), b"\x89PNG\r\n\x1a\nrest", b"\r\n--B--\r\n"].concat();
    let request = Request::put(path)
        .header("authorization", fixture.local.secret_key().to_header())
        .header("content-type", "multipart/form-data; boundary=B");
    let (status, organization) = fixture.send(request.body(Bytes::from(body)).unwrap());
    assert_eq!((status.as_u16(), &organization["has_image"]), (200, &json!(true)), "{organization}");
    assert_eq!(fixture.ok("DELETE", path, &none())["has_image"], false);
    fixture.refuses("DELETE", path, &none(), 404, "resource_not_found", "");
    fixture.refuses("PUT", path, &none(), 400, "bad_request", "");
}
