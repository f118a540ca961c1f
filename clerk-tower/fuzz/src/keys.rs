use std::{
    convert::Infallible,
    future::{Future, pending, ready},
    pin::Pin,
    sync::{Arc, LazyLock, Mutex, MutexGuard},
    task::{Context, Poll},
    time::Duration,
};

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::KeySize,
    signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use bytes::Bytes;
use clerk_core::Timestamp;
use clerk_tower::{
    Clerk,
    clock::{Clock as _, ManualClock},
};
use http::{Request, Response};
use http_body_util::Full;
use serde_json::{Value, json};
use tokio::{
    runtime::Builder,
    time::{Instant, advance},
};
use tower::Service;

const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);
/// How long keys are used without asking Clerk.
const FRESH: Duration = Duration::from_secs(300);
/// How long keys are used while Clerk cannot be asked.
const OLDEST: Duration = Duration::from_secs(3600);
/// After an outage: the last call that Clerk leaves without a response, and the longest backoff.
const RECOVERY: Duration = Duration::from_secs(30 + 75);
/// How long Clerk may not be asked about one unknown key id because of others, or about the same one again.
const UNKNOWN: Duration = Duration::from_secs(10);

/// How long tokens are valid before and after [`NOW`]: longer than any schedule.
const LIFETIME: i64 = 30 * 24 * 60 * 60;

/// The steps by which the clock advances, and by which the wall clock alone is moved.
const ADVANCES: [Duration; 8] = [
    Duration::from_millis(100),
    Duration::from_secs(1),
    Duration::from_secs(9),
    Duration::from_secs(61),
    Duration::from_secs(6 * 60),
    Duration::from_secs(20 * 60),
    Duration::from_secs(59 * 60),
    Duration::from_secs(2 * 60 * 60),
];

static SIGNERS: LazyLock<[Signer; 3]> = LazyLock::new(|| ["ins_0", "ins_1", "ins_2"].map(Signer::new));

/// A key of the instance, and a token that it signed.
struct Signer {
    jwk: Value,
    token: String,
}

