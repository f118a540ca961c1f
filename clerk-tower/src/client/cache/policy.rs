use std::time::Duration;

/// How long responses are cached, and how much memory they may take. See the [module docs](super) for the table of
/// ages.
///
/// The age of a value counts from when its request was sent, by the client's clock or by monotonic time, whichever shows
/// more: setting the clock back extends nothing.
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
    pub(super) while_linked: Duration,
    pub(super) while_revalidate: Duration,
    pub(super) if_error: Duration,
    pub(super) not_found: Duration,
    pub(super) max_bytes: u64,
}

impl CachePolicy {
    /// Creates a policy with the defaults: 30 seconds fresh, 60 seconds stale while revalidating, ten minutes stale if
    /// Clerk fails, 5 seconds for "not found", 32 MiB.
    pub const fn new() -> Self {
        Self {
            fresh: Duration::from_secs(30),
            while_linked: Duration::ZERO,
            while_revalidate: Duration::from_secs(60),
            if_error: Duration::from_secs(600),
            not_found: Duration::from_secs(5),
            max_bytes: 32 * 1024 * 1024,
        }
    }

    /// Creates a policy that caches nothing: every call is sent.
    pub const fn off() -> Self {
        Self::new().max_bytes(0)
    }

    /// Sets up to which age a value is returned without a request to Clerk. Defaults to 30 seconds.
    pub const fn fresh(mut self, age: Duration) -> Self {
        self.fresh = age;
        self
    }

    /// Sets up to which age a value is fresh while this process is linked to the others of its
    /// [fleet](crate::fleet). Defaults to [`fresh`](Self::fresh), and has no effect if it is shorter.
    ///
    /// A longer age is safe if a webhook endpoint of the fleet receives all events of the instance: then every change
    /// reaches every process in a moment, whoever made it. It is not the default, because no process can know that. Without
    /// such an endpoint, what is changed in the dashboard or by the users themselves stays unnoticed for this long; and so does
    /// what a process writes that is cut off, until its delivery arrives or the process is linked again. A link
    /// that breaks unnoticed is found within ten seconds; then values are fresh for the shorter age again, and all are
    /// forgotten when the link is back.
    ///
    /// ```
    /// use std::time::Duration;
    /// use clerk_tower::client::cache::CachePolicy;
    ///
    /// let policy = CachePolicy::new().fresh_while_linked(Duration::from_secs(600));
    /// ```
    pub const fn fresh_while_linked(mut self, age: Duration) -> Self {
        self.while_linked = age;
        self
    }

    /// Sets up to which age a value that is no longer fresh is returned at once and refreshed in the background.
    /// Defaults to 60 seconds. If it is not longer than [`fresh`](Self::fresh), callers always wait for the refresh.
    pub const fn stale_while_revalidate(mut self, age: Duration) -> Self {
        self.while_revalidate = age;
        self
    }

    /// Sets up to which age a value is returned if Clerk cannot be reached, does not respond in time, or responds with
    /// 429 or 5xx. Defaults to ten minutes. If it is not longer than [`fresh`](Self::fresh), such errors are returned.
    pub const fn stale_if_error(mut self, age: Duration) -> Self {
        self.if_error = age;
        self
    }

    /// Sets how long a "not found" from Clerk is cached. Defaults to 5 seconds.
    pub const fn not_found(mut self, age: Duration) -> Self {
        self.not_found = age;
        self
    }

    /// Sets how much memory the cache may use, estimated from what its values have allocated. Defaults to 32 MiB. Zero
    /// turns the cache off.
    pub const fn max_bytes(mut self, max: u64) -> Self {
        self.max_bytes = max;
        self
    }

    /// Returns `true` if nothing is cached.
    #[must_use]
    pub const fn is_off(&self) -> bool {
        self.max_bytes == 0
    }

    /// The age after which a value is of no use to any caller.
    pub(super) fn longest(&self) -> Duration {
        self.fresh.max(self.while_linked).max(self.while_revalidate).max(self.if_error).max(self.not_found)
    }
}

impl Default for CachePolicy {
    fn default() -> Self {
        Self::new()
    }
}
