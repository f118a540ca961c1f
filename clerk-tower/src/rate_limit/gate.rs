use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use clerk_core::operation::Credential;
use tokio::time::Instant;

/// How far apart calls are let through after the gate was closed.
const SPACING: Duration = Duration::from_millis(20);
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
}

impl Gates {
    /// When a call has its turn. With `before`, the turn that it was given last time, and has lost because the gate
    /// closed again.
    pub(super) fn turn(&self, family: Family, now: Instant) -> Turn {
        let mut gates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(gate) = gates.get_mut(&family) else { return Turn::Now };
        let next = gate.last_turn.map_or(gate.opens, |last| (last + SPACING).max(gate.opens));
        if next <= now && gate.refusals == 0 {
            // The queue is empty, and Clerk has answered since.
            gates.remove(&family);
            return Turn::Now;
        }
        let turn = next.max(now);
        gate.last_turn = Some(turn);
        if turn == now { Turn::Now } else { Turn::At(turn) }
    }

    /// Whether a turn that was given still holds.
    pub(super) fn holds(&self, family: Family, turn: Instant) -> bool {
        let gates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        gates.get(&family).is_none_or(|gate| gate.opens <= turn)
    }

    /// Clerk refused a call.
    pub(super) fn close(&self, family: Family, asked: Option<Duration>, now: Instant) {
        let mut gates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let gate = gates.entry(family).or_insert(Gate { opens: now, last_turn: None, refusals: 0 });
        let doubled = 1_u32.checked_shl(gate.refusals).unwrap_or(u32::MAX);
        let pause = asked.unwrap_or_else(|| FIRST_PAUSE.saturating_mul(doubled).min(LONGEST_PAUSE));
        gate.refusals = gate.refusals.saturating_add(1);
        let opens = now + pause.min(LONGEST_CLOSED);
        if opens > gate.opens {
            gate.opens = opens;
            // Whoever waits has to queue again, behind the new opening.
            gate.last_turn = None;
        }
    }

    /// Clerk answered a call in another way.
    pub(super) fn passed(&self, family: Family) {
        let mut gates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(gate) = gates.get_mut(&family) {
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

    #[test]
    fn a_closed_gate_lets_callers_through_one_by_one() {
        let (gates, start) = (Gates::default(), Instant::now());
        assert_eq!(gates.turn(USERS, start), Turn::Now);
        gates.close(USERS, Some(secs(3)), start);
        let opens = start + secs(3);
        for waiting in 0..5 {
            assert_eq!(gates.turn(USERS, start), Turn::At(opens + SPACING * waiting));
        }
        // Others go on.
        assert_eq!(gates.turn((Credential::SecretKey, "Invitations"), start), Turn::Now);
        assert_eq!(gates.turn((Credential::MachineSecretKey, "Users"), start), Turn::Now);
        // Clerk answers, and the queue runs out: everybody passes again.
        gates.passed(USERS);
        assert_eq!(gates.turn(USERS, opens + secs(1)), Turn::Now);
        assert_eq!(gates.turn(USERS, opens + secs(1)), Turn::Now);
    }

    #[test]
    fn another_refusal_takes_turns_back() {
        let (gates, start) = (Gates::default(), Instant::now());
        gates.close(USERS, Some(secs(1)), start);
        let Turn::At(turn) = gates.turn(USERS, start) else { panic!() };
        assert!(gates.holds(USERS, turn));
        gates.close(USERS, Some(secs(5)), start + secs(1));
        assert!(!gates.holds(USERS, turn));
        assert_eq!(gates.turn(USERS, start + secs(1)), Turn::At(start + secs(6)));
        // A shorter pause does not open it earlier.
        gates.close(USERS, Some(secs(1)), start + secs(1));
        assert_eq!(gates.turn(USERS, start + secs(1)), Turn::At(start + secs(6) + SPACING));
    }

    #[test]
    fn without_a_time_the_pause_doubles_until_clerk_answers() {
        let (gates, start) = (Gates::default(), Instant::now());
        let mut now = start;
        for want in [1, 2, 4, 8, 16, 30, 30] {
            gates.close(USERS, None, now);
            assert_eq!(gates.turn(USERS, now), Turn::At(now + secs(want)));
            now += secs(want);
        }
        gates.passed(USERS);
        gates.close(USERS, None, now + secs(100));
        assert_eq!(gates.turn(USERS, now + secs(100)), Turn::At(now + secs(101)));
    }

    #[test]
    fn no_header_closes_a_gate_for_a_day() {
        let (gates, now) = (Gates::default(), Instant::now());
        gates.close(USERS, Some(Duration::MAX), now);
        assert_eq!(gates.turn(USERS, now), Turn::At(now + secs(900)));
    }
}
