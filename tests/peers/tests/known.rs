//! The memory of verified tokens does not change decisions, whatever its size.

#![allow(clippy::panic, reason = "these are tests")]

use clerk_core::authenticate::{Authenticator, RequestHead, Status, Step};
use clerk_peers::{Key, bearer, options, request};

#[test]
fn decisions_do_not_depend_on_the_memory_of_verified_tokens() {
    let key = Key::new();
    let tokens: Vec<String> = (0..40).map(|number| key.token(number)).collect();
    let authenticator = Authenticator::new(options()).unwrap();
    // Space for nothing, for less than a token, for one token, for some, for all of them.
    for bytes in [0, 1, 3000, 4100, 20_000, 1 << 20] {
        let clerk = key.clerk(bytes);
        let keys = clerk.keys().current().unwrap();
        let status = |token: &str| match authenticator.start(
            &RequestHead::from(&request(bearer(token))),
            &keys,
            std::time::SystemTime::now().into(),
        ) {
            Step::Done(outcome) => outcome.status(),
            Step::Need(_) => panic!("the client has the key"),
        };
        for _ in 0..3 {
            for (token, next) in tokens.iter().zip(tokens.iter().cycle().skip(1)) {
                assert_eq!(status(token), Status::SignedIn);
                // Another token's claims with this token's signature.
                let (claims, _) = next.rsplit_once('.').unwrap();
                let (_, signature) = token.rsplit_once('.').unwrap();
                assert_eq!(status(&format!("{claims}.{signature}")), Status::SignedOut);
            }
        }
    }
}
