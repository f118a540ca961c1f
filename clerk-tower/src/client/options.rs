//! Per-call overrides of the client's settings.
//!
//! ```no_run
//! use std::time::Duration;
//! use clerk_core::api::users;
//! use clerk_tower::{Clerk, client::options::CallOptions};
//!
//! # async fn run(clerk: Clerk) -> Result<(), clerk_tower::Error> {
//! // Two seconds in all, and no retry.
//! let impatient = clerk.with(CallOptions::new().timeout(Duration::from_secs(2)).max_attempts(1));
//! let user = impatient.send(users::get("user_1")).await?;
//! # let _ = user; Ok(()) }
//! ```

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use http::{Extensions, HeaderMap, HeaderName, HeaderValue, header};

use super::middleware::base_uri::{BaseUriLayer, InvalidBaseUri};

/// Settings for the calls of one handle of a client, see [`Clerk::with`](crate::Clerk::with). Whatever is unset keeps
/// the client's setting.
///
/// They travel as an extension of the request, and each layer of the [stack](crate::client::stack) reads its own.
#[derive(Clone, Debug, Default)]
#[must_use]
// In an `Arc`, because every request carries a copy.
pub struct CallOptions(Option<Arc<Settings>>);

#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    pub(crate) timeout: Option<Duration>,
    pub(crate) attempt_timeout: Option<Duration>,
    pub(crate) max_attempts: Option<NonZeroU32>,
    pub(crate) headers: HeaderMap,
    pub(crate) base_uri: Option<BaseUriLayer>,
    pub(crate) max_age: Option<Duration>,
}

/// Error of setting a header that the client sets itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the header {0} is set by the client and cannot be overridden")]
pub struct ReservedHeader(HeaderName);

impl CallOptions {
    /// Creates options that override nothing.
    pub fn new() -> Self {
        Self::default()
    }

    fn set(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(self.0.get_or_insert_default()));
        self
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Sets how long a call may take in all, including retries and backoff.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.set(|settings| settings.timeout = Some(timeout))
    }

    /// Sets how long one attempt may take.
    pub fn attempt_timeout(self, timeout: Duration) -> Self {
        self.set(|settings| settings.attempt_timeout = Some(timeout))
    }

    /// Sets how often a call may be sent, including the first time. Zero counts as one.
    pub fn max_attempts(self, max: u32) -> Self {
        self.set(|settings| settings.max_attempts = Some(NonZeroU32::new(max).unwrap_or(NonZeroU32::MIN)))
    }

    /// Sets a header for every attempt. It replaces a header of the same name.
    ///
    /// # Errors
    /// If the client sets this header itself: `authorization`, `host`, `cookie`, and those that frame the body.
    pub fn header(self, name: HeaderName, value: HeaderValue) -> Result<Self, ReservedHeader> {
        // Another `Authorization` would bypass the credentials layer, and headers that frame the body would let two
        // servers disagree about where the request ends.
        const RESERVED: [HeaderName; 7] = [
            header::AUTHORIZATION,
            header::HOST,
            header::COOKIE,
            header::CONNECTION,
            header::CONTENT_LENGTH,
            header::CONTENT_TYPE,
            header::TRANSFER_ENCODING,
        ];
        if RESERVED.contains(&name) {
            return Err(ReservedHeader(name));
        }
        Ok(self.set(|settings| drop(settings.headers.insert(name, value))))
    }

    /// Replaces the API's address, including its version, such as `https://api.clerk.com/v1`. The secret key is sent
    /// there: `https`, or `http` on the loopback interface.
    ///
    /// # Errors
    /// If the string is not such an address.
    pub fn base_uri(self, base: &str) -> Result<Self, InvalidBaseUri> {
        let layer = BaseUriLayer::for_key(base)?;
        Ok(self.set(|settings| settings.base_uri = Some(layer)))
    }

    /// The same, for an address that was checked before.
    pub(crate) fn at(self, base: &BaseUriLayer) -> Self {
        self.set(|settings| settings.base_uri = Some(base.clone()))
    }

    /// Sets how old a value from the [cache](crate::client::cache) may be. If it is older, or no longer fresh, Clerk is
    /// asked, and if that fails the caller gets the error.
    pub fn max_age(self, age: Duration) -> Self {
        self.set(|settings| settings.max_age = Some(age))
    }

    /// Lowers [`max_age`](Self::max_age) to `age`. A lower one, set before, stays.
    pub fn max_age_at_most(self, age: Duration) -> Self {
        self.set(|settings| settings.max_age = Some(settings.max_age.map_or(age, |old| old.min(age))))
    }

    /// Returns `true` if the same operation may get another response with these options. Such calls bypass the cache.
    pub(crate) fn changes_the_response(&self) -> bool {
        let settings = self.settings();
        settings.is_some_and(|settings| settings.base_uri.is_some() || !settings.headers.is_empty())
    }

    pub(crate) fn settings(&self) -> Option<&Settings> {
        self.0.as_deref()
    }

    pub(crate) fn of(extensions: &Extensions) -> Option<&Settings> {
        extensions.get::<Self>()?.settings()
    }
}
