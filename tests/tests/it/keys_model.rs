//! Runs the key store against a model, over random schedules of rotations, floods, silences and outages.
//!
//! The model knows when Clerk served which key, and when it could be asked. Whatever happens:
//!
//! - a key that Clerk removed lets nobody in for longer than five minutes, unless Clerk could not be asked
//! - a token under a key that Clerk serves is never rejected, only undecided at times
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

static KEY: LazyLock<RsaKeyPair> = LazyLock::new(|| RsaKeyPair::generate(KeySize::Rsa2048).unwrap());

fn kid(number: usize) -> String {
    format!("ins_{number}")
}

/// All keys have the same numbers, so that schedules can have many: the store tells them apart by their ids only.
fn jwks(keys: &[usize]) -> Value {
    let n = encode(KEY.public_key().modulus().big_endian_without_leading_zero());
    let e = encode(KEY.public_key().exponent().big_endian_without_leading_zero());
    let key = |number: &usize| json!({"kty": "RSA", "use": "sig", "kid": kid(*number), "n": n, "e": e});
    json!({"keys": keys.iter().map(key).collect::<Vec<_>>()})
}

fn token(kid: &str, text: &str) -> String {
    let header = json!({"alg": "RS256", "typ": "JWT", "kid": kid});
    let claims = claims(&json!({"text": text}));
    let message = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
    let mut signature = vec![0; KEY.public_modulus_len()];
    KEY.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature).unwrap();
    format!("{message}.{}", encode(signature))
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
    /// When each key was added, and when it was removed.
    keys: Vec<(Instant, Option<Instant>)>,
    mood: Mood,
    /// The last moment at which Clerk could not be asked.
    last_down: Option<Instant>,
    /// When calls were made, and when the last one that succeeded was.
    calls: Vec<Instant>,
    last_good: Option<Instant>,
}

impl Truth {
    fn served(&self) -> Vec<usize> {
        (0..self.keys.len()).filter(|number| self.keys[*number].1.is_none()).collect()
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
        let first = (Instant::now(), None);
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
                        let body = jwks(&truth.lock().unwrap().served());
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
                assert_eq!(rejection.code(), "jwk-kid-mismatch");
                Verdict::Rejected
            }
        }
    }

    /// A request under one of Clerk's keys, which may be removed by now.
    async fn request(&self, number: usize, text: String) {
        let arrived = Instant::now();
        let is_known = {
            let truth = self.truth();
            let (added, removed) = truth.keys[number];
            let is_fresh = |asked: Instant| added < asked && asked.elapsed() < NEW;
            removed.is_none() && truth.last_good.is_some_and(is_fresh)
        };
        let verdict = self.ask(&token(&kid(number), &text)).await;
        let (waited, truth) = (arrived.elapsed(), self.truth());
        let removed = truth.keys[number].1;
        let case = format!("{verdict:?} after {waited:?}, removed {:?} ago", removed.map(|at| at.elapsed()));
        assert!(waited <= DEADLINE, "{case}");
        if is_known {
            assert_eq!((verdict, waited), (Verdict::SignedIn, Duration::ZERO), "fresh keys: {case}");
            return;
        }
        match (verdict, removed) {
            (Verdict::Rejected, None) => panic!("a good token is rejected: {case}"),
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
        truth.keys.push((Instant::now(), None));
        // Sometimes the old ones stay for a while.
        if random.bool() {
            let newest = truth.keys.len() - 1;
            for (_, removed) in &mut truth.keys[..newest] {
                removed.get_or_insert(Instant::now());
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
                for number in 0..random.u32(1..20) {
                    let (world, kid) = (world.clone(), format!("ins_made_up_{step}_{number}"));
                    running.push(tokio::spawn(async move {
                        assert_ne!(world.ask(&token(&kid, "")).await, Verdict::SignedIn);
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
