use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use clerk_core::operation::Credential;
use tokio::time::Instant;

/// How far apart calls are let through after the gate was closed.
const SPACING: Duration = Duration::from_millis(20);
/// When Clerk has answered, and the gate was open for this long, nobody has to queue any more.
const SETTLED: Duration = Duration::from_secs(1);
/// For how long the gate closes when Clerk does not say; it doubles with each refusal in a row.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// However long Clerk says, one call asks again after this: a header that is wrong must not close a gate for a day.
const LONGEST_CLOSED: Duration = Duration::from_secs(15 * 60);

/// What one 429 is about: the kind of key, and the section of the API. Both come from the code, so there are never
/// many.
pub(super) type Family = (Credential, &'static str);

/// One gate for each family. Clones share them.
#[derive(Clone, Debug, Default)]
pub(super) struct Gates(Arc<Mutex<HashMap<Family, Gate>>>);

#[derive(Debug)]
struct Gate {
    /// When Clerk refused the call that closed it.
    closed: Instant,
    /// Nobody passes before.
    opens: Instant,
    /// When the last call in the queue has its turn.
    last_turn: Option<Instant>,
    refusals: u32,
}

/// Whether a call may go on.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn {
    Now,
    At(Instant),
    /// It would come then, which is too late. No place is taken.
    TooLate(Instant),
}

impl Gates {
    /// When a call has its turn, which must come before it expires.
    pub(super) fn turn(&self, family: Family, now: Instant, expires: Option<Instant>) -> Turn {
        let mut gates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(gate) = gates.get_mut(&family) else { return Turn::Now };
        let next = gate.last_turn.map_or(gate.opens, |last| (last + SPACING).max(gate.opens));
        if gate.refusals == 0 && (next <= now || gate.opens + SETTLED <= now) {
            gates.remove(&family);
            return Turn::Now;
        }
        let turn = next.max(now);
        if expires.is_some_and(|expires| turn >= expires) {
            return Turn::TooLate(turn);
        }
        gate.last_turn = Some(turn);
        if turn == now { Turn::Now } else { Turn::At(turn) }
    }

    /// Whether a turn that was given still holds.
    pub(super) fn holds(&self, family: Family, turn: Instant) -> bool {
        let gates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        gates.get(&family).is_none_or(|gate| gate.opens <= turn)
    }

    /// Clerk refused a call that was sent then. Of calls that were under way together only the first counts.
    pub(super) fn close(&self, family: Family, asked: Option<Duration>, sent: Instant, now: Instant) {
        let mut gates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let new = Gate { closed: sent, opens: now, last_turn: None, refusals: 0 };
        let gate = gates.entry(family).or_insert(new);
        let is_known = sent < gate.closed;
        let doubled = 1_u32.checked_shl(gate.refusals).unwrap_or(u32::MAX);
        let pause = match asked {
            Some(asked) => asked,
            None if is_known => return,
            None => FIRST_PAUSE.saturating_mul(doubled).min(LONGEST_PAUSE),
        };
        if !is_known {
            gate.closed = now;
            gate.refusals = gate.refusals.saturating_add(1);
        }
        let opens = now + pause.min(LONGEST_CLOSED);
        if opens > gate.opens {
            gate.opens = opens;
            // Whoever waits has to queue again, behind the new opening.
            gate.last_turn = None;
        }
    }

    /// Clerk answered a call that was sent then in another way. One from before the refusal says nothing.
    pub(super) fn passed(&self, family: Family, sent: Instant) {
        let mut gates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(gate) = gates.get_mut(&family).filter(|gate| gate.closed <= sent) {
            gate.refusals = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USERS: Family = (Credential::SecretKey, "Users");

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
        // Others go on.
        assert_eq!(gates.turn((Credential::SecretKey, "Invitations"), start, None), Turn::Now);
        assert_eq!(gates.turn((Credential::MachineSecretKey, "Users"), start, None), Turn::Now);
        // Clerk answers, and the queue runs out: everybody passes again.
        gates.passed(USERS, opens);
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
    fn without_a_time_the_pause_doubles_until_clerk_answers() {
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
    fn calls_that_were_under_way_together_are_one_refusal() {
        let (gates, start) = (Gates::default(), Instant::now());
        let millis = |millis| start + Duration::from_millis(millis);
        for answered in 10..20 {
            gates.close(USERS, None, start, millis(answered));
        }
        assert_eq!(ask(&gates, millis(20)), Turn::At(millis(1010)));
        // What was sent before the refusal, and answered well, does not open it either.
        gates.passed(USERS, start);
        assert_eq!(ask(&gates, millis(5000)), Turn::Now);
        assert_eq!(ask(&gates, millis(5000)), Turn::At(millis(5020)));
        // Unless Clerk says how long.
        gates.close(USERS, Some(secs(9)), start, millis(20));
        assert_eq!(ask(&gates, millis(30)), Turn::At(millis(9020)));
    }

    /// More calls than are let through one by one, for as long as it is closed: they are not held back for longer.
    #[test]
    fn a_gate_opens_wide_once_clerk_answers() {
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
            // Those who could not wait any longer, and nobody else.
            assert_eq!(refused > 0, some_are_refused, "{pause} s, {every} ms");
        }
    }
}
