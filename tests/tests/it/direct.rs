//! Tests of decisions without a layer: about a request head, and about a token from another source.

use std::convert::Infallible;

use bytes::Bytes;
use clerk_core::{
    api::{organization_memberships, users},
    authenticate::{RequestHead, Status},
    token::TokenKind,
};
use clerk_tests::{Instance, Log, browser::LIVE};
use clerk_tower::{
    Clerk,
    server::authenticate::{Auth, AuthenticateLayer, Decision, InsecureIdentity, ResponseHeaders},
};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt as _, Full};
use serde_json::json;
use tower::{Layer as _, ServiceExt as _, service_fn};

/// Returns the user, or the status and the code of the rejection.
async fn authenticate(clerk: &Clerk, token: &str) -> Result<String, (u16, String)> {
    let auth = clerk.authenticate_token(token).await;
    let session = auth.require_session().map(|session| session.claims().user_id().to_string());
    session.map_err(|rejection| (rejection.status().as_u16(), rejection.code().to_owned()))
}

#[tokio::test]
async fn a_token_is_verified_as_if_it_came_with_a_request() {
    let instance = Instance::new();
    let clerk = instance.in_memory();
    let ada = instance.ada();
    let mut forged = ada.clone();
    forged.replace_range(ada.len() - 8..ada.len() - 4, "AAAA");
    let expired =
        instance.local.sign_claims(&serde_json::json!({}), &serde_json::json!({"sub": "u", "exp": 1}));
    let pending = instance.local.sign_in("user_ada").pending().token();
    for (token, expected) in [
        (&*ada, Ok("user_ada")),
        (&forged, Err((401, "token-invalid-signature"))),
        (&expired, Err((401, "session-token-expired-refresh-non-eligible-non-get"))),
        (&pending, Err((401, "session-pending"))),
        ("", Err((401, "session-token-and-uat-missing"))),
        ("nonsense", Err((401, "token-invalid"))),
        // The first word alone would be a valid token.
        (&format!("{ada} more"), Err((401, "token-invalid"))),
        (&format!(" {ada}"), Err((401, "token-invalid"))),
        (&format!("{ada}\n"), Err((401, "token-invalid"))),
        ("Bearer\u{e9}", Err((401, "token-invalid"))),
    ] {
        let expected = expected.map(str::to_owned).map_err(|(status, code)| (status, code.to_owned()));
        assert_eq!(authenticate(&clerk, token).await, expected, "{token}");
    }
}

#[tokio::test]
async fn without_clerk_the_decision_is_unknown() {
    let instance = Instance::new();
    instance.local.inject(clerk_tests::keys_down());
    let clerk = instance.in_memory();
    let code = "clerk-unavailable".to_owned();
    assert_eq!(authenticate(&clerk, &instance.ada()).await, Err((503, code)));
}

/// The clients: of a development instance, and of a production instance with the same keys.
fn clients(instance: &Instance) -> [Clerk; 2] {
    [instance.local.publishable_key().as_str(), LIVE].map(|key| {
        let builder = instance.builder().publishable_key(key).transport(instance.local.clone());
        builder.build().unwrap()
    })
}

/// Responds like a handler that knows nothing of Clerk, but sets headers that a decision may have too.
fn handled(auth: &Auth) -> Response<Bytes> {
    let mut response = match auth.require_session() {
        Ok(session) => Response::new(session.claims().user_id().to_string().into()),
        Err(rejection) => rejection.into_response(),
    };
    for line in ["theme=dark; Path=/", "__session=own; Path=/"] {
        response.headers_mut().append("set-cookie", line.parse().unwrap());
    }
    response
}

/// Appends headers as a framework with a header type of its own does: to pairs.
fn appended(headers: ResponseHeaders, response: Response<Bytes>) -> Response<Bytes> {
    let (mut head, body) = response.into_parts();
    let pairs: Vec<(String, Vec<u8>)> = head
        .headers
        .iter()
        .map(|(name, value)| (name.as_str().to_uppercase(), value.as_bytes().to_vec()))
        .collect();
    let added = headers.missing_from(pairs);
    for (name, value) in &added {
        head.headers.append(name, value.clone());
    }
    Response::from_parts(head, body)
}

async fn summary<B: Body<Error: std::fmt::Debug>>(response: Response<B>) -> (u16, Vec<String>, Bytes) {
    let (head, body) = response.into_parts();
    let line = |(name, value): (&_, &http::HeaderValue)| format!("{name}: {}", value.to_str().unwrap());
    let headers = head.headers.iter().map(line).collect();
    (head.status.as_u16(), headers, body.collect().await.unwrap().to_bytes())
}

