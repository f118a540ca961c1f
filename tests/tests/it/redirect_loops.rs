//! Tests that a redirect loop is explained by its cause: each one is driven by a browser with a cookie jar, which Clerk
//! sends back with a handshake, until the service stops redirecting it.

use std::{collections::BTreeMap, time::Duration};

use axum::{Router, body::Body, routing::get};
use clerk_axum::{ClerkLayer, Forwarded, Session, require};
use clerk_core::authenticate::AuthenticateOptions;
use clerk_tests::{Instance, Log, NOW, browser::LIVE, tokens::claims};
use http::{Request, Response, StatusCode};
use serde_json::{Value, json};
use tower::ServiceExt as _;
use url::Url;

/// The type of the instance, and so the way in which a handshake returns: with a cookie on the domain, or in the query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Production,
    Development,
}

/// The story of a browser whose session token expired an hour ago.
struct Story {
    name: &'static str,
    /// Changes to the claims of the session token that Clerk makes. `null` removes a claim.
    claims: Value,
    /// Changes to its header.
    header: Value,
    options: fn(AuthenticateOptions) -> AuthenticateOptions,
    /// Whether another instance signs the handshake and the session token.
    is_foreign: bool,
    /// Whether the browser stores the new session cookie.
    keeps_cookies: bool,
    /// Whether the handshake reaches the service.
    arrives: bool,
    /// How far this service's clock is ahead of Clerk's, in seconds.
    ahead: i64,
    causes: &'static [&'static str],
    says: &'static [&'static str],
}

const PLAIN: Story = Story {
    name: "no fault",
    claims: Value::Null,
    header: Value::Null,
    options: |options| options,
    is_foreign: false,
    keeps_cookies: true,
    arrives: true,
    ahead: 0,
    causes: &[],
    says: &[],
};

fn stories() -> Vec<Story> {
    let parties = |options: AuthenticateOptions| options.authorized_parties(["https://app.example.com"]);
    let audience = |options: AuthenticateOptions| options.audiences(["api"]);
    let genuine = || json!({"azp": "https://app.example.com"});
    vec![
        PLAIN,
        Story { name: "a party that is authorized", claims: genuine(), options: parties, ..PLAIN },
        Story {
            name: "no azp, while parties are set",
            claims: json!({"azp": null}),
            options: parties,
            causes: &["other-party"],
            says: &["names no party (azp)", "authorized_parties"],
            ..PLAIN
        },
        Story {
            name: "another party",
            claims: json!({"azp": "https://www.example.com"}),
            options: parties,
            causes: &["other-party"],
            says: &["https://www.example.com", "authorized_parties"],
            ..PLAIN
        },
        Story {
            name: "another instance",
            is_foreign: true,
            causes: &["handshake-keys"],
            says: &["its token: jwk-kid-mismatch", "Copy all keys"],
            ..PLAIN
        },
        Story {
            name: "cookies that are not kept",
            keeps_cookies: false,
            causes: &["cookies-not-kept"],
            says: &["new cookies", "does not store"],
            ..PLAIN
        },
        Story {
            name: "a handshake that does not arrive",
            arrives: false,
            causes: &["redirect-loop"],
            says: &["its new cookies do not arrive", "session-token-expired"],
            ..PLAIN
        },
        Story {
            name: "a clock that is ahead",
            ahead: 300,
            causes: &["clock-ahead"],
            says: &["expired 250 s ago", "(NTP)"],
            ..PLAIN
        },
        Story {
            name: "a clock that is behind",
            ahead: -300,
            causes: &["clock-behind"],
            says: &["valid only in 290 s", "(NTP)"],
            ..PLAIN
        },
        Story {
            name: "a token of a JWT template",
            header: json!({"cat": "cl_B7d4PD222AAA"}),
            causes: &["handshake-refused"],
            says: &["the session token in it: token-type-mismatch"],
            ..PLAIN
        },
        Story {
            name: "another audience",
            claims: json!({"aud": "web"}),
            options: audience,
            causes: &["handshake-refused"],
            says: &["the session token in it: token-verification-failed"],
            ..PLAIN
        },
    ]
}

