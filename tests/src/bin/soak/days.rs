use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use clerk_local::{LocalClerk, LocalSession};
use http::StatusCode;
use serde_json::json;
use tokio::time::{Instant, sleep, sleep_until};

use crate::{
    say,
    stand::{Client, Upstream, Weather, resident},
};

const VISITORS: usize = 16;
/// The longest that keys are used without asking Clerk while it can be asked: their soft age, and the time of a decision.
const REMOVED_KEY: Duration = Duration::from_secs(5 * 60 + 30);
/// Tokens outlive several rotations.
const LIFETIME: Duration = Duration::from_secs(30 * 60);
/// Between two changes.
const STEP: Duration = Duration::from_secs(20);
/// The memory of the last minutes may exceed that of the third by an eighth and this many KiB.
const NOISE: u64 = 8 * 1024;

/// Everything that is known about the tokens, and what came of them.
struct Truth {
    local: LocalClerk,
    sessions: Vec<LocalSession>,
    keys: Mutex<Keys>,
    api_key: String,
    counts: Counts,
    done: AtomicBool,
}

#[derive(Default)]
struct Keys {
    generation: u64,
    /// Tokens of former keys, with the time since which Clerk could be asked without one of them.
    former: VecDeque<Former>,
}

struct Former {
    token: String,
    removed: Instant,
}

#[derive(Default)]
struct Counts {
    requests: AtomicU64,
    good: AtomicU64,
    undecided: AtomicU64,
    /// A good token got a 401, or a status that nobody expects.
    wrongly_refused: AtomicU64,
    /// A bad token got in.
    wrongly_admitted: AtomicU64,
    /// A route without authentication failed.
    open_failed: AtomicU64,
    unanswered: AtomicU64,
}

enum Case {
    Open,
    Good(&'static str),
    ApiKey,
    Removed,
    Bad,
}

/// Runs the visitors and the weather for this long. Returns whether everything was right.
pub(crate) async fn run(duration: Duration) -> bool {
    let upstream = Upstream::start().await;
    let address = upstream.application().await;
    let local = upstream.local.clone();
    let sessions = ["user_ada", "user_grace", "user_alan"].map(|user| local.sign_in(user).lifetime(LIFETIME));
    let api_key = local.api_key("soak").subject("user_ada").create().secret;
    let truth = Arc::new(Truth {
        local,
        sessions: sessions.into(),
        keys: Mutex::default(),
        api_key,
        counts: Counts::default(),
        done: AtomicBool::new(false),
    });
    let visitors: Vec<_> =
        (0..VISITORS).map(|number| tokio::spawn(visit(truth.clone(), address, number))).collect();
    let weather = tokio::spawn(change(truth.clone(), upstream.clone()));
    let memory = watch(&truth, &upstream, duration).await;
    truth.done.store(true, Ordering::Relaxed);
    weather.abort();
    let mut panicked = 0;
    for visitor in visitors {
        panicked += u32::from(visitor.await.is_err());
    }
    truth.verdict(&memory, panicked)
}

/// Prints what happens, and returns the memory every ten seconds.
async fn watch(truth: &Truth, upstream: &Upstream, duration: Duration) -> Vec<u64> {
    let start = Instant::now();
    let mut memory = Vec::new();
    while start.elapsed() < duration {
        sleep(Duration::from_secs(10)).await;
        memory.push(resident());
        let weather = *upstream.weather.borrow();
        let counts = &truth.counts;
        say(&format!(
            "{:>4} s {weather:?}: {} requests, {} good, {} undecided, {} wrongly refused, {} wrongly admitted, \
             {} open failed, {} unanswered, {} calls, {} KiB",
            start.elapsed().as_secs(),
            counts.requests.load(Ordering::Relaxed),
            counts.good.load(Ordering::Relaxed),
            counts.undecided.load(Ordering::Relaxed),
            counts.wrongly_refused.load(Ordering::Relaxed),
            counts.wrongly_admitted.load(Ordering::Relaxed),
            counts.open_failed.load(Ordering::Relaxed),
            counts.unanswered.load(Ordering::Relaxed),
            upstream.calls(),
            resident(),
        ));
    }
    memory
}

/// Changes the weather and rotates the key, in turn.
async fn change(truth: Arc<Truth>, upstream: Upstream) {
    let mut at = Instant::now();
    for step in 0_u32.. {
        at += STEP;
        sleep_until(at).await;
        let weather = match step % 8 {
            1 => Weather::Out,
            4 => Weather::Busy,
            6 => Weather::Stalled,
            _ => Weather::Fair,
        };
        upstream.weather.send_replace(weather);
        if step % 8 == 2 || step % 8 == 7 {
            truth.rotate();
        }
        if weather != Weather::Fair {
            truth.postpone();
        }
    }
}

impl Truth {
    fn rotate(&self) {
        let mut keys = self.keys.lock().expect("no visitor panics with the lock");
        let token = self.sessions[0].token();
        self.local.rotate_keys();
        keys.generation += 1;
        keys.former.push_back(Former { token, removed: Instant::now() });
        if keys.former.len() > 8 {
            keys.former.pop_front();
        }
    }

