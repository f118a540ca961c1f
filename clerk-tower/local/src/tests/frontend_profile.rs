//! Tests of what users have in their profile: an image, tokens, accounts at social providers, wallets and devices.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::{
    Fixture,
    frontend_api::{Browser, ORIGIN, id},
};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\nrest";

/// Sends a file as Clerk's JavaScript does: in base64, or as a data URL.
fn upload(browser: &Browser<'_>, method: &str, path: &str, body: &str) -> (u16, Value) {
    let target = format!("/v1{path}?__clerk_db_jwt={}&_method={method}", browser.token);
    let headers = [ORIGIN, ("content-type", "application/octet-stream")];
    let response = browser.fixture.browse("POST", &target, &headers, body);
    (response.status, response.json()["response"].clone())
}

#[test]
fn everybody_sees_that_somebody_has_an_image() {
    let fixture = Fixture::seeded();
    let browser = fixture.browser_of("user_ada");
    let sees = || -> Vec<Value> {
        let client = browser.client();
        let members = browser.ok("GET", "/organizations/org_acme/memberships?query=ada", &[]).0;
        let sign_in =
            fixture.browser().ok("POST", "/client/sign_ins", &[("identifier", "ada@example.com")]).0;
        let places = [
            client.pointer("/sessions/0/user/has_image"),
            client.pointer("/sessions/0/public_user_data/has_image"),
            members.pointer("/data/0/public_user_data/has_image"),
            sign_in.pointer("/user_data/has_image"),
        ];
        places.into_iter().map(|place| place.unwrap().clone()).collect()
    };
    assert_eq!(sees(), vec![json!(false); 4]);
    let text = BASE64_STANDARD.encode(PNG);
    let (status, image) = upload(&browser, "POST", "/me/profile_image", &text);
    assert_eq!((status, &image["object"]), (200, &json!("image")), "{image}");
    assert!(image["public_url"].as_str().unwrap().ends_with("/images/user_ada"));
    assert_eq!(sees(), vec![json!(true); 4]);
    let url = format!("data:image/png;base64,{text}");
    assert_eq!(upload(&browser, "POST", "/me/profile_image", &url).0, 200);
    for bad in ["", "not base64", &BASE64_STANDARD.encode("<svg>")] {
        assert_eq!(upload(&browser, "POST", "/me/profile_image", bad).0, 422, "{bad}");
    }
    assert_eq!(browser.ok("DELETE", "/me/profile_image", &[]).0["deleted"], true);
    assert_eq!(browser.error("DELETE", "/me/profile_image", &[]).0, 404);
    assert_eq!(sees(), vec![json!(false); 4]);
    // Logos are uploaded in the same way.
    let logo = "/organizations/org_acme/logo";
    assert_eq!(upload(&browser, "PUT", logo, &text).1["has_image"], true);
    assert_eq!(upload(&fixture.browser_of("user_grace"), "PUT", logo, &text).0, 403);
}

#[test]
fn metadata_is_merged_and_tokens_for_services_come_from_templates() {
    let fixture = Fixture::seeded();
    let browser = fixture.browser_of("user_ada");
    for (patch, expected) in [
        (json!({ "a": { "b": 1, "c": 2 } }), json!({ "a": { "b": 1, "c": 2 } })),
        (json!({ "a": { "b": null }, "d": 3 }), json!({ "a": { "c": 2 }, "d": 3 })),
    ] {
        let form = [("unsafe_metadata", &*patch.to_string())];
        assert_eq!(browser.ok("PATCH", "/me/metadata", &form).0["unsafe_metadata"], expected);
    }
    let form = [("unsafe_metadata", &*format!("{{\"e\":\"{}\"}}", "x".repeat(8_180)))];
    let long = (422, "form_param_exceeds_allowed_size".to_owned());
    assert_eq!(browser.error("PATCH", "/me/metadata", &form), long);
    fixture.ok("POST", "/v1/jwt_templates", &json!({ "name": "hasura", "claims": { "x": 1 } }));
    let token = browser.send("POST", "/me/tokens", &[("service", "hasura")]).json();
    assert_eq!(super::frontend::claims(token["jwt"].as_str().unwrap())["x"], 1);
    assert_eq!(browser.error("POST", "/me/tokens", &[("service", "other")]).0, 404);
    assert_eq!(browser.error("POST", "/me/tokens", &[]).0, 422);
}

