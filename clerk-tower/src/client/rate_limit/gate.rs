use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use clerk_core::{api::OPERATIONS, credential::Credential};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::{
    client::purpose::Purpose,
    fleet::{Listener, Topic},
    telemetry,
};

/// How far apart calls are let through after the gate was closed. If they all went at once, the next 429 would follow.
const SPACING: Duration = Duration::from_millis(20);
/// Once the gate was open for this long and Clerk accepted a call, calls no longer queue.
const SETTLED: Duration = Duration::from_secs(1);
/// How long the gate closes if the 429 has no `Retry-After`. Doubles with each consecutive 429.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Upper bound on `Retry-After`; then one call probes again. A wrong header must not block a section for a day.
const LONGEST_CLOSED: Duration = Duration::from_secs(15 * 60);

/// An opening that is later by less than this is not told to other processes: a burst of 429s is told once.
const NEWS: Duration = Duration::from_millis(500);
/// A gate that closed because another process got a 429 opens later by a random time of up to this. Otherwise all processes
/// would send their next call in the same moment, and a fleet of many would get the next 429 for it. `Retry-After` is in whole
/// seconds, so this costs no more than its rounding; and the first calls of 100 processes then are 100 in a second, which is
/// what a production instance may do.
const SPREAD: Duration = Duration::from_secs(1);

/// What one 429 applies to. All of it comes from code, so the number of gates is small.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Family {
    /// A stranger's 429 does not hold the program's own calls back.
    pub(super) purpose: Purpose,
    pub(super) credential: Credential,
    /// The section of the API.
    pub(super) section: &'static str,
}

/// One gate per family. Clones share them.
#[derive(Clone, Debug, Default)]
pub(super) struct Gates(Arc<Mutex<HashMap<Family, Gate>>>);

#[derive(Debug)]
struct Gate {
    /// When Clerk sent the 429 that closed it.
    closed: Instant,
    /// No call passes before this.
    opens: Instant,
    /// The turn of the last call in the queue.
    last_turn: Option<Instant>,
    refusals: u32,
}

/// When a call may be sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn {
    Now,
    At(Instant),
    /// The turn would be at this time, which is too late. The call does not join the queue.
    TooLate(Instant),
}

impl Gates {
    /// Returns `true` if no call of this family has to wait, and none has had to since calls no longer queue.
    pub(super) fn is_open(&self, family: Family) -> bool {
        !self.0.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&family)
    }

    /// Assigns a call its turn, if that is before `expires`.
    pub(super) fn turn(&self, family: Family, now: Instant, expires: Option<Instant>) -> Turn {
        let mut gates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(gate) = gates.get_mut(&family) else { return Turn::Now };
        let next = gate.last_turn.map_or(gate.opens, |last| (last + SPACING).max(gate.opens));
        // `refusals` is zero only after a call passed. Until then the queue stays, even if the pause has ended.
        if gate.refusals == 0 && (next <= now || gate.opens + SETTLED <= now) {
            gates.remove(&family);
            return Turn::Now;
        }
        let turn = next.max(now);
        // Checked before the call joins: calls that cannot wait must not push back those that can.
        if expires.is_some_and(|expires| turn >= expires) {
            return Turn::TooLate(turn);
        }
        gate.last_turn = Some(turn);
        if turn == now { Turn::Now } else { Turn::At(turn) }
    }

    /// Returns `true` if an assigned turn is still valid: the gate was not closed again in the meantime.
    pub(super) fn holds(&self, family: Family, turn: Instant) -> bool {
        let gates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        gates.get(&family).is_none_or(|gate| gate.opens <= turn)
    }

    /// Closes the gate after a 429 for a call that was sent at `sent`. Calls in flight at the same time count as one
    /// refusal, so that a burst does not double the pause many times.
    ///
    /// Returns for how long the gate is closed, if that is news to other processes.
    pub(super) fn close(
        &self,
        family: Family,
        asked: Option<Duration>,
        sent: Instant,
        now: Instant,
    ) -> Option<Duration> {
        let mut gates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let new = Gate { closed: sent, opens: now, last_turn: None, refusals: 0 };
        let gate = gates.entry(family).or_insert(new);
        let is_known = sent < gate.closed;
        // A `Retry-After` is used even for an older call. Without one, only the first 429 of a burst counts.
        let doubled = 1_u32.checked_shl(gate.refusals).unwrap_or(u32::MAX);
        let pause = match asked {
            Some(asked) => asked,
            None if is_known => return None,
            None => FIRST_PAUSE.saturating_mul(doubled).min(LONGEST_PAUSE),
        };
        if !is_known {
            gate.closed = now;
            gate.refusals = gate.refusals.saturating_add(1);
        }
        let pause = pause.min(LONGEST_CLOSED);
        let (known, opens) = (gate.opens.max(now), now + pause);
        if opens > gate.opens {
            gate.opens = opens;
            // Waiting calls have to queue again, behind the new opening.
            gate.last_turn = None;
        }
        (opens >= known + NEWS).then_some(pause)
    }

    /// Closes the gate because another process got a 429, unless it is closed for as long anyway.
    fn close_as_told(&self, family: Family, told: Duration, now: Instant) {
        let mut gates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let opens = now + told.min(LONGEST_CLOSED);
        let known = gates.get(&family);
        if opens <= known.map_or(now, |gate| gate.opens) {
            return;
        }
        // Counts as one refusal, so that calls queue until one of them passes; however many processes tell of a burst.
        let refusals = known.map_or(0, |gate| gate.refusals).max(1);
        let opens = opens + SPREAD.mul_f64(fastrand::f64());
        gates.insert(family, Gate { closed: now, opens, last_turn: None, refusals });
        telemetry::rate_limit_heard(family.section);
    }

    /// Records a response other than 429 for a call that was sent at `sent`. A call from before the 429 proves nothing
    /// about the time after it.
    pub(super) fn passed(&self, family: Family, sent: Instant) {
        let mut gates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(gate) = gates.get_mut(&family).filter(|gate| gate.closed <= sent) {
            gate.refusals = 0;
        }
    }
}

