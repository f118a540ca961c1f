//! Random schedules of reads, writes, messages that wait, broken links, and an engine that loses what it has, with a second
//! level of the cache: no read is older than its bound.
//!
//! Clerk is modeled as a number for each user, which counts its changes. The test decides when a call takes effect, when its
//! response arrives, and when a process hears a message.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use clerk_core::api::users;
use clerk_tests::{
    NOW,
    chest::{Chest, Copied, Fault, Reach},
    scripted::{Call, Scripted},
    settle,
};
use clerk_tower::{
    Clerk,
    client::cache::CachePolicy,
    clock::ManualClock,
    fleet::{Fleet, SecondLevel},
};
use http::Method;
use proptest::{prelude::*, test_runner::TestRunner};
use serde_json::{Value, json};
use tokio::time::{Instant, advance};

const PROCESSES: usize = 3;
const USERS: usize = 2;
const FRESH: Duration = Duration::from_secs(30);
/// How long a call may take, and a look-up in the second level with the wait for another process.
const TIMEOUT: Duration = Duration::from_secs(4);
const LOOK: Duration = Duration::from_millis(1400);
/// By how much the clocks of the processes differ at most.
const APART: Duration = Duration::from_secs(2);

#[derive(Clone, Copy, Debug)]
enum Step {
    Read(usize, usize),
    Write(usize, usize),
    /// Somebody else changes a user, and nobody is told.
    Change(usize),
    /// A call takes effect.
    Arrive(usize),
    /// The response to a call that took effect arrives.
    Respond(usize),
    /// A call fails, whether or not it took effect.
    Fail(usize),
    /// A process hears what was told.
    Deliver(usize),
    Break(usize),
    /// A process can store nothing, and its link is up.
    Refuse(usize),
    Mend(usize),
    Pass(u64),
    /// The engine loses the generations, the responses, or everything.
    Evict(usize),
    Copy,
    FailOver,
}

fn step() -> impl Strategy<Value = Step> {
    let (some, process, user) = (0..8_usize, 0..PROCESSES, 0..USERS);
    prop_oneof![
        30 => (process.clone(), user.clone()).prop_map(|(process, user)| Step::Read(process, user)),
        4 => (process.clone(), user.clone()).prop_map(|(process, user)| Step::Write(process, user)),
        1 => user.prop_map(Step::Change),
        24 => some.clone().prop_map(Step::Arrive),
        24 => some.clone().prop_map(Step::Respond),
        1 => some.prop_map(Step::Fail),
        5 => process.clone().prop_map(Step::Deliver),
        1 => process.clone().prop_map(Step::Break),
        1 => process.clone().prop_map(Step::Refuse),
        3 => process.prop_map(Step::Mend),
        10 => prop_oneof![Just(20), Just(300), Just(1100), Just(6000), Just(14_000), Just(31_000)]
            .prop_map(Step::Pass),
        1 => (0..3_usize).prop_map(Step::Evict),
        1 => Just(Step::Copy),
        1 => Just(Step::FailOver),
    ]
}

/// What has been written, and who knows of it.
#[derive(Default)]
struct World {
    /// The number of each user, and since when.
    history: [Vec<(Instant, u64)>; USERS],
    /// The numbers of the writes whose response each process has.
    acknowledged: [[u64; USERS]; PROCESSES],
    reads: usize,
}

impl World {
    fn current(&self, user: usize) -> u64 {
        self.history[user].last().map_or(0, |(_, number)| *number)
    }

    fn change(&mut self, user: usize) -> u64 {
        let number = self.current(user) + 1;
        self.history[user].push((Instant::now(), number));
        number
    }

    /// The number at this time.
    fn at(&self, user: usize, time: Instant) -> u64 {
        let mut before = self.history[user].iter().filter(|(since, _)| *since <= time);
        before.next_back().map_or(0, |(_, number)| *number)
    }
}

struct Process {
    reach: Reach,
    scripted: Scripted,
    clock: ManualClock,
    clerk: Clerk,
    is_cut_off: bool,
}