#[test]
fn an_external_account_is_reauthorized_after_its_token_was_revoked() {
    let fixture = Fixture::seeded();
    let browser = fixture.browser_of("user_ada");
    let back = ("redirect_url", "http://127.0.0.1:3000/back");
    let visit = |account: &Value| {
        let url = &account["verification"]["external_verification_redirect_url"];
        let url: url::Url = url.as_str().unwrap().parse().unwrap();
        let form = format!("{}&user=user_ada", url.query().unwrap());
        assert_eq!(fixture.browse("POST", url.path(), &[], &form).status, 303);
    };
    visit(&browser.ok("POST", "/me/external_accounts", &[("strategy", "oauth_google"), back]).0);
    let tokens =
        || fixture.get("/v1/users/user_ada/oauth_access_tokens/oauth_google?paginated=true")["data"].clone();
    let first = tokens()[0]["token"].clone();
    let account = browser.ok("GET", "/me", &[]).0["external_accounts"][0].clone();
    let path = format!("/me/external_accounts/{}", id(&account));
    browser.ok("DELETE", &format!("{path}/tokens"), &[]);
    assert_eq!(tokens(), json!([]));
    let again = browser.ok("PATCH", &format!("{path}/reauthorize"), &[back]).0;
    assert_eq!((&again["id"], &again["verification"]["status"]), (&account["id"], &json!("unverified")));
    visit(&again);
    assert!(tokens()[0]["token"].is_string() && tokens()[0]["token"] != first);
    assert_eq!(browser.ok("GET", "/me", &[]).0["external_accounts"].as_array().unwrap().len(), 1);
    for (method, path) in [
        ("PATCH", "/me/external_accounts/eac_none/reauthorize"),
        ("DELETE", "/me/external_accounts/eac_none/tokens"),
    ] {
        assert_eq!(browser.error(method, path, &[back]).0, 404, "{path}");
    }
}

#[test]
fn wallets_passkeys_and_devices_are_seen_and_removed() {
    let fixture = Fixture::seeded();
    fixture.local.add_passkey("user_ada", "Laptop");
    let device = fixture.local.add_trusted_device("user_ada", "ios", "com.example.app", "Phone");
    let now = fixture.local.state().now;
    let wallet = "0x71C7656EC7ab88b098defB751B7401B5f6d8976F";
    fixture.local.state().users.get_mut("user_ada").unwrap().add_wallet(wallet, now);
    let [ada, grace] = ["user_ada", "user_grace"].map(|user| fixture.browser_of(user));
    let me = ada.ok("GET", "/me", &[]).0;
    let wallet = format!("/me/web3_wallets/{}", id(&me["web3_wallets"][0]));
    let passkey = format!("/me/passkeys/{}", id(&me["passkeys"][0]));
    let device = format!("/me/trusted_devices/{device}");
    assert_eq!(ada.send("GET", "/me/web3_wallets", &[]).json(), me["web3_wallets"]);
    assert_eq!(ada.ok("GET", &wallet, &[]).0, me["web3_wallets"][0]);
    assert_eq!(ada.ok("GET", &passkey, &[]).0["name"], "Laptop");
    assert_eq!(ada.ok("PATCH", &passkey, &[("name", "Old laptop")]).0["name"], "Old laptop");
    assert_eq!(ada.ok("GET", "/me/trusted_devices", &[]).0[0]["status"], "active");
    for (method, path) in [
        ("GET", &wallet),
        ("DELETE", &wallet),
        ("GET", &passkey),
        ("PATCH", &passkey),
        ("DELETE", &passkey),
        ("DELETE", &device),
    ] {
        assert_eq!(grace.error(method, path, &[]).0, 404, "{method} {path}");
    }
    assert_eq!(ada.ok("DELETE", &device, &[]).0["status"], "revoked");
    assert_eq!(ada.ok("GET", "/me/trusted_devices", &[]).0, json!([]));
    fixture.clock.advance(std::time::Duration::from_secs(600));
    for path in [&wallet, &passkey] {
        let refused = ada.error("DELETE", path, &[]);
        assert_eq!(refused, (403, "session_reverification_required".to_owned()), "{path}");
    }
    let ada = fixture.browser_of("user_ada");
    for path in [&wallet, &passkey] {
        assert_eq!(ada.ok("DELETE", path, &[]).0["deleted"], true, "{path}");
        assert_eq!(ada.error("DELETE", path, &[]).0, 404, "{path}");
    }
}