#[tokio::test]
async fn a_decision_without_a_layer_leads_to_the_same_response_as_the_layer() {
    let instance = Instance::new();
    let [development, production] = clients(&instance);
    let session = instance.local.sign_in("user_ada");
    let lines =
        [format!("__session={}; Path=/", session.token()), "__client_uat=1; Path=/; Secure".to_owned()];
    let handshake = instance.local.sign_claims(&json!({}), &json!({ "handshake": lines }));
    let page = || Request::get("https://app.example.com/page?tab=1").header("sec-fetch-dest", "document");
    let bearer = |token: &str| page().header("authorization", format!("Bearer {token}"));
    let cookie = |cookies: &str| page().header("cookie", cookies);
    for (clerk, request, expected_status, cookies) in [
        (&production, bearer(&session.token()), 200, &["theme", "__session"][..]),
        (&production, page(), 401, &["theme", "__session"]),
        (&production, bearer("nonsense"), 401, &["theme", "__session"]),
        (&development, cookie(&session.cookies()), 200, &["theme", "__session"]),
        // The handler's own cookie is not set twice.
        (
            &production,
            cookie(&format!("__clerk_handshake={handshake}")),
            200,
            &["theme", "__session", "__client_uat"],
        ),
        (&development, cookie(&session.expired_cookies()), 307, &["__clerk_redirect_count"]),
        (
            &development,
            Request::get(format!("https://app.example.com/page?__clerk_handshake={handshake}"))
                .header("sec-fetch-dest", "document"),
            307,
            &["__session", "__client_uat"],
        ),
        (
            &development,
            Request::get("https://app.example.com/page?__clerk_handshake=nonsense")
                .header("sec-fetch-dest", "document"),
            400,
            &[],
        ),
    ] {
        let (head, ()) = request.header("host", "app.example.com").body(()).unwrap().into_parts();
        let service = AuthenticateLayer::new(clerk).layer(service_fn(async |request: Request<()>| {
            let auth = Auth::from_extensions(request.extensions()).unwrap();
            Ok::<_, Infallible>(handled(auth).map(Full::new))
        }));
        let expected = summary(service.oneshot(Request::from_parts(head.clone(), ())).await.unwrap()).await;
        assert_eq!(expected.0, expected_status, "{expected:?}");
        let set = expected.1.iter().filter_map(|line| line.strip_prefix("set-cookie: ")?.split('=').next());
        assert!(set.eq(cookies.iter().copied()), "{expected:?}");

        for append in [
            (|headers, mut response| {
                ResponseHeaders::append_to(headers, Response::headers_mut(&mut response));
                response
            }) as fn(ResponseHeaders, Response<Bytes>) -> Response<Bytes>,
            appended,
        ] {
            let response = match clerk.authenticate(&RequestHead::from(&head)).await {
                Decision::Respond(response) => response,
                Decision::Continue(auth, headers) => append(headers, handled(&auth)),
            };
            assert_eq!(summary(response.map(Full::new)).await, expected);
        }
    }
}

#[tokio::test]
async fn a_layer_with_other_settings_decides_without_a_service_too() {
    let (shop, staff) = (Instance::new(), Instance::new());
    let [first, _] = clients(&shop);
    let [second, _] = clients(&staff);
    let both = AuthenticateLayer::for_instances([&first, &second]).unwrap();
    let machines = first.authenticate_options().accepted_kinds(TokenKind::ApiKey);
    let machines = AuthenticateLayer::with_options(&first, machines).unwrap();
    let key = shop.local.api_key("nightly").subject("user_ada").create().secret;
    let owner = AuthenticateLayer::insecure_identity(&InsecureIdentity::new("user_owner")).unwrap();
    let Decision::Continue(auth, headers) = owner.authenticate(&(&Request::new(())).into()).await else {
        panic!("one identity for every request")
    };
    headers.append_to(&mut HeaderMap::new());
    assert_eq!(auth.session().unwrap().claims().user_id(), "user_owner");
    for (case, layer, token, expected) in [
        ("the first instance", &both, &shop.ada(), Some(&first)),
        ("the second instance", &both, &staff.ada(), Some(&second)),
        ("a third instance", &both, &Instance::new().ada(), None),
        ("a machine", &machines, &key, Some(&first)),
        ("a person instead of a machine", &machines, &shop.ada(), None),
    ] {
        let request = Request::get("/").header("authorization", format!("Bearer {token}")).body(()).unwrap();
        let Decision::Continue(auth, headers) = layer.authenticate(&(&request).into()).await else {
            panic!("{case}")
        };
        headers.append_to(&mut HeaderMap::new());
        assert_eq!(auth.outcome().status() == Status::SignedIn, expected.is_some(), "{case}");
        assert!(expected.is_none_or(|clerk| auth.is_of(clerk)), "{case}");
    }
}