struct Pending {
    user: usize,
    call: Call,
    /// What Clerk responds, once the call took effect.
    number: Option<u64>,
}

struct Schedule {
    chest: Chest,
    copy: Copied,
    processes: Vec<Process>,
    pending: Vec<Pending>,
    world: Arc<Mutex<World>>,
    /// For each process, what those whose messages it heard had had acknowledged when they were up to date.
    heard: [[u64; USERS]; PROCESSES],
}

fn user(user: usize, number: u64) -> Value {
    let (id, name) = (format!("user_{user}"), number.to_string());
    json!({"id": id, "object": "user", "first_name": name, "banned": false, "locked": false})
}

impl Schedule {
    async fn new() -> Self {
        let chest = Chest::new(true);
        let mut processes = Vec::new();
        for number in 0..PROCESSES {
            let (reach, scripted) = (chest.reach(), Scripted::default());
            let skew = Duration::from_secs(u64::try_from(number).unwrap()).min(APART);
            let clock = ManualClock::at(NOW.saturating_add(skew));
            let policy = CachePolicy::new()
                .fresh(FRESH)
                .stale_while_revalidate(Duration::ZERO)
                .stale_if_error(Duration::ZERO);
            let fleet = Fleet::from(&reach).instance("i").second_level(SecondLevel::new());
            let builder = Clerk::builder().secret_key("sk_test_x").transport(scripted.clone());
            let builder = builder.clock(clock.clone()).cache(policy).timeout(TIMEOUT).max_attempts(1);
            let clerk = builder.fleet(fleet).build().unwrap();
            clerk.fleet().linked().await;
            processes.push(Process { reach, scripted, clock, clerk, is_cut_off: false });
        }
        settle().await;
        let (copy, pending, world, heard) = (chest.copy(), Vec::new(), Arc::default(), Default::default());
        Self { chest, copy, processes, pending, world, heard }
    }

    async fn run(&mut self, step: Step) {
        match step {
            Step::Read(process, user) => self.read(process, user),
            Step::Write(process, user) => self.write(process, user),
            Step::Change(user) => drop(self.world.lock().unwrap().change(user)),
            Step::Arrive(some) => self.arrive(some),
            Step::Respond(some) => self.end(some, true),
            Step::Fail(some) => self.end(some, false),
            Step::Deliver(process) => self.deliver(process).await,
            Step::Break(process) => self.set_fault(process, Some(Fault::Broken)),
            Step::Refuse(process) => self.set_fault(process, Some(Fault::Full)),
            Step::Mend(process) => self.set_fault(process, None),
            Step::Pass(millis) => {
                let duration = Duration::from_millis(millis);
                self.processes.iter().for_each(|process| process.clock.advance(duration));
                advance(duration).await;
            }
            Step::Evict(what) => self.chest.evict([":change:", ":response:", ":"][what]),
            Step::Copy => self.copy = self.chest.copy(),
            Step::FailOver => self.chest.fail_over(self.copy.clone()),
        }
        settle().await;
        for process in &self.processes {
            for call in process.scripted.take() {
                let id = call.target.rsplit('/').next().unwrap().to_owned();
                let user = id.trim_start_matches("user_").parse().unwrap();
                self.pending.push(Pending { user, call, number: None });
            }
        }
    }

    fn read(&self, number: usize, user: usize) {
        let (clerk, world) = (self.processes[number].clerk.clone(), self.world.clone());
        let (begun, heard) = (Instant::now(), self.heard[number][user]);
        let own = world.lock().unwrap().acknowledged[number][user];
        tokio::spawn(async move {
            let Ok(value) = clerk.cached(users::get(format!("user_{user}"))).await else { return };
            let got: u64 = value.first_name.as_deref().unwrap().parse().unwrap();
            let mut world = world.lock().unwrap();
            world.reads += 1;
            let bound = FRESH + APART + TIMEOUT + LOOK;
            let oldest = begun.checked_sub(bound).map_or(0, |time| world.at(user, time));
            assert!(got >= oldest, "{got} is older than {bound:?}: {oldest}");
            assert!(got >= own, "{got} is from before an own write: {own}");
            assert!(got >= heard, "{got} is from before what was heard: {heard}");
        });
    }

