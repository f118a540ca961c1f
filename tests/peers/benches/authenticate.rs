//! The cost of verifying one session token: RS256 with 2048 bits, claims version 2, about 1000 bytes.
//!
//! All contenders run in turns over the same tokens. The first one is aws-lc-rs alone, with a parsed key and a decoded
//! signature: the minimum for any verifier. Goals: a new token within 10 % of that, a known token below a microsecond.
//!
//! The two other crates check the signature and the times. They check no authorized party, no kind of token and no
//! cookies, so compare them with the lines about tokens, not with those about requests.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "a benchmark stops at the first error")]

use std::{
    convert::Infallible,
    future::{Future, Ready, ready},
    hint::black_box,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Instant,
};

use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use clerk_core::{
    Timestamp,
    authenticate::{Authenticator, RequestHead, Status, Step},
    token::{KeySet, SessionClaims, Token, VerifyOptions},
};
use clerk_peers::{Key, PARTY, bearer, cookie, one_key::OneKey, options, request, rounds::Rounds};
use clerk_tower::{
    Clerk,
    server::authenticate::{Auth, AuthenticateLayer},
};
use http::{Request, Response};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use tower::{Layer as _, Service, service_fn};

/// The number of tokens. Each is verified once per round.
const TOKENS: usize = 64;
const ROUNDS: usize = 300;

/// The claims that an application would deserialize with jsonwebtoken.
#[derive(serde::Deserialize)]
#[allow(dead_code, reason = "the benchmark measures their deserialization")]
struct Claims {
    azp: String,
    exp: u64,
    iat: u64,
    iss: String,
    nbf: u64,
    sid: String,
    sub: String,
    sts: String,
    o: Organization,
}

#[derive(serde::Deserialize)]
#[allow(dead_code, reason = "the benchmark measures their deserialization")]
struct Organization {
    id: String,
    rol: String,
    slg: String,
    per: String,
    fpm: String,
}

/// Polls a future that is ready at once.
fn finish<F: Future>(future: F) -> F::Output {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut context) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the future is not ready"),
    }
}

