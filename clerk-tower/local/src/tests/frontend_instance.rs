//! Tests of what anybody may know of the instance, and of what is not emulated.

use serde_json::json;

use super::{Fixture, frontend_api::ORIGIN};

#[test]
fn the_instance_describes_itself() {
    let fixture = Fixture::seeded();
    let get = |path: &str| fixture.browse("GET", path, &[ORIGIN], "");
    for (path, expected) in [
        ("/v1/health", json!({ "status": "healthy" })),
        ("/.well-known/assetlinks.json", json!([])),
        ("/.well-known/apple-app-site-association", json!({ "webcredentials": { "apps": [] } })),
    ] {
        assert_eq!((get(path).status, get(path).json()), (200, expected), "{path}");
    }
    assert_eq!(get("/.well-known/webauthn").status, 404);
    assert_eq!(get("/v1/account_portal").json()["after_sign_in_url"], "http://127.0.0.1:4000");
}

#[test]
fn a_proxy_is_told_what_it_lacks() {
    let fixture = Fixture::seeded();
    let key = fixture.local.secret_key().expose().to_owned();
    let whole = [
        ("clerk-proxy-url", "https://app.example/__clerk"),
        ("clerk-secret-key", &*key),
        ("x-forwarded-for", "192.0.2.1"),
    ];
    let check = |query: &str, headers: &[(&str, &str)]| {
        let response = fixture.browse("GET", &format!("/v1/proxy-health{query}"), headers, "");
        (response.status, response.code(), response.json())
    };
    let (status, _, body) = check("?domain_id=dmn_local", &whole);
    assert_eq!((status, body), (200, json!({ "status": "healthy", "x_forwarded_for": "192.0.2.1" })));
    let wrong_key = [whole[0], ("clerk-secret-key", "sk_test_x"), whole[2]];
    let wrong_url = [("clerk-proxy-url", "nonsense"), whole[1], whole[2]];
    for (query, headers, code) in [
        ("", &whole[..], "bad_request"),
        ("?domain_id=dmn_other", &whole, "domain_not_found"),
        ("?domain_id=dmn_local", &whole[1..], "proxy_request_missing_proxy_url"),
        ("?domain_id=dmn_local", &whole[..1], "proxy_request_missing_secret_key"),
        ("?domain_id=dmn_local", &whole[..2], "proxy_request_missing_x_forwarded_for"),
        ("?domain_id=dmn_local", &wrong_key, "proxy_request_invalid_secret_key"),
        ("?domain_id=dmn_local", &wrong_url, "proxy_request_missing_proxy_url"),
    ] {
        let (status, found, _) = check(query, headers);
        assert_eq!((status, &*found), (400, code), "{query} {headers:?}");
    }
}

#[test]
fn redirects_lead_to_this_computer_only() {
    let fixture = Fixture::seeded();
    for (query, status, location) in [
        ("", 307, "http://127.0.0.1:4000"),
        ("?redirect_url=http://localhost:3000/x", 307, "http://localhost:3000/x"),
        ("?redirect_url=https://evil.example/", 400, ""),
        ("?redirect_url=nonsense", 400, ""),
    ] {
        let response = fixture.browse("GET", &format!("/v1/redirect{query}"), &[], "");
        assert_eq!((response.status, response.header("location")), (status, location), "{query}");
    }
}

#[test]
fn only_pages_of_this_computer_clear_its_data() {
    let fixture = Fixture::seeded();
    for (headers, status) in [
        (&[ORIGIN][..], 200),
        (&[("sec-fetch-site", "same-origin")], 200),
        (&[("sec-fetch-site", "cross-site")], 403),
        (&[("origin", "https://evil.example")], 403),
    ] {
        let response = fixture.browse("GET", "/v1/clear-site-data", headers, "");
        assert_eq!(response.status, status, "{headers:?}");
        let expected = if status == 200 { "\"*\"" } else { "" };
        assert_eq!(response.header("clear-site-data"), expected, "{headers:?}");
    }
}

#[test]
fn a_frame_tells_pages_of_this_computer_their_browser() {
    let fixture = Fixture::seeded();
    let init = |origin: &str| {
        let path = format!("/v1/dev_browser/init?origin={origin}");
        fixture.browse("GET", &path, &[("sec-fetch-dest", "iframe")], "")
    };
    let frame = init("http://localhost:3000");
    let script = "parent.postMessage({\"browserToken\":\"dvb_";
    assert!(
        frame.text.contains(script) && frame.text.contains("}, \"http://localhost:3000\")"),
        "{}",
        frame.text
    );
    assert_eq!(frame.header("x-frame-options"), "");
    let policy = frame.header("content-security-policy");
    assert!(policy.contains("frame-ancestors http://localhost:3000;"), "{policy}");
    let token = frame.text.split("\"browserToken\":\"").nth(1).unwrap().split('"').next().unwrap();
    let known = fixture.browse("GET", &format!("/v1/client?__clerk_db_jwt={token}"), &[ORIGIN], "");
    assert_eq!(known.status, 200);
    for origin in ["https://evil.example", "nonsense", "", "http://localhost:3000%22/%3E%3Cscript%3E"] {
        assert!(init(origin).status >= 400, "{origin}");
    }
    let cookies = fixture.browse("POST", "/v1/dev_browser/set_first_party_cookie", &[ORIGIN], "");
    assert!(cookies.status == 200 && cookies.headers.get_all("set-cookie").iter().count() > 1);
}

