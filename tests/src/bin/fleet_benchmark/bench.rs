use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use clerk_core::api::users;
use clerk_local::LocalClerk;
use clerk_tests::scripted::{Reply, Script};
use clerk_tower::{
    BoxError, Clerk, ClerkBuilder,
    client::cache::CachePolicy,
    fleet::{Fleet, Redis, SecondLevel},
    server::{authenticate::AuthenticateLayer, webhook::ClerkWebhooks},
};
use futures_util::{StreamExt as _, future::join_all};
use http::{Request, Response};
use http_body_util::Full;
use serde_json::{Value, json};
use tokio::{
    task::yield_now,
    time::{Instant, sleep, timeout},
};
use tower::{Layer as _, Service as _, ServiceExt as _, service_fn};

use crate::say;

type Result<T> = std::result::Result<T, BoxError>;

/// How long Clerk takes.
const CLERK: Duration = Duration::from_millis(5);
const LONG: Duration = Duration::from_secs(10);

pub(crate) async fn run(url: &str) -> Result<()> {
    say("propagation, from the response to a write to what another process reads or refuses:");
    propagation(url).await?;
    say("calls to Clerk for 100,000 look-ups of 5,000 users by 20 processes:");
    look_ups(url).await?;
    say("commands that one request sends to Redis:");
    commands(url).await?;
    say("a request through the authentication layer, known token in the header, nothing revoked:");
    layer(url).await
}

/// Clerk as a function: users by their number, whose name is a counter.
fn clerk(calls: &Arc<AtomicU64>, version: &Arc<AtomicU64>, takes: Duration) -> Script {
    let (calls, version) = (calls.clone(), version.clone());
    Script::new(move |received| {
        calls.fetch_add(1, Ordering::SeqCst);
        let id = received.request.uri().path().split('/').nth(3).unwrap_or_default().to_owned();
        let is_write = !received.request.method().is_safe();
        let version = version.clone();
        Reply::Later(Box::pin(async move {
            if !takes.is_zero() {
                sleep(takes).await;
            }
            let version = version.fetch_add(u64::from(is_write), Ordering::SeqCst) + u64::from(is_write);
            Reply::json(200, &user(&id, version))
        }))
    })
}

/// About two kilobytes.
fn user(id: &str, version: u64) -> Value {
    json!({
        "id": id, "object": "user", "first_name": version.to_string(), "banned": false, "locked": false,
        "public_metadata": {"note": "x".repeat(1000)}, "private_metadata": {"note": "x".repeat(800)},
    })
}

fn member(url: &str, script: Script, configure: impl FnOnce(Fleet) -> Fleet) -> ClerkBuilder {
    Clerk::builder()
        .secret_key("sk_test_benchmark")
        .transport(script)
        .webhook_secret("whsec_c2VjcmV0")
        .fleet(configure(Redis::connect(url).into()))
}

async fn linked(clerk: &Clerk) -> Result<()> {
    Ok(timeout(LONG, clerk.fleet().linked()).await?)
}

fn percentile(times: &mut [Duration], percent: usize) -> Duration {
    times.sort_unstable();
    times.get((times.len() * percent / 100).min(times.len().saturating_sub(1))).copied().unwrap_or_default()
}

fn print_times(name: &str, times: &mut [Duration]) {
    let [p50, p99] = [50, 99].map(|percent| percentile(times, percent));
    say(&format!("  {name}: p50 {p50:?}, p99 {p99:?}, of {}", times.len()));
}

async fn propagation(url: &str) -> Result<()> {
    let (calls, version) = (Arc::default(), Arc::default());
    let build = || member(url, clerk(&calls, &version, Duration::ZERO), |fleet| fleet).build();
    let (one, other) = (build()?, build()?);
    linked(&one).await?;
    linked(&other).await?;
    let mut times = Vec::new();
    for _ in 0..1000 {
        let before = other.cached(users::get("user_1")).await?.first_name.clone();
        one.send(users::update("user_1").first_name("x")).await?;
        let start = Instant::now();
        while other.cached(users::get("user_1")).await?.first_name == before {
            yield_now().await;
        }
        times.push(start.elapsed());
    }
    print_times("a changed user", &mut times);

    let local = LocalClerk::seeded();
    let build = || local.client_builder().fleet(Redis::connect(url)).build();
    let (one, other) = (build()?, build()?);
    linked(&one).await?;
    linked(&other).await?;
    let mut times = Vec::new();
    for _ in 0..300 {
        let token = local.sign_in("user_ada").token();
        let auth = one.authenticate_token(&token).await;
        if other.authenticate_token(&token).await.session().is_none() {
            return Err("the token is not accepted".into());
        }
        let request = Request::new(());
        let _: Response<Bytes> =
            auth.sign_out(&(&request).into(), "/").await.map_err(|_| "cannot sign out")?;
        let start = Instant::now();
        while other.authenticate_token(&token).await.session().is_some() {
            yield_now().await;
        }
        times.push(start.elapsed());
    }
    print_times("a session that was signed out", &mut times);
    Ok(())
}

/// What is popular is asked for more often: the square of an even distribution.
fn popular(rng: &mut fastrand::Rng, users: u64) -> u64 {
    let at = rng.f64();
    // Below `users`, which is small.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "small"
    )]
    let user = (at * at * users as f64) as u64;
    user.min(users.saturating_sub(1))
}

