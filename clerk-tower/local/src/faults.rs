//! Failures on demand: [`LocalClerk::inject`].
//!
//! | failure | fault |
//! |---|---|
//! | an error of Clerk's | `Fault::status(StatusCode::BAD_GATEWAY)` |
//! | a rate limit, and when to call again | `Fault::status(StatusCode::TOO_MANY_REQUESTS).retry_after(Duration::from_secs(30))` |
//! | something that Clerk did not write | `Fault::response(Response::new("<html>"))` |
//! | no response | `Fault::disconnect()` |
//! | half a response | `Fault::disconnect_midway()` |
//! | a response that is late | `Fault::delay(Duration::from_secs(30))` |
//! | an error that is late | `Fault::status(StatusCode::GATEWAY_TIMEOUT).after(Duration::from_secs(30))` |
//! | a request that took effect, but failed | any of them with `.after_processing()` |
//!
//! [`Fault::on`], [`Fault::skip`] and [`Fault::times`] choose the requests. Scripts in a browser see these failures as they
//! would see Clerk's: the responses have CORS headers, and requests for permission (preflights) pass.
//!
//! ```
//! use std::time::Duration;
//! use clerk_local::{Fault, LocalClerk};
//! use http::StatusCode;
//!
//! let local = LocalClerk::seeded();
//! // The next three requests of any kind fail.
//! local.inject(Fault::status(StatusCode::BAD_GATEWAY).times(3));
//! // The second and the third fetch of a user are rate limited.
//! local.inject(
//!     Fault::status(StatusCode::TOO_MANY_REQUESTS)
//!         .retry_after(Duration::from_secs(2))
//!         .on("GET", "/users/{user_id}")
//!         .skip(1)
//!         .times(2),
//! );
//! // A user is created, but the response is lost.
//! local.inject(Fault::disconnect().on("POST", "/users").after_processing().times(1));
//! // The first sign-in in a browser breaks off.
//! local.inject(Fault::disconnect_midway().on("POST", "/client/sign_ins").times(1));
//! local.clear_faults();
//! ```

use std::{fmt, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, Method, Response, StatusCode, header::RETRY_AFTER};

use crate::{HttpResponse, LocalBody, LocalClerk, error::ApiError, service::without_version};

/// A failure of requests to a [`LocalClerk`], and of which ones. By default it applies to every request to the Backend API
/// and the Frontend API until [`LocalClerk::clear_faults`], but not to the pages.
#[derive(Clone)]
#[must_use = "it applies after `LocalClerk::inject`"]
pub struct Fault {
    effect: Effect,
    delay: Duration,
    /// Whether the request takes effect, and only its response is replaced.
    is_processed: bool,
    /// The methods and paths that it applies to; empty for all.
    targets: Vec<(String, String)>,
    skip: u64,
    times: u64,
}

#[derive(Clone)]
enum Effect {
    /// Only the delay.
    None,
    Status(StatusCode, Option<Duration>),
    Response(Response<Bytes>),
    Disconnect,
    DisconnectMidway,
}

/// A connection that was cut by [`Fault::disconnect`] or [`Fault::disconnect_midway`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("LocalClerk was told to cut the connection")]
#[non_exhaustive]
pub struct Disconnected;

impl Fault {
    const fn new(effect: Effect) -> Self {
        let delay = Duration::ZERO;
        Self { effect, delay, is_processed: false, targets: Vec::new(), skip: 0, times: u64::MAX }
    }

    /// Responds with a status and an error in Clerk's format. Status 429 comes with `Retry-After: 1`, unless
    /// [`retry_after`](Self::retry_after) says otherwise.
    pub const fn status(status: StatusCode) -> Self {
        Self::new(Effect::Status(status, None))
    }

    /// Responds with this response, for example a page of a proxy, or half a JSON object.
    pub fn response(response: Response<impl Into<Bytes>>) -> Self {
        Self::new(Effect::Response(response.map(Into::into)))
    }

    /// Closes the connection without a response. In memory, the call fails with [`Disconnected`].
    pub const fn disconnect() -> Self {
        Self::new(Effect::Disconnect)
    }

    /// Responds as usual, but closes the connection after half of the body: the request takes effect. A response without a
    /// body is not sent at all. In memory, reading the body fails with [`Disconnected`].
    ///
    /// ```
    /// use bytes::Bytes;
    /// use clerk_local::{Fault, LocalClerk};
    /// use http::Request;
    /// use http_body_util::BodyExt as _;
    /// use tower_service::Service as _;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let mut local = LocalClerk::seeded();
    /// local.inject(Fault::disconnect_midway().on("GET", "/jwks"));
    /// let response = local.call(Request::get("/v1/jwks").body(Bytes::new()).unwrap()).await.unwrap();
    /// assert!(response.into_body().collect().await.is_err());
    /// # }
    /// ```
    pub const fn disconnect_midway() -> Self {
        Self::new(Effect::DisconnectMidway)
    }

    /// Responds as usual, but only after a delay.
    pub const fn delay(delay: Duration) -> Self {
        Self::new(Effect::None).after(delay)
    }

    /// Sets the `Retry-After` of [`status`](Self::status), in whole seconds. It has no effect on others.
    pub fn retry_after(mut self, delay: Duration) -> Self {
        if let Effect::Status(status, _) = self.effect {
            self.effect = Effect::Status(status, Some(delay));
        }
        self
    }

