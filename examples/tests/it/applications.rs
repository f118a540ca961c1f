//! Small applications in the shapes that are common: each is what its author would write, and a story that it has to get
//! right, over real sockets.

use std::{
    collections::HashMap,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
};

use axum::Router;
use clerk_axum::local::{LocalClerk, LocalServer};
use reqwest::StatusCode;
use tokio::net::TcpListener;

async fn serve(app: Router) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    address
}

async fn instance() -> LocalServer {
    LocalClerk::builder().seeded().serve((Ipv4Addr::LOCALHOST, 0)).await.unwrap()
}

async fn get(address: SocketAddr, path: &str, token: &str) -> (u16, String) {
    let request = reqwest::Client::new().get(format!("http://{address}{path}")).bearer_auth(token);
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

/// An API that takes the tokens of one JWT template and nothing else, as programs do that pinned `CLERK_AUDIENCE`.
mod pinned_audience {
    use axum::{Router, routing::get};
    use clerk_axum::{
        AcceptedKinds, ClerkBuilder, ClerkLayer, ConfigError, Error, TemplateToken, token::Check,
    };

    #[derive(serde::Deserialize)]
    struct Custom {
        email: String,
    }

    async fn me(token: TemplateToken) -> Result<String, Error> {
        let is_admin = token.has(&Check::new().role("org:admin"));
        Ok(format!("{} {} {is_admin}", token.user_id(), token.claims::<Custom>()?.email))
    }

    pub(super) fn app(clerk: ClerkBuilder) -> Result<Router, ConfigError> {
        let clerk = clerk
            .authentication(|options| {
                options.template_audiences(["https://api.acme.com"]).accepted_kinds(AcceptedKinds::none())
            })
            .build_verifier()?;
        Ok(Router::new().route("/me", get(me)).layer(ClerkLayer::new(clerk)))
    }
}

#[tokio::test]
async fn an_api_takes_tokens_of_its_own_template_only() {
    let clerk = instance().await;
    let local = clerk.local();
    let builder =
        clerk_axum::Clerk::builder().publishable_key(local.publishable_key()).jwks_url(clerk.jwks_url());
    let address = serve(pinned_audience::app(builder).unwrap()).await;
    let ada = local.sign_in("user_ada").claim("email", "ada@example.com").claim("org_id", "org_1");
    let ada = ada.claim("org_role", "org:admin");
    let expected = (200, "user_ada ada@example.com true".to_owned());
    assert_eq!(get(address, "/me", &ada.template_token("https://api.acme.com")).await, expected);
    let oauth = local.oauth_token("user_ada").audience(["https://api.acme.com"]).create_jwt().token;
    let with_audience = ada.clone().claim("aud", "https://api.acme.com").token();
    for other in [ada.token(), with_audience, oauth, ada.template_token("https://api.other.com")] {
        assert_eq!(get(address, "/me", &other).await.0, 401);
    }
}

/// A service that has nothing but the public key.
mod public_key_only {
    use axum::{Router, routing::get};
    use clerk_axum::{Clerk, ClerkLayer, ConfigError, Session, require};

    pub(super) fn app(pem: &str) -> Result<Router, ConfigError> {
        let clerk =
            Clerk::builder().jwt_key(pem).authorized_parties(["https://app.acme.com"]).build_verifier()?;
        Ok(Router::new()
            .route("/me", get(async |session: Session| session.user_id().to_string()))
            .route("/admin", get("the admin area").route_layer(require::role("org:admin")))
            .layer(ClerkLayer::new(clerk)))
    }
}

#[tokio::test]
async fn a_public_key_is_enough_to_check_who_calls() {
    let local = LocalClerk::seeded();
    let address = serve(public_key_only::app(&local.jwt_key()).unwrap()).await;
    let session = |user: &str| local.sign_in(user).authorized_party("https://app.acme.com");
    let ada = session("user_ada").organization("org_acme").token();
    assert_eq!(get(address, "/me", &ada).await, (200, "user_ada".to_owned()));
    assert_eq!(get(address, "/admin", &ada).await.0, 200);
    assert_eq!(get(address, "/admin", &session("user_grace").token()).await.0, 403);
    assert_eq!(get(address, "/me", &local.sign_in("user_ada").token()).await.0, 401);
    let stranger = LocalClerk::seeded().sign_in("user_ada").authorized_party("https://app.acme.com");
    assert_eq!(get(address, "/me", &stranger.token()).await.0, 401);
}

/// A gateway whose sockets are opened by the users of two instances, with the token as the sub-protocol.
mod gateway {
    use axum::{
        Router,
        extract::{State, WebSocketUpgrade},
        http::{HeaderMap, header::SEC_WEBSOCKET_PROTOCOL},
        response::Response,
        routing::get,
    };
    use clerk_axum::{ClerkLayer, ClerkVerifier, ConfigError, Rejection};

    #[derive(Clone)]
    struct App {
        staff: ClerkVerifier,
        layer: ClerkLayer,
    }

    async fn open(
        State(app): State<App>,
        headers: HeaderMap,
        upgrade: WebSocketUpgrade,
    ) -> Result<Response, Rejection> {
        let protocols = headers.get(SEC_WEBSOCKET_PROTOCOL).and_then(|value| value.to_str().ok());
        let token = protocols.and_then(|protocols| protocols.split(", ").nth(1)).unwrap_or_default();
        let auth = app.layer.authenticate_token(token).await;
        let user = auth.require_session()?.claims().user_id().to_string();
        let name = if auth.is_of(&app.staff) { "staff" } else { "customers" };
        // Only the first is confirmed: the response must not repeat the token.
        Ok(upgrade.protocols(["clerk"]).on_upgrade(move |mut socket| async move {
            let _ = socket.send(format!("hello {user} of {name}").into()).await;
        }))
    }

    pub(super) fn app(customers: &ClerkVerifier, staff: &ClerkVerifier) -> Result<Router, ConfigError> {
        let layer = ClerkLayer::for_instances([customers, staff])?;
        Ok(Router::new().route("/socket", get(open)).with_state(App { staff: staff.clone(), layer }))
    }
}

#[tokio::test]
async fn a_gateway_serves_the_users_of_two_instances() {
    use tokio_tungstenite::tungstenite::{ClientRequestBuilder, Error, Message};
    let (customers, staff) = (instance().await, instance().await);
    let verifier = |server: &LocalServer| {
        let builder = clerk_axum::Clerk::builder().publishable_key(server.local().publishable_key());
        builder.jwks_url(server.jwks_url()).build_verifier().unwrap()
    };
    let address = serve(gateway::app(&verifier(&customers), &verifier(&staff)).unwrap()).await;
    let open = async |token: String| {
        let uri = format!("ws://{address}/socket").parse().unwrap();
        let request = ClientRequestBuilder::new(uri).with_sub_protocol("clerk").with_sub_protocol(token);
        tokio_tungstenite::connect_async(request).await
    };
    for (server, expected) in
        [(&customers, "hello user_ada of customers"), (&staff, "hello user_ada of staff")]
    {
        let (mut socket, response) = open(server.local().sign_in("user_ada").token()).await.unwrap();
        assert_eq!(response.headers()["sec-websocket-protocol"], "clerk");
        let message = futures_util::StreamExt::next(&mut socket).await.unwrap().unwrap();
        assert_eq!(message, Message::text(expected));
    }
    let stranger = LocalClerk::seeded().sign_in("user_ada").token();
    for token in [stranger, "nonsense".to_owned()] {
        let refused = open(token).await.unwrap_err();
        assert!(matches!(refused, Error::Http(response) if response.status() == StatusCode::UNAUTHORIZED));
    }
}

/// A shop: what a plan allows is in the token; what was bought arrives as a webhook.
mod billing {
    use std::{
        collections::HashMap,
        sync::{Arc, Mutex},
    };

    use axum::{Router, routing::get};
    use clerk_axum::{Clerk, ClerkLayer, ClerkWebhooks, ConfigError, require, webhook::kind};

    pub(super) type Subscriptions = Arc<Mutex<HashMap<String, String>>>;

    pub(super) fn app(clerk: &Clerk, subscriptions: &Subscriptions) -> Result<Router, ConfigError> {
        let store = subscriptions.clone();
        let webhooks = ClerkWebhooks::new(clerk)?.on(kind::SUBSCRIPTION_UPDATED, move |subscription, _| {
            store.lock().unwrap().insert(subscription.payer_id, subscription.status.to_string());
            async {}
        });
        Ok(Router::new()
            .route("/export", get("the export").route_layer(require::plan("gold")))
            .route("/search", get("results").route_layer(require::feature("search")))
            .layer(ClerkLayer::new(clerk))
            .route_service("/webhooks/clerk", webhooks))
    }
}

#[tokio::test]
async fn a_shop_follows_subscriptions_and_guards_what_a_plan_includes() {
    let server = instance().await;
    let local = server.local();
    let clerk = server.client_builder().build().unwrap();
    let subscriptions = Arc::new(Mutex::new(HashMap::new()));
    let address = serve(billing::app(&clerk, &subscriptions).unwrap()).await;
    let buyer = local.sign_in("user_ada").claim("pla", "u:gold").claim("fea", "u:search").token();
    let visitor = local.sign_in("user_ada").token();
    for (path, token, expected) in [
        ("/export", &buyer, 200),
        ("/search", &buyer, 200),
        ("/export", &visitor, 403),
        ("/search", &visitor, 403),
    ] {
        assert_eq!(get(address, path, token).await.0, expected, "{path}");
    }
    let body = serde_json::json!({
        "type": "subscription.updated",
        "timestamp": clerk.now().as_millis(),
        "data": { "id": "csub_1", "payer_id": "user_ada", "status": "past_due" },
    });
    let body = body.to_string();
    let signed = clerk.webhook_verifier().unwrap().sign("msg_1", clerk.now(), body.as_bytes());
    let deliver = |headers| {
        let request = reqwest::Client::new().post(format!("http://{address}/webhooks/clerk"));
        request.headers(headers).body(body.clone()).send()
    };
    assert_eq!(deliver(signed).await.unwrap().status(), 204);
    assert_eq!(subscriptions.lock().unwrap()["user_ada"], "past_due");
    assert_eq!(deliver(reqwest::header::HeaderMap::new()).await.unwrap().status(), 400);
}