#[tokio::test]
async fn headers_that_reach_no_response_are_logged() {
    let clerk = Instance::new().in_memory();
    let (head, ()) = Request::get("/").body(()).unwrap().into_parts();
    let log = Log::default();
    let _guard = log.listen(tracing::Level::DEBUG);
    const MESSAGE: &str = "a decision's headers were not added to a response";
    let Decision::Continue(_, headers) = clerk.authenticate(&RequestHead::from(&head)).await else {
        panic!()
    };
    headers.append_to(&mut HeaderMap::new());
    assert!(!log.take().contains(MESSAGE));
    let Decision::Continue(_, headers) = clerk.authenticate(&RequestHead::from(&head)).await else {
        panic!()
    };
    drop(headers);
    assert_eq!(log.take().matches(MESSAGE).count(), 1);
}

/// Returns the user's name, or the status and the code of the rejection.
async fn user_of(auth: &Auth) -> Result<String, (u16, String)> {
    let user = auth.user().await.map(|user| user.full_name().unwrap_or_default());
    user.map_err(|rejection| (rejection.status().as_u16(), rejection.code().to_owned()))
}

#[tokio::test]
async fn the_user_of_a_session_is_resolved_and_blocked_users_are_told_apart() {
    let instance = Instance::new();
    let local = &instance.local;
    local.user("Bad", "Boy").id("user_banned").banned(true).create();
    local.user("Shut", "Out").id("user_locked").create();
    local.user("Let", "Go").id("user_deprovisioned").deprovisioned(true).create();
    instance.backend("POST", "/v1/users/user_locked/lock").await;
    let token = |user: &str| local.sign_in(user).token();
    let clerk = instance.in_memory();
    for (visitor, token, expected) in [
        ("Ada", token("user_ada"), Ok("Ada Lovelace")),
        ("a banned user", token("user_banned"), Err((403, "user-banned"))),
        ("a locked user", token("user_locked"), Err((403, "user-locked"))),
        ("a deprovisioned user", token("user_deprovisioned"), Err((403, "user-deprovisioned"))),
        ("a deleted user", token("user_nobody"), Err((401, "user-deleted"))),
        ("a pending session", local.sign_in("user_ada").pending().token(), Err((401, "session-pending"))),
        ("nobody", String::new(), Err((401, "session-token-and-uat-missing"))),
        ("a stranger", "garbage".to_owned(), Err((401, "token-invalid"))),
    ] {
        let auth = clerk.authenticate_token(&token).await;
        let expected = expected.map(str::to_owned).map_err(|(status, code)| (status, code.to_owned()));
        assert_eq!(user_of(&auth).await, expected, "{visitor}");
        // A page that needs no session treats a missing token differently from an invalid one.
        let optional = auth.optional_session().map(|session| session.is_some());
        let is_absent = matches!(visitor, "nobody" | "a pending session");
        let expected = if visitor == "a stranger" { None } else { Some(!is_absent) };
        assert_eq!(optional.ok(), expected, "{visitor}");
    }
    // The token is still valid, and its user was known a moment ago.
    let auth = clerk.authenticate_token(&token("user_ada")).await;
    clerk.send(users::ban("user_ada")).await.unwrap();
    assert_eq!(user_of(&auth).await, Err((403, "user-banned".to_owned())));
    let other = Instance::new();
    let clerk = other.builder().transport(other.local.clone()).max_attempts(1).build().unwrap();
    let auth = clerk.authenticate_token(&other.ada()).await;
    other.local.inject(clerk_local::Fault::status(StatusCode::BAD_GATEWAY));
    assert_eq!(user_of(&auth).await, Err((503, "clerk-unavailable".to_owned())));
}

#[tokio::test]
async fn the_organization_of_a_session_is_resolved_for_its_members_only() {
    let instance = Instance::new();
    let local = &instance.local;
    local.user("Bad", "Boy").id("user_banned").banned(true).create();
    local.user("Let", "Go").id("user_deprovisioned").deprovisioned(true).create();
    for user in ["user_banned", "user_deprovisioned"] {
        local.add_member("org_acme", user, "org:member");
    }
    let token = |user: &str| local.sign_in(user).organization("org_acme").token();
    let clerk = instance.in_memory();
    let former = token("user_grace");
    // By another client: what this one removes is refused before any look.
    instance.in_memory().send(organization_memberships::delete("org_acme", "user_grace")).await.unwrap();
    for (visitor, token, expected) in [
        ("Ada", token("user_ada"), "Acme"),
        ("a personal account", local.sign_in("user_alan").token(), "organization-missing"),
        ("a former member", former, "organization-missing"),
        ("a banned member", token("user_banned"), "user-banned"),
        ("a deprovisioned member", token("user_deprovisioned"), "user-deprovisioned"),
        ("nobody", String::new(), "session-token-and-uat-missing"),
    ] {
        let organization = clerk.authenticate_token(&token).await.organization().await;
        let found = organization.map_or_else(|rejection| rejection.code().to_owned(), |it| it.name.clone());
        assert_eq!(found, expected, "{visitor}");
    }
}