/// How processes of a fleet tell each other of a 429.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Pause {
    purpose: String,
    section: String,
    /// From the moment in which it is told: nobody's clock is compared with another's.
    millis: u64,
}

/// The purposes that are told. Keys are not among them: each process fetches them once, and nobody could sign in to one that
/// somebody kept from doing so.
const TOLD: [(Purpose, &str); 3] =
    [(Purpose::Program, "program"), (Purpose::MachineToken, "machine_token"), (Purpose::Browser, "browser")];

impl Family {
    /// Returns what to tell other processes, if it concerns them: what is sent with the instance's secret key, which they
    /// share.
    pub(super) fn pause(self, pause: Duration) -> Option<String> {
        let (_, purpose) = TOLD.into_iter().find(|(purpose, _)| *purpose == self.purpose)?;
        // A section of somebody's own operations may be unknown elsewhere.
        let section = known_section(self.section)?;
        let is_shared = self.credential == Credential::SecretKey;
        let millis = u64::try_from(pause.as_millis()).ok()?;
        let pause = Pause { purpose: purpose.to_owned(), section: section.to_owned(), millis };
        is_shared.then(|| serde_json::to_string(&pause).ok()).flatten()
    }
}

fn known_section(name: &str) -> Option<&'static str> {
    OPERATIONS.iter().map(|info| info.section).find(|section| *section == name)
}

/// What other processes tell of their 429s. It is told to nobody else.
impl Listener for Gates {
    fn topic(&self) -> Topic {
        Topic::Paused
    }

    fn hear(&self, text: &str) -> bool {
        let read = || {
            let told: Pause = serde_json::from_str(text).ok()?;
            let (purpose, _) = TOLD.into_iter().find(|(_, name)| *name == told.purpose)?;
            let section = known_section(&told.section)?;
            let family = Family { purpose, credential: Credential::SecretKey, section };
            Some((family, Duration::from_millis(told.millis)))
        };
        let Some((family, pause)) = read() else { return false };
        self.close_as_told(family, pause, Instant::now());
        true
    }