/// A browser, and Clerk's Frontend API as it sees it.
struct Browser {
    app: Router,
    jar: BTreeMap<String, String>,
    /// The handshake of each visit to Clerk, as a token.
    handshake: String,
    kind: Kind,
    keeps_cookies: bool,
    arrives: bool,
}

impl Browser {
    async fn get(&mut self, target: &str) -> Response<Body> {
        let cookies: Vec<String> = self.jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = Request::get(target)
            .header("host", "app.example.com")
            .header("sec-fetch-dest", "document")
            .header("cookie", cookies.join("; "));
        let response = self.app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        for line in response.headers().get_all("set-cookie") {
            let (name, value) = line.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
            if self.keeps_cookies || !name.starts_with("__session") {
                self.jar.insert(name.to_owned(), value.to_owned());
            }
        }
        response
    }

    /// Visits Clerk, which sends the browser back to `redirect_url` with a handshake.
    fn visit_clerk(&mut self, location: &Url) -> String {
        let (_, back) = location.query_pairs().find(|(name, _)| name == "redirect_url").unwrap();
        let mut back = Url::parse(&back).unwrap();
        let others: Vec<_> =
            back.query_pairs().into_owned().filter(|(name, _)| name != "__clerk_handshake").collect();
        back.set_query(None);
        back.query_pairs_mut().extend_pairs(others);
        if self.arrives && self.kind == Kind::Development {
            back.query_pairs_mut().append_pair("__clerk_handshake", &self.handshake);
        } else if self.arrives {
            self.jar.insert("__clerk_handshake".to_owned(), self.handshake.clone());
        }
        format!("{}?{}", back.path(), back.query().unwrap_or_default())
    }

    /// Navigates to a page, and returns the status of the last response.
    async fn navigate(&mut self, page: &str) -> StatusCode {
        let mut target = page.to_owned();
        for _ in 0..20 {
            let response = self.get(&target).await;
            let Some(location) = response.headers().get("location") else {
                self.jar.remove("__clerk_handshake");
                return response.status();
            };
            let location = Url::parse(location.to_str().unwrap()).unwrap();
            target = if location.path() == "/v1/client/handshake" {
                self.visit_clerk(&location)
            } else {
                self.jar.remove("__clerk_handshake");
                location[url::Position::BeforePath..].to_owned()
            };
        }
        panic!("the redirects do not end");
    }
}

fn issuer(key: &clerk_core::keys::PublishableKey) -> String {
    key.frontend_api_url()
}

/// Lets a browser load a page until it is signed in for good, and returns the warnings.
async fn played(story: &Story, kind: Kind, log: &Log) -> (StatusCode, Vec<String>) {
    let (instance, other) = (Instance::new(), Instance::new());
    let key = match kind {
        Kind::Production => LIVE.parse().unwrap(),
        Kind::Development => instance.local.publishable_key().as_str().parse().unwrap(),
    };
    let clerk = instance
        .builder()
        .publishable_key(clerk_core::keys::PublishableKey::as_str(&key))
        .transport(instance.local.clone())
        .authentication(|options| {
            let origin = "https://app.example.com".parse().unwrap();
            (story.options)(options).forwarded(Forwarded::Origin(origin))
        })
        .build()
        .unwrap();
    let app = Router::new()
        .route("/page", get(async |session: Session| session.user_id().to_string()))
        .layer(ClerkLayer::new(&clerk));
    // Clerk's clock shows `NOW`, and this service's another time.
    let ahead = Duration::from_secs(story.ahead.unsigned_abs());
    if story.ahead > 0 {
        instance.clock.advance(ahead);
    }
    let clerks_now = NOW.as_secs() + if story.ahead < 0 { -story.ahead } else { 0 };
    let at = |age: i64, changes: &Value| {
        let times = json!({
            "iss": issuer(&key), "iat": clerks_now - age - 10, "nbf": clerks_now - age - 20,
            "exp": clerks_now - age + 50,
        });
        let mut claims = claims(&times);
        for (name, value) in changes.as_object().into_iter().flatten() {
            match value {
                Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
                value => claims[name] = value.clone(),
            }
        }
        claims
    };
    let header = if story.header.is_null() { json!({}) } else { story.header.clone() };
    let signer = if story.is_foreign { &other.local } else { &instance.local };
    let session = signer.sign_claims(&header, &at(0, &story.claims));
    let lines = [format!("__session={session}; Path=/"), "__client_uat=1; Path=/".to_owned()];
    let handshake = signer.sign_claims(&json!({}), &json!({ "handshake": lines }));
    // Only its times are wrong.
    let accepted = json!({"azp": "https://app.example.com", "aud": "api"});
    let old = instance.local.sign_claims(&json!({}), &at(3600, &accepted));
    let jar = [("__session", &*old), ("__client_uat", "1"), ("__clerk_db_jwt", "dvb_1")];
    let jar = jar.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let (keeps_cookies, arrives) = (story.keeps_cookies, story.arrives);
    let mut browser = Browser { app, jar, handshake, kind, keeps_cookies, arrives };
    let _ = log.take();
    let mut status = StatusCode::OK;
    // In production, a page that follows a handshake is shown, so the browser comes back by itself.
    for _ in 0..3 {
        status = browser.navigate("/page").await;
    }
    (status, log.warnings())
}

