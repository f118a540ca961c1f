//! Runs the key store against a model, over random schedules of rotations, floods, silences and outages.
//!
//! The model knows when Clerk served which key, and when it could be asked. Whatever happens:
//!
//! - a key that Clerk removed lets nobody in for longer than five minutes, unless Clerk could not be asked
//! - a token under a key that Clerk serves is never rejected, only undecided at times; one under a key that replaced
//!   another under the same id, for at most ten seconds
//! - a request whose keys are fresh does not wait, and no request waits for longer than its deadline
//! - the number of calls is bounded
//!
//! tokio's clock is paused, so the schedules are the same each time.

use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, LazyLock, Mutex},
    time::Duration,
};

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::KeySize,
    signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair},
};
use clerk_tests::{
    NOW,
    scripted::{Reply, Script},
    tokens::{claims, encode},
};
use clerk_tower::{Clerk, clock::ManualClock};
use fastrand::Rng;
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::time::{self, Instant};

/// How long a removed key may be used while Clerk can be asked.
const FRESH: Duration = Duration::from_secs(300);
/// How long it may be used while Clerk cannot be asked.
const LONGEST: Duration = Duration::from_secs(3600);
/// The longest backoff after a failure, ten seconds until the next attempt, and its time.
const RECOVERY: Duration = Duration::from_secs(75 + 10 + 6);
/// The deadline of a decision.
const DEADLINE: Duration = Duration::from_secs(10);
/// Up to this age a request does not even start a refresh.
const NEW: Duration = Duration::from_secs(240);

/// For how long what Clerk had under a key id counts as unchanged, so for how long a replaced key may be unknown.
const UNCHANGED: Duration = Duration::from_secs(10);

static NUMBERS: LazyLock<[RsaKeyPair; 3]> =
    LazyLock::new(|| std::array::from_fn(|_| RsaKeyPair::generate(KeySize::Rsa2048).unwrap()));

/// A key's id, and which of the [`NUMBERS`] it has: the first, or the second if it replaced another key under its id. So
/// schedules can have many keys.
#[derive(Clone, Debug)]
struct KeyName {
    kid: String,
    numbers: usize,
}

impl KeyName {
    fn first(kid: impl Into<String>) -> Self {
        Self { kid: kid.into(), numbers: 0 }
    }

    /// A key that Clerk never has.
    fn forged(self) -> Self {
        Self { numbers: 2, ..self }
    }

    fn jwk(&self) -> Value {
        let key = NUMBERS[self.numbers].public_key();
        let n = encode(key.modulus().big_endian_without_leading_zero());
        let e = encode(key.exponent().big_endian_without_leading_zero());
        json!({"kty": "RSA", "use": "sig", "kid": self.kid, "n": n, "e": e})
    }

    fn token(&self, text: &str) -> String {
        let key = &NUMBERS[self.numbers];
        let header = json!({"alg": "RS256", "typ": "JWT", "kid": self.kid});
        let claims = claims(&json!({"text": text}));
        let message = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
        let mut signature = vec![0; key.public_modulus_len()];
        key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature).unwrap();
        format!("{message}.{}", encode(signature))
    }
}

/// A key that Clerk has or had: when it was added, and when it was removed.
#[derive(Clone, Debug)]
struct Key {
    name: KeyName,
    added: Instant,
    removed: Option<Instant>,
}

impl Key {
    fn new(name: KeyName) -> Self {
        Self { name, added: Instant::now(), removed: None }
    }
}

/// How Clerk responds.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Mood {
    /// After this many milliseconds.
    Good(u64),
    Refuses,
    Hangs,
    Fails,
}

/// What is true of Clerk, at every time.
struct Truth {
    keys: Vec<Key>,
    mood: Mood,
    /// The last moment at which Clerk could not be asked.
    last_down: Option<Instant>,
    /// When calls were made, and when the last one that succeeded was.
    calls: Vec<Instant>,
    last_good: Option<Instant>,
}

