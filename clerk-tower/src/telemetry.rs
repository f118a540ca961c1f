//! What is said through `tracing`, all of it here; the crate's README has the table. No token, key, address, id or
//! text from a request is recorded.

use clerk_core::authenticate::Outcome;
use http::StatusCode;

use crate::{Error, jwks::KeysError};

#[cfg(feature = "tracing")]
mod enabled {
    use clerk_core::authenticate::BadRequest;

    use super::{Error, KeysError, Outcome, StatusCode};

    pub(crate) fn judged(outcome: &Outcome) {
        tracing::debug!(
            target: "clerk::auth",
            status = outcome.status().as_str(),
            reason = outcome.reason().map(|reason| reason.as_str()),
            undecided = outcome.is_undecided(),
            "judged a request"
        );
        if let Some(bad) = outcome.bad_request() {
            tracing::debug!(target: "clerk::auth", problem = kind(bad), "answered a request with 400");
        }
        let dropped = outcome.dropped_cookies();
        if dropped > 0 {
            tracing::warn!(target: "clerk::auth", dropped, "Clerk sent cookies that cannot be set");
        }
    }

    const fn kind(bad: BadRequest) -> &'static str {
        match bad {
            BadRequest::HandshakeSignature => "handshake-signature",
            BadRequest::HandshakeToken => "handshake-token",
            BadRequest::RedirectUrl => "redirect-url",
            _ => "other",
        }
    }

    pub(crate) fn keys(result: Result<(), &KeysError>) {
        match result {
            Ok(()) => tracing::debug!(target: "clerk::keys", "fetched the instance's keys"),
            Err(error) => {
                tracing::warn!(target: "clerk::keys", %error, "no keys: requests may be answered with 503");
            }
        }
    }

    pub(crate) fn called(operation: &'static str, error: Option<&Error>) {
        match error {
            None => tracing::debug!(target: "clerk::call", operation, "a call succeeded"),
            Some(error) => tracing::debug!(target: "clerk::call", operation, %error, "a call failed"),
        }
    }

    pub(crate) fn cached(operation: &'static str, outcome: &'static str) {
        tracing::debug!(target: "clerk::cache", operation, outcome, "looked into the cache");
    }

    pub(crate) fn proxied(result: Result<StatusCode, &'static str>) {
        match result {
            Ok(status) => {
                tracing::debug!(target: "clerk::proxy", status = status.as_u16(), "proxied a request");
            }
            Err(phase) => tracing::warn!(target: "clerk::proxy", phase, "could not proxy a request"),
        }
    }
}

#[cfg(not(feature = "tracing"))]
mod enabled {
    use super::{Error, KeysError, Outcome, StatusCode};

    pub(crate) fn judged(_: &Outcome) {}

    pub(crate) fn keys(_: Result<(), &KeysError>) {}

    pub(crate) fn called(_: &'static str, _: Option<&Error>) {}

    pub(crate) fn cached(_: &'static str, _: &'static str) {}

    pub(crate) fn proxied(_: Result<StatusCode, &'static str>) {}
}

pub(crate) use enabled::{cached, called, judged, keys, proxied};