/// Also checks that no story has the warning of another one. Run in sequence, because `tracing` caches globally which
/// events are enabled.
#[tokio::test]
async fn a_redirect_loop_is_explained_by_its_cause_and_by_no_other() {
    if !clerk_tests::alone(module_path!(), "a_redirect_loop_is_explained_by_its_cause_and_by_no_other") {
        return;
    }
    let log = Log::default();
    let _guard = log.listen(tracing::Level::INFO);
    for story in stories() {
        for kind in [Kind::Production, Kind::Development] {
            let (status, lines) = played(&story, kind, &log).await;
            let case = format!("{} ({kind:?}): {status} {lines:#?}", story.name);
            let causes: Vec<&str> = lines
                .iter()
                .map(|line| {
                    line.split("cause=\"").nth(1).and_then(|rest| rest.split('"').next()).expect(&case)
                })
                .collect();
            assert_eq!(causes, story.causes, "{case}");
            assert!(story.says.iter().all(|says| lines[0].contains(says)), "{case}");
            let blames_clock = lines.iter().any(|line| line.contains("NTP"));
            assert_eq!(blames_clock, story.ahead != 0, "{case}");
            assert!(lines.iter().all(|line| !line.contains("eyJ") && !line.contains("user_ada")), "{case}");
        }
    }
}

/// At debug level, each refused handshake is logged with the reason, whether or not there is a loop.
#[tokio::test]
async fn the_reason_of_a_refused_handshake_is_logged() {
    if !clerk_tests::alone(module_path!(), "the_reason_of_a_refused_handshake_is_logged") {
        return;
    }
    let log = Log::default();
    let _guard = log.listen(tracing::Level::DEBUG);
    let instance = Instance::new();
    let clerk = instance.builder().publishable_key(LIVE).transport(instance.local.clone()).build().unwrap();
    let app = Router::new()
        .route("/page", get(async |session: Session| session.user_id().to_string()))
        .layer(ClerkLayer::new(&clerk));
    let session = |changes: &Value| instance.local.sign_claims(&json!({}), &claims(changes));
    let with = |session: &str| {
        let payload = json!({"handshake": [format!("__session={session}; Path=/")]});
        format!("__clerk_handshake={}", instance.local.sign_claims(&json!({}), &payload))
    };
    let expired = session(&json!({"exp": NOW.as_secs() - 60}));
    for (cookie, expected) in [
        (with(&session(&json!({}))), None),
        (with(&expired), Some("part=\"session\" reason=\"token-expired\"")),
        (with("garbage"), Some("part=\"session\" reason=\"token-invalid\"")),
        ("__clerk_handshake=garbage".to_owned(), Some("part=\"token\" reason=\"token-invalid\"")),
        (format!("__clerk_handshake={expired}"), Some("part=\"token\" reason=\"token-invalid\"")),
        ("__clerk_handshake_nonce=unknown".to_owned(), Some("part=\"nonce\"")),
    ] {
        let _ = log.take();
        let request = Request::get("/page").header("host", "app.example.com").header("cookie", &cookie);
        app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let text = log.take();
        let lines: Vec<&str> = text.lines().filter(|line| line.contains("refused a handshake")).collect();
        assert_eq!(lines.len(), usize::from(expected.is_some()), "{cookie}: {text}");
        assert!(lines.iter().all(|line| line.contains(expected.unwrap())), "{lines:?}");
        assert!(!text.contains("WARN"), "{text}");
    }
}

