//! One layer for several instances: the issuer of a token, or the suffix of a cookie, chooses whose keys decide.

use std::net::Ipv4Addr;

use axum::{Router, body::Body, extract::State, routing::get};
use clerk_axum::{
    AcceptedKinds, Auth, Clerk, ClerkLayer, ClerkUser, Rejection,
    local::{LocalClerk, LocalServer},
};
use clerk_tests::log::Log;
use http::{Request, header};
use serde_json::json;
use tower::ServiceExt as _;
use tracing::Level;

/// Two instances on one service: one with the secret key, one without.
#[derive(Clone)]
struct Both {
    shop: Clerk,
    staff: clerk_axum::ClerkVerifier,
}

async fn who(State(both): State<Both>, auth: Auth) -> Result<String, Rejection> {
    let user = auth.require_session()?.claims().user_id().to_string();
    let name = if auth.is_of(&both.shop) { "shop" } else { "staff" };
    assert_eq!(auth.is_of(&both.staff), name == "staff");
    Ok(format!("{user} of {name}"))
}

struct Stand {
    shop: LocalServer,
    staff: LocalServer,
    app: Router,
}

impl Stand {
    async fn new() -> Self {
        let serve = || LocalClerk::builder().seeded().serve((Ipv4Addr::LOCALHOST, 0));
        let (shop, staff) = (serve().await.unwrap(), serve().await.unwrap());
        let both = Both {
            shop: shop.client_builder().build().unwrap(),
            staff: Clerk::builder()
                .publishable_key(staff.local().publishable_key())
                .jwks_url(staff.jwks_url())
                .authentication(|options| options.accepted_kinds(AcceptedKinds::any()))
                .build_verifier()
                .unwrap(),
        };
        let layer = ClerkLayer::for_instances([(&both.shop).into(), both.staff.clone()]).unwrap();
        let app = Router::new()
            .route("/", get(who))
            .route("/user", get(async |user: ClerkUser| user.id.to_string()))
            .layer(layer)
            .with_state(both);
        Self { shop, staff, app }
    }

    async fn get(&self, path: &str, name: header::HeaderName, value: String) -> (u16, String) {
        let request = Request::get(path).header(name, value).body(Body::empty()).unwrap();
        let response = self.app.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        (status, String::from_utf8_lossy(&body).into_owned())
    }

    async fn bearer(&self, path: &str, token: &str) -> (u16, String) {
        self.get(path, header::AUTHORIZATION, format!("Bearer {token}")).await
    }
}

#[tokio::test]
async fn each_token_is_decided_by_its_own_instance() {
    let log = Log::default();
    let _guard = log.listen(Level::WARN);
    let stand = Stand::new().await;
    let (shop, staff) = (stand.shop.local(), stand.staff.local());
    assert_ne!(shop.issuer(), staff.issuer());
    let of = |name: &str| (200, format!("user_ada of {name}"));
    assert_eq!(stand.bearer("/", &shop.sign_in("user_ada").token()).await, of("shop"));
    assert_eq!(stand.bearer("/", &staff.sign_in("user_ada").token()).await, of("staff"));
    assert_eq!(stand.get("/", header::COOKIE, shop.sign_in("user_ada").cookies()).await, of("shop"));
    assert_eq!(stand.get("/", header::COOKIE, staff.sign_in("user_ada").cookies()).await, of("staff"));
    // A token that one instance signed in the name of the other is decided, and rejected, by the other one.
    let forged = |by: &LocalClerk, name: &LocalClerk| {
        let now = by.client().now().as_secs();
        let claims = json!({
            "iss": name.issuer(), "sub": "user_ada", "sid": "sess_1", "iat": now, "nbf": now, "exp": now + 60,
        });
        by.sign_claims(&json!({"cat": "cl_B7d4PD111AAA"}), &claims)
    };
    for token in [forged(shop, staff), forged(staff, shop)] {
        let (status, body) = stand.bearer("/", &token).await;
        assert!(status == 401 && body.contains("jwk-kid-mismatch"), "{status} {body}");
    }
    // A user is looked up where the session comes from, and only that instance has to have a secret key.
    assert_eq!(stand.bearer("/user", &shop.sign_in("user_ada").token()).await, (200, "user_ada".to_owned()));
    let (status, body) = stand.bearer("/user", &staff.sign_in("user_ada").token()).await;
    assert!(status == 500 && body.contains("clerk-secret-key-missing"), "{status} {body}");
    // Nobody: the first one decides.
    assert_eq!(stand.bearer("/", "nonsense").await.0, 401);
    // Tokens of one instance are no sign of a mistake for the other one; a forgery in its name may be.
    let warnings = log.take();
    assert!(!warnings.contains("other-instance"), "{warnings}");
}

#[test]
fn instances_that_cannot_be_told_apart_are_errors() {
    let shop = || Clerk::builder().publishable_key("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k");
    let error =
        |clerks: Vec<clerk_axum::ClerkVerifier>| ClerkLayer::for_instances(clerks).unwrap_err().to_string();
    let one = || shop().build_verifier().unwrap();
    assert!(ClerkLayer::for_instances([one()]).is_ok());
    assert!(error(vec![one(), one()]).contains("two instances have the issuer https://clerk.example.com"));
    let unknown = Clerk::builder().secret_key("sk_live_a").build().unwrap().into();
    assert!(error(vec![one(), unknown]).contains("issuers: not set; without the publishable key"));
    let set = Clerk::builder().secret_key("sk_live_a");
    let set = set.authentication(|options| options.issuers(["https://clerk.other.com"])).build().unwrap();
    assert!(ClerkLayer::for_instances([one(), set.into()]).is_ok());
    assert!(error(Vec::new()).contains("at least one client"));
}
