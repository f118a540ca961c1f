//! Tests of the configured identity: in a layer without Clerk, and in unit tests of handlers.

use std::{collections::BTreeMap, convert::Infallible, time::Duration};

use axum::{Router, routing::get};
use clerk_axum::{
    ActiveOrganization, ApiKey, Auth, Claims, Clerk, ClerkLayer, ClerkOrganization, ClerkUser, Has,
    InsecureIdentity, Meets, Rejection, Requirement, Session, SessionRule,
    api::users,
    model::{Organization, User},
    require,
    token::{Check, Reverification},
};
use clerk_tests::{Instance, Log, alone::alone_with, guarded::ask};
use clerk_tower::server::{authenticate::AuthenticateLayer, require::RequireLayer};
use http::{Method, Request, Response};
use serde_json::{Value, json};
use tower::{ServiceBuilder, ServiceExt as _};

struct Admin;

impl Requirement for Admin {
    fn check() -> Check {
        Check::new().role("org:admin")
    }
}

impl SessionRule for Admin {
    const CODE: &'static str = "not-an-admin";

    fn is_met_by(session: &Session) -> bool {
        session.organization_role() == Some("org:admin")
    }
}

fn user(changes: &Value) -> User {
    let mut user = json!({"id": "user_1", "first_name": "Ada", "banned": false, "locked": false});
    user.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    serde_json::from_value(user).unwrap()
}

fn acme() -> Organization {
    serde_json::from_value(json!({"id": "org_acme", "name": "Acme", "slug": "acme"})).unwrap()
}

/// Returns routes for every extractor and some guards.
fn routes() -> Router {
    let member = async |organization: ActiveOrganization| {
        format!("{} {}", organization.id(), organization.role().unwrap_or("?"))
    };
    Router::new()
        .route("/session", get(async |session: Session| session.user_id().to_string()))
        .route("/maybe", get(async |session: Option<Session>| session.is_some().to_string()))
        .route(
            "/claims",
            get(async |Claims(claims): Claims<BTreeMap<String, Value>>| claims["plan"].to_string()),
        )
        .route("/user", get(async |user: ClerkUser| user.first_name.clone().unwrap_or_default()))
        .route("/has", get(async |_: Has<Admin>| "admin"))
        .route("/meets", get(async |_: Meets<Admin>| "admin"))
        .route("/active", get(member))
        .route("/organization", get(async |organization: ClerkOrganization| organization.name.clone()))
        .route("/key", get(async |_: ApiKey| "key"))
        .route("/guard", get("in").route_layer(require::signed_in()))
        .route("/permission", get("in").route_layer(require::permission("org:reports:read")))
        .route("/plan", get("in").route_layer(require::plan("gold")))
        .route("/proof", get("in").route_layer(require::reverification(Reverification::STRICT_MFA)))
}

#[tokio::test]
async fn the_identity_is_that_of_every_request_whatever_it_contains() {
    let instance = Instance::new();
    let owner = || InsecureIdentity::new("user_1").claim("plan", "gold");
    let full = owner()
        .user_model(user(&json!({})))
        .organization("org_acme", "org:admin")
        .organization_model(acme())
        .permissions(["org:reports:read"])
        .claim("pla", "u:gold");
    let banned = owner().user_model(user(&json!({"banned": true, "locked": true})));
    let pending = owner().claim("sts", "pending");
    let impostor = InsecureIdentity::new("user_1").claim("sub", "user_2").claim("plan", "gold");
    const NO: &str = "session-token-and-uat-missing";
    const PENDING: &str = "session-pending";
    const NO_ORGANIZATION: &str = "organization-missing";
    let gold = "\"gold\"";
    let personal = [
        "user_1",
        "true",
        gold,
        "",
        "role-missing",
        "not-an-admin",
        NO_ORGANIZATION,
        NO_ORGANIZATION,
        "clerk-kind-not-accepted",
        "in",
        "permission-missing",
        "plan-missing",
        "in",
    ];
    let mut of_banned = personal;
    of_banned[3] = "user-banned";
    let full_results = [
        "user_1",
        "true",
        gold,
        "Ada",
        "admin",
        "admin",
        "org_acme org:admin",
        "Acme",
        "clerk-kind-not-accepted",
        "in",
        "in",
        "in",
        "in",
    ];
    let [mut nobody, mut of_pending] = [[NO; 13], [PENDING; 13]];
    (nobody[1], of_pending[1]) = ("false", "false");
    (nobody[8], of_pending[8]) = ("clerk-kind-not-accepted", "clerk-kind-not-accepted");
    let paths = [
        "/session",
        "/maybe",
        "/claims",
        "/user",
        "/has",
        "/meets",
        "/active",
        "/organization",
        "/key",
        "/guard",
        "/permission",
        "/plan",
        "/proof",
    ];
    for (name, identity, expected) in [
        ("personal", owner(), personal),
        ("full", full, full_results),
        ("banned", banned, of_banned),
        ("pending", pending, of_pending),
        ("nobody", InsecureIdentity::nobody(), nobody),
        ("another subject", impostor, personal),
    ] {
        let app = routes().layer(ClerkLayer::insecure_identity(&identity).unwrap());
        for (path, expected) in paths.into_iter().zip(expected) {
            // Tokens, valid ones included, are not read.
            for token in ["", "garbage", &instance.ada()] {
                let response = ask(&app, Method::GET, path, token).await;
                let body = if response.status == 200 { response.body } else { response.code() };
                assert_eq!(body, expected, "{name}, {path}");
            }
        }
    }
}

