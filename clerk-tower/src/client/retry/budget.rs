use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use http::Extensions;
use tokio::time::Instant;

use crate::client::purpose::Purpose;

/// Limits the retries of all calls together that a program makes with a client. Clones share one budget.
///
/// Each successful call deposits a fifth of a retry, and five are added per second, up to 50; each retry withdraws
/// one. While Clerk is down, only time refills the budget, so the retries of a busy service do not add to the outage.
#[derive(Clone, Debug)]
pub struct Budget(Arc<Mutex<Account>>);

#[derive(Debug)]
struct Account {
    /// In thousandths of a retry: integers, so that small deposits add up without rounding errors.
    balance: u64,
    counted_at: Option<Instant>,
    rules: Rules,
}

#[derive(Clone, Copy, Debug)]
struct Rules {
    per_success: u64,
    per_second: u64,
    most: u64,
}

const ONE: u64 = 1000;

impl Budget {
    /// Creates a full budget of 50 retries.
    #[must_use]
    pub fn new() -> Self {
        Self::with_rules(Rules { per_success: ONE / 5, per_second: 5 * ONE, most: 50 * ONE })
    }

    fn with_rules(rules: Rules) -> Self {
        Self(Arc::new(Mutex::new(Account { balance: rules.most, counted_at: None, rules })))
    }

    pub(super) fn deposit(&self) {
        let mut account = self.account();
        account.balance = account.balance.saturating_add(account.rules.per_success).min(account.rules.most);
    }

    /// Withdraws one retry; `false` if the budget is used up.
    pub(super) fn withdraw(&self, now: Instant) -> bool {
        let mut account = self.account();
        let elapsed = account.counted_at.map_or(Duration::ZERO, |then| now.saturating_duration_since(then));
        let millis = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        let earned = millis.saturating_mul(account.rules.per_second) / 1000;
        if earned > 0 || account.counted_at.is_none() {
            // Otherwise the elapsed time keeps counting: with frequent calls each interval alone would round down to
            // zero.
            account.counted_at = Some(now);
        }
        account.balance = account.balance.saturating_add(earned).min(account.rules.most);
        let left = account.balance.checked_sub(ONE);
        account.balance = left.unwrap_or(account.balance);
        left.is_some()
    }

    fn account(&self) -> std::sync::MutexGuard<'_, Account> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self::new()
    }
}

/// One budget for each purpose that has retries, so that the calls that strangers cause do not use up the program's.
#[derive(Clone, Debug, Default)]
pub(super) struct Budgets {
    pub(super) program: Budget,
    machine_tokens: Budget,
    browsers: Budget,
}

impl Budgets {
    /// Returns the budget of a request with these extensions.
    pub(super) fn of(&self, extensions: &Extensions) -> &Budget {
        match Purpose::of(extensions) {
            // Keys are fetched without retries.
            Purpose::Program | Purpose::Keys => &self.program,
            Purpose::MachineToken => &self.machine_tokens,
            Purpose::Browser => &self.browsers,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_uses_the_budget_up_and_time_refills_it() {
        let (budget, start) = (Budget::new(), Instant::now());
        let take = |at| (0..1000).filter(|_| budget.withdraw(at)).count();
        assert_eq!(take(start), 50);
        assert_eq!(take(start), 0);
        assert_eq!(take(start + Duration::from_secs(1)), 5);
        assert_eq!(take(start + Duration::from_secs(1000)), 50);
    }

    #[test]
    fn five_successes_are_one_retry() {
        let (budget, now) = (Budget::new(), Instant::now());
        while budget.withdraw(now) {}
        (0..4).for_each(|_| budget.deposit());
        assert!(!budget.withdraw(now));
        budget.deposit();
        assert!(budget.withdraw(now) && !budget.withdraw(now));
    }
}