fn requests(tokens: &[String], carry: fn(&str) -> (&'static str, String)) -> Vec<Request<()>> {
    tokens.iter().map(|token| request(carry(token))).collect()
}

/// Decides about request heads, without a server.
fn decide(authenticator: &Authenticator, keys: &KeySet, requests: &[Request<()>]) {
    let now = Timestamp::from(std::time::SystemTime::now());
    for request in requests {
        let Step::Done(outcome) = authenticator.start(&RequestHead::from(request), keys, now) else {
            panic!("the key is configured");
        };
        assert_eq!(outcome.status(), Status::SignedIn);
    }
}

type Handler = fn(Request<()>) -> Ready<Result<Response<()>, Infallible>>;

fn handler(request: Request<()>) -> Ready<Result<Response<()>, Infallible>> {
    black_box(&request);
    ready(Ok(Response::new(())))
}

fn guarded(request: Request<()>) -> Ready<Result<Response<()>, Infallible>> {
    assert!(Auth::from_extensions(request.extensions()).is_some_and(|auth| auth.session().is_some()));
    handler(request)
}

fn open(request: Request<()>) -> Ready<Result<Response<()>, Infallible>> {
    assert!(Auth::from_extensions(request.extensions()).is_some_and(|auth| auth.outcome().is_anonymous()));
    handler(request)
}

/// Sends whole requests through the layer. Requests are consumed, so they are cloned before the time is measured.
fn pass(clerk: &Clerk, handler: Handler, requests: &[Request<()>]) -> std::time::Duration {
    let mut service = AuthenticateLayer::new(clerk).layer(service_fn(handler));
    let requests = requests.to_vec();
    let start = Instant::now();
    for request in requests {
        black_box(finish(service.call(request)).unwrap());
    }
    start.elapsed()
}

fn bare(requests: &[Request<()>]) -> std::time::Duration {
    let mut service = service_fn(handler);
    let requests = requests.to_vec();
    let start = Instant::now();
    for request in requests {
        black_box(finish(service.call(request)).unwrap());
    }
    start.elapsed()
}

fn main() {
    let key = Key::new();
    let tokens: Vec<String> = (0..TOKENS).map(|number| key.token(number)).collect();
    println!("{TOKENS} tokens of {} bytes, {ROUNDS} rounds", tokens.first().map_or(0, String::len));
    let (headers, cookies) = (requests(&tokens, bearer), requests(&tokens, cookie));
    let nothing = requests(&tokens, |_| ("accept", "*/*".to_owned()));
    let parsed = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.der()).unwrap();
    let signatures: Vec<(&str, Vec<u8>)> = tokens
        .iter()
        .map(|token| token.rsplit_once('.').unwrap())
        .map(|(signed, signature)| (signed, BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap()))
        .collect();
    let keys = KeySet::from_pem(&key.pem()).unwrap();
    let rules = VerifyOptions::new().authorized_parties([PARTY]);
    jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default().unwrap();
    let decoding = DecodingKey::from_rsa_components(&key.modulus(), "AQAB").unwrap();
    let validation = Validation::new(Algorithm::RS256);
    let provider = Arc::new(OneKey::new(&key));
    let authenticator = Authenticator::new(options()).unwrap();
    let clerk = key.clerk(1 << 24);
    let remembering = clerk.keys().current().unwrap();
    pass(&clerk, guarded, &headers);

    let mut rounds = Rounds::default();
    rounds.add("aws-lc-rs alone", TOKENS, || {
        for (signed, signature) in &signatures {
            parsed.verify_sig(black_box(signed.as_bytes()), black_box(signature)).unwrap();
        }
    });

    rounds.add("new: token to claims", TOKENS, || {
        let now = Timestamp::from(std::time::SystemTime::now());
        for text in &tokens {
            let token = Token::decode(black_box(text)).unwrap();
            token.verify(keys.get(token.kid().unwrap()).unwrap(), &rules, now).unwrap();
            black_box(SessionClaims::of(&token));
        }
    });
    rounds.add("  of which decoding", TOKENS, || {
        for text in &tokens {
            black_box(Token::decode(black_box(text)).unwrap());
        }
    });

    rounds.add("jsonwebtoken 11, aws-lc-rs: decode_header, decode", TOKENS, || {
        for text in &tokens {
            black_box(jsonwebtoken::decode_header(text).unwrap());
            black_box(jsonwebtoken::decode::<Claims>(text, &decoding, &validation).unwrap());
        }
    });
    rounds.add("clerk-rs 0.5: validate_jwt, cached key", TOKENS, || {
        for text in &tokens {
            let valid = clerk_rs::validators::authorizer::validate_jwt(text, Arc::clone(&provider));
            black_box(finish(valid).unwrap_or_else(|error| panic!("{error}")));
        }
    });

    rounds.add("new: request with the token in a header", TOKENS, || {
        decide(&authenticator, &keys, &headers);
    });
    rounds.add("new: request with the token in a cookie", TOKENS, || {
        decide(&authenticator, &keys, &cookies);
    });
    rounds.add_timed("new: layer, header, and storing it as known", TOKENS, || {
        pass(&key.clerk(1 << 24), guarded, &headers)
    });

    rounds.add("known: request with the token in a header", TOKENS, || {
        decide(&authenticator, &remembering, &headers);
    });
    rounds.add("known: request with the token in a cookie", TOKENS, || {
        decide(&authenticator, &remembering, &cookies);
    });
    rounds.add_timed("no layer: calling the service", TOKENS, || bare(&headers));
    rounds.add_timed("known: layer, header", TOKENS, || pass(&clerk, guarded, &headers));
    rounds.add_timed("known: layer, cookie", TOKENS, || pass(&clerk, guarded, &cookies));
    rounds.add_timed("no token: layer", TOKENS, || pass(&clerk, open, &nothing));
    rounds.run(ROUNDS);
}
