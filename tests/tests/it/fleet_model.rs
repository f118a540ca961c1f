//! Random schedules of reads, writes, sign-outs and broken links in a fleet, checked against what each member may know.
//!
//! Clerk is modeled as a number for each user, which a write increments. Members write and read at random, calls take
//! time, callers hang up, and links break and are mended. The clock is tokio's, and paused.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use clerk_core::{
    Timestamp,
    api::{sessions, users},
    id::SessionId,
};
use clerk_local::LocalClerk;
use clerk_tests::{
    NOW,
    engine::Engine,
    scripted::{Reply, Script},
};
use clerk_tower::{Clerk, client::cache::CachePolicy, clock::Clock, fleet::FleetErrorKind};
use fastrand::Rng;
use futures_util::future::join_all;
use http::Method;
use serde_json::json;
use tokio::time::{Instant, sleep, timeout};

const MEMBERS: usize = 4;
const USERS: usize = 3;
/// How long values are fresh without a link, and with one.
const FRESH: Duration = Duration::from_secs(30);
const LINKED: Duration = Duration::from_secs(120);
/// How long a notice may take while both links are up. Nothing but the pause before a member tells again takes time.
const TOLD_WITHIN: Duration = Duration::from_secs(6);
const LENGTH: Duration = Duration::from_secs(600);

/// A clock that goes as tokio's does.
#[derive(Clone, Copy)]
struct TokioClock(Instant);

impl Clock for TokioClock {
    fn now(&self) -> Timestamp {
        NOW.saturating_add(self.0.elapsed())
    }
}

/// One version of a user.
#[derive(Clone, Copy)]
struct Version {
    /// When it took effect at Clerk.
    since: Instant,
    /// When its writer learned of it, if it was a member and has: its index, and the time.
    known: Option<(usize, Instant)>,
}

/// A break of a member's link. The end is unknown while it lasts.
type Break = (Instant, Option<Instant>);

#[derive(Default)]
struct World {
    /// The versions of each user, from the second on.
    versions: [Vec<Version>; USERS],
    breaks: [Vec<Break>; MEMBERS],
    reads: usize,
    stale_reads: usize,
}

impl World {
    /// Whether a member's link was up all the time between two moments, with a margin.
    fn was_linked(&self, member: usize, from: Instant, to: Instant) -> bool {
        self.breaks[member]
            .iter()
            .all(|(begin, end)| *begin > to || end.is_some_and(|end| end + TOLD_WITHIN < from))
    }

    /// When what a member knew at `known` has certainly been told. `None` if it is still cut off.
    fn told(&self, member: usize, known: Instant) -> Option<Instant> {
        let mut from = known;
        for (begin, end) in &self.breaks[member] {
            if *begin < from + TOLD_WITHIN && end.is_none_or(|end| end > from) {
                from = (*end)?;
            }
        }
        Some(from + TOLD_WITHIN)
    }

    /// Checks a read that began at `began` and returned this version.
    fn check(&mut self, member: usize, user: usize, began: Instant, got: usize, seed: u64) {
        self.reads += 1;
        // The first version that the read does not show.
        let Some(missed) = self.versions[user].get(got).copied() else { return };
        let Some(stale) = began.checked_duration_since(missed.since).filter(|stale| !stale.is_zero()) else {
            return;
        };
        self.stale_reads += 1;
        assert!(stale <= LINKED, "seed {seed}: member {member} read what was {stale:?} out of date");
        if let Some((writer, known)) = missed.known {
            if writer == member {
                assert!(began < known, "seed {seed}: member {member} did not read its own write");
            }
            let told = self.told(writer, known);
            assert!(
                !self.was_linked(member, missed.since, began) || told.is_none_or(|told| began < told),
                "seed {seed}: member {member} read what {writer} had changed {:?} before",
                began - known
            );
        }
        match self.breaks[member].last() {
            // It fell back when its link broke.
            Some((begin, None)) if *begin < began => {
                assert!(
                    stale <= FRESH,
                    "seed {seed}: member {member} without a link read what was {stale:?} old"
                );
            }
            // It forgot everything when its link was mended.
            Some((_, Some(mended))) if *mended + TOLD_WITHIN < began => {
                assert!(
                    *mended < missed.since,
                    "seed {seed}: member {member} read what was old before the link was back"
                );
            }
            _ => {}
        }
    }
}