    fn write(&self, number: usize, user: usize) {
        let (clerk, world) = (self.processes[number].clerk.clone(), self.world.clone());
        tokio::spawn(async move {
            let written = clerk.send(users::update(format!("user_{user}")).first_name("x")).await;
            if let Ok(written) = written {
                let written = written.first_name.as_deref().unwrap().parse().unwrap();
                let known = &mut world.lock().unwrap().acknowledged[number][user];
                *known = (*known).max(written);
            }
        });
    }

    fn arrive(&mut self, some: usize) {
        let mut world = self.world.lock().unwrap();
        let waiting = self.pending.iter_mut().filter(|pending| pending.number.is_none());
        let mut waiting: Vec<_> = waiting.collect();
        if waiting.is_empty() {
            return;
        }
        let index = some % waiting.len();
        let pending = &mut waiting[index];
        let is_write = pending.call.method == Method::PATCH;
        pending.number =
            Some(if is_write { world.change(pending.user) } else { world.current(pending.user) });
    }

    fn end(&mut self, some: usize, is_good: bool) {
        let ready: Vec<usize> = (0..self.pending.len())
            .filter(|index| !is_good || self.pending[*index].number.is_some())
            .collect();
        if ready.is_empty() {
            return;
        }
        let Pending { user: of, call, number, .. } = self.pending.swap_remove(ready[some % ready.len()]);
        match number.filter(|_| is_good) {
            Some(number) => call.respond(200, &user(of, number)),
            None => call.break_off(),
        }
    }

    /// A process hears everything that was told. What the others had had acknowledged, they have told, unless they were cut
    /// off since.
    async fn deliver(&mut self, process: usize) {
        let world = self.world.clone();
        self.processes[process].reach.deliver();
        settle().await;
        if self.processes[process].is_cut_off {
            return;
        }
        for other in (0..PROCESSES).filter(|other| *other != process) {
            if self.processes[other].is_cut_off {
                continue;
            }
            for user in 0..USERS {
                let acknowledged = world.lock().unwrap().acknowledged[other][user];
                self.heard[process][user] = self.heard[process][user].max(acknowledged);
            }
        }
    }

    fn set_fault(&mut self, process: usize, fault: Option<Fault>) {
        // Who was cut off needs some time to tell what it could not: it counts as cut off until the end.
        self.processes[process].is_cut_off |= fault.is_some();
        self.processes[process].reach.set_fault(fault);
    }
}

fn play(steps: &[Step]) -> (usize, u64) {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let mut schedule = Schedule::new().await;
        // Past the oldest time that is looked at.
        advance(Duration::from_secs(600)).await;
        for step in steps {
            schedule.run(*step).await;
        }
        let hits = schedule.processes.iter().map(|process| process.clerk.cache().stats().second_level).sum();
        assert!(!schedule.world.is_poisoned(), "a read got something that was too old");
        let reads = schedule.world.lock().unwrap().reads;
        (reads, hits)
    })
}

#[test]
fn no_read_is_older_than_its_bound_with_a_second_level() {
    let (reads, hits) = (Mutex::new(0), Mutex::new(0));
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 200,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let schedules = prop::collection::vec(step(), 50..250);
    runner
        .run(&schedules, |steps| {
            let (read, hit) = play(&steps);
            *reads.lock().unwrap() += read;
            *hits.lock().unwrap() += hit;
            Ok(())
        })
        .unwrap();
    // It is worth something: many reads, and many of them from the second level.
    let (reads, hits) = (reads.into_inner().unwrap(), hits.into_inner().unwrap());
    assert!(reads > 2000 && hits > 200, "{reads} reads, {hits} from the second level");
}