    /// Clerk cannot be asked for a step: whoever relies on keys of before it may do so for longer.
    fn postpone(&self) {
        let mut keys = self.keys.lock().expect("no visitor panics with the lock");
        for former in &mut keys.former {
            if former.removed.elapsed() < REMOVED_KEY {
                former.removed = Instant::now() + STEP;
            }
        }
    }

    fn generation(&self) -> u64 {
        self.keys.lock().expect("no visitor panics with the lock").generation
    }

    /// Returns the token of a key that was removed long ago.
    fn removed(&self) -> Option<String> {
        let keys = self.keys.lock().expect("no visitor panics with the lock");
        let former = keys.former.iter().rev().find(|former| former.removed.elapsed() > REMOVED_KEY)?;
        Some(former.token.clone())
    }

    fn token(&self, case: &Case) -> Option<String> {
        let session = &self.sessions[fastrand::usize(..self.sessions.len())];
        Some(match case {
            Case::Open => String::new(),
            Case::Good(_) => session.token(),
            Case::ApiKey => self.api_key.clone(),
            Case::Removed => self.removed()?,
            Case::Bad => match fastrand::u8(..5) {
                0 => session.expired_token(),
                1 => forged(&session.token()),
                2 => self.local.sign_claims(
                    &json!({"kid": format!("ins_{}", fastrand::u64(..))}),
                    &json!({"sub": "user_ada", "sid": "sess_1"}),
                ),
                3 => format!("ak_{}", fastrand::u64(..)),
                _ => "garbage".to_owned(),
            },
        })
    }

    fn verdict(&self, memory: &[u64], panicked: u32) -> bool {
        let wrong = [&self.counts.wrongly_refused, &self.counts.wrongly_admitted, &self.counts.open_failed];
        let wrong: u64 = wrong.map(|count| count.load(Ordering::Relaxed)).into_iter().sum();
        // The first three minutes fill the caches.
        let early = memory.iter().take(18).max().copied().unwrap_or(0);
        let late = memory.iter().rev().take(12).max().copied().unwrap_or(0);
        let grew = memory.len() > 30 && late > early + early / 8 + NOISE;
        say(&format!(
            "wrong: {wrong}, panics: {panicked}, memory after 3 minutes {early} KiB, at the end {late} KiB"
        ));
        wrong == 0 && panicked == 0 && !grew
    }
}

/// Changes a character in the middle of the signature.
fn forged(token: &str) -> String {
    let place = token.len() - 100;
    let other = if token.as_bytes()[place] == b'A' { "B" } else { "A" };
    format!("{}{other}{}", &token[..place], &token[place + 1..])
}

/// Sends requests until the run is over, and counts what comes of them.
async fn visit(truth: Arc<Truth>, address: SocketAddr, number: usize) {
    let mut client = Client::new(address);
    // A browser sends the same token for a while.
    let mut kept: Option<(u64, String)> = None;
    while !truth.done.load(Ordering::Relaxed) {
        sleep(Duration::from_millis(4)).await;
        let case = match fastrand::u8(..16) {
            0 | 1 => Case::Open,
            2 => Case::Good("/user"),
            3 => Case::ApiKey,
            4 => Case::Removed,
            // Few visitors are hostile.
            5 | 6 if number.is_multiple_of(4) => Case::Bad,
            _ => Case::Good("/session"),
        };
        let before = truth.generation();
        let reused = kept.clone().filter(|(generation, _)| *generation == before && fastrand::u8(..50) > 0);
        let token = match (&case, reused) {
            (Case::Good(_), Some((_, token))) => Some(token),
            _ => truth.token(&case),
        };
        let Some(token) = token else { continue };
        let path = match case {
            Case::Open => "/open",
            Case::ApiKey => "/machine",
            Case::Good(path) => path,
            Case::Removed => "/session",
            Case::Bad if token.starts_with("ak_") => "/machine",
            Case::Bad => "/session",
        };
        let status = client.get(path, &token).await;
        let same_key = truth.generation() == before;
        if matches!(case, Case::Good(_)) && same_key {
            kept = Some((before, token));
        }
        count(&truth.counts, &case, status, same_key);
    }
}

fn count(counts: &Counts, case: &Case, status: Option<StatusCode>, same_key: bool) {
    let add = |count: &AtomicU64| {
        count.fetch_add(1, Ordering::Relaxed);
    };
    add(&counts.requests);
    let Some(status) = status else { return add(&counts.unanswered) };
    match (case, status.as_u16()) {
        (Case::Open, 200) | (Case::Bad | Case::Removed, 401) => add(&counts.good),
        (Case::Open, _) => add(&counts.open_failed),
        (_, 503) => add(&counts.undecided),
        (Case::Bad | Case::Removed, 200) => add(&counts.wrongly_admitted),
        (Case::Good(_) | Case::ApiKey, 200) => add(&counts.good),
        // The key was rotated while the request was on its way.
        (Case::Good(_), 401) if !same_key => {}
        _ => add(&counts.wrongly_refused),
    }
}