fn script(world: &Arc<Mutex<World>>, rng: Rng) -> Script {
    let (world, rng) = (world.clone(), Mutex::new(rng));
    Script::new(move |received| {
        let uri = received.request.uri().path();
        let user: usize = uri.rsplit('_').next().unwrap().parse().unwrap();
        let writes = received.request.method() == Method::PATCH;
        let (world, before, after) = {
            let mut rng = rng.lock().unwrap();
            (world.clone(), Duration::from_millis(rng.u64(1..300)), Duration::from_millis(rng.u64(1..300)))
        };
        Reply::Later(Box::pin(async move {
            sleep(before).await;
            let version = {
                let mut world = world.lock().unwrap();
                if writes {
                    world.versions[user].push(Version { since: Instant::now(), known: None });
                }
                world.versions[user].len()
            };
            sleep(after).await;
            let body = json!({"id": format!("user_{user}"), "object": "user", "first_name": version.to_string(),
                "banned": false, "locked": false});
            Reply::new(200, Bytes::from(body.to_string()))
        }))
    })
}

struct Member {
    index: usize,
    engine: Engine,
    clerk: Clerk,
}

fn version(name: Option<&str>) -> usize {
    name.unwrap().parse().unwrap()
}

/// Acts until the end.
async fn act(member: &Member, world: &Mutex<World>, mut rng: Rng, end: Instant, seed: u64) {
    while Instant::now() < end {
        sleep(Duration::from_millis(rng.u64(0..2_000))).await;
        let user = rng.usize(0..USERS);
        let id = format!("user_{user}");
        if rng.u8(0..20) == 0 {
            let write = member.clerk.send(users::update(id).first_name("x"));
            let patience = Duration::from_millis(if rng.u8(0..4) == 0 { rng.u64(1..600) } else { 10_000 });
            let written = timeout(patience, write).await;
            let now = Instant::now();
            let mut world = world.lock().unwrap();
            // Who hung up learns nothing, but counts the write as done; it may also take effect later.
            if let Ok(written) = written {
                let number = version(written.unwrap().first_name.as_deref());
                world.versions[user][number - 1].known = Some((member.index, now));
            }
        } else {
            let began = Instant::now();
            let read = member.clerk.cached(users::get(id)).await.unwrap();
            let got = version(read.first_name.as_deref());
            world.lock().unwrap().check(member.index, user, began, got, seed);
        }
    }
}

async fn break_links(members: &[Member], world: &Mutex<World>, mut rng: Rng, end: Instant) {
    const KINDS: [FleetErrorKind; 4] =
        [FleetErrorKind::Unreachable, FleetErrorKind::Timeout, FleetErrorKind::Full, FleetErrorKind::Denied];
    while Instant::now() < end {
        sleep(Duration::from_millis(rng.u64(0..60_000))).await;
        let member = rng.choice(members).unwrap();
        world.lock().unwrap().breaks[member.index].push((Instant::now(), None));
        member.engine.break_off(*rng.choice(&KINDS).unwrap());
        sleep(Duration::from_millis(rng.u64(0..100_000))).await;
        member.engine.mend();
        world.lock().unwrap().breaks[member.index].last_mut().unwrap().1 = Some(Instant::now());
    }
}

async fn run(seed: u64) -> (usize, usize) {
    let mut rng = Rng::with_seed(seed);
    let world: Arc<Mutex<World>> = Arc::default();
    let (engine, clock) = (Engine::new(), TokioClock(Instant::now()));
    let policy = CachePolicy::new()
        .fresh(FRESH)
        .fresh_while_linked(LINKED)
        .stale_while_revalidate(Duration::ZERO)
        .stale_if_error(Duration::ZERO);
    let members: Vec<Member> = (0..MEMBERS)
        .map(|index| {
            let engine = engine.another();
            let builder = Clerk::builder().secret_key("sk_test_x").clock(clock).cache(policy);
            let clerk = builder.transport(script(&world, rng.fork())).fleet(&engine).build().unwrap();
            Member { index, engine, clerk }
        })
        .collect();
    let end = Instant::now() + LENGTH;
    let acting = members.iter().map(|member| act(member, &world, rng.fork(), end, seed)).collect::<Vec<_>>();
    tokio::join!(join_all(acting), break_links(&members, &world, rng.fork(), end));
    let world = world.lock().unwrap();
    (world.reads, world.stale_reads)
}

#[tokio::test(start_paused = true)]
async fn no_read_is_older_than_its_bound_whatever_happens_to_the_links() {
    let (mut reads, mut stale) = (0, 0);
    for seed in 0..40 {
        let counted = run(seed).await;
        reads += counted.0;
        stale += counted.1;
    }
    // The schedules are not idle, and some reads are out of date within their bounds.
    assert!(reads > 20_000 && stale > 20, "{stale} of {reads}");
}