    /// Applies the fault after a delay. It needs a tokio runtime with a timer. Defaults to none.
    pub const fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Lets the request take effect first, so that only its response is lost or replaced. By default, the request has no
    /// effect.
    pub const fn after_processing(mut self) -> Self {
        self.is_processed = true;
        self
    }

    /// Applies the fault only to requests with this method and path. In the path, as in Clerk's reference, a segment such as
    /// `{user_id}` stands for any value; queries and the prefix `/v1` are ignored. It can be called more than once, for
    /// several paths. Requests of Clerk's JavaScript have the method that the query contains: `on("PATCH", "/me")`.
    pub fn on(mut self, method: impl Into<String>, path: impl AsRef<str>) -> Self {
        self.targets.push((method.into(), without_version(path.as_ref()).to_owned()));
        self
    }

    /// Lets this many matching requests pass first. Defaults to 0.
    pub const fn skip(mut self, requests: u64) -> Self {
        self.skip = requests;
        self
    }

    /// Ends the fault after this many requests. Defaults to no end.
    pub const fn times(mut self, requests: u64) -> Self {
        self.times = requests;
        self
    }

    /// Returns the delay, if the fault has one.
    pub(super) fn pause(&self) -> Option<Duration> {
        (!self.delay.is_zero()).then_some(self.delay)
    }

    /// Returns the result of a request. `respond` processes the request.
    pub(super) fn apply(self, respond: impl FnOnce() -> HttpResponse) -> Result<HttpResponse, Disconnected> {
        let replacement = match self.effect {
            Effect::None => return Ok(respond()),
            Effect::Disconnect => Err(Disconnected),
            Effect::DisconnectMidway => {
                let (head, body) = respond().into_parts();
                return body.cut().map(|body| Response::from_parts(head, body)).ok_or(Disconnected);
            }
            Effect::Response(response) => Ok(response.map(LocalBody::from)),
            Effect::Status(status, retry_after) => {
                let mut response = ApiError::injected(status).into_response();
                if let Some(delay) = retry_after {
                    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(delay.as_secs()));
                }
                Ok(response)
            }
        };
        if self.is_processed {
            let processed = respond();
            // What the journal tells about a request is in the extensions.
            return replacement.map(|mut response| {
                *response.extensions_mut() = processed.extensions().clone();
                response
            });
        }
        replacement
    }

    fn matches(&self, method: &Method, path: &str, is_page: bool) -> bool {
        let is_target = |(wanted, pattern): &(String, String)| {
            wanted.eq_ignore_ascii_case(method.as_str()) && path_matches(pattern, path)
        };
        // A preflight asks for permission to send the request that is meant.
        let is_meant = !is_page && *method != Method::OPTIONS;
        if self.targets.is_empty() { is_meant } else { self.targets.iter().any(is_target) }
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fault").field("on", &self.targets).finish_non_exhaustive()
    }
}

/// Returns whether a path has the form of a pattern such as `/users/{user_id}`.
pub(super) fn path_matches(pattern: &str, path: &str) -> bool {
    let (mut patterns, mut segments) = (pattern.split('/'), path.split('/'));
    loop {
        match (patterns.next(), segments.next()) {
            (None, None) => return true,
            (Some(pattern), Some(segment)) => {
                let is_any = pattern.starts_with('{') && pattern.ends_with('}');
                if pattern != segment && (!is_any || segment.is_empty()) {
                    return false;
                }
            }
            _ => return false,
        }
    }
}

/// The faults that are left, in the order in which they were injected.
#[derive(Default)]
pub(super) struct Faults(Vec<Fault>);

impl Faults {
    /// Returns the fault of a request. The first one that applies takes the request.
    pub(super) fn take(&mut self, method: &Method, path: &str, is_page: bool) -> Option<Fault> {
        let at = self.0.iter_mut().position(|fault| {
            let is_match = fault.matches(method, path, is_page);
            let applies = is_match && fault.skip == 0;
            if is_match {
                fault.skip = fault.skip.saturating_sub(1);
            }
            applies
        })?;
        let fault = self.0.get_mut(at)?;
        fault.times = fault.times.saturating_sub(1);
        let taken = fault.clone();
        self.0.retain(|fault| fault.times > 0);
        Some(taken)
    }
}

impl LocalClerk {
    /// Makes requests fail, as the [`Fault`] says. If several faults apply to a request, the one that was injected first
    /// takes it, and the others do not see it.
    pub fn inject(&self, fault: Fault) {
        if fault.times > 0 {
            self.faults().0.push(fault);
        }
    }

    /// Removes every fault.
    pub fn clear_faults(&self) {
        self.faults().0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_of_paths_stand_for_any_segment() {
        for (pattern, path, expected) in [
            ("/users", "/users", true),
            ("/users", "/users/", false),
            ("/users/{user_id}", "/users/user_1", true),
            ("/users/{user_id}", "/users/", false),
            ("/users/{user_id}", "/users/user_1/ban", false),
            ("/users/{user_id}/ban", "/users/user_1/ban", true),
            ("/users/user_1", "/users/user_2", false),
        ] {
            assert_eq!(path_matches(pattern, path), expected, "{pattern} {path}");
        }
    }
}
