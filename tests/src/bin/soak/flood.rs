use std::time::Duration;

use tokio::{
    task::JoinSet,
    time::{Instant, interval},
};

use crate::{
    say,
    stand::{Client, Upstream, Weather},
};

const TOKENS: usize = 6000;
const PER_SECOND: u64 = 260;

/// Sends made-up API keys while Clerk stalls, and probes a route that needs no token.
pub(crate) async fn run() -> bool {
    let upstream = Upstream::start().await;
    let address = upstream.application().await;
    let _ = Client::new(address).get("/open", "").await;
    upstream.weather.send_replace(Weather::Stalled);
    let mut flood = JoinSet::new();
    let mut pace = interval(Duration::from_nanos(1_000_000_000 / PER_SECOND));
    let (mut probes, mut failed, mut slowest) = (0_u32, 0_u32, Duration::ZERO);
    for number in 0..TOKENS {
        pace.tick().await;
        flood.spawn(async move {
            let token = format!("ak_made_up_{number}");
            Client::new(address).get("/machine", &token).await
        });
        if number % 26 == 0 {
            let start = Instant::now();
            probes += 1;
            failed += u32::from(Client::new(address).get("/open", "").await.is_none_or(|s| s != 200));
            slowest = slowest.max(start.elapsed());
        }
    }
    let calls = upstream.calls();
    upstream.weather.send_replace(Weather::Fair);
    let answers = flood.join_all().await;
    let of = |status: u16| answers.iter().flatten().filter(|answer| **answer == status).count();
    say(&format!(
        "{TOKENS} made-up keys, {PER_SECOND} a second: {calls} calls to Clerk; 401: {}, 503: {}, other: {}",
        of(401),
        of(503),
        answers.len() - of(401) - of(503),
    ));
    say(&format!("{probes} probes of an open route: {failed} failed, the slowest took {slowest:?}"));
    failed == 0
}
