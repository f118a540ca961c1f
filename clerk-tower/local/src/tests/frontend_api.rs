//! Tests of the Frontend API as Clerk's JavaScript calls it.

use serde_json::{Value, json};

use super::{Fixture, frontend::TextResponse};

/// The origin of the page that calls.
pub(super) const ORIGIN: (&str, &str) = ("origin", "http://127.0.0.1:3000");

/// A browser with clerk-js.
pub(super) struct Browser<'f> {
    pub(super) fixture: &'f Fixture,
    pub(super) token: String,
}

impl Fixture {
    pub(super) fn browser(&self) -> Browser<'_> {
        Browser { fixture: self, token: self.dev_browser() }
    }
}

impl Fixture {
    /// Returns a browser in which a user has signed in.
    pub(super) fn browser_of(&self, user: &str) -> Browser<'_> {
        let browser = self.browser();
        let token = self.ok("POST", "/v1/sign_in_tokens", &json!({ "user_id": user }))["token"].clone();
        browser.ok(
            "POST",
            "/client/sign_ins",
            &[("strategy", "ticket"), ("ticket", token.as_str().unwrap())],
        );
        browser
    }
}

impl Browser<'_> {
    /// Returns the identifier of the active session.
    pub(super) fn session(&self) -> String {
        self.client()["last_active_session_id"].as_str().unwrap().to_owned()
    }

    /// Sends a request as clerk-js does: methods other than GET as POST with `_method`.
    pub(super) fn send(&self, method: &str, path: &str, form: &[(&str, &str)]) -> TextResponse {
        let join = if path.contains('?') { '&' } else { '?' };
        let mut target = format!("/v1{path}{join}__clerk_db_jwt={}", self.token);
        if method != "GET" && method != "POST" {
            target.push_str(&format!("&_method={method}"));
        }
        let sent = if method == "GET" { "GET" } else { "POST" };
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        self.fixture.browse(sent, &target, &[ORIGIN], &body)
    }

    /// Sends a request that must succeed, and returns the resource and the client.
    #[track_caller]
    pub(super) fn ok(&self, method: &str, path: &str, form: &[(&str, &str)]) -> (Value, Value) {
        let response = self.send(method, path, form);
        assert_eq!(response.status, 200, "{method} {path} {form:?}: {}", response.text);
        assert_eq!(response.header("access-control-allow-origin"), ORIGIN.1);
        assert!(!response.text.contains("private_metadata"), "{method} {path}");
        let body = response.json();
        (body["response"].clone(), body["client"].clone())
    }

    /// Sends a request that must fail, and returns status and code.
    #[track_caller]
    pub(super) fn error(&self, method: &str, path: &str, form: &[(&str, &str)]) -> (u16, String) {
        let response = self.send(method, path, form);
        assert!(response.status >= 400, "{method} {path} {form:?}: {}", response.text);
        assert_eq!(response.header("access-control-allow-origin"), ORIGIN.1);
        (response.status, response.code())
    }

    pub(super) fn client(&self) -> Value {
        self.ok("GET", "/client", &[]).0
    }
}

#[test]
fn the_method_in_the_query_counts_on_post_requests_only() {
    let fixture = Fixture::seeded();
    let browser = fixture.browser();
    assert_eq!(browser.ok("DELETE", "/client/sessions", &[]).0["object"], "client");
    let target = format!("/v1/client/sessions?_method=DELETE&__clerk_db_jwt={}", browser.token);
    assert_eq!(fixture.browse("GET", &target, &[ORIGIN], "").status, 405);
}

#[test]
fn a_browser_without_a_token_is_known_by_its_cookies() {
    let fixture = Fixture::seeded();
    assert_eq!(fixture.browse("GET", "/v1/client", &[], "").json()["response"], json!(null));
    let created = fixture.browse("GET", "/v1/client", &[ORIGIN], "");
    let cookies: Vec<_> =
        created.headers.get_all("set-cookie").iter().map(|line| line.to_str().unwrap()).collect();
    let [own, cross, token, suffixed] = &*cookies else { panic!("{cookies:?}") };
    assert!(own.contains("; SameSite=Lax; HttpOnly") && cross.contains("; SameSite=None; Secure; HttpOnly"));
    assert!(token.starts_with("__clerk_db_jwt=dvb_") && suffixed.starts_with("__clerk_db_jwt_"));
    for cookie in [own, cross] {
        let cookie = cookie.split(';').next().unwrap();
        let known = fixture.browse("GET", "/v1/client", &[ORIGIN, ("cookie", cookie)], "");
        assert_eq!(known.json()["response"]["id"], created.json()["response"]["id"], "{cookie}");
        assert_eq!(known.headers.get("set-cookie"), None, "{cookie}");
    }
    let unknown = fixture.browse("GET", "/v1/client?__clerk_db_jwt=dvb_other", &[ORIGIN], "");
    assert_eq!((unknown.status, &*unknown.code()), (401, "dev_browser_unauthenticated"));
}