/// The limit stops browsers that go round because of what they bring, and nobody else.
#[tokio::test]
async fn a_visitor_with_nothing_is_sent_to_sign_in_however_often_the_browser_was_redirected() {
    let instance = Instance::new();
    let clerk = instance.builder().publishable_key(LIVE).transport(instance.local.clone()).build().unwrap();
    let guard = require::signed_in().redirect_to_sign_in();
    let app =
        Router::new().route("/page", get(async || "fine")).route_layer(guard).layer(ClerkLayer::new(&clerk));
    let foreign = Instance::new().local.sign_claims(&json!({}), &claims(&json!({})));
    let visit = async |cookies: String| {
        let request = Request::get("/page")
            .header("host", "app.example.com")
            .header("sec-fetch-dest", "document")
            .header("cookie", cookies);
        app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    };
    for (brings, can_loop) in [
        ("theme=dark".to_owned(), false),
        ("__client_uat=0".to_owned(), false),
        ("__client_uat=1".to_owned(), true),
        (format!("__client_uat=1; __session={foreign}"), true),
        ("__clerk_handshake_nonce=unknown".to_owned(), true),
    ] {
        for count in [3, 9] {
            let response = visit(format!("{brings}; __clerk_redirect_count={count}")).await;
            let status = if can_loop { 401 } else { 303 };
            assert_eq!(response.status(), status, "{brings} {count}");
            // Nothing is counted for a visitor with nothing.
            assert!(response.headers().get("set-cookie").is_none(), "{brings} {count}");
        }
    }
}

/// A migration from Clerk's JavaScript SDK, which derives the page from the publishable key.
#[tokio::test]
async fn behind_a_proxy_the_sign_in_page_is_the_account_portals_with_one_warning() {
    if !clerk_tests::alone(
        module_path!(),
        "behind_a_proxy_the_sign_in_page_is_the_account_portals_with_one_warning",
    ) {
        return;
    }
    let log = Log::default();
    let _guard = log.listen(tracing::Level::WARN);
    let instance = Instance::new();
    let app_of = |sign_in_url: &str| {
        let clerk = instance.builder().publishable_key(LIVE).transport(instance.local.clone());
        let clerk = clerk
            .authentication(|options| options.proxy_url("/__clerk").sign_in_url(sign_in_url))
            .build()
            .unwrap();
        let guard = require::signed_in().redirect_to_sign_in();
        Router::new().route("/page", get(async || "fine")).route_layer(guard).layer(ClerkLayer::new(&clerk))
    };
    for (sign_in_url, page, warnings) in [
        ("", "https://accounts.example.com/sign-in", 1),
        ("https://example.com/in", "https://example.com/in", 0),
    ] {
        let app = app_of(sign_in_url);
        let _ = log.take();
        for _ in 0..5 {
            let request =
                Request::get("/page").header("host", "app.example.com").header("sec-fetch-dest", "document");
            let response = app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
            assert_eq!(response.status(), 303);
            let location = response.headers()["location"].to_str().unwrap();
            assert!(location.starts_with(&format!("{page}?redirect_url=")), "{location}");
        }
        let lines = log.warnings();
        assert_eq!(lines.len(), warnings, "{lines:?}");
        assert!(
            lines.iter().all(|line| line.contains("cause=\"sign-in-page\"") && line.contains("sign_in_url"))
        );
    }
}
