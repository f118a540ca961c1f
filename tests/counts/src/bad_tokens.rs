//! Tokens that differ from a known one in a single byte.
//!
//! What it costs to reject them must not say where the difference is. Whoever sends a token knows its length and its
//! structure, so the differences here leave these as they are.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use clerk_axum::ClerkLayer;
use clerk_tower::server::authenticate::Auth;
use http::Request;
use serde_json::json;
use tower::{Layer as _, Service as _, service_fn};

use crate::{
    cases::{Tokens, compare, cycle, hello, make_known},
    jobs::Case,
    world::{Carry, World, with},
};

/// By which share the instructions of a segment's cases may differ: by those of a comparison of two tokens, not by those
/// of a step of the decision.
pub const TOLERANCE: f64 = 0.002;

const REPETITIONS: usize = 16;

/// Creates the cases of each segment: a difference at its beginning, in its middle and at its end.
///
/// In which segment it is may show. A header that is not the usual one is parsed, and everybody knows the usual one. A
/// signature of another text fails later than one that nobody made, and with the public key everybody can tell them apart.
#[must_use]
pub fn all() -> [Vec<Case>; 3] {
    let world = World::new();
    let clerk = world.clerk();
    // Members that nobody reads. Their names put them first, between the others, and last.
    let marks = json!({ "a": "first-1", "l": "middle-1", "z": "last-1" });
    let known: Vec<String> = (0..8).map(|_| world.token_with(&marks, &marks)).collect();
    make_known(&world, &clerk, &known);
    let case = |name, change: fn(&str) -> String| {
        let tokens: Tokens = cycle(known.iter().map(|token| change(token)));
        let layer = ClerkLayer::new(&clerk);
        for known in &known {
            let changed = change(known);
            assert_eq!((changed.len(), changed == *known), (known.len(), false), "{name}");
            let rejected = service_fn(move |request: Request<()>| {
                let reason = Auth::from_extensions(request.extensions()).unwrap().outcome().reason();
                assert_eq!(reason.map(|reason| reason.as_str()), Some("token-invalid-signature"), "{name}");
                hello(request)
            });
            world.runtime.block_on(layer.layer(rejected).call(with(&changed, Carry::Header))).unwrap();
        }
        let requests = (tokens, (|token| with(token, Carry::Header)) as fn(&str) -> Request<()>);
        compare(&world, name, REPETITIONS, requests, service_fn(hello), layer.layer(service_fn(hello)))
    };
    [
        vec![
            case("bad-token-header-first", |token| edit(token, 0, "first-1", "first-2")),
            case("bad-token-header-middle", |token| edit(token, 0, "middle-1", "middle-2")),
            case("bad-token-header-last", |token| edit(token, 0, "last-1", "last-2")),
        ],
        vec![
            case("bad-token-payload-first", |token| edit(token, 1, "first-1", "first-2")),
            case("bad-token-payload-middle", |token| edit(token, 1, "middle-1", "middle-2")),
            case("bad-token-payload-last", |token| edit(token, 1, "last-1", "last-2")),
        ],
        vec![
            case("bad-token-signature-first", |token| flip(token, 1)),
            case("bad-token-signature-middle", |token| flip(token, 128)),
            case("bad-token-signature-last", |token| flip(token, 255)),
        ],
    ]
}

/// Changes the JSON of a segment.
fn edit(token: &str, number: usize, from: &str, to: &str) -> String {
    let mut segments: Vec<String> = token.split('.').map(ToOwned::to_owned).collect();
    let json = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(&segments[number]).unwrap()).unwrap();
    segments[number] = BASE64_URL_SAFE_NO_PAD.encode(json.replace(from, to));
    segments.join(".")
}

/// Changes a byte of the signature. Not the first one: the number has to stay below the modulus, which is public.
fn flip(token: &str, byte: usize) -> String {
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let mut signature = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap();
    signature[byte] ^= 1;
    format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
}