#[test]
fn a_user_sees_its_sessions_in_all_browsers() {
    let fixture = Fixture::seeded();
    let [one, other] = [(); 2].map(|()| fixture.browser_of("user_ada"));
    let sessions = one.send("GET", "/me/sessions", &[]).json();
    assert_eq!(sessions.as_array().unwrap().len(), 2);
    assert_eq!(sessions[1]["public_user_data"]["user_id"], "user_ada");
    let path = format!("/me/sessions/{}/revoke", other.session());
    let revoked = one.ok("POST", &path, &[]).0;
    assert_eq!(
        (&revoked["status"], &revoked["factor_verification_age"]),
        (&json!("revoked"), &json!([0, -1]))
    );
    assert_eq!(other.client()["sessions"], json!([]));
}

#[test]
fn codes_of_the_second_factor_go_to_its_own_phone_numbers_only() {
    let fixture = Fixture::seeded();
    let user = json!({ "email_address": ["eve@example.com"], "password": "correct horse battery staple" });
    let eve = id(&fixture.ok("POST", "/v1/users", &user)).to_owned();
    let phone = |number: &str, second_factor: bool| {
        let body = json!({
            "user_id": eve,
            "phone_number": number,
            "verified": true,
            "reserved_for_second_factor": second_factor,
        });
        id(&fixture.ok("POST", "/v1/phone_numbers", &body)).to_owned()
    };
    let [other, first, second] = [("+4930555501", false), ("+4930555502", true), ("+4930555503", true)]
        .map(|(number, is)| phone(number, is));
    let browser = fixture.browser_of(&eve);
    let set_default = |id: &str| format!("/me/phone_numbers/{id}");
    let form = [("default_second_factor", "true")];
    assert_eq!(browser.error("PATCH", &set_default(&other), &form).0, 422);
    for (default, expected) in [(None, &first), (Some(&second), &second), (Some(&first), &first)] {
        if let Some(default) = default {
            assert_eq!(browser.ok("PATCH", &set_default(default), &form).0["default_second_factor"], true);
        }
        let form = [("identifier", "eve@example.com"), ("password", "correct horse battery staple")];
        let entering = fixture.browser();
        let started = entering.ok("POST", "/client/sign_ins", &form).0;
        let factors = started["supported_second_factors"].as_array().unwrap();
        assert_eq!(factors.len(), 2, "{started}");
        assert_eq!(
            (&factors[0]["phone_number_id"], &factors[0]["default"]),
            (&json!(expected), &json!(true))
        );
        let path = format!("/client/sign_ins/{}/prepare_second_factor", id(&started));
        entering.ok("POST", &path, &[("strategy", "phone_code")]);
        let sent_to = |id: &str| {
            let state = fixture.local.state();
            let to = state.outbox.iter().next_back().unwrap().to.clone();
            state.users.get(&eve).unwrap().phones.iter().any(|phone| phone.id == id && phone.value == to)
        };
        assert!(sent_to(expected), "{default:?}");
        entering.ok("POST", &path, &[("strategy", "phone_code"), ("phone_number_id", &second)]);
        assert!(sent_to(&second), "{default:?}");
        let refused =
            entering.error("POST", &path, &[("strategy", "phone_code"), ("phone_number_id", &other)]);
        assert_eq!(refused, (404, "resource_not_found".to_owned()));
        assert_eq!(entering.error("POST", &path, &[("strategy", "totp")]).0, 422);
    }
}