async fn look_ups(url: &str) -> Result<()> {
    const PROCESSES: u64 = 20;
    const LOOK_UPS: u64 = 100_000;
    const USERS: u64 = 5_000;
    for (name, has_second_level) in [("without the second level", false), ("with the second level", true)] {
        let (calls, version) = (Arc::<AtomicU64>::default(), Arc::default());
        let mut clients = Vec::new();
        for _ in 0..PROCESSES {
            let fleet = |fleet: Fleet| {
                let fleet = fleet.prefix(if has_second_level { "bench-two" } else { "bench-one" });
                if has_second_level { fleet.second_level(SecondLevel::new()) } else { fleet }
            };
            let client =
                member(url, clerk(&calls, &version, CLERK), fleet).cache(CachePolicy::new()).build()?;
            linked(&client).await?;
            clients.push(client);
        }
        let start = Instant::now();
        let work = clients.iter().enumerate().map(|(seed, client)| async move {
            let mut rng = fastrand::Rng::with_seed(u64::try_from(seed)?);
            for _ in 0..LOOK_UPS / PROCESSES {
                client.cached(users::get(format!("user_{}", popular(&mut rng, USERS)))).await?;
            }
            Ok::<_, BoxError>(())
        });
        join_all(work).await.into_iter().collect::<Result<()>>()?;
        say(&format!("  {name}: {} calls, {:?}", calls.load(Ordering::SeqCst), start.elapsed()));
    }
    Ok(())
}

/// What the server receives from clients.
struct Monitor(redis::aio::Monitor);

impl Monitor {
    async fn connect(url: &str) -> Result<Self> {
        Ok(Self(redis::Client::open(url)?.get_async_monitor().await?))
    }

    /// The names of the commands until no more arrive, but for heartbeats and what scripts call.
    async fn commands(&mut self) -> Vec<String> {
        let mut lines = self.0.on_message::<String>();
        let mut commands = Vec::new();
        while let Ok(Some(line)) = timeout(Duration::from_millis(300), lines.next()).await {
            let command = line.split('"').nth(1).unwrap_or_default().to_lowercase();
            if !line.contains(" lua]") && command != "ping" {
                commands.push(command);
            }
        }
        commands
    }
}

async fn commands(url: &str) -> Result<()> {
    let (calls, version) = (Arc::default(), Arc::default());
    let build =
        |fleet: fn(Fleet) -> Fleet| member(url, clerk(&calls, &version, Duration::ZERO), fleet).build();
    let plain = build(|fleet| fleet.prefix("bench-cost"))?;
    let two = build(|fleet| fleet.prefix("bench-cost-two").second_level(SecondLevel::new()))?;
    let another = build(|fleet| fleet.prefix("bench-cost-two").second_level(SecondLevel::new()))?;
    for client in [&plain, &two, &another] {
        linked(client).await?;
    }
    let mut monitor = Monitor::connect(url).await?;
    monitor.commands().await;
    macro_rules! cost {
        ($name:literal, $request:expr) => {
            $request;
            let sent = monitor.commands().await;
            say(&format!("  {}: {} {sent:?}", $name, sent.len()));
        };
    }
    cost!("a look-up that is not in the cache", plain.cached(users::get("user_1")).await?);
    cost!("a look-up in the cache", plain.cached(users::get("user_1")).await?);
    cost!("a write", plain.send(users::update("user_1").first_name("x")).await?);
    cost!(
        "second level: nobody has it, first use of its generations",
        two.cached(users::get("user_1")).await?
    );
    cost!("second level: another process has it", another.cached(users::get("user_1")).await?);
    two.send(users::update("user_1").first_name("x")).await?;
    monitor.commands().await;
    cost!("second level: nobody has it", two.cached(users::get("user_1")).await?);
    let webhooks = ClerkWebhooks::new(&plain)?.on_any(|_| async {});
    let delivery = |id: &str| -> Result<Request<Full<Bytes>>> {
        let body = json!({"type": "session.ended", "object": "event", "data": {"id": "sess_1", "user_id": "user_1"}});
        let body = body.to_string();
        let verifier = plain.webhook_verifier().ok_or("no secret")?;
        let headers = verifier.sign(id, plain.now(), body.as_bytes());
        let mut request = Request::post("/").body(Full::from(body))?;
        request.headers_mut().extend(headers);
        Ok(request)
    };
    cost!("a delivery that ends a session", webhooks.clone().oneshot(delivery("msg_1")?).await?);
    cost!("its repetition, at the same process", webhooks.clone().oneshot(delivery("msg_1")?).await?);
    let local = LocalClerk::seeded();
    let client = local.client_builder().fleet(Redis::connect(url)).build()?;
    linked(&client).await?;
    let token = local.sign_in("user_ada").token();
    monitor.commands().await;
    cost!("a session token that is new", client.authenticate_token(&token).await);
    cost!("a session token that is known", client.authenticate_token(&token).await);
    Ok(())
}

async fn layer(url: &str) -> Result<()> {
    const REQUESTS: u32 = 200_000;
    let local = LocalClerk::seeded();
    let alone = local.client_builder().build()?;
    let fleet = local.client_builder().fleet(Redis::connect(url)).build()?;
    linked(&fleet).await?;
    let token = local.sign_in("user_ada").token();
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..15 {
        for (client, times) in [&alone, &fleet].into_iter().zip(&mut times) {
            let inner = service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(())));
            let mut service = AuthenticateLayer::new(client).layer(inner);
            let start = Instant::now();
            for _ in 0..REQUESTS {
                let request = Request::get("/").header("authorization", format!("Bearer {token}")).body(())?;
                service.ready().await?.call(request).await?;
            }
            times.push(start.elapsed() / REQUESTS);
        }
    }
    for (name, times) in ["without a fleet", "with a fleet"].into_iter().zip(&mut times) {
        let median = percentile(times, 50);
        say(&format!("  {name}: median of 15 rounds {median:?}, fastest {:?}", percentile(times, 0)));
    }
    Ok(())
}