impl Truth {
    /// The response with the keys that Clerk has now.
    fn jwks(&self) -> Value {
        let served = self.keys.iter().filter(|key| key.removed.is_none());
        json!({"keys": served.map(|key| key.name.jwk()).collect::<Vec<_>>()})
    }

    fn is_down(&self) -> bool {
        !matches!(self.mood, Mood::Good(_))
    }
}

#[derive(Clone)]
struct World {
    truth: Arc<Mutex<Truth>>,
    clerk: Clerk,
}

#[derive(Debug, PartialEq)]
enum Verdict {
    SignedIn,
    Rejected,
    Undecided,
}

impl World {
    fn new() -> Self {
        let first = Key::new(KeyName::first("ins_0"));
        let (calls, last_down, last_good) = (Vec::new(), None, None);
        let truth = Truth { keys: vec![first], mood: Mood::Good(0), last_down, calls, last_good };
        let truth = Arc::new(Mutex::new(truth));
        let shared = truth.clone();
        let transport = Script::new(move |_| {
            let truth = shared.clone();
            Reply::Later(Box::pin(async move {
                let (asked, mood) = (Instant::now(), truth.lock().unwrap().mood);
                truth.lock().unwrap().calls.push(asked);
                match mood {
                    Mood::Good(millis) => {
                        // Clerk reads its keys at any time between the question and the response.
                        let body = truth.lock().unwrap().jwks();
                        time::sleep(Duration::from_millis(millis)).await;
                        truth.lock().unwrap().last_good = Some(asked);
                        Reply::json(200, &body)
                    }
                    Mood::Refuses => Reply::Refuse,
                    Mood::Hangs => Reply::Hang,
                    Mood::Fails => Reply::json(503, &json!({})),
                }
            }))
        });
        let clerk = Clerk::builder()
            .secret_key("sk_test_abc")
            .clock(ManualClock::at(NOW))
            .transport(transport)
            .build()
            .unwrap();
        Self { truth, clerk }
    }

    fn truth(&self) -> std::sync::MutexGuard<'_, Truth> {
        self.truth.lock().unwrap()
    }

    async fn ask(&self, token: &str) -> Verdict {
        let auth = self.clerk.authenticate_token(token).await;
        match auth.require_session() {
            Ok(_) => Verdict::SignedIn,
            Err(rejection) if rejection.status() == 503 => {
                let wait = rejection.into_response::<bytes::Bytes>().headers()["retry-after"].clone();
                let wait: u64 = wait.to_str().unwrap().parse().unwrap();
                assert!((1..=75).contains(&wait), "{wait}");
                Verdict::Undecided
            }
            Err(rejection) => {
                assert!(["jwk-kid-mismatch", "token-invalid-signature"].contains(&rejection.code()));
                Verdict::Rejected
            }
        }
    }

    /// A request under one of Clerk's keys, which may be removed by now.
    async fn request(&self, number: usize, text: String) {
        let arrived = Instant::now();
        let (key, is_known) = {
            let truth = self.truth();
            let key = truth.keys[number].clone();
            let is_fresh = |asked: Instant| key.added < asked && asked.elapsed() < NEW;
            let is_known = key.removed.is_none() && truth.last_good.is_some_and(is_fresh);
            (key, is_known)
        };
        let verdict = self.ask(&key.name.token(&text)).await;
        let (waited, truth) = (arrived.elapsed(), self.truth());
        let removed = truth.keys[number].removed;
        let case = format!("{verdict:?} after {waited:?}, {key:?} at {arrived:?}");
        assert!(waited <= DEADLINE, "{case}");
        if is_known {
            assert_eq!((verdict, waited), (Verdict::SignedIn, Duration::ZERO), "fresh keys: {case}");
            return;
        }
        match (verdict, removed) {
            (Verdict::Rejected, None) if key.name.numbers == 0 || arrived - key.added >= UNCHANGED => {
                panic!("a good token is rejected: {case}")
            }
            (Verdict::SignedIn, Some(removed)) => {
                let excused = truth.is_down() || truth.last_down.is_some_and(|at| at.elapsed() <= RECOVERY);
                let allowed = if excused { LONGEST } else { FRESH };
                assert!(removed.elapsed() <= allowed + Duration::from_secs(3), "a removed key: {case}");
            }
            _ => {}
        }
    }

    fn set_mood(&self, mood: Mood) {
        let mut truth = self.truth();
        if truth.is_down() {
            truth.last_down = Some(Instant::now());
        }
        truth.mood = mood;
    }

    fn rotate(&self, random: &mut Rng) {
        let mut truth = self.truth();
        let number = truth.keys.len();
        let newest = truth.keys.last_mut().unwrap();
        let name = if newest.name.numbers == 0 && random.bool() {
            newest.removed = Some(Instant::now());
            KeyName { numbers: 1, ..newest.name.clone() }
        } else {
            KeyName::first(format!("ins_{number}"))
        };
        truth.keys.push(Key::new(name));
        // Sometimes the old ones stay for a while.
        if random.bool() {
            for key in &mut truth.keys[..number] {
                key.removed.get_or_insert(Instant::now());
            }
        }
    }
}