/// How long a token may be accepted after its session was revoked: as long as it lives, plus the clock skew.
const LIFETIME: Duration = Duration::from_secs(65);

/// A session, by its token, and what happened to it.
struct Session {
    token: String,
    id: SessionId,
    /// Which member revoked it, and when its call returned.
    revoked: Option<(usize, Instant)>,
}

struct Visits<'a> {
    local: &'a LocalClerk,
    sessions: Mutex<Vec<Session>>,
    /// Only the breaks are used.
    world: Mutex<World>,
    seed: u64,
    counts: Mutex<[usize; 3]>,
}

impl Visits<'_> {
    /// Authenticates at random, and revokes now and then.
    async fn act(&self, member: &Member, mut rng: Rng, end: Instant) {
        while Instant::now() < end {
            sleep(Duration::from_millis(rng.u64(0..500))).await;
            if rng.u8(0..10) == 0 {
                let session = self.local.sign_in("user_ada");
                let token = session.token();
                let auth = member.clerk.authenticate_token(&token).await;
                let id = auth.session().unwrap().claims().session_id().unwrap().clone();
                self.sessions.lock().unwrap().push(Session { token, id, revoked: None });
            }
            let count = self.sessions.lock().unwrap().len();
            // The newest are of interest: the tokens of others have expired.
            let Some(index) = count.checked_sub(1 + rng.usize(0..30)) else { continue };
            if rng.u8(0..10) == 0 {
                let id = self.sessions.lock().unwrap()[index].id.clone();
                let revoked = member.clerk.send(sessions::revoke(id)).await;
                let now = Instant::now();
                if revoked.is_ok() {
                    self.sessions.lock().unwrap()[index].revoked.get_or_insert((member.index, now));
                }
            } else {
                let (token, revoked) = {
                    let session = &self.sessions.lock().unwrap()[index];
                    (session.token.clone(), session.revoked)
                };
                let began = Instant::now();
                let auth = member.clerk.authenticate_token(&token).await;
                self.check(member.index, began, revoked, auth.session().is_some());
            }
        }
    }

    fn check(&self, member: usize, began: Instant, revoked: Option<(usize, Instant)>, is_accepted: bool) {
        let mut counts = self.counts.lock().unwrap();
        let Some((by, at)) = revoked else { return counts[0] += 1 };
        if !is_accepted {
            counts[1] += 1;
            return;
        }
        counts[2] += 1;
        let (world, seed) = (self.world.lock().unwrap(), self.seed);
        assert_ne!(member, by, "seed {seed}: member {member} accepts what it revoked");
        assert!(began < at + LIFETIME, "seed {seed}: member {member} accepts what has expired");
        // It knows, unless one of them was cut off in between, or has been linked again only just now.
        let told = world.told(by, at);
        assert!(
            !world.was_linked(member, at, began) || told.is_none_or(|told| began < told),
            "seed {seed}: member {member} accepts what {by} revoked {:?} ago",
            began - at
        );
        if let (Some(told), Some((_, Some(mended)))) = (told, world.breaks[member].last()) {
            let knows = *mended.max(&told) + TOLD_WITHIN;
            assert!(
                began < knows,
                "seed {seed}: member {member} has not read what {by} revoked while it was cut off"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn no_revoked_session_is_accepted_for_longer_than_its_bound_whatever_happens_to_the_links() {
    let mut total = [0; 3];
    for seed in 0..6 {
        let mut rng = Rng::with_seed(seed);
        let (engine, clock) = (Engine::new(), TokioClock(Instant::now()));
        let local = LocalClerk::builder().clock(clock).seeded().build().unwrap();
        let members: Vec<Member> = (0..MEMBERS)
            .map(|index| {
                let engine = engine.another();
                let clerk = local.client_builder().clock(clock).fleet(&engine).build().unwrap();
                Member { index, engine, clerk }
            })
            .collect();
        let end = Instant::now() + LENGTH;
        let (sessions, world, counts) = (Mutex::default(), Mutex::default(), Mutex::default());
        let visits = Visits { local: &local, sessions, world, seed, counts };
        let acting: Vec<_> = members.iter().map(|member| visits.act(member, rng.fork(), end)).collect();
        tokio::join!(join_all(acting), break_links(&members, &visits.world, rng.fork(), end));
        let counts = visits.counts.lock().unwrap();
        total.iter_mut().zip(*counts).for_each(|(sum, count)| *sum += count);
    }
    let [good, refused, late] = total;
    assert!(good > 2_500 && refused > 500 && late > 5, "{good} good, {refused} refused, {late} late");
}
