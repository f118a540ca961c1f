//! What one call may have otherwise than the client.
//!
//! ```no_run
//! use std::time::Duration;
//! use clerk_core::api::users;
//! use clerk_tower::{Clerk, options::CallOptions};
//!
//! # async fn run(clerk: Clerk) -> Result<(), clerk_tower::Error> {
//! // Two seconds in all, and no second attempt.
//! let hurried = clerk.with(CallOptions::new().timeout(Duration::from_secs(2)).max_attempts(1));
//! let user = hurried.send(users::get("user_1")).await?;
//! # let _ = user; Ok(()) }
//! ```

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use http::{Extensions, HeaderMap, HeaderName, HeaderValue, header};

use crate::base_uri::{BaseUriLayer, InvalidBaseUri};

/// Settings for the calls of one handle of a client, see [`Clerk::with`](crate::Clerk::with). What is not set is as
/// the client was built.
///
/// They travel as an extension of the request, and each layer of the [stack](crate::stack) reads its own.
#[derive(Clone, Debug, Default)]
#[must_use]
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

/// A header cannot be set by the caller.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the header {0} is the client's own")]
pub struct ReservedHeader(HeaderName);

impl CallOptions {
    /// Nothing is changed.
    pub fn new() -> Self {
        Self::default()
    }

    fn change(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(self.0.get_or_insert_default()));
        self
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// How long a call may take in all, with every attempt and pause.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.change(|settings| settings.timeout = Some(timeout))
    }

    /// How long one attempt may take.
    pub fn attempt_timeout(self, timeout: Duration) -> Self {
        self.change(|settings| settings.attempt_timeout = Some(timeout))
    }

    /// How often a call may be sent, the first time included. Zero counts as one.
    pub fn max_attempts(self, max: u32) -> Self {
        self.change(|settings| settings.max_attempts = Some(NonZeroU32::new(max).unwrap_or(NonZeroU32::MIN)))
    }

    /// A header for every attempt, in place of one of the same name.
    ///
    /// # Errors
    /// When the header is the client's own business: `authorization`, `host`, `cookie`, and those that frame the
    /// body.
    pub fn header(self, name: HeaderName, value: HeaderValue) -> Result<Self, ReservedHeader> {
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
        Ok(self.change(|settings| drop(settings.headers.insert(name, value))))
    }

    /// The API's address with its version, such as `https://api.clerk.com/v1`, in place of the client's. The key
    /// goes there: `https`, or `http` to this computer.
    ///
    /// # Errors
    /// When the text is no such address.
    pub fn base_uri(self, base: &str) -> Result<Self, InvalidBaseUri> {
        let layer = BaseUriLayer::new(base)?;
        if layer.is_plain_http_to_another_computer() {
            return Err(InvalidBaseUri::PLAIN_HTTP);
        }
        Ok(self.change(|settings| settings.base_uri = Some(layer)))
    }

    /// How old an answer of the [cache](crate::cache) may be. Where it is older, or no longer fresh, Clerk is asked, and
    /// its error is the answer if it does not come.
    pub fn max_age(self, age: Duration) -> Self {
        self.change(|settings| settings.max_age = Some(age))
    }

    /// Whether the same operation may have another answer with them.
    pub(crate) fn changes_the_answer(&self) -> bool {
        let settings = self.0.as_deref();
        settings.is_some_and(|settings| settings.base_uri.is_some() || !settings.headers.is_empty())
    }

    pub(crate) fn get_timeout(&self) -> Option<Duration> {
        self.0.as_deref()?.timeout
    }

    /// What [`max_age`](Self::max_age) was set to.
    #[must_use]
    pub fn get_max_age(&self) -> Option<Duration> {
        self.0.as_deref()?.max_age
    }

    pub(crate) fn of(extensions: &Extensions) -> Option<&Settings> {
        extensions.get::<Self>()?.0.as_deref()
    }
}