/// One schedule.
async fn run(seed: u64) {
    let mut random = Rng::with_seed(seed);
    let world = World::new();
    let start = Instant::now();
    let (mut outages, mut running) = (0_u32, Vec::new());
    for step in 0..60_u32 {
        match random.u32(0..10) {
            0 => world.rotate(&mut random),
            1 => {
                outages += 1;
                world.set_mood(*random.choice([Mood::Refuses, Mood::Hangs, Mood::Fails].iter()).unwrap());
            }
            2 | 3 => world.set_mood(Mood::Good(random.u64(0..2000))),
            4 => {
                let is_forged = random.bool();
                for number in 0..random.u32(1..20) {
                    let name = if is_forged {
                        world.truth().keys.last().unwrap().name.clone().forged()
                    } else {
                        KeyName::first(format!("ins_made_up_{step}_{number}"))
                    };
                    let (world, text) = (world.clone(), number.to_string());
                    running.push(tokio::spawn(async move {
                        assert_ne!(world.ask(&name.token(&text)).await, Verdict::SignedIn);
                    }));
                }
            }
            _ => {
                for _ in 0..random.u32(1..4) {
                    let newest = world.truth().keys.len() - 1;
                    let number = newest.saturating_sub(random.usize(0..3));
                    // The same text makes a known token, another one a new token.
                    let text = format!("{}", random.u32(0..3));
                    let world = world.clone();
                    running.push(tokio::spawn(async move { world.request(number, text).await }));
                }
            }
        }
        let seconds = *random.choice([0, 0, 1, 1, 3, 12, 60, 150, 290, 1200].iter()).unwrap();
        // The paused clock goes from timer to timer, so that each fires at its time.
        time::sleep(Duration::from_millis(seconds * 1000 + random.u64(1..900))).await;
    }
    time::sleep(DEADLINE * 2).await;
    for result in join_all(running).await {
        result.unwrap();
    }
    // One in ten seconds for unknown key ids and a few at once; for ordinary refreshes one in four minutes; and in each
    // outage those of the backoff, which is a minute in the end.
    let seconds = u32::try_from(start.elapsed().as_secs()).unwrap();
    let bound = 4 + seconds / 10 + seconds / 240 + outages * 7 + seconds / 60;
    let calls = u32::try_from(world.truth().calls.len()).unwrap();
    assert!(calls <= bound, "{calls} calls in {seconds} s, {outages} outages");
}

#[test]
fn whatever_happens_keys_let_in_who_may_come_in() {
    for seed in 0..60 {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
        let result = std::panic::catch_unwind(AssertUnwindSafe(|| runtime.unwrap().block_on(run(seed))));
        assert!(result.is_ok(), "with the seed {seed}");
    }
}
