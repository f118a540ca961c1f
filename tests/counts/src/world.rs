//! A production instance: its key, its tokens, requests with them, and clients.

use std::{
    cell::Cell,
    convert::Infallible,
    future::{Ready, ready},
    rc::Rc,
    sync::LazyLock,
};

use axum::extract::OriginalUri;
use bytes::Bytes;
use clerk_core::Timestamp;
use clerk_local::LocalClerk;
use clerk_tower::{Clerk, clock::ManualClock};
use http::{Request, Response, Uri};
use http_body_util::Full;
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};
use tower::service_fn;

/// The origin that tokens are issued to.
const PARTY: &str = "https://app.example.com";
const PUBLISHABLE_KEY: &str = "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k";
/// The suffix of the instance's cookies, which follows from its publishable key.
const SUFFIX: &str = "naoXFJnI";
/// The time of every token and decision.
const NOW: u64 = 1_700_000_000;
/// The user of every token.
pub const USER: &str = "user_29w83sxmDNGwOuEthce5gg56FcC";

/// Where a request has its token.
#[derive(Clone, Copy, Debug)]
pub enum Carry {
    /// In `Authorization`.
    Header,
    /// In the instance's cookie, among others.
    Cookie,
}

/// What all cases share.
#[derive(Clone, Debug)]
pub struct World {
    /// Runs what is asynchronous, with a clock for its timeouts.
    pub runtime: Rc<Runtime>,
    local: LocalClerk,
    clock: ManualClock,
    tokens: Rc<Cell<u64>>,
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl World {
    /// Creates an instance with a key.
    #[must_use]
    pub fn new() -> Self {
        let clock = ManualClock::at(Timestamp::from_secs(i64::try_from(NOW).unwrap()));
        Self {
            runtime: Rc::new(Builder::new_current_thread().enable_time().build().unwrap()),
            local: LocalClerk::builder().clock(clock.clone()).build().unwrap(),
            clock,
            tokens: Rc::default(),
        }
    }

    /// Returns the public key as PEM.
    #[must_use]
    pub fn pem(&self) -> String {
        self.local.jwt_key()
    }

    /// Returns a session token that no other call returns, of the usual length: with an organization and permissions.
    #[must_use]
    pub fn token(&self) -> String {
        self.token_with(&json!({}), &json!({}))
    }

    /// Returns such a token with more members in its header, and more claims.
    #[must_use]
    pub fn token_with(&self, header: &Value, more: &Value) -> String {
        let number = self.tokens.replace(self.tokens.get() + 1);
        let mut claims = json!({
            "azp": PARTY, "exp": NOW + 50, "fea": "o:teams", "fva": [3, -1], "iat": NOW - 10,
            "iss": "https://clerk.example.com", "jti": format!("c6a1f0c4b8d1{number:08}"), "nbf": NOW - 20,
            "o": {
                "fpm": "3", "id": "org_29w83sxmDNGwOuEthce5gg56FcC", "per": "manage,read", "rol": "admin",
                "slg": "acme",
            },
            "pla": "o:pro", "sid": "sess_29w83sxmDNGwOuEthce5gg56FcC", "sts": "active", "sub": USER, "v": 2,
        });
        let mut all = json!({ "cat": "cl_B7d4PD111AAA" });
        for (object, more) in [(&mut claims, more), (&mut all, header)] {
            object.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        }
        self.local.sign_claims(&all, &claims)
    }

    /// Returns a client that has the key, so that it calls Clerk only for users.
    #[must_use]
    pub fn clerk(&self) -> Clerk {
        Clerk::builder()
            .secret_key("sk_live_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
            .publishable_key(PUBLISHABLE_KEY)
            .jwt_key(self.pem())
            .authorized_parties([PARTY])
            .clock(self.clock.clone())
            .transport(service_fn(canned))
            .build()
            .unwrap()
    }
}

/// Responds to every call with the same user.
pub fn canned(_: Request<Bytes>) -> Ready<Result<Response<Full<Bytes>>, Infallible>> {
    static USER: LazyLock<Bytes> = LazyLock::new(|| user().to_string().into());
    ready(Ok(Response::new(Full::new(USER.clone()))))
}

/// A user of typical size.
#[must_use]
pub fn user() -> Value {
    json!({
        "id": USER, "object": "user", "username": null, "first_name": "Ada", "last_name": "Lovelace",
        "image_url": "https://img.example.com/x", "has_image": true, "primary_email_address_id": "idn_1",
        "primary_phone_number_id": null, "primary_web3_wallet_id": null, "password_enabled": true,
        "two_factor_enabled": false, "totp_enabled": false, "backup_code_enabled": false,
        "email_addresses": [{
            "id": "idn_1", "object": "email_address", "email_address": "ada@example.com", "reserved": false,
            "verification": {
                "object": "verification_otp", "status": "verified", "strategy": "email_code", "attempts": 1,
                "expire_at": 1_700_000_000_000_u64,
            },
            "linked_to": [], "matches_sso_connection": false, "created_at": 1_700_000_000_000_u64,
            "updated_at": 1_700_000_000_000_u64,
        }],
        "phone_numbers": [], "web3_wallets": [], "passkeys": [], "external_accounts": [], "saml_accounts": [],
        "enterprise_accounts": [], "public_metadata": { "tier": 1 }, "private_metadata": {},
        "unsafe_metadata": {}, "external_id": null, "last_sign_in_at": 1_700_000_000_000_u64, "banned": false,
        "locked": false, "lockout_expires_in_seconds": null, "verification_attempts_remaining": 100,
        "created_at": 1_700_000_000_000_u64, "updated_at": 1_700_000_000_000_u64, "delete_self_enabled": true,
        "create_organization_enabled": true, "last_active_at": 1_700_000_000_000_u64, "mfa_enabled_at": null,
        "mfa_disabled_at": null, "legal_accepted_at": null, "profile_image_url": "https://img.example.com/x",
    })
}

/// A request's target. It is shared, as a server shares the buffer that it reads a request's head from.
static TARGET: LazyLock<Bytes> = LazyLock::new(|| {
    let target = Bytes::from("/dashboard?page=2".to_owned());
    // The first clone makes it shared.
    drop(target.clone());
    target
});

/// Returns a request without a token, with what a router of axum has put into it before the layer sees it.
#[must_use]
pub fn request() -> Request<()> {
    let uri = Uri::from_maybe_shared(TARGET.clone()).unwrap();
    Request::get(uri.clone())
        .extension(OriginalUri(uri))
        .header("host", "app.example.com")
        .header("accept", "*/*")
        .header("user-agent", "counts/1.0")
        .body(())
        .unwrap()
}

/// Returns a request with a token.
#[must_use]
pub fn with(token: &str, carry: Carry) -> Request<()> {
    let mut request = request();
    let (name, value) = match carry {
        Carry::Header => ("authorization", format!("Bearer {token}")),
        Carry::Cookie => {
            let client = format!("__client_uat=1699990000; __client_uat_{SUFFIX}=1699990000");
            ("cookie", format!("theme=dark; __session_{SUFFIX}={token}; {client}"))
        }
    };
    request.headers_mut().insert(name, value.parse().unwrap());
    request
}