#[tokio::test]
async fn it_works_without_axum_and_inside_or_outside_of_clerks_layer() {
    let instance = Instance::new();
    let owner = InsecureIdentity::new("user_owner");
    let identity = AuthenticateLayer::insecure_identity(&owner).unwrap();
    let clerk = AuthenticateLayer::new(instance.in_memory());
    let users = async |request: Request<()>| {
        let auth = clerk_tower::server::authenticate::Auth::from_extensions(request.extensions()).unwrap();
        let user = auth.user().await.unwrap();
        Ok::<_, Infallible>(Response::builder().header("user", user.id.as_str()).body(String::new()).unwrap())
    };
    let ada = format!("Bearer {}", instance.ada());
    let request = || Request::get("/").header("authorization", &ada).body(()).unwrap();
    let guard = RequireLayer::signed_in;
    let alone = ServiceBuilder::new().layer(identity.clone()).layer(guard()).service_fn(users);
    assert_eq!(alone.oneshot(request()).await.unwrap().headers()["user"], "user_owner");
    // The inner layer decides.
    let inside = ServiceBuilder::new().layer(clerk.clone()).layer(identity.clone()).service_fn(users);
    assert_eq!(inside.oneshot(request()).await.unwrap().headers()["user"], "user_owner");
    let outside = ServiceBuilder::new().layer(identity).layer(clerk).service_fn(users);
    assert_eq!(outside.oneshot(request()).await.unwrap().headers()["user"], "user_ada");
}

#[test]
fn identities_that_no_session_can_have_are_refused() {
    for identity in
        [InsecureIdentity::new(""), InsecureIdentity::new("user_1").claim("long", "x".repeat(20_000))]
    {
        let error = ClerkLayer::insecure_identity(&identity).unwrap_err().to_string();
        assert!(error.starts_with("insecure_identity: "), "{error}");
        assert!(Auth::insecure(&identity).is_err());
        assert!(!format!("{identity:?}").contains("user_1"));
    }
}

#[tokio::test]
async fn calls_fail_before_anything_is_sent_unless_there_is_a_client() {
    let instance = Instance::new();
    let ada = InsecureIdentity::new("user_ada");
    let auth = Auth::insecure(&ada).unwrap();
    assert_eq!(auth.clerk().unwrap_err().code(), "clerk-secret-key-missing");
    assert_eq!(auth.token_from_template("x").await.unwrap_err().status(), 500);
    let ended = auth.sign_out("/").await.unwrap_err();
    assert_eq!(ended.status(), 500, "{ended}");
    assert!(auth.redirect_to_sign_in(None).is_err());
    // The models are those of the identity all the same.
    let clerk = instance.in_memory();
    let auth = Auth::insecure(&ada.clerk(&clerk)).unwrap();
    assert_eq!(auth.clerk().unwrap().send(users::count()).await.unwrap().total_count, 4);
    assert_eq!(auth.user().await.unwrap().first_name, None);
    assert_eq!(instance.local.requests().to("GET", "/users/user_ada").len(), 0);
    let token = auth.expose_token().unwrap().to_owned();
    let rejection = clerk.authenticate_token(&token).await.require_session().unwrap_err();
    assert_eq!(rejection.code(), "jwk-kid-mismatch", "no verifier accepts its token");
}

async fn greet(session: Session, user: ClerkUser, organization: Option<ActiveOrganization>) -> String {
    let place = organization.map_or("alone".to_owned(), |organization| format!("in {}", organization.id()));
    format!("hello {}, {} {place}", user.first_name.as_deref().unwrap_or("you"), session.user_id())
}

