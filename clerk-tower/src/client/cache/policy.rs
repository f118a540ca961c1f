use std::time::Duration;

use clerk_core::Timestamp;

/// For how long answers are kept, and how many. See the [module docs](super) for the table of ages.
///
/// An answer's age counts from the moment Clerk was asked, by the client's clock.
///
/// ```
/// use std::time::Duration;
/// use clerk_tower::{Clerk, client::cache::CachePolicy};
///
/// let clerk = Clerk::builder()
///     .secret_key("sk_test_abc")
///     .cache(CachePolicy::new().fresh(Duration::from_secs(5)).max_bytes(8 * 1024 * 1024))
///     .build()
///     .unwrap();
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct CachePolicy {
    pub(super) fresh: Duration,
    pub(super) while_revalidate: Duration,
    pub(super) if_error: Duration,
    pub(super) not_found: Duration,
    pub(super) max_bytes: u64,
}

impl CachePolicy {
    /// The ages of the table, and 32 MiB.
    pub const fn new() -> Self {
        Self {
            fresh: Duration::from_secs(30),
            while_revalidate: Duration::from_secs(60),
            if_error: Duration::from_secs(600),
            not_found: Duration::from_secs(5),
            max_bytes: 32 * 1024 * 1024,
        }
    }

    /// Nothing is kept: every call is sent.
    pub const fn off() -> Self {
        Self::new().max_bytes(0)
    }

    /// Up to this age an answer is given without asking Clerk. 30 seconds unless set.
    pub const fn fresh(mut self, age: Duration) -> Self {
        self.fresh = age;
        self
    }

    /// Up to this age an answer that is no longer fresh is given at once, while Clerk is asked behind the
    /// callers' backs. 60 seconds unless set; callers always wait when it is no longer than the fresh age.
    pub const fn stale_while_revalidate(mut self, age: Duration) -> Self {
        self.while_revalidate = age;
        self
    }

    /// Up to this age an answer is given when Clerk cannot be reached, does not answer in time, or answers with
    /// 429 or 5xx. Ten minutes unless set; never when it is no longer than the fresh age.
    pub const fn stale_if_error(mut self, age: Duration) -> Self {
        self.if_error = age;
        self
    }

    /// For how long Clerk's own word that there is no such thing counts. 5 seconds unless set.
    pub const fn not_found(mut self, age: Duration) -> Self {
        self.not_found = age;
        self
    }

    /// How much memory answers may take, by the size of their bodies. Zero keeps nothing.
    pub const fn max_bytes(mut self, max: u64) -> Self {
        self.max_bytes = max;
        self
    }

    /// Whether nothing is kept.
    #[must_use]
    pub const fn is_off(&self) -> bool {
        self.max_bytes == 0
    }

    /// How long an answer is of any use.
    pub(super) fn longest(&self) -> Duration {
        self.fresh.max(self.while_revalidate).max(self.if_error).max(self.not_found)
    }
}

impl Default for CachePolicy {
    fn default() -> Self {
        Self::new()
    }
}

/// How old something is. `None` where it comes from the future: the clock was set back, and nobody knows.
pub(super) fn age(asked: Timestamp, now: Timestamp) -> Option<Duration> {
    let millis = now.as_millis().checked_sub(asked.as_millis())?;
    u64::try_from(millis).ok().map(Duration::from_millis)
}
