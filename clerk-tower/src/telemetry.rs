//! What is said through `tracing`, and counted through `metrics`, all of it here; the crate's README has the tables. No
//! token, key, address, id or text from a request is recorded, but for cleaned hosts that a token names.

use std::{fmt::Display, future::Future};

use clerk_core::{
    OperationInfo, Timestamp,
    authenticate::{Diagnosis, NoSignInPage, Outcome},
};
use http::StatusCode;

use crate::{Error, error::Attempts, jwks::KeysError, notices::Notices};

/// One call, from its first attempt to its answer.
pub(crate) struct Call {
    info: &'static OperationInfo,
    span: enabled::Span,
}

impl Call {
    pub(crate) fn start(info: &'static OperationInfo) -> Self {
        Self { info, span: enabled::span(info) }
    }

    /// What happens meanwhile happens in the call's span.
    pub(crate) async fn during<F: Future>(&self, work: F) -> F::Output {
        enabled::within(&self.span, work).await
    }

    /// How it ended: an answer's status, or the error.
    pub(crate) fn end(self, result: Result<StatusCode, &Error>, attempts: Attempts) {
        enabled::called(&self.span, self.info.id, result, attempts);
        counted::call(self.info, result, attempts);
    }
}

pub(crate) fn judged(outcome: &Outcome) {
    enabled::judged(outcome);
    counted::judged(outcome);
}

/// A request was turned away for a reason that its sender can do nothing about. Webhooks, and the proxy's 502, have
/// lines of their own.
pub(crate) fn failed(status: StatusCode, code: &str, message: &str) {
    let is_failure = matches!(status, StatusCode::INTERNAL_SERVER_ERROR | StatusCode::SERVICE_UNAVAILABLE);
    if is_failure && !code.starts_with("webhook") {
        enabled::failed(status, code, message);
    }
}

/// What is probably wrong with the configuration, where there are signs of it. They are looked for only when somebody
/// listens.
pub(crate) fn explain(notices: &Notices, now: Timestamp, find: impl FnOnce() -> Option<Diagnosis>) {
    enabled::explain(notices, now, find);
}

/// A guard that sends visitors to sign in knows no page for that.
pub(crate) fn no_sign_in_page(error: NoSignInPage) {
    enabled::no_sign_in_page(error);
}

pub(crate) fn keys(result: Result<(), &KeysError>) {
    enabled::keys(result);
    counted::keys(result.is_ok());
}

/// What became of a look into the cache.
pub(crate) use self::counted::{refused, waited};
pub(crate) fn cached(operation: &'static str, outcome: &'static str) {
    enabled::cached(operation, outcome);
    counted::cached(operation, outcome);
}

pub(crate) use self::enabled::{clock_differs, keys_differ, proxied};

/// A delivery of a webhook was accepted, and what became of it.
pub(crate) fn webhook(kind: &str, outcome: &'static str) {
    enabled::webhook(kind, outcome);
    counted::webhook(outcome);
}

/// Something was posted that is no delivery to be accepted. Each cause has its turn to speak.
pub(crate) fn webhook_refused(notices: &Notices, now: Timestamp, cause: &str, code: &str, why: &dyn Display) {
    enabled::webhook_refused(notices, now, cause, code, why);
    counted::webhook("refused");
}

/// A handler failed on a delivery.
pub(crate) fn webhook_failed(kind: &str, how: &'static str) {
    enabled::webhook_failed(kind, how);
    counted::webhook("failed");
}

#[cfg(feature = "tracing")]
mod enabled {
    use clerk_core::authenticate::BadRequest;

    use tracing::{Instrument as _, Level, field::Empty};

    use super::{
        Attempts, Diagnosis, Display, Error, Future, KeysError, NoSignInPage, Notices, OperationInfo,
        Outcome, StatusCode, Timestamp,
    };
    use crate::{
        ErrorKind,
        clock::{Clock as _, SystemClock},
        notices::EVERYWHERE,
    };

    pub(super) type Span = tracing::Span;

    /// With the names that OpenTelemetry has for clients of HTTP. The path is the template: ids stay out.
    pub(super) fn span(info: &'static OperationInfo) -> Span {
        tracing::debug_span!(
            target: "clerk::call",
            "clerk.call",
            otel.kind = "client",
            otel.name = %format_args!("{} {}", info.method, info.path),
            http.request.method = info.method.as_str(),
            url.template = info.path,
            clerk.operation = info.id,
            http.response.status_code = Empty,
            http.request.resend_count = Empty,
            error.type = Empty,
            clerk.trace_id = Empty,
        )
    }