#[test]
fn paths_of_both_apis_belong_to_whoever_calls() {
    let fixture = Fixture::seeded();
    let browser = fixture.browser();
    // A browser that is not signed in.
    assert_eq!(
        browser.error("GET", "/client/sessions/sess_none", &[]),
        (404, "resource_not_found".to_owned())
    );
    // The secret key, even from a page.
    let key = fixture.local.secret_key().to_header();
    let headers = [ORIGIN, ("authorization", key.to_str().unwrap())];
    assert_eq!(fixture.browse("GET", "/v1/organizations/org_acme", &headers, "").json()["id"], "org_acme");
}

#[test]
fn the_environment_follows_the_settings() {
    let fixture = Fixture::seeded();
    let environment = |browser: &Browser<'_>| browser.send("PATCH", "/environment", &[]).json();
    let before = environment(&fixture.browser());
    assert_eq!(before["display_config"]["sign_in_url"], "http://127.0.0.1:4000/sign-in");
    let elsewhere = [("origin", "http://localhost:3000")];
    let elsewhere = fixture.browse("GET", "/v1/environment", &elsewhere, "").json();
    assert_eq!(elsewhere["display_config"]["sign_in_url"], "http://localhost:3000/sign-in");
    assert_eq!(
        before["user_settings"]["attributes"]["email_address"]["verifications"],
        json!(["email_code"])
    );
    assert_eq!(before["user_settings"]["social"]["oauth_custom_local"]["name"], "Local");
    for (path, expected) in [
        ("/auth_config/single_session_mode", json!(false)),
        ("/auth_config/email_address", json!("required")),
        ("/auth_config/web3_wallet", json!(null)),
        ("/user_settings/restrictions/allowlist/enabled", json!(false)),
        ("/organization_settings/enabled", json!(true)),
    ] {
        assert_eq!(before.pointer(path).unwrap_or(&Value::Null), &expected, "{path}");
    }
    {
        let settings = &mut fixture.local.state().settings;
        settings.single_session_mode = true;
        settings.restrictions.allowlist = true;
        settings.organizations.enabled = false;
        settings.social = vec!["gitlab".to_owned()];
    }
    let after = environment(&fixture.browser());
    for (path, expected) in [
        ("/auth_config/single_session_mode", json!(true)),
        ("/user_settings/restrictions/allowlist/enabled", json!(true)),
        ("/organization_settings/enabled", json!(false)),
        ("/user_settings/social/oauth_gitlab/enabled", json!(true)),
    ] {
        assert_eq!(after.pointer(path), Some(&expected), "{path}");
    }
    assert_eq!(after.pointer("/user_settings/social/oauth_custom_local"), None);
}