#[test]
fn what_is_not_emulated_says_so() {
    let fixture = Fixture::seeded();
    let browser = fixture.browser_of("user_ada");
    for (method, path) in [
        ("GET", "/client/sync"),
        ("GET", "/client/link"),
        ("GET", "/oauth_callback"),
        ("POST", "/oauth_callback"),
        ("GET", "/saml/metadata/samlc_1.xml"),
        ("POST", "/saml/acs/samlc_1"),
        ("POST", "/me/web3_wallets"),
        ("POST", "/me/web3_wallets/idn_1/prepare_verification"),
        ("POST", "/me/web3_wallets/idn_1/attempt_verification"),
        ("POST", "/me/passkeys"),
        ("POST", "/me/passkeys/idn_1/attempt_verification"),
        ("POST", "/me/trusted_devices/prepare"),
        ("POST", "/me/trusted_devices/attempt"),
        ("POST", "/client/trusted_devices/validate"),
        ("POST", "/me/enterprise_connections"),
        ("PATCH", "/me/enterprise_connections/entconn_1"),
        ("DELETE", "/me/enterprise_connections/entconn_1"),
        ("GET", "/me/enterprise_connections/entconn_1/test_runs"),
        ("POST", "/me/enterprise_connections/entconn_1/test_runs"),
        ("POST", "/organizations/org_acme/enterprise_connections"),
        ("PATCH", "/organizations/org_acme/enterprise_connections/entconn_1"),
        ("DELETE", "/organizations/org_acme/enterprise_connections/entconn_1"),
        ("GET", "/organizations/org_acme/enterprise_connections/entconn_1/test_runs"),
        ("POST", "/organizations/org_acme/enterprise_connections/entconn_1/test_runs"),
        ("GET", "/enterprise_connections/entconn_1/init_test_run"),
        ("GET", "/enterprise_connections/entconn_1/test_runs/entrun_1"),
        ("POST", "/organizations/org_acme/domains/orgdmn_1/prepare_ownership_verification"),
        ("POST", "/organizations/org_acme/domains/orgdmn_1/attempt_ownership_verification"),
        ("POST", "/organizations/org_acme/domains/prepare_ownership_verification/bulk"),
        ("POST", "/organizations/org_acme/domains/attempt_ownership_verification/bulk"),
        ("POST", "/me/billing/payment_methods"),
        ("POST", "/me/billing/payment_methods/initialize"),
        ("POST", "/organizations/org_acme/billing/payment_methods"),
        ("POST", "/organizations/org_acme/billing/payment_methods/initialize"),
    ] {
        assert_eq!(browser.error(method, path, &[]), (422, "not_emulated".to_owned()), "{method} {path}");
    }
}

#[test]
fn people_see_the_enterprise_connections_of_their_domain() {
    let fixture = Fixture::seeded();
    let connect = |name: &str, domain: &str, more: serde_json::Value| {
        let body = json!({ "name": name, "provider": "saml_okta", "domains": [domain], "active": true });
        fixture.ok_with(201, "POST", "/v1/enterprise_connections", &crate::state::extended(body, more));
    };
    connect("Everybody", "example.com", json!({}));
    connect("Elsewhere", "other.test", json!({}));
    connect("Off", "example.com", json!({ "active": false }));
    let acme = json!({ "organization_id": "org_acme" });
    connect("Acme", "example.com", acme.clone());
    let linking = json!({ "allow_organization_account_linking": true });
    connect("Linked", "other.test", crate::state::extended(acme, linking));
    let browser = fixture.browser_of("user_ada");
    let names = |path: &str| -> Vec<String> {
        let list = browser.ok("GET", path, &[]).0;
        let list = list.as_array().unwrap().iter();
        list.map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names("/me/enterprise_connections"), ["Everybody", "Acme"]);
    let path = "/organizations/org_acme/enterprise_connections";
    assert_eq!(names(path), ["Acme"]);
    assert_eq!(names(&format!("{path}?with_organization_account_linking=true")), ["Acme", "Linked"]);
    assert_eq!(fixture.browser_of("user_alan").error("GET", path, &[]).0, 404);
}