    pub(super) async fn within<F: Future>(span: &Span, work: F) -> F::Output {
        work.instrument(span.clone()).await
    }

    pub(super) fn judged(outcome: &Outcome) {
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

    pub(super) fn explain(notices: &Notices, now: Timestamp, find: impl FnOnce() -> Option<Diagnosis>) {
        if !tracing::enabled!(target: "clerk::auth", Level::WARN) {
            return;
        }
        let Some(diagnosis) = find() else { return };
        if let Some(unsaid) = notices.turn(diagnosis.code(), now) {
            tracing::warn!(target: "clerk::auth", cause = diagnosis.code(), unsaid, "{diagnosis}");
        }
    }

    /// This computer's clock is so many seconds ahead of Clerk's; behind, if the number is negative.
    pub(crate) fn clock_differs(seconds: i64) {
        let direction = if seconds < 0 { "behind" } else { "ahead of" };
        tracing::warn!(
            target: "clerk::keys",
            cause = "clock",
            seconds,
            "this computer's clock is {} s {direction} Clerk's: good tokens are refused when it differs by more \
             than clock_skew. Look at its time synchronisation (NTP)",
            seconds.unsigned_abs(),
        );
    }

    pub(crate) fn keys_differ() {
        tracing::warn!(
            target: "clerk::auth",
            cause = "other-instance",
            "one of secret_key and publishable_key is of a development instance (_test_) and the other of a \
             production instance (_live_): take both from one instance's API keys page"
        );
    }

    /// Each code once a minute, and how often it was silent.
    pub(super) fn failed(status: StatusCode, code: &str, message: &str) {
        if !tracing::enabled!(target: "clerk::auth", Level::WARN) {
            return;
        }
        if let Some(unsaid) = EVERYWHERE.turn(code, SystemClock.now()) {
            let status = status.as_u16();
            tracing::warn!(target: "clerk::auth", status, code, unsaid, "turned a request away: {message}");
        }
    }

    /// Whether the service itself is in trouble, as opposed to what was asked.
    fn is_trouble(error: &Error) -> bool {
        match error.kind() {
            ErrorKind::Build(_) | ErrorKind::Config(_) => false,
            ErrorKind::Status(_) => error.status().is_some_and(|status| {
                matches!(status, StatusCode::UNAUTHORIZED | StatusCode::TOO_MANY_REQUESTS)
                    || status.is_server_error()
            }),
            _ => true,
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

    pub(super) fn no_sign_in_page(error: NoSignInPage) {
        tracing::warn!(
            target: "clerk::auth",
            %error,
            "a guard cannot send visitors to sign in: they are answered with 401"
        );
    }

    pub(super) fn keys(result: Result<(), &KeysError>) {
        match result {
            Ok(()) => tracing::debug!(target: "clerk::keys", "fetched the instance's keys"),
            Err(error) => {
                tracing::warn!(target: "clerk::keys", %error, "no keys: requests may be answered with 503");
            }
        }
    }

    pub(super) fn called(
        span: &Span,
        operation: &'static str,
        result: Result<StatusCode, &Error>,
        attempts: Attempts,
    ) {
        let status = result.map_or_else(Error::status, Some);
        if let Some(status) = status {
            span.record("http.response.status_code", status.as_u16());
        }
        if attempts.made > 1 {
            span.record("http.request.resend_count", attempts.made.saturating_sub(1));
        }
        let Err(error) = result else {
            span.in_scope(|| tracing::debug!(target: "clerk::call", operation, "a call succeeded"));
            return;
        };
        span.record("error.type", error.phase());
        if let Some(trace_id) = error.trace_id() {
            span.record("clerk.trace_id", trace_id);
        }
        span.in_scope(|| {
            tracing::debug!(target: "clerk::call", operation, error = %error.with_sources(), "a call failed");
            if !is_trouble(error) || !tracing::enabled!(target: "clerk::call", Level::WARN) {
                return;
            }
            // Each status is a cause of its own.
            let cause = status.as_ref().map_or(error.phase(), StatusCode::as_str);
            if let Some(unsaid) = EVERYWHERE.turn(cause, SystemClock.now()) {
                let error = error.with_sources();
                tracing::warn!(target: "clerk::call", operation, %error, unsaid, "calls to Clerk fail");
            }
        });
    }

    pub(super) fn cached(operation: &'static str, outcome: &'static str) {
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

    pub(super) fn webhook(kind: &str, outcome: &'static str) {
        tracing::debug!(target: "clerk::webhook", kind, outcome, "a webhook was delivered");
    }

    pub(super) fn webhook_refused(
        notices: &Notices,
        now: Timestamp,
        cause: &str,
        code: &str,
        why: &dyn Display,
    ) {
        if let Some(unsaid) = notices.turn(cause, now) {
            tracing::warn!(target: "clerk::webhook", code, unsaid, %why, "refused a webhook");
        }
    }

    pub(super) fn webhook_failed(kind: &str, how: &'static str) {
        tracing::warn!(target: "clerk::webhook", kind, how, "a webhook's handler failed; Clerk will deliver again");
    }
}

#[cfg(not(feature = "tracing"))]
mod enabled {
    use super::{
        Attempts, Diagnosis, Display, Error, Future, KeysError, NoSignInPage, Notices, OperationInfo,
        Outcome, StatusCode, Timestamp,
    };

    pub(super) struct Span;

    pub(super) const fn span(_: &'static OperationInfo) -> Span {
        Span
    }

    pub(super) async fn within<F: Future>(_: &Span, work: F) -> F::Output {
        work.await
    }

    pub(super) fn judged(_: &Outcome) {}

    pub(super) fn explain(_: &Notices, _: Timestamp, _: impl FnOnce() -> Option<Diagnosis>) {}

    pub(super) fn failed(_: StatusCode, _: &str, _: &str) {}

    pub(crate) fn clock_differs(_: i64) {}

    pub(crate) fn keys_differ() {}

    pub(super) fn no_sign_in_page(_: NoSignInPage) {}

    pub(super) fn keys(_: Result<(), &KeysError>) {}

    pub(super) fn called(_: &Span, _: &'static str, _: Result<StatusCode, &Error>, _: Attempts) {}

    pub(super) fn cached(_: &'static str, _: &'static str) {}

    pub(crate) fn proxied(_: Result<StatusCode, &'static str>) {}

    pub(super) fn webhook(_: &str, _: &'static str) {}

    pub(super) fn webhook_refused(_: &Notices, _: Timestamp, _: &str, _: &str, _: &dyn Display) {}

    pub(super) fn webhook_failed(_: &str, _: &'static str) {}
}

#[cfg(feature = "metrics")]
mod counted {
    use metrics::counter;

    use super::{Attempts, Error, OperationInfo, Outcome, StatusCode};

    pub(super) fn call(info: &'static OperationInfo, result: Result<StatusCode, &Error>, attempts: Attempts) {
        let outcome = result.map_or_else(Error::phase, |_| "success");
        counter!("clerk_calls_total", "operation" => info.id, "outcome" => outcome).increment(1);
        if attempts.made > 1 {
            let retries = u64::from(attempts.made.saturating_sub(1));
            counter!("clerk_retries_total", "operation" => info.id).increment(retries);
        }
    }

    pub(super) fn judged(outcome: &Outcome) {
        let reason = outcome.reason().map_or("", |reason| reason.as_str()).to_owned();
        counter!("clerk_decisions_total", "status" => outcome.status().as_str(), "reason" => reason)
            .increment(1);
    }

    pub(super) fn keys(is_good: bool) {
        let outcome = if is_good { "success" } else { "failure" };
        counter!("clerk_key_refreshes_total", "outcome" => outcome).increment(1);
    }

    pub(super) fn cached(operation: &'static str, outcome: &'static str) {
        counter!("clerk_cache_total", "operation" => operation, "outcome" => outcome).increment(1);
    }

    pub(super) fn webhook(outcome: &'static str) {
        counter!("clerk_webhooks_total", "outcome" => outcome).increment(1);
    }

    pub(crate) fn refused(section: &'static str) {
        counter!("clerk_rate_limited_total", "section" => section).increment(1);
    }

    pub(crate) fn waited(section: &'static str) {
        counter!("clerk_gate_waits_total", "section" => section).increment(1);
    }
}

#[cfg(not(feature = "metrics"))]
mod counted {
    use super::{Attempts, Error, OperationInfo, Outcome, StatusCode};

    pub(super) fn call(_: &'static OperationInfo, _: Result<StatusCode, &Error>, _: Attempts) {}

    pub(super) fn judged(_: &Outcome) {}

    pub(super) fn keys(_: bool) {}

    pub(super) fn cached(_: &'static str, _: &'static str) {}

    pub(super) fn webhook(_: &'static str) {}

    pub(crate) fn refused(_: &'static str) {}

    pub(crate) fn waited(_: &'static str) {}
}
