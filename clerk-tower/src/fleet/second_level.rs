use std::{fmt, time::Duration};

/// A second level of the [response cache](crate::client::cache), which the processes of a fleet share:
/// [`Fleet::second_level`](super::Fleet::second_level).
///
/// What one process has asked Clerk for lately the others take from the engine instead of asking again. While one asks, the
/// others wait for it, for a bounded time. A value of the second level is as fresh as one of the process's own cache: what
/// was written through any of the processes, or what a webhook delivery told one of them, makes it invalid.
///
/// # Personal data
///
/// Responses contain names, addresses and metadata of your users. With a second level they lie in the engine for up to
/// [`max_age`](Self::max_age), and in its backups. By default they are readable there, and sealed with a key that is derived
/// from the secret key: nobody without it can make or change one. [`encrypt_with`](Self::encrypt_with) makes them unreadable
/// as well.
///
/// ```
/// use clerk_tower::{Clerk, fleet::{Fleet, InProcess, SecondLevel}};
///
/// let key = [7; 32]; // 32 random bytes, from where your secrets are, the same in all processes
/// let fleet = Fleet::from(InProcess::new()).second_level(SecondLevel::new().encrypt_with(key));
/// let clerk = Clerk::builder().secret_key("sk_test_abc").fleet(fleet).build().unwrap();
/// # let _ = clerk;
/// ```
#[derive(Clone)]
#[must_use]
pub struct SecondLevel {
    pub(crate) max_entry_bytes: usize,
    pub(crate) max_age: Duration,
    pub(crate) timeout: Duration,
    pub(crate) wait_for_others: Duration,
    pub(crate) encryption_key: Option<[u8; 32]>,
}

impl SecondLevel {
    /// Creates settings with the defaults: responses of up to 64 KiB, kept for as long as they are fresh and at most ten
    /// minutes, 300 milliseconds for the engine, a second for other processes, no encryption.
    pub const fn new() -> Self {
        Self {
            max_entry_bytes: 64 * 1024,
            max_age: Duration::from_secs(600),
            timeout: Duration::from_millis(300),
            wait_for_others: Duration::from_secs(1),
            encryption_key: None,
        }
    }

    /// Sets the size of the largest response that is stored. Defaults to 64 KiB. Larger ones are in the process's own cache
    /// only.
    pub const fn max_entry_bytes(mut self, max: usize) -> Self {
        self.max_entry_bytes = max;
        self
    }

    /// Sets for how long a response may lie in the engine. Defaults to ten minutes, and is at most 12 hours. A response never
    /// lies there for longer than it is fresh: see [`CachePolicy`](crate::client::cache::CachePolicy).
    pub const fn max_age(mut self, age: Duration) -> Self {
        self.max_age = age;
        self
    }

    /// Sets how long a look-up waits for the engine, in all. Defaults to 300 milliseconds, and to a quarter of the call's
    /// timeout if that is less. Then Clerk is asked, and the engine is left alone for a second.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets how long a look-up waits for another process that asks Clerk for the same at this moment. Defaults to a second,
    /// and to a quarter of the call's timeout if that is less. Then this process asks as well. Zero turns waiting off.
    pub const fn wait_for_others(mut self, wait: Duration) -> Self {
        self.wait_for_others = wait;
        self
    }

    /// Encrypts the responses with AES-256-GCM. The key must be 32 random bytes, the same in all processes. Responses that
    /// are sealed another way, as by processes with another key, count as missing.
    pub const fn encrypt_with(mut self, key: [u8; 32]) -> Self {
        self.encryption_key = Some(key);
        self
    }
}

impl Default for SecondLevel {
    fn default() -> Self {
        Self::new()
    }
}

/// Shows the settings, without the key.
impl fmt::Debug for SecondLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecondLevel")
            .field("max_entry_bytes", &self.max_entry_bytes)
            .field("max_age", &self.max_age)
            .field("timeout", &self.timeout)
            .field("wait_for_others", &self.wait_for_others)
            .field("is_encrypted", &self.encryption_key.is_some())
            .finish()
    }
}