#[tokio::test]
async fn a_handler_is_called_without_a_layer_or_a_local_instance() {
    let ada = InsecureIdentity::new("user_1").user_model(user(&json!({})));
    for (identity, expected) in [
        (ada.clone(), Ok("hello Ada, user_1 alone")),
        (ada.clone().organization("org_acme", "org:member"), Ok("hello Ada, user_1 in org_acme")),
        (InsecureIdentity::new("user_2"), Ok("hello you, user_2 alone")),
        (InsecureIdentity::new("user_2").user_model(user(&json!({}))), Ok("hello Ada, user_1 alone")),
        (ada.clone().user_model(user(&json!({"locked": true}))), Err("user-locked")),
        (ada.clone().user_model(user(&json!({"deprovisioned": true}))), Err("user-deprovisioned")),
        (InsecureIdentity::nobody(), Err("session-token-and-uat-missing")),
    ] {
        let auth = Auth::insecure(&identity).unwrap();
        let response = async {
            Ok::<_, Rejection>(
                greet(auth.extract().await?, auth.extract().await?, auth.extract().await?).await,
            )
        };
        let response = response.await.map_err(|rejection| rejection.code().to_owned());
        assert_eq!(response, expected.map(str::to_owned).map_err(str::to_owned));
    }
    for (changes, expected) in
        [(json!({"banned": true}), Some("user-banned")), (json!({"locked": true}), None)]
    {
        let member = ada.clone().user_model(user(&changes)).organization_model(acme());
        let organization = Auth::insecure(&member).unwrap().extract::<ClerkOrganization>().await;
        assert_eq!(organization.as_ref().err().map(Rejection::code), expected, "{changes}");
    }
    let elsewhere = ada.clone().organization_model(acme()).organization("org_other", "org:member");
    let error = Auth::insecure(&elsewhere).unwrap_err().to_string();
    assert!(error.contains("organization_model is not that of the active organization"), "{error}");
    let auth = Auth::insecure(&ada.session_id("sess_9")).unwrap();
    let session: Session = auth.extract().await.unwrap();
    assert_eq!(session.session_id().unwrap(), "sess_9");
    // No test outlives it.
    assert!(session.expires_at() > clerk_tests::NOW.saturating_add(Duration::from_secs(99 * 365 * 86_400)));
}

/// Run in separate processes, because they are about the environment.
#[test]
fn a_live_key_in_the_environment_refuses_the_layer_unless_it_is_said_twice() {
    let name = "a_live_key_in_the_environment_refuses_the_layer_unless_it_is_said_twice";
    if !alone_with(module_path!(), name, &[("CLERK_SECRET_KEY", "sk_live_verysecret")]) {
        return;
    }
    let owner = InsecureIdentity::new("user_1");
    let error = ClerkLayer::insecure_identity(&owner).unwrap_err().to_string();
    assert!(error.contains("CLERK_SECRET_KEY") && error.contains("insecure_beside_live_key"), "{error}");
    assert!(!error.contains("verysecret"), "{error}");
    assert!(ClerkLayer::insecure_identity(&owner.clone().insecure_beside_live_key()).is_ok());
    // It is about services: a unit test must not depend on the environment.
    assert!(Auth::insecure(&owner).is_ok());
}

#[test]
fn a_test_key_in_the_environment_does_not() {
    let variables = [("CLERK_SECRET_KEY", "sk_test_abc"), ("STRIPE_SECRET_KEY", "sk_live_abc")];
    if alone_with(module_path!(), "a_test_key_in_the_environment_does_not", &variables) {
        assert!(ClerkLayer::insecure_identity(&InsecureIdentity::new("user_1")).is_ok());
    }
}

#[test]
fn the_key_of_the_identitys_client_counts_too() {
    for (key, is_refused) in [("sk_live_abc", true), ("sk_test_abc", false)] {
        let clerk = Clerk::builder().secret_key(key).build().unwrap();
        let owner = InsecureIdentity::new("user_1").clerk(&clerk);
        assert_eq!(ClerkLayer::insecure_identity(&owner).is_err(), is_refused, "{key}");
        assert!(ClerkLayer::insecure_identity(&owner.insecure_beside_live_key()).is_ok(), "{key}");
    }
}

/// Run in a separate process, because `tracing` caches globally which events are enabled.
#[tokio::test]
async fn the_log_says_once_at_the_start_that_nothing_is_authenticated() {
    if !alone_with(module_path!(), "the_log_says_once_at_the_start_that_nothing_is_authenticated", &[]) {
        return;
    }
    let log = Log::default();
    let _guard = log.listen(tracing::Level::WARN);
    let ada = InsecureIdentity::new("user_ada");
    let app = routes().layer(ClerkLayer::insecure_identity(&ada).unwrap());
    let line = log.warning();
    assert!(line.contains("authentication is off, every request gets the configured identity"), "{line}");
    assert!(!line.contains("user_ada"), "{line}");
    for _ in 0..3 {
        assert_eq!(ask(&app, Method::GET, "/session", "").await.body, "user_ada");
    }
    // Unit tests make no layer, and log nothing.
    drop(Auth::insecure(&ada).unwrap());
    assert_eq!(log.warnings(), [""; 0]);
}
