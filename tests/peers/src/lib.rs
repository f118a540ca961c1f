//! Shared by the authentication benchmarks: a key, session tokens that it signs, requests with them, and the client that
//! verifies them.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a benchmark stops at the first error")]

pub mod one_key;
pub mod rounds;

use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::{
    encoding::{AsDer as _, PublicKeyX509Der},
    rand::SystemRandom,
    rsa::KeySize,
    signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair},
};
use base64::{Engine as _, prelude::BASE64_STANDARD, prelude::BASE64_URL_SAFE_NO_PAD};
use clerk_core::authenticate::AuthenticateOptions;
use clerk_tower::Clerk;
use http::Request;

/// The id of the key.
pub const KID: &str = "ins_29w83sxmDNGwOuEthce5gg56FcC";
/// The instance's publishable key.
pub const PUBLISHABLE_KEY: &str = "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k";
/// The suffix of the instance's cookies, which follows from [`PUBLISHABLE_KEY`].
pub const SUFFIX: &str = "naoXFJnI";
/// The origin that the tokens were issued to.
pub const PARTY: &str = "https://app.example.com";

/// An RSA key of 2048 bits.
pub struct Key(RsaKeyPair);

impl Default for Key {
    fn default() -> Self {
        Self::new()
    }
}

impl Key {
    /// Generates a key.
    #[must_use]
    pub fn new() -> Self {
        Self(RsaKeyPair::generate(KeySize::Rsa2048).unwrap())
    }

    /// Returns the public key as X.509 (SubjectPublicKeyInfo) in DER.
    #[must_use]
    pub fn der(&self) -> Vec<u8> {
        let der: PublicKeyX509Der<'_> = self.0.public_key().as_der().unwrap();
        der.as_ref().to_vec()
    }

    /// Returns the public key as PEM.
    #[must_use]
    pub fn pem(&self) -> String {
        let text = BASE64_STANDARD.encode(self.der());
        format!("-----BEGIN PUBLIC KEY-----\n{text}\n-----END PUBLIC KEY-----\n")
    }

    /// Returns the modulus as in a JWK. For a key of 2048 bits, it is at a fixed offset in the DER form.
    #[must_use]
    pub fn modulus(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(&self.0.public_key().as_ref()[9..265])
    }

    /// Creates a valid session token, with claims version 2, an organization and permissions. Each number gives a
    /// different token.
    #[must_use]
    pub fn token(&self, number: usize) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let header = format!(r#"{{"alg":"RS256","cat":"cl_B7d4PD111AAA","kid":"{KID}","typ":"JWT"}}"#);
        let payload = format!(
            concat!(
                r#"{{"azp":"{azp}","exp":{exp},"fva":[3,-1],"iat":{iat},"iss":"https://clerk.example.com","#,
                r#""jti":"c6a1f0c4b8d1{number:08}","nbf":{nbf},"o":{{"fpm":"3","#,
                r#""id":"org_29w83sxmDNGwOuEthce5gg56FcC","per":"manage,read","rol":"admin","slg":"acme"}},"#,
                r#""fea":"o:teams","pla":"o:pro","sid":"sess_29w83sxmDNGwOuEthce5gg56FcC","sts":"active","#,
                r#""sub":"user_29w83sxmDNGwOuEthce5gg56FcC","v":2}}"#,
            ),
            azp = PARTY,
            number = number,
            // Valid for the whole run.
            exp = now + 3600,
            iat = now - 10,
            nbf = now - 20,
        );
        let signed =
            format!("{}.{}", BASE64_URL_SAFE_NO_PAD.encode(header), BASE64_URL_SAFE_NO_PAD.encode(payload));
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).unwrap();
        format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }

    /// Builds a client with this key, so that it makes no calls. `known_bytes` limits its memory of verified tokens.
    #[must_use]
    pub fn clerk(&self, known_bytes: u64) -> Clerk {
        let no_network = tower::service_fn(async |_: Request<bytes::Bytes>| {
            Err::<http::Response<http_body_util::Full<bytes::Bytes>>, _>(std::io::Error::other("no network"))
        });
        Clerk::builder()
            .secret_key("sk_live_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
            .publishable_key(PUBLISHABLE_KEY)
            .jwt_key(self.pem())
            .authorized_parties([PARTY])
            .known_token_bytes(known_bytes)
            .transport(no_network)
            .build()
            .unwrap()
    }
}

/// The authentication options of [`Key::clerk`].
#[must_use]
pub fn options() -> AuthenticateOptions {
    AuthenticateOptions::new().authorized_parties([PARTY]).publishable_key(PUBLISHABLE_KEY.parse().unwrap())
}

/// Returns the header `Authorization` with a token.
#[must_use]
pub fn bearer(token: &str) -> (&'static str, String) {
    ("authorization", format!("Bearer {token}"))
}

/// Returns the header `Cookie` with a token in this instance's cookie, among others.
#[must_use]
pub fn cookie(token: &str) -> (&'static str, String) {
    let client = format!("__client_uat=1699990000; __client_uat_{SUFFIX}=1699990000");
    ("cookie", format!("theme=dark; __session_{SUFFIX}={token}; {client}"))
}

/// The other headers of each request.
pub const OTHER_HEADERS: [(&str, &str); 3] =
    [("host", "app.example.com"), ("accept", "*/*"), ("user-agent", "benchmark/1.0")];

/// Creates a request with this header.
#[must_use]
pub fn request((name, value): (&str, String)) -> Request<()> {
    let mut request = Request::get("/dashboard?page=2");
    for (name, value) in OTHER_HEADERS {
        request = request.header(name, value);
    }
    request.header(name, value).body(()).unwrap()
}