impl Signer {
    fn new(kid: &str) -> Self {
        let key = RsaKeyPair::generate(KeySize::Rsa2048).expect("a key can be generated");
        let n = encode(key.public_key().modulus().big_endian_without_leading_zero());
        let e = encode(key.public_key().exponent().big_endian_without_leading_zero());
        let jwk = json!({"kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "n": n, "e": e});
        let mut signature = vec![0; key.public_modulus_len()];
        let message = unsigned(kid);
        key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature)
            .expect("the buffer has the right length");
        Self { jwk, token: format!("{message}.{}", encode(signature)) }
    }
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn unsigned(kid: &str) -> String {
    let header = json!({"alg": "RS256", "typ": "JWT", "kid": kid});
    let now = NOW.as_secs();
    let claims = json!({
        "iss": "https://clerk.example.com", "sub": "user_1", "sid": "sess_1", "iat": now - LIFETIME,
        "nbf": now - LIFETIME, "exp": now + LIFETIME,
    });
    format!("{}.{}", encode(header.to_string()), encode(claims.to_string()))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Weather {
    Fair,
    Out,
    Stalled,
}

/// A moment by the wall clock and by monotonic time.
#[derive(Clone, Copy)]
struct Moment(Timestamp, Instant);

/// Clerk, and since when it has been as it is.
struct World {
    clock: ManualClock,
    weather: Weather,
    weather_since: Instant,
    weather_changes: u32,
    served: [bool; 3],
    /// Since when each key is served, or no longer served. `None` if it never was.
    since: [Option<Instant>; 3],
    /// When Clerk last returned each key.
    returned: [Option<Moment>; 3],
    flood: Option<Instant>,
    calls: u32,
    advances: u32,
    strangers: u32,
}

/// A schedule of rotations, outages, silences, suspensions of the computer, corrections of its clock, floods of unknown
/// key ids, and visitors with good tokens: two bytes for each step.
///
/// A key that Clerk has removed lets nobody in while Clerk can be asked, and in no case after an hour. A token under a key
/// that Clerk has is never refused with 401. It is undecided only in or soon after an outage or a flood. The calls to
/// Clerk are bounded.
pub fn keys(data: &[u8]) {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime starts").block_on(play(data));
}

async fn play(data: &[u8]) {
    let start = Instant::now();
    let clock = ManualClock::at(NOW);
    let clerk = Transport::new(start, clock.clone());
    let client = Clerk::builder().secret_key("sk_test_4pK7dQ2mXw9sB1vN6yJ3").clock(clock);
    let client = client.transport(clerk.clone()).build().expect("the settings are valid");
    for step in data.chunks_exact(2).take(60) {
        let (action, value) = (step[0] % 8, step[1]);
        match action {
            0 | 1 => {
                clerk.world().advances += 1;
                advance(ADVANCES[usize::from(value % 8)]).await;
            }
            2 => clerk.world().rotate(value),
            3 => clerk.world().change(value),
            4 => flood(&client, &clerk, value).await,
            5 => clerk.world().move_clock(value),
            _ => visit(&client, &clerk, usize::from(value % 3)).await,
        }
        clerk.world().check_calls(start.elapsed());
    }
}

/// Strangers, and one visitor with a good token among them.
async fn flood(client: &Clerk, clerk: &Transport, number: u8) {
    let strangers: Vec<_> = (0..number % 16)
        .map(|stranger| {
            let client = client.clone();
            let token = format!("{}.c2ln", unsigned(&format!("ins_{number}_{stranger}")));
            tokio::spawn(async move {
                let auth = client.authenticate_token(&token).await;
                assert!(auth.require_session().is_err());
            })
        })
        .collect();
    {
        let mut world = clerk.world();
        world.flood = Some(Instant::now());
        world.strangers += u32::from(number % 16);
    }
    visit(client, clerk, usize::from(number % 3)).await;
    for stranger in strangers {
        stranger.await.expect("nothing panics");
    }
    clerk.world().flood = Some(Instant::now());
}

async fn visit(client: &Clerk, clerk: &Transport, key: usize) {
    let before = Instant::now();
    let auth = client.authenticate_token(&SIGNERS[key].token).await;
    let status = auth.require_session().err().map_or(200, |rejection| rejection.status().as_u16());
    clerk.world().judge(key, status, before.elapsed());
}

impl World {
    fn rotate(&mut self, value: u8) {
        let now = Instant::now();
        for (key, bit) in [1_u8, 2, 4].into_iter().enumerate() {
            let serves = value & bit != 0 || (value.is_multiple_of(8) && key == 0);
            if self.served[key] != serves {
                (self.served[key], self.since[key]) = (serves, Some(now));
            }
        }
    }

    fn change(&mut self, value: u8) {
        let weather = [Weather::Fair, Weather::Out, Weather::Stalled][usize::from(value % 3)];
        if weather != self.weather {
            self.weather_changes += 1;
            (self.weather, self.weather_since) = (weather, Instant::now());
        }
    }

    /// Moves the wall clock alone: forward, as after a suspension, or back.
    fn move_clock(&mut self, value: u8) {
        let step = ADVANCES[usize::from(value % 8)];
        if value < 192 {
            // The age of keys and the backoff go by whichever clock shows more.
            self.advances += 1;
            self.clock.advance(step);
        } else {
            let millis = i64::try_from(step.as_millis()).expect("the steps are short");
            self.clock.set(Timestamp::from_millis(self.clock.now().as_millis() - millis));
        }
    }

    /// How long ago a moment was, by the clock that shows more.
    fn age(&self, Moment(wall, monotonic): Moment) -> Duration {
        let wall = self.clock.now().as_millis() - wall.as_millis();
        monotonic.elapsed().max(Duration::from_millis(u64::try_from(wall).unwrap_or(0)))
    }

    fn judge(&self, key: usize, status: u16, took: Duration) {
        assert!(took <= Duration::from_secs(60), "{took:?}");
        let recovers = self.weather != Weather::Fair
            || self.weather_changes > 0 && self.weather_since.elapsed() <= RECOVERY;
        let changed = self.since[key].map(|since| since.elapsed());
        match (self.served[key], status) {
            (true, 200) | (false, 401 | 503) => {}
            (true, 401) => assert!(changed <= Some(UNKNOWN + took), "refused under a key that Clerk has"),
            (true, 503) => {
                let flooded = self.flood.is_some_and(|flood| flood.elapsed() <= UNKNOWN + took);
                assert!(recovers || flooded || self.strangers_share(), "undecided without a reason");
            }
            (false, 200) => {
                let returned = self.returned[key].expect("a key that Clerk never returned verifies nothing");
                let (age, limit) = (self.age(returned), if recovers { OLDEST } else { FRESH });
                assert!(age <= limit + took, "a removed key let somebody in after {age:?}");
            }
            (_, other) => panic!("status {other}"),
        }
    }

    /// Tokens under keys that Clerk does not have are strangers, too.
    fn strangers_share(&self) -> bool {
        self.since.iter().flatten().any(|since| since.elapsed() <= UNKNOWN * 4)
            || self.served.iter().any(|served| !served)
    }

    fn check_calls(&self, elapsed: Duration) {
        let seconds = u32::try_from(elapsed.as_secs()).expect("schedules are short");
        let bound = 4 + seconds / 10 + self.advances * 2 + self.weather_changes * 8;
        assert!(
            self.calls <= bound,
            "{} calls in {seconds} s, with {} strangers",
            self.calls,
            self.strangers
        );
    }
}

#[derive(Clone)]
struct Transport(Arc<Mutex<World>>);

impl Transport {
    fn new(now: Instant, clock: ManualClock) -> Self {
        Self(Arc::new(Mutex::new(World {
            clock,
            weather: Weather::Fair,
            weather_since: now,
            weather_changes: 0,
            served: [true, false, false],
            since: [Some(now), None, None],
            returned: [None; 3],
            flood: None,
            calls: 0,
            advances: 0,
            strangers: 0,
        })))
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().expect("nothing panics with the lock")
    }
}

impl Service<Request<Bytes>> for Transport {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        assert_eq!(request.uri().path(), "/v1/jwks");
        let mut world = self.world();
        world.calls += 1;
        let (status, body) = match world.weather {
            Weather::Stalled => return Box::pin(pending()),
            Weather::Out => (503, json!({"errors": []})),
            Weather::Fair => {
                let moment = Moment(world.clock.now(), Instant::now());
                let served = world.served;
                for (returned, _) in world.returned.iter_mut().zip(served).filter(|(_, served)| *served) {
                    *returned = Some(moment);
                }
                let served = SIGNERS.iter().zip(served).filter(|(_, served)| *served);
                (200, json!({"keys": served.map(|(signer, _)| &signer.jwk).collect::<Vec<_>>()}))
            }
        };
        let response = Response::builder().status(status).body(Full::from(body.to_string()));
        Box::pin(ready(Ok(response.expect("the parts are valid"))))
    }
}
