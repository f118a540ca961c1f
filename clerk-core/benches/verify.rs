//! The cost of authenticating a request, compared with its RSA verification alone.
//!
//! All benchmarks use the same token: aws-lc-rs alone with a parsed key, then decoding and verifying the token, then the
//! whole decision about a request. The goal is to stay within 10 % of the first. Other crates and the tower layer are
//! measured in `tests/peers`.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark may panic"
)]

use std::hint::black_box;

use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    rand::SystemRandom,
    rsa::KeySize,
    signature::{KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use clerk_core::{
    Timestamp,
    authenticate::{AuthenticateOptions, Authenticator, RequestHead, Status, Step},
    token::{KeySet, SessionClaims, Token, VerifyOptions},
};
use criterion::{Criterion, criterion_group, criterion_main};

const NOW: i64 = 1_700_000_000;
const KID: &str = "ins_29w83sxmDNGwOuEthce5gg56FcC";

/// A session token of typical size: version 2, with an organization and permissions.
fn token(key: &RsaKeyPair) -> String {
    let header = format!(r#"{{"alg":"RS256","cat":"cl_B7d4PD111AAA","kid":"{KID}","typ":"JWT"}}"#);
    let payload = format!(
        concat!(
            r#"{{"azp":"https://app.example.com","exp":{exp},"fea":"o:dashboard,o:teams,u:export","fva":[3,-1],"#,
            r#""iat":{iat},"iss":"https://clerk.example.com","jti":"c6a1f0c4b8d1e2f3a4b5","nbf":{nbf},"#,
            r#""o":{{"fpm":"3,2","id":"org_29w83sxmDNGwOuEthce5gg56FcC","per":"manage,read","rol":"admin","#,
            r#""slg":"acme"}},"pla":"o:pro","sid":"sess_29w83sxmDNGwOuEthce5gg56FcC","sts":"active","#,
            r#""sub":"user_29w83sxmDNGwOuEthce5gg56FcC","v":2}}"#,
        ),
        exp = NOW + 50,
        iat = NOW - 10,
        nbf = NOW - 20,
    );
    let signed =
        format!("{}.{}", BASE64_URL_SAFE_NO_PAD.encode(header), BASE64_URL_SAFE_NO_PAD.encode(payload));
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).unwrap();
    format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
}

/// The key as a JWKS. The modulus of a 2048-bit key has a fixed position in its DER encoding.
fn key_set(key: &RsaKeyPair) -> KeySet {
    let n = BASE64_URL_SAFE_NO_PAD.encode(&key.public_key().as_ref()[9..265]);
    let jwks = format!(
        r#"{{"keys":[{{"kty":"RSA","use":"sig","alg":"RS256","kid":"{KID}","n":"{n}","e":"AQAB"}}]}}"#
    );
    KeySet::from_jwks(jwks.as_bytes()).unwrap()
}

fn verify(criterion: &mut Criterion) {
    let key = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let (token, keys, now) = (token(&key), key_set(&key), Timestamp::from_secs(NOW));

    let der: PublicKeyX509Der<'_> = key.public_key().as_der().unwrap();
    let bare = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der.as_ref()).unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap();

    let options = VerifyOptions::new().authorized_parties(["https://app.example.com"]);
    let authenticator = Authenticator::new(
        AuthenticateOptions::new()
            .authorized_parties(["https://app.example.com"])
            .publishable_key("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k".parse().unwrap()),
    )
    .unwrap();
    let head = |name: &str, value: String| {
        http::Request::get("/dashboard").header("accept", "*/*").header(name, value).body(()).unwrap()
    };
    let header = head("authorization", format!("Bearer {token}"));
    let cookie =
        head("cookie", format!("theme=dark; __session_naoXFJnI={token}; __client_uat_naoXFJnI=1699990000"));
    let decide = |request: &http::Request<()>| {
        let Step::Done(outcome) = authenticator.start(&RequestHead::from(request), &keys, now) else {
            panic!("the key is in the set");
        };
        assert_eq!(outcome.status(), Status::SignedIn);
        outcome
    };

    let mut group = criterion.benchmark_group("rs256-2048");
    group.bench_function("aws-lc-rs alone", |bencher| {
        bencher.iter(|| bare.verify_sig(black_box(signed.as_bytes()), black_box(&signature)).unwrap());
    });
    group.bench_function("token to claims", |bencher| {
        bencher.iter(|| {
            let token = Token::decode(black_box(&token)).unwrap();
            token.verify(keys.get(token.kid().unwrap()).unwrap(), &options, now).unwrap();
            SessionClaims::of(&token)
        });
    });
    group
        .bench_function("request with a header token", |bencher| bencher.iter(|| decide(black_box(&header))));
    group
        .bench_function("request with a cookie token", |bencher| bencher.iter(|| decide(black_box(&cookie))));
    group.bench_function("token decode only", |bencher| {
        bencher.iter(|| Token::decode(black_box(&token)).unwrap());
    });
    group.finish();
}

criterion_group!(benches, verify);
criterion_main!(benches);