    /// The next call gets a 429 of its own.
    fn missed(&self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    const USERS: Family =
        Family { purpose: Purpose::Program, credential: Credential::SecretKey, section: "Users" };

    fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    fn ask(gates: &Gates, now: Instant) -> Turn {
        gates.turn(USERS, now, None)
    }

    #[test]
    fn a_closed_gate_lets_callers_through_one_by_one() {
        let (gates, start) = (Gates::default(), Instant::now());
        assert_eq!(ask(&gates, start), Turn::Now);
        gates.close(USERS, Some(secs(3)), start, start);
        let opens = start + secs(3);
        for waiting in 0..5 {
            assert_eq!(ask(&gates, start), Turn::At(opens + SPACING * waiting));
        }
        // The same pause once more takes no turn back.
        gates.close(USERS, Some(secs(3)), start, start);
        // Other families are not affected.
        for other in [
            Family { section: "Invitations", ..USERS },
            Family { credential: Credential::MachineSecretKey, ..USERS },
            Family { purpose: Purpose::Browser, ..USERS },
        ] {
            assert_eq!(gates.turn(other, start, None), Turn::Now, "{other:?}");
        }
        // Clerk accepts a call: the others keep their places, and new ones stand behind them.
        gates.passed(USERS, opens);
        assert_eq!(ask(&gates, opens + SPACING / 2), Turn::At(opens + SPACING * 5));
        // The queue is empty: all calls pass again.
        assert_eq!(ask(&gates, opens + SPACING * 6), Turn::Now);
        assert_eq!(ask(&gates, opens + SPACING * 6), Turn::Now);
        gates.close(USERS, Some(secs(3)), start, start);
        gates.passed(USERS, opens);
        // Nobody waits for the last of the queue once the gate has settled.
        assert_eq!(ask(&gates, opens + secs(1)), Turn::Now);
        assert_eq!(ask(&gates, opens + secs(1)), Turn::Now);
    }

    #[test]
    fn another_refusal_takes_turns_back() {
        let (gates, start) = (Gates::default(), Instant::now());
        gates.close(USERS, Some(secs(1)), start, start);
        let Turn::At(turn) = ask(&gates, start) else { panic!() };
        assert!(gates.holds(USERS, turn));
        gates.close(USERS, Some(secs(5)), start + secs(1), start + secs(1));
        assert!(!gates.holds(USERS, turn));
        assert_eq!(ask(&gates, start + secs(1)), Turn::At(start + secs(6)));
        // A shorter pause does not open it earlier.
        gates.close(USERS, Some(secs(1)), start + secs(1), start + secs(1));
        assert_eq!(ask(&gates, start + secs(1)), Turn::At(start + secs(6) + SPACING));
    }

    #[test]
    fn without_retry_after_the_pause_doubles_until_a_call_passes() {
        let (gates, start) = (Gates::default(), Instant::now());
        let mut now = start;
        for want in [1, 2, 4, 8, 16, 30, 30] {
            gates.close(USERS, None, now, now);
            assert_eq!(ask(&gates, now), Turn::At(now + secs(want)));
            now += secs(want);
        }
        gates.passed(USERS, now);
        gates.close(USERS, None, now + secs(100), now + secs(100));
        assert_eq!(ask(&gates, now + secs(100)), Turn::At(now + secs(101)));
    }

    #[test]
    fn no_header_closes_a_gate_for_a_day() {
        let (gates, now) = (Gates::default(), Instant::now());
        gates.close(USERS, Some(Duration::MAX), now, now);
        assert_eq!(ask(&gates, now), Turn::At(now + secs(900)));
    }

    #[test]
    fn calls_in_flight_together_are_one_refusal() {
        let (gates, start) = (Gates::default(), Instant::now());
        let millis = |millis| start + Duration::from_millis(millis);
        for answered in 10..20 {
            gates.close(USERS, None, start, millis(answered));
        }
        assert_eq!(ask(&gates, millis(20)), Turn::At(millis(1010)));
        // A success of a call that was sent before the 429 does not open the gate.
        gates.passed(USERS, start);
        assert_eq!(ask(&gates, millis(5000)), Turn::Now);
        assert_eq!(ask(&gates, millis(5000)), Turn::At(millis(5020)));
        // A late 429 with `Retry-After` still extends the pause.
        gates.close(USERS, Some(secs(9)), start, millis(20));
        assert_eq!(ask(&gates, millis(30)), Turn::At(millis(9020)));
    }

    /// What a process tells is read by the others, if it concerns them.
    #[test]
    fn what_is_told_of_a_refusal_is_heard() {
        let (opened, start) = (Gates::default(), Instant::now());
        for (family, is_told) in [
            (USERS, true),
            (Family { purpose: Purpose::MachineToken, ..USERS }, true),
            (Family { purpose: Purpose::Browser, ..USERS }, true),
            (Family { section: "Invitations", ..USERS }, true),
            // Keys hold up everybody, other keys are not shared, and other sections are not known.
            (Family { purpose: Purpose::Keys, ..USERS }, false),
            (Family { credential: Credential::MachineSecretKey, ..USERS }, false),
            (Family { credential: Credential::None, ..USERS }, false),
            (Family { section: "", ..USERS }, false),
            (Family { section: "Somebody's own", ..USERS }, false),
        ] {
            let told = family.pause(secs(3));
            assert_eq!(told.is_some(), is_told, "{family:?}");
            let Some(told) = told else { continue };
            let gates = Gates::default();
            assert!(gates.hear(&told), "{told}");
            let Turn::At(turn) = gates.turn(family, start, None) else { panic!("{family:?}") };
            let wait = turn - start;
            assert!((secs(3)..secs(5)).contains(&wait), "{wait:?}");
            if family != USERS {
                assert_eq!(gates.turn(USERS, start, None), Turn::Now);
            }
        }
        for text in [
            "",
            "null",
            r#"{"purpose":"keys","section":"JWKS","millis":3000}"#,
            r#"{"purpose":"Program","section":"Users","millis":3000}"#,
            r#"{"purpose":"program","section":"users","millis":3000}"#,
            r#"{"purpose":"program","section":"","millis":3000}"#,
            r#"{"purpose":"program","section":"Users"}"#,
            r#"{"purpose":"program","section":"Users","millis":-1}"#,
            r#"{"purpose":"program","section":"Users","millis":1.5}"#,
            r#"{"purpose":"program","section":"Users","millis":"3000"}"#,
            r#"{"purpose":"program","section":"Users","millis":99999999999999999999999}"#,
            r#"{"purpose":"program","section":"Users","millis":3000,"credential":"machine"}"#,
        ] {
            assert!(!opened.hear(text), "{text}");
        }
        assert!(opened.hear(r#"{"purpose":"program","section":"Users","millis":0}"#));
        assert_eq!(ask(&opened, start), Turn::Now);
    }

    #[test]
    fn whatever_others_tell_a_gate_opens_again() {
        let (gates, start) = (Gates::default(), Instant::now());
        gates.close_as_told(USERS, Duration::MAX, start);
        let Turn::At(turn) = ask(&gates, start) else { panic!() };
        assert!(turn < start + LONGEST_CLOSED + SPREAD, "{:?}", turn - start);
    }

    #[test]
    fn a_burst_in_all_processes_is_one_refusal_and_told_once() {
        let (gates, start) = (Gates::default(), Instant::now());
        let millis = |millis| start + Duration::from_millis(millis);
        // Several calls of this process, and several processes, each with its own lot.
        let told: Vec<_> = (1..11).map(|late| gates.close(USERS, None, start, millis(late))).collect();
        assert_eq!(told.iter().flatten().collect::<Vec<_>>(), [&secs(1)]);
        for late in 11..30 {
            gates.close_as_told(USERS, secs(1), millis(late));
        }
        let Turn::At(opens) = ask(&gates, millis(30)) else { panic!() };
        assert!(opens >= millis(1000) && opens < millis(1030) + SPREAD);
        // What others have told before is not told again.
        assert_eq!(gates.close(USERS, Some(secs(1)), start, millis(31)), None);
        // Still refused: the pause has doubled once.
        assert_eq!(gates.close(USERS, None, opens, opens), Some(secs(2)));
        // Hearing of it does not open a gate, or let calls pass that nobody knows to be good.
        gates.close_as_told(USERS, secs(1), opens);
        assert_eq!(ask(&gates, opens), Turn::At(opens + secs(2)));
        // A call from before proves nothing, and one from after does.
        let later = opens + secs(10);
        gates.close_as_told(USERS, secs(1), later);
        gates.passed(USERS, opens);
        assert!(matches!(ask(&gates, later), Turn::At(_)));
        gates.passed(USERS, later + secs(2));
        assert_eq!(ask(&gates, later + secs(3)), Turn::Now);
    }

    /// A gate that a process only heard of lets its calls queue until one of them passes.
    #[test]
    fn calls_queue_at_a_gate_that_others_closed() {
        let (gates, start) = (Gates::default(), Instant::now());
        gates.close_as_told(USERS, secs(1), start);
        let late = start + secs(60);
        assert_eq!(ask(&gates, late), Turn::Now);
        assert_eq!(ask(&gates, late), Turn::At(late + SPACING));
        gates.passed(USERS, late);
        assert_eq!(ask(&gates, late + secs(1)), Turn::Now);
        assert_eq!(ask(&gates, late + secs(1)), Turn::Now);
    }

    /// Even if more calls arrive than are let through one by one, they are not held back once the gate has settled.
    #[test]
    fn a_gate_opens_fully_once_a_call_passes() {
        for (pause, every, some_are_refused) in
            [(1, 10, false), (1, 1, true), (8, 10, true), (8, 30, false), (60, 30, true)]
        {
            let (gates, start) = (Gates::default(), Instant::now());
            gates.close(USERS, Some(secs(pause)), start, start);
            let mut waiting = std::collections::BTreeSet::new();
            let mut refused = 0;
            for tick in (0..(pause + 30) * 1000).step_by(every) {
                let now = start + Duration::from_millis(tick);
                while waiting.first().is_some_and(|turn| *turn <= now) {
                    gates.passed(USERS, waiting.pop_first().unwrap());
                }
                let is_open = now >= start + secs(pause) + SETTLED + SPACING;
                match gates.turn(USERS, now, Some(now + secs(10))) {
                    Turn::Now => gates.passed(USERS, now),
                    other if is_open => panic!("{other:?} after {tick} ms, {pause} s, {every} ms"),
                    Turn::At(turn) => assert!(waiting.insert(turn) && turn < now + secs(10)),
                    Turn::TooLate(_) => refused += 1,
                }
            }
            // Only calls that would have exceeded their deadline were rejected.
            assert_eq!(refused > 0, some_are_refused, "{pause} s, {every} ms");
        }
    }
}