#[test]
fn a_browser_has_several_sessions_and_one_active_one() {
    let fixture = Fixture::seeded();
    let browser = fixture.browser();
    let client = browser.client()["id"].as_str().unwrap().into();
    let [ada, grace] = ["user_ada", "user_grace"].map(|user| {
        let now = fixture.now();
        fixture.local.state().start_session(&client, user.into(), now).as_str().to_owned()
    });
    let view = |client: &Value| {
        let sessions = client["sessions"].as_array().unwrap().iter();
        let sessions: Vec<_> = sessions.map(|session| session["id"].as_str().unwrap().to_owned()).collect();
        (sessions, client["last_active_session_id"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(view(&browser.client()), (vec![ada.clone(), grace.clone()], grace.clone()));
    let (session, client) =
        browser.ok("POST", &format!("/client/sessions/{ada}/touch"), &[("intent", "select_session")]);
    assert_eq!((&session["user"]["id"], view(&client).1), (&json!("user_ada"), ada.clone()));
    assert_eq!(session["public_user_data"]["identifier"], "ada@example.com");
    let (session, client) = browser.ok("POST", &format!("/client/sessions/{ada}/end"), &[]);
    assert_eq!((&session["status"], view(&client)), (&json!("ended"), (vec![grace.clone()], String::new())));
    let (client, _) = browser.ok("DELETE", "/client/sessions", &[]);
    assert_eq!(view(&client), (vec![], String::new()));
    assert_eq!(fixture.get(&format!("/v1/sessions/{grace}"))["status"], "removed");
}

#[test]
fn a_browser_gets_tokens_of_templates() {
    let fixture = Fixture::seeded();
    let template = json!({"name": "api", "claims": {"email": "{{user.primary_email_address}}"}});
    fixture.ok("POST", "/v1/jwt_templates", &template);
    let browser = fixture.browser();
    let client = browser.client()["id"].as_str().unwrap().into();
    let session = fixture.local.state().start_session(&client, "user_ada".into(), fixture.now());
    let path = format!("/client/sessions/{session}/tokens");
    let token = browser.send("POST", &format!("{path}/api"), &[]).json();
    let claims = fixture.local.key().verify(token["jwt"].as_str().unwrap()).unwrap();
    assert_eq!((&claims["email"], &claims["azp"]), (&json!("ada@example.com"), &json!(ORIGIN.1)));
    assert_eq!(browser.error("POST", &format!("{path}/nope"), &[]), (404, "resource_not_found".to_owned()));
}

impl Fixture {
    /// Creates a user with this password and an address that takes the code 424242.
    fn with_password(&self, name: &str, more: &Value) -> String {
        let email = format!("{name}+clerk_test@example.com");
        let user = json!({ "email_address": [email], "password": PASSWORD, "first_name": name });
        self.ok("POST", "/v1/users", &crate::state::extended(user, more.clone()))["id"]
            .as_str()
            .unwrap()
            .to_owned()
    }
}

const PASSWORD: &str = "correct horse battery staple";
const ADA: &str = "ada+clerk_test@example.com";

/// Returns the identifier in a resource.
pub(super) fn id(resource: &Value) -> &str {
    resource["id"].as_str().unwrap()
}

#[test]
fn people_sign_in_with_a_password() {
    let fixture = Fixture::new();
    let user = fixture.with_password("ada", &json!({}));
    let browser = fixture.browser();
    let (sign_in, client) = browser.ok("POST", "/client/sign_ins", &[("identifier", ADA)]);
    assert_eq!(
        (&sign_in["status"], &client["sign_in"]["id"]),
        (&json!("needs_first_factor"), &sign_in["id"])
    );
    let strategies: Vec<_> = sign_in["supported_first_factors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|factor| &factor["strategy"])
        .collect();
    assert_eq!(strategies, ["password", "email_code", "reset_password_email_code"]);
    let path = format!("/client/sign_ins/{}/attempt_first_factor", id(&sign_in));
    let attempt = |password| [("strategy", "password"), ("password", password)];
    assert_eq!(browser.error("POST", &path, &attempt("wrong")), (422, "form_password_incorrect".to_owned()));
    let blocked = fixture.ok("POST", "/v1/blocklist_identifiers", &json!({ "identifier": ADA }));
    fixture.ok("PATCH", "/v1/instance/restrictions", &json!({ "blocklist": true }));
    assert_eq!(browser.error("POST", &path, &attempt(PASSWORD)), (403, "not_allowed_access".to_owned()));
    fixture.ok("DELETE", &format!("/v1/blocklist_identifiers/{}", id(&blocked)), &json!(null));
    let (sign_in, client) = browser.ok("POST", &path, &attempt(PASSWORD));
    assert_eq!((&sign_in["status"], &client["sign_in"]), (&json!("complete"), &json!(null)));
    let session = sign_in["created_session_id"].as_str().unwrap();
    assert_eq!(
        (&client["last_active_session_id"], &client["sessions"][0]["user"]["id"]),
        (&json!(session), &json!(user))
    );
    let token = browser.send("POST", &format!("/client/sessions/{session}/tokens"), &[]).json();
    assert_eq!(super::frontend::claims(token["jwt"].as_str().unwrap())["sub"], json!(user));
    // In one request, and again with the same browser.
    let all = [("identifier", ADA), ("password", PASSWORD), ("strategy", "password")];
    assert_eq!(
        browser.error("POST", "/client/sign_ins", &all),
        (400, "identifier_already_signed_in".to_owned())
    );
    assert_eq!(fixture.browser().ok("POST", "/client/sign_ins", &all).0["status"], "complete");
}

#[test]
fn people_sign_in_with_a_code() {
    let fixture = Fixture::new();
    fixture.with_password("ada", &json!({ "phone_number": ["+12015550142"] }));
    for (strategy, identifier) in [("email_code", ADA), ("phone_code", "+12015550142")] {
        let browser = fixture.browser();
        let sign_in = browser.ok("POST", "/client/sign_ins", &[("identifier", identifier)]).0;
        let path = |action: &str| format!("/client/sign_ins/{}/{action}_first_factor", id(&sign_in));
        let attempt = |code| [("strategy", strategy), ("code", code)];
        let early = browser.error("POST", &path("attempt"), &attempt("424242"));
        assert_eq!(early, (400, "verification_missing".to_owned()), "{strategy}");
        let prepared = browser.ok("POST", &path("prepare"), &[("strategy", strategy)]).0;
        let verification = &prepared["first_factor_verification"];
        assert_eq!(
            (&verification["status"], &verification["strategy"]),
            (&json!("unverified"), &json!(strategy))
        );
        let wrong = browser.error("POST", &path("attempt"), &attempt("000000"));
        assert_eq!(wrong, (422, "form_code_incorrect".to_owned()));
        assert_eq!(browser.ok("POST", &path("attempt"), &attempt("424242")).0["status"], "complete");
    }
    let browser = fixture.browser();
    let unknown = browser.error("POST", "/client/sign_ins", &[("identifier", "nobody@example.com")]);
    assert_eq!(unknown, (422, "form_identifier_not_found".to_owned()));
    // The code that was sent, after three wrong ones, is not accepted.
    let form = [("identifier", ADA), ("strategy", "email_code")];
    let sign_in = browser.ok("POST", "/client/sign_ins", &form).0;
    let path = format!("/client/sign_ins/{}/attempt_first_factor", id(&sign_in));
    for _ in 0..3 {
        browser.error("POST", &path, &[("strategy", "email_code"), ("code", "1")]);
    }
    let failed = browser.error("POST", &path, &[("strategy", "email_code"), ("code", "424242")]);
    assert_eq!(failed, (400, "verification_failed".to_owned()));
}

#[test]
fn people_reset_their_password() {
    let fixture = Fixture::new();
    fixture.with_password("ada", &json!({}));
    let browser = fixture.browser();
    let form = [("identifier", ADA), ("strategy", "reset_password_email_code")];
    let sign_in = browser.ok("POST", "/client/sign_ins", &form).0;
    let path = |action: &str| format!("/client/sign_ins/{}/{action}", id(&sign_in));
    let early = browser.error("POST", &path("reset_password"), &[("password", "another good one")]);
    assert_eq!(early.0, 400);
    let form = [("strategy", "reset_password_email_code"), ("code", "424242")];
    assert_eq!(browser.ok("POST", &path("attempt_first_factor"), &form).0["status"], "needs_new_password");
    let short = browser.error("POST", &path("reset_password"), &[("password", "short")]);
    assert_eq!(short, (422, "form_password_length_too_short".to_owned()));
    let done = browser.ok("POST", &path("reset_password"), &[("password", "another good one")]).0;
    assert_eq!(done["status"], "complete");
    let form = [("identifier", ADA), ("password", "another good one")];
    assert_eq!(fixture.browser().ok("POST", "/client/sign_ins", &form).0["status"], "complete");
}

#[test]
fn people_open_a_link_in_another_browser() {
    let fixture = Fixture::new();
    fixture.local.set_email_links(true);
    fixture.with_password("ada", &json!({}));
    let browser = fixture.browser();
    let sign_in = browser.ok("POST", "/client/sign_ins", &[("identifier", ADA)]).0;
    let path = format!("/client/sign_ins/{}", id(&sign_in));
    let prepare = |url| [("strategy", "email_link"), ("redirect_url", url)];
    let elsewhere =
        browser.error("POST", &format!("{path}/prepare_first_factor"), &prepare("https://evil.example/"));
    assert_eq!(elsewhere, (400, "invalid_url".to_owned()));
    browser.ok("POST", &format!("{path}/prepare_first_factor"), &prepare("http://127.0.0.1:3000/verified"));
    let link = fixture.local.state().outbox.iter().next_back().unwrap().link.clone().unwrap();
    assert_eq!(browser.ok("GET", &path, &[]).0["first_factor_verification"]["status"], "unverified");
    let target = link.strip_prefix("http://127.0.0.1:4000").unwrap();
    let opened = fixture.browse("GET", target, &[], "");
    assert_eq!((opened.status, opened.location().path()), (303, "/verified"));
    assert!(opened.location().query().unwrap().contains("__clerk_status=verified"));
    let (sign_in, client) = browser.ok("GET", &path, &[]);
    assert_eq!(
        (&sign_in["status"], &client["last_active_session_id"]),
        (&json!("complete"), &sign_in["created_session_id"])
    );
    assert_eq!(fixture.browse("GET", "/v1/verify?token=other", &[], "").status, 400);
}

#[test]
fn people_sign_up() {
    let fixture = Fixture::new();
    let browser = fixture.browser();
    let (sign_up, client) = browser.ok("POST", "/client/sign_ups", &[("email_address", ADA)]);
    assert_eq!(client["sign_up"]["id"], sign_up["id"]);
    assert_eq!(sign_up["missing_fields"], json!(["password"]));
    assert_eq!(sign_up["unverified_fields"], json!(["email_address"]));
    assert_eq!(sign_up["verifications"]["email_address"]["next_action"], "needs_prepare");
    let path = format!("/client/sign_ups/{}", id(&sign_up));
    let form = [("password", PASSWORD), ("first_name", "Ada"), ("unsafe_metadata", "{\"theme\":\"dark\"}")];
    assert_eq!(browser.ok("PATCH", &path, &form).0["missing_fields"], json!([]));
    let prepared =
        browser.ok("POST", &format!("{path}/prepare_verification"), &[("strategy", "email_code")]).0;
    assert_eq!(prepared["verifications"]["email_address"]["next_action"], "needs_attempt");
    let attempt = |code| [("strategy", "email_code"), ("code", code)];
    let verify = format!("{path}/attempt_verification");
    assert_eq!(browser.error("POST", &verify, &attempt("000000")), (422, "form_code_incorrect".to_owned()));
    let (done, client) = browser.ok("POST", &verify, &attempt("424242"));
    assert_eq!((&done["status"], &client["sign_up"]), (&json!("complete"), &json!(null)));
    assert_eq!(client["last_active_session_id"], done["created_session_id"]);
    let user = fixture.get(&format!("/v1/users/{}", done["created_user_id"].as_str().unwrap()));
    assert_eq!((&user["first_name"], &user["unsafe_metadata"]["theme"]), (&json!("Ada"), &json!("dark")));
    assert_eq!(user["email_addresses"][0]["verification"]["strategy"], "email_code");
    assert_eq!(browser.error("PATCH", &path, &[("first_name", "Eve")]).0, 403);

    let other = fixture.browser();
    for (form, expected) in [
        ([("email_address", ADA)], (422, "form_identifier_exists")),
        ([("email_address", "nonsense")], (422, "form_param_format_invalid")),
        ([("password", "short")], (422, "form_password_length_too_short")),
        ([("unsafe_metadata", "[1]")], (422, "form_param_format_invalid")),
    ] {
        let refused = other.error("POST", "/client/sign_ups", &form);
        assert_eq!((refused.0, &*refused.1), expected, "{form:?}");
    }
    // Another browser does not see it.
    assert_eq!(other.error("GET", &path, &[]).0, 404);
}

#[test]
fn people_sign_in_and_up_with_a_social_provider() {
    let fixture = Fixture::seeded();
    let form = [
        ("strategy", "oauth_google"),
        ("redirect_url", "http://127.0.0.1:3000/sso-callback"),
        ("action_complete_redirect_url", "/welcome"),
    ];
    let visit = |resource: &Value, field: &str| {
        let url: url::Url = resource.pointer(field).unwrap().as_str().unwrap().parse().unwrap();
        let state = url.query_pairs().find(|pair| pair.0 == "state").unwrap().1.into_owned();
        (url.path().to_owned(), state)
    };
    let choose = |(path, state): &(String, String), choice: &str| {
        fixture.browse("POST", path, &[], &format!("state={state}&{choice}"))
    };
    let page = "/first_factor_verification/external_verification_redirect_url";
    // Somebody who is known.
    let browser = fixture.browser();
    let sign_in = browser.ok("POST", "/client/sign_ins", &form).0;
    let known = visit(&sign_in, page);
    let shown = fixture.browse("GET", &format!("{}?state={}", known.0, known.1), &[], "");
    assert!(
        shown.text.contains("Sign in with Google") && shown.text.contains("ada@example.com"),
        "{}",
        shown.text
    );
    let chosen = choose(&known, "user=user_ada");
    assert_eq!((chosen.status, chosen.location().path()), (303, "/welcome"));
    assert_eq!(browser.client()["sessions"][0]["user"]["external_accounts"][0]["provider"], "oauth_google");
    assert_eq!(choose(&known, "user=user_ada").status, 400, "a visit ends once");
    // Somebody new: the sign-in goes on as a sign-up.
    let browser = fixture.browser();
    let sign_in = browser.ok("POST", "/client/sign_ins", &form).0;
    let chosen = choose(&visit(&sign_in, page), "email=mary%40example.com&name=Mary+Shelley");
    assert_eq!(chosen.location().path(), "/sso-callback");
    let client = browser.client();
    assert_eq!(client["sign_in"]["first_factor_verification"]["status"], "transferable");
    let (sign_up, client) = browser.ok("POST", "/client/sign_ups", &[("transfer", "true")]);
    assert_eq!(
        (&sign_up["status"], &client["sessions"][0]["user"]["last_name"]),
        (&json!("complete"), &json!("Shelley"))
    );
    // A sign-up of somebody who is known goes on as a sign-in.
    let browser = fixture.browser();
    let sign_up = browser.ok("POST", "/client/sign_ups", &form).0;
    choose(
        &visit(&sign_up, "/verifications/external_account/external_verification_redirect_url"),
        "user=user_grace",
    );
    let sign_up = browser.client()["sign_up"].clone();
    assert_eq!(sign_up["verifications"]["external_account"]["error"]["code"], "external_account_exists");
    assert_eq!(browser.ok("POST", "/client/sign_ins", &[("transfer", "true")]).0["status"], "complete");
    // Somebody denies, or does not go where this computer's applications are.
    let browser = fixture.browser();
    let sign_in = browser.ok("POST", "/client/sign_ins", &form).0;
    choose(&visit(&sign_in, page), "deny=1");
    assert_eq!(browser.client()["sign_in"]["first_factor_verification"]["status"], "failed");
    let form = [("strategy", "oauth_google"), ("redirect_url", "https://evil.example/")];
    assert_eq!(browser.error("POST", "/client/sign_ins", &form), (400, "invalid_url".to_owned()));
    assert_eq!(browser.error("POST", "/client/sign_ins", &[("transfer", "true")]).0, 400);
    assert_eq!(browser.error("POST", "/client/sign_ins", &[("strategy", "oauth_nobody")]).0, 422);
}

#[test]
fn people_change_their_profile() {
    let fixture = Fixture::seeded();
    let browser = fixture.browser();
    assert_eq!(browser.error("GET", "/me", &[]), (401, "authentication_invalid".to_owned()));
    let user = fixture.with_password("ada", &json!({}));
    browser.ok("POST", "/client/sign_ins", &[("identifier", ADA), ("password", PASSWORD)]);
    let (me, client) = browser.ok("PATCH", "/me", &[("first_name", "Augusta"), ("last_name", "")]);
    assert_eq!((&me["first_name"], &me["last_name"]), (&json!("Augusta"), &json!(null)));
    assert_eq!(client["sessions"][0]["user"]["first_name"], "Augusta");
    assert_eq!(
        browser.error("PATCH", "/me", &[("username", "grace")]),
        (422, "form_identifier_exists".to_owned())
    );
    // An address is added, verified, and becomes the primary one; the other one goes.
    let address =
        browser.ok("POST", "/me/email_addresses", &[("email_address", "new+clerk_test@example.com")]).0;
    assert_eq!(address["verification"], json!(null));
    let path = format!("/me/email_addresses/{}", id(&address));
    assert_eq!(browser.error("PATCH", "/me", &[("primary_email_address_id", id(&address))]).0, 404);
    let prepared =
        browser.ok("POST", &format!("{path}/prepare_verification"), &[("strategy", "email_code")]).0;
    assert_eq!(prepared["verification"]["status"], "unverified");
    assert_eq!(browser.error("POST", &format!("{path}/attempt_verification"), &[("code", "000000")]).0, 422);
    let verified = browser.ok("POST", &format!("{path}/attempt_verification"), &[("code", "424242")]).0;
    assert_eq!(verified["verification"]["status"], "verified");
    let me = browser.ok("PATCH", "/me", &[("primary_email_address_id", id(&address))]).0;
    assert_eq!(me["primary_email_address_id"], address["id"]);
    browser.ok("DELETE", &format!("/me/email_addresses/{}", id(&me["email_addresses"][0])), &[]);
    assert_eq!(fixture.get(&format!("/v1/users/{user}"))["email_addresses"].as_array().unwrap().len(), 1);
    // The password.
    let change = |current| [("current_password", current), ("new_password", "another good one")];
    assert_eq!(
        browser.error("POST", "/me/change_password", &change("wrong")),
        (422, "form_password_incorrect".to_owned())
    );
    browser.ok("POST", "/me/change_password", &change(PASSWORD));
    let form = [("identifier", "new+clerk_test@example.com"), ("password", "another good one")];
    assert_eq!(fixture.browser().ok("POST", "/client/sign_ins", &form).0["status"], "complete");
    assert_eq!(browser.send("GET", "/me/sessions/active", &[]).json().as_array().unwrap().len(), 2);
    // What matters needs a recent verification.
    fixture.clock.advance(std::time::Duration::from_secs(600));
    let form = [("email_address", "third@example.com")];
    assert_eq!(
        browser.error("POST", "/me/email_addresses", &form),
        (403, "session_reverification_required".to_owned())
    );
}

/// Returns the current code of a user's authenticator app.
fn totp(fixture: &Fixture, user: &str) -> String {
    let state = fixture.local.state();
    let totp = state.users.get(user).unwrap().totp.clone().unwrap();
    totp.current_code(state.now)
}

#[test]
fn people_set_up_and_use_a_second_factor() {
    let fixture = Fixture::new();
    let user = fixture.with_password("ada", &json!({}));
    let browser = fixture.browser();
    let sign_in = [("identifier", ADA), ("password", PASSWORD)];
    browser.ok("POST", "/client/sign_ins", &sign_in);
    let app = browser.ok("POST", "/me/totp", &[]).0;
    assert!(app["uri"].as_str().unwrap().starts_with("otpauth://totp/"), "{app}");
    let wrong = browser.error("POST", "/me/totp/attempt_verification", &[("code", "000000")]);
    assert_eq!(wrong, (422, "form_code_incorrect".to_owned()));
    let code = totp(&fixture, &user);
    let app = browser.ok("POST", "/me/totp/attempt_verification", &[("code", &code)]).0;
    assert_eq!((&app["verified"], &app["secret"]), (&json!(true), &json!(null)));
    let backup_code = app["backup_codes"][0].as_str().unwrap().to_owned();
    assert_eq!(browser.error("POST", "/me/totp", &[]), (400, "totp_already_enabled".to_owned()));

    fixture.clock.advance(std::time::Duration::from_secs(60));
    for (strategy, code) in [("totp", totp(&fixture, &user)), ("backup_code", backup_code.clone())] {
        let browser = fixture.browser();
        let (started, client) = browser.ok("POST", "/client/sign_ins", &sign_in);
        assert_eq!((&started["status"], &client["sessions"]), (&json!("needs_second_factor"), &json!([])));
        let path = format!("/client/sign_ins/{}/attempt_second_factor", id(&started));
        let attempt = |code| [("strategy", strategy), ("code", code)];
        assert_eq!(browser.error("POST", &path, &attempt("000000")), (422, "form_code_incorrect".to_owned()));
        let (done, client) = browser.ok("POST", &path, &attempt(&code));
        assert_eq!(done["status"], "complete", "{strategy}");
        assert_eq!(client["sessions"][0]["factor_verification_age"], json!([0, 0]));
    }
    // A backup code works once.
    let browser = fixture.browser();
    let started = browser.ok("POST", "/client/sign_ins", &sign_in).0;
    let path = format!("/client/sign_ins/{}/attempt_second_factor", id(&started));
    assert_eq!(browser.error("POST", &path, &[("strategy", "backup_code"), ("code", &backup_code)]).0, 422);
}

#[test]
fn people_verify_once_more_who_they_are() {
    let fixture = Fixture::new();
    fixture.with_password("ada", &json!({}));
    let browser = fixture.browser();
    let sign_in = browser.ok("POST", "/client/sign_ins", &[("identifier", ADA), ("password", PASSWORD)]).0;
    let session = sign_in["created_session_id"].as_str().unwrap();
    let path = |action: &str| format!("/client/sessions/{session}/verify{action}");
    assert_eq!(browser.error("POST", &path("/attempt_first_factor"), &[("strategy", "password")]).0, 404);
    assert_eq!(browser.error("POST", &path(""), &[("level", "third")]).0, 422);
    for (first, second) in [
        (
            [("strategy", "password"), ("password", "wrong")],
            [("strategy", "password"), ("password", PASSWORD)],
        ),
        ([("strategy", "email_code"), ("code", "000000")], [("strategy", "email_code"), ("code", "424242")]),
    ] {
        fixture.clock.advance(std::time::Duration::from_secs(1200));
        assert_eq!(browser.error("DELETE", "/me", &[]), (403, "session_reverification_required".to_owned()));
        let started = browser.ok("POST", &path(""), &[("level", "first_factor")]).0;
        assert_eq!(started["status"], "needs_first_factor");
        assert_eq!(started["session"]["factor_verification_age"], json!([20, -1]));
        if first[0].1 == "email_code" {
            browser.ok("POST", &path("/prepare_first_factor"), &first[..1]);
        }
        assert_eq!(browser.error("POST", &path("/attempt_first_factor"), &first).0, 422);
        let done = browser.ok("POST", &path("/attempt_first_factor"), &second).0;
        assert_eq!(
            (&done["status"], &done["session"]["factor_verification_age"]),
            (&json!("complete"), &json!([0, -1]))
        );
    }
    assert_eq!(browser.ok("DELETE", "/me", &[]).0["deleted"], true);
    assert_eq!(browser.client()["sessions"], json!([]));
}

#[test]
fn members_see_and_change_their_organization_as_far_as_they_may() {
    let fixture = Fixture::seeded();
    let secret = json!({"private_metadata": {"hidden": "very"}});
    fixture.ok("PATCH", "/v1/organizations/org_acme/metadata", &secret);
    let sign_in = |user: &str| {
        let browser = fixture.browser();
        let token = fixture.ok("POST", "/v1/sign_in_tokens", &json!({ "user_id": user }))["token"].clone();
        let form = [("strategy", "ticket"), ("ticket", token.as_str().unwrap())];
        assert_eq!(browser.ok("POST", "/client/sign_ins", &form).0["status"], "complete");
        assert_eq!(fixture.browser().error("POST", "/client/sign_ins", &form).0, 400, "a ticket works once");
        browser
    };
    let [ada, grace, alan] = ["user_ada", "user_grace", "user_alan"].map(sign_in);
    // Not a member, and a member without the permission.
    let path = "/organizations/org_acme";
    assert_eq!(alan.error("GET", path, &[]), (404, "organization_not_found_or_unauthorized".to_owned()));
    assert_eq!(grace.ok("GET", path, &[]).0["members_count"], 2);
    for (method, path, form) in [
        ("PATCH", path.to_owned(), vec![("name", "Mine")]),
        ("DELETE", path.to_owned(), vec![]),
        ("POST", format!("{path}/memberships"), vec![("user_id", "user_alan"), ("role", "org:admin")]),
        ("PATCH", format!("{path}/memberships/user_grace"), vec![("role", "org:admin")]),
        ("DELETE", format!("{path}/memberships/user_ada"), vec![]),
        ("GET", format!("{path}/invitations"), vec![]),
        (
            "POST",
            format!("{path}/invitations"),
            vec![("email_address", "x@example.com"), ("role", "org:admin")],
        ),
        ("POST", format!("{path}/domains"), vec![("name", "example.com")]),
    ] {
        let refused = grace.error(method, &path, &form);
        assert_eq!(refused, (403, "missing_organization_permission".to_owned()), "{method} {path}");
    }
    // An administrator.
    assert_eq!(ada.ok("PATCH", path, &[("name", "Acme Inc")]).0["name"], "Acme Inc");
    let members = ada.ok("GET", &format!("{path}/memberships?paginated=true"), &[]).0;
    assert_eq!((&members["total_count"], members["data"].as_array().unwrap().len()), (&json!(2), 2));
    let roles = ada.ok("GET", &format!("{path}/roles"), &[]).0;
    assert!(roles["data"].as_array().unwrap().iter().any(|role| role["key"] == "org:admin"), "{roles}");
    let invite = [("email_address", "alan@example.com"), ("role", "org:member")];
    let invited = ada.ok("POST", &format!("{path}/invitations"), &invite).0;
    let own = alan.ok("GET", "/me/organization_invitations?status=pending", &[]).0;
    assert_eq!(
        (&own["data"][0]["id"], &own["data"][0]["public_organization_data"]["name"]),
        (&invited["id"], &json!("Acme Inc"))
    );
    assert_eq!(
        grace.error("POST", &format!("/me/organization_invitations/{}/accept", id(&invited)), &[]).0,
        404
    );
    alan.ok("POST", &format!("/me/organization_invitations/{}/accept", id(&invited)), &[]);
    assert_eq!(alan.ok("GET", "/me/organization_memberships?paginated=true", &[]).0["total_count"], 1);
    alan.ok("DELETE", "/me/organization_memberships/org_acme", &[]);
    assert_eq!(alan.ok("GET", "/me/organization_memberships", &[]).0, json!([]));
    let second = [("email_address", "x@example.com"), ("role", "org:member")];
    let invited = ada.ok("POST", &format!("{path}/invitations"), &second).0;
    let revoke = format!("{path}/invitations/{}/revoke", id(&invited));
    assert_eq!(ada.ok("POST", &revoke, &[]).0["status"], "revoked");
    // It keeps somebody who manages its members, unless another one follows.
    let (grace_path, ada_path) =
        (format!("{path}/memberships/user_grace"), format!("{path}/memberships/user_ada"));
    for (method, path, form) in [
        ("PATCH", &*ada_path, vec![("role", "org:member")]),
        ("DELETE", &ada_path, vec![]),
        ("DELETE", "/me/organization_memberships/org_acme", vec![]),
    ] {
        let refused = ada.error(method, path, &form);
        assert_eq!(refused, (400, "organization_minimum_permissions_needed".to_owned()), "{method} {path}");
    }
    ada.ok("PATCH", &grace_path, &[("role", "org:admin")]);
    ada.ok("PATCH", &ada_path, &[("role", "org:member")]);
    assert_eq!(grace.error("DELETE", &grace_path, &[]).0, 400);
    grace.ok("PATCH", &ada_path, &[("role", "org:admin")]);
    grace.ok("DELETE", "/me/organization_memberships/org_acme", &[]);
    // A new organization, of which its creator is an administrator.
    let created = alan.ok("POST", "/organizations", &[("name", "Enigma")]).0;
    let touch =
        format!("/client/sessions/{}/touch", alan.client()["last_active_session_id"].as_str().unwrap());
    let touched = alan.ok("POST", &touch, &[("active_organization_id", id(&created))]).0;
    assert_eq!(touched["last_active_organization_id"], created["id"]);
    assert_eq!(alan.ok("DELETE", &format!("/organizations/{}", id(&created)), &[]).0["deleted"], true);
    // The secret key is the Backend API's, on the same path.
    assert_eq!(fixture.get("/v1/organizations/org_acme")["private_metadata"]["hidden"], "very");
}

#[test]
fn invited_people_sign_up_with_their_ticket() {
    let fixture = Fixture::new();
    fixture.local.state().settings.sign_up.mode = crate::state::SignUpMode::Restricted;
    let browser = fixture.browser();
    let refused =
        browser.error("POST", "/client/sign_ups", &[("email_address", ADA), ("password", PASSWORD)]);
    assert_eq!(refused, (403, "sign_up_mode_restricted".to_owned()));
    let body = json!({
        "email_address": ADA,
        "public_metadata": { "plan": "pro" },
        "redirect_url": "http://127.0.0.1:3000/welcome",
    });
    let invitation = fixture.ok("POST", "/v1/invitations", &body);
    let link: url::Url = invitation["url"].as_str().unwrap().parse().unwrap();
    let opened = fixture.browse("GET", &format!("{}?{}", link.path(), link.query().unwrap()), &[], "");
    let destination = opened.location();
    assert_eq!((opened.status, destination.path()), (303, "/welcome"));
    let query: std::collections::HashMap<_, _> = destination.query_pairs().into_owned().collect();
    assert_eq!(query["__clerk_status"], "sign_up");
    let ticket = &*query["__clerk_ticket"];
    let form = [("strategy", "ticket"), ("ticket", ticket), ("password", PASSWORD)];
    let (sign_up, client) = browser.ok("POST", "/client/sign_ups", &form);
    assert_eq!((&sign_up["status"], &sign_up["email_address"]), (&json!("complete"), &json!(ADA)));
    let user = &client["sessions"][0]["user"];
    assert_eq!(user["public_metadata"]["plan"], "pro");
    assert_eq!(user["email_addresses"][0]["verification"]["strategy"], "ticket");
    assert_eq!(fixture.browser().error("POST", "/client/sign_ups", &form).0, 400, "a ticket works once");
}

#[test]
fn people_join_the_waitlist() {
    let fixture = Fixture::new();
    let browser = fixture.browser();
    let joined = browser.send("POST", "/waitlist", &[("email_address", ADA)]).json();
    assert_eq!(joined["object"], "waitlist_entry");
    assert_eq!(fixture.get("/v1/waitlist_entries")["data"][0]["email_address"], ADA);
    assert_eq!(browser.error("POST", "/waitlist", &[("email_address", "nonsense")]).0, 422);
}
