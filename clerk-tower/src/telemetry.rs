//! Everything that is logged through `tracing` and counted through `metrics`. `telemetry.md` has the tables.
//!
//! No token, key, address, id or string from a request is recorded, except for cleaned host names that a token
//! contains. Warnings are limited to one a minute for each cause. Those about how the application was built have no limit:
//! each is logged once.

use std::{fmt::Display, future::Future, time::Duration};

use clerk_core::{
    OperationInfo, Timestamp,
    authenticate::{BadRequest, Diagnosis, NoSignInPage, Outcome},
    webhook::{Delivery, Event},
};
use http::{Response, StatusCode};
use tracing::{Instrument as _, Level, Span, field::Empty};

use crate::{
    Error, ErrorKind,
    clock::{Clock as _, SystemClock},
    error::Attempts,
    log_limiter::{LogLimiter, PROCESS},
};

pub(crate) use self::counters::{rate_limit_heard, rate_limited};

/// Logs a warning, at most once a minute for each cause. Strangers can cause most lines, so a test checks that warnings are
/// logged only through this macro, or once for each object that the application creates.
macro_rules! limited {
    ($limiter:expr, $now:expr, $cause:expr, $target:literal, $({ $($field:tt)* },)? $(detail = $detail:expr,)? $message:literal) => {
        // Before the limiter: a line that is filtered out must not count as logged.
        if tracing::enabled!(target: $target, Level::WARN)
            && let Some(suppressed) = $limiter.check($cause, $now)
        {
            tracing::warn!(target: $target, $($($field)*,)? suppressed, $(detail = %$detail,)? $message);
        }
    };
}

/// One call, from its first attempt to its response.
pub(crate) struct Call {
    info: &'static OperationInfo,
    span: Span,
}

impl Call {
    /// Opens the call's span, with OpenTelemetry's names for HTTP clients. The path is the template: ids stay out.
    pub(crate) fn start(info: &'static OperationInfo) -> Self {
        let span = tracing::debug_span!(
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
        );
        Self { info, span }
    }

    /// Runs the call inside its span.
    pub(crate) async fn during<F: Future>(&self, call: F) -> F::Output {
        call.instrument(self.span.clone()).await
    }

    /// Records how the call ended: with a response's status, or with an error.
    pub(crate) fn end(self, result: Result<StatusCode, &Error>, attempts: Attempts) {
        counters::call(self.info, result, attempts);
        let status = result.map_or_else(Error::status, Some);
        if let Some(status) = status {
            self.span.record("http.response.status_code", status.as_u16());
        }
        if attempts.made > 1 {
            self.span.record("http.request.resend_count", attempts.made.saturating_sub(1));
        }
        if let Err(error) = result {
            self.span.record("error.type", error.phase());
            if let Some(trace_id) = error.trace_id() {
                self.span.record("clerk.trace_id", trace_id);
            }
        }
        let operation = self.info.id;
        self.span.in_scope(|| match result {
            Ok(_) => tracing::debug!(target: "clerk::call", operation, "call succeeded"),
            Err(error) => call_failed(operation, error, status),
        });
    }
}

fn call_failed(operation: &'static str, error: &Error, status: Option<StatusCode>) {
    tracing::debug!(target: "clerk::call", operation, error = %error.with_sources(), "call failed");
    if !is_outage(error) {
        return;
    }
    // Each status is a cause of its own.
    let cause = status.as_ref().map_or(error.phase(), StatusCode::as_str);
    let fields = error.with_sources();
    limited!(&PROCESS, SystemClock.now(), cause, "clerk::call", { operation, error = %fields }, "calls to Clerk fail");
}

/// A call is sent again after a pause.
pub(crate) fn retrying<B>(
    info: Option<&'static OperationInfo>,
    result: &Result<Response<B>, Error>,
    pause: Duration,
) {
    let operation = info.map(|info| info.id);
    // As in the warning about calls that fail.
    let status = result.as_ref().map(Response::status);
    let cause = status.as_ref().map_or_else(|error| error.phase(), StatusCode::as_str);
    tracing::debug!(target: "clerk::call", operation, cause, ?pause, "sending the call again");
}

/// A call waits for its turn, because Clerk limits the rate.
pub(crate) fn waiting_at_gate(section: &'static str, pause: Duration) {
    counters::waited_at_gate(section);
    tracing::debug!(target: "clerk::call", section, ?pause, "waiting because of a rate limit");
}

/// Whether the connection to Clerk is in trouble, as opposed to what was asked.
fn is_outage(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::Build(_) | ErrorKind::Config(_) => false,
        ErrorKind::Status(_) => error.status().is_some_and(|status| {
            matches!(status, StatusCode::UNAUTHORIZED | StatusCode::TOO_MANY_REQUESTS)
                || status.is_server_error()
        }),
        _ => true,
    }
}

/// A request was authenticated, or was not.
pub(crate) fn decided(outcome: &Outcome) {
    counters::decided(outcome);
    tracing::debug!(
        target: "clerk::auth",
        status = outcome.status().as_str(),
        reason = outcome.reason().map(|reason| reason.as_str()),
        undecided = outcome.is_undecided(),
        "decided about a request"
    );
    if let Some(bad) = outcome.bad_request() {
        tracing::debug!(target: "clerk::auth", problem = bad_request_name(bad), "rejected a request with 400");
    }
    if let Some(refusal) = outcome.refused_handshake() {
        let reason = refusal.reason().map(|reason| reason.as_str());
        tracing::debug!(target: "clerk::auth", part = refusal.part(), reason, "refused a handshake");
    }
    let dropped = outcome.dropped_cookies();
    if dropped > 0 {
        let (now, cause) = (SystemClock.now(), "cookies that cannot be set");
        limited!(&PROCESS, now, cause, "clerk::auth", { dropped }, "Clerk sent cookies that cannot be set");
    }
}

const fn bad_request_name(bad: BadRequest) -> &'static str {
    match bad {
        BadRequest::HandshakeSignature => "handshake-signature",
        BadRequest::HandshakeToken => "handshake-token",
        BadRequest::RedirectUrl => "redirect-url",
        BadRequest::SeveralHosts => "several-hosts",
        _ => "other",
    }
}

/// Logs what is probably wrong with the configuration. `find` looks for it, and only runs if the line is enabled.
pub(crate) fn diagnosed(
    limiter: &LogLimiter,
    now: impl FnOnce() -> Timestamp,
    find: impl FnOnce(Timestamp) -> Option<Diagnosis>,
) {
    // The search is skipped as well.
    if !tracing::enabled!(target: "clerk::auth", Level::WARN) {
        return;
    }
    let now = now();
    let Some(diagnosis) = find(now) else { return };
    let cause = diagnosis.code();
    // The causes of a redirect loop that are found on its way. They explain why it reaches the limit.
    const CAUSES: [&str; 7] = [
        "handshake-keys",
        "handshake-refused",
        "cookies-not-kept",
        "cookies-blocked",
        "other-party",
        "clock-ahead",
        "clock-behind",
    ];
    if matches!(diagnosis, Diagnosis::RedirectLoop(_)) && limiter.has_logged(&CAUSES, now) {
        return;
    }
    limited!(limiter, now, cause, "clerk::auth", { cause }, detail = diagnosis, "configuration problem");
}

/// A request was rejected for a reason that its sender cannot change. Webhooks, and the proxy's 502, have lines of
/// their own.
pub(crate) fn rejected(status: StatusCode, code: &str, message: &str) {
    let is_failure = matches!(status, StatusCode::INTERNAL_SERVER_ERROR | StatusCode::SERVICE_UNAVAILABLE);
    if is_failure && !code.starts_with("webhook") {
        let (now, status) = (SystemClock.now(), status.as_u16());
        limited!(&PROCESS, now, code, "clerk::auth", { status, code }, detail = message, "rejected a request");
    }
}

/// A layer was created that authenticates nothing.
pub(crate) fn insecure_identity() {
    tracing::warn!(target: "clerk::auth", "authentication is off, every request gets the configured identity");
}

/// A rule of the application rejects requests with a code that is not valid.
pub(crate) fn invalid_code() {
    let (now, cause) = (SystemClock.now(), "invalid-code");
    limited!(&PROCESS, now, cause, "clerk::auth", "a guard has an invalid code, responds with check-failed");
}

/// A guard that redirects to the sign-in page does not know it.
pub(crate) fn no_sign_in_page(error: NoSignInPage) {
    tracing::warn!(target: "clerk::auth", %error, "guard cannot redirect to the sign-in page, responds with 401");
}

/// A visitor is sent to the Account Portal, although the Frontend API is behind a proxy.
pub(crate) fn guessed_sign_in_page(limiter: &LogLimiter, now: Timestamp) {
    if tracing::enabled!(target: "clerk::auth", Level::WARN) && limiter.is_first("sign-in-page", now) {
        tracing::warn!(
            target: "clerk::auth",
            cause = "sign-in-page",
            detail = "visitors are sent to the sign-in page of Clerk's Account Portal, by the publishable key. The Frontend \
                      API is behind a proxy, so the portal may not exist: set sign_in_url if you have a page of your own",
            "configuration problem"
        );
    }
}

/// What the authorization server serves as its metadata cannot be passed on.
pub(crate) fn unusable_metadata(limiter: &LogLimiter, now: Timestamp, problem: &'static str) {
    limited!(
        limiter,
        now,
        problem,
        "clerk::auth",
        detail = problem,
        "cannot pass on the authorization server's metadata, MCP clients may get 503"
    );
}

/// The headers of a decision were not added to a response.
///
/// Not a warning: it also happens whenever a client hangs up. That a browser did not get its cookies is noticed when it
/// comes back without them.
pub(crate) fn headers_dropped() {
    tracing::debug!(target: "clerk::auth", "a decision's headers were not added to a response");
}

/// The publishable key and the secret key are of different instances.
pub(crate) fn keys_differ() {
    tracing::warn!(
        target: "clerk::auth",
        cause = "other-instance",
        detail = "one of secret_key and publishable_key belongs to a development instance (_test_), the other to a \
                  production instance (_live_): copy both from the API keys page of one instance",
        "configuration problem"
    );
}

/// A variable of the environment is set under a name that is not read.
pub(crate) fn misnamed(problem: &dyn Display) {
    tracing::warn!(target: "clerk::auth", cause = "other-variable", detail = %problem, "configuration problem");
}

/// The instance's keys were fetched.
pub(crate) fn keys_fetched() {
    counters::keys(true);
    tracing::debug!(target: "clerk::keys", "fetched the instance's keys");
}

/// The instance's keys could not be fetched.
pub(crate) fn keys_not_fetched(error: &dyn Display) {
    counters::keys(false);
    let (now, cause) = (SystemClock.now(), "keys not fetched");
    limited!(&PROCESS, now, cause, "clerk::keys", { %error }, "cannot fetch the instance's keys, requests may get 503");
}

/// A token names an unknown key, and Clerk is not asked about it, because there were too many of them.
pub(crate) fn too_many_key_ids() {
    counters::too_many_key_ids();
    let (now, cause) = (SystemClock.now(), "too-many-key-ids");
    limited!(
        &PROCESS,
        now,
        cause,
        "clerk::keys",
        "too many tokens with unknown key ids, some requests get 503"
    );
}

/// This computer's clock is so many seconds ahead of Clerk's; behind, if the number is negative.
pub(crate) fn clock_differs(seconds: i64) {
    let direction = if seconds < 0 { "behind" } else { "ahead of" };
    let cause = format!("clock {direction}");
    let detail = format!(
        "this computer's clock is {} s {direction} Clerk's: good tokens are rejected if the difference is larger than \
         clock_skew; check time synchronization (NTP)",
        seconds.unsigned_abs(),
    );
    let now = SystemClock.now();
    limited!(&PROCESS, now, &cause, "clerk::keys", { cause = "clock", seconds }, detail = detail, "configuration problem");
}

/// A memory that has reached its bound evicted an entry.
pub(crate) fn evicted(memory: &'static str) {
    counters::evicted(memory);
}

/// A revocation was forgotten early, because there were too many.
pub(crate) fn revocation_evicted() {
    counters::evicted("revocations");
    let (now, cause) = (SystemClock.now(), "too-many-revocations");
    limited!(
        &PROCESS,
        now,
        cause,
        "clerk::auth",
        "too many sessions were revoked, the tokens of some are accepted until they expire"
    );
}

/// A request has an opaque machine token: Clerk is asked about it, the call is shared, or the result is remembered.
pub(crate) fn machine_token(outcome: &'static str) {
    counters::machine_token(outcome);
}

/// A call that a decision waits for begins (1) or ends (-1).
pub(crate) fn decision_call(group: &'static str, change: f64) {
    counters::decision_call(group, change);
}

/// A call that a decision waits for was not made, because there are as many as allowed.
pub(crate) fn too_many_decision_calls(group: &'static str) {
    counters::decision_call_refused(group);
    let now = SystemClock.now();
    limited!(
        &PROCESS,
        now,
        group,
        "clerk::auth",
        { group },
        "too many calls to Clerk for decisions, some requests get 503"
    );
}

/// The cache was asked for a value.
pub(crate) fn cached(operation: &'static str, outcome: &'static str) {
    counters::cached(operation, outcome);
    tracing::debug!(target: "clerk::cache", operation, outcome, "cache lookup");
}

/// A request was forwarded to the Frontend API.
pub(crate) fn proxied(status: StatusCode) {
    tracing::debug!(target: "clerk::proxy", status = status.as_u16(), "forwarded a request");
}

/// A request could not be forwarded to the Frontend API. Each phase is a cause of its own.
pub(crate) fn not_proxied(phase: &'static str) {
    let cause = format!("proxy {phase}");
    limited!(&PROCESS, SystemClock.now(), &cause, "clerk::proxy", { phase }, "cannot forward requests");
}

/// A request was not forwarded, or no longer, because too many others are.
pub(crate) fn proxy_busy() {
    counters::proxy_busy();
    let (now, cause) = (SystemClock.now(), "proxy-busy");
    limited!(&PROCESS, now, cause, "clerk::proxy", "too many requests are being forwarded, some get 503");
}

/// The link to the other processes of a fleet was made or lost.
pub(crate) fn fleet_link(state: &'static str) {
    counters::fleet_link(state);
    tracing::debug!(target: "clerk::fleet", state, "link to the other processes");
}

/// A message to or from other processes.
pub(crate) fn fleet_message(direction: &'static str) {
    counters::fleet_message(direction);
}

/// Something that another process wrote cannot be read.
pub(crate) fn fleet_unreadable() {
    let (now, cause) = (SystemClock.now(), "fleet-unreadable");
    limited!(
        &PROCESS,
        now,
        cause,
        "clerk::fleet",
        "what another process told cannot be read, it may have another version of this crate"
    );
}

/// The engine of a fleet failed to do something. Each kind of failure is a cause of its own.
pub(crate) fn fleet_failed(task: &'static str, kind: &'static str, error: &dyn std::error::Error) {
    counters::fleet_failed(task, kind);
    let (now, cause) = (SystemClock.now(), format!("fleet {kind}"));
    let error = with_sources(error);
    limited!(&PROCESS, now, &cause, "clerk::fleet", { task, kind, error = %error }, "the fleet's engine fails, this process acts on its own");
}

/// Another process took over what this one was doing: it stood still for too long, or the engine lost what it stored.
pub(crate) fn fleet_lease_lost(task: &'static str) {
    counters::fleet_lease_lost(task);
    tracing::debug!(target: "clerk::fleet", task, "another process took over");
}

/// What became of a look-up in the second level of the cache.
pub(crate) fn second_level(outcome: &'static str) {
    counters::second_level(outcome);
    tracing::debug!(target: "clerk::cache", outcome, "second level of the cache");
}

/// Runs a look-up in the second level of the cache inside its span.
pub(crate) async fn second_level_span<F: Future>(info: &'static OperationInfo, look: F) -> F::Output {
    let span = tracing::debug_span!(target: "clerk::cache", "clerk.second_level", clerk.operation = info.id);
    look.instrument(span).await
}

/// A response in the second level of the cache is not one that a process with the same keys stored.
pub(crate) fn second_level_unreadable() {
    counters::second_level("unreadable");
    let (now, cause) = (SystemClock.now(), "second-level-unreadable");
    limited!(
        &PROCESS,
        now,
        cause,
        "clerk::cache",
        "a response in the second level of the cache cannot be read, so Clerk is asked"
    );
}

/// An error with its causes.
pub(crate) fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// A webhook delivery was accepted. `outcome` says what happened to it.
pub(crate) fn webhook(kind: &str, outcome: &'static str) {
    counters::webhook(outcome);
    tracing::debug!(target: "clerk::webhook", kind, outcome, "webhook delivery");
}

/// A webhook delivery was rejected. Anyone may post to the endpoint, so each cause is limited.
pub(crate) fn webhook_rejected(limiter: &LogLimiter, now: Timestamp, code: &str, detail: &str) {
    counters::webhook(if code == "webhook-busy" { "busy" } else { "refused" });
    limited!(limiter, now, code, "clerk::webhook", { code }, detail = detail, "rejected a webhook delivery");
}

/// The body of a webhook delivery did not arrive. That is its sender's doing, so it is no warning.
pub(crate) fn webhook_not_received(code: &str) {
    counters::webhook("refused");
    tracing::debug!(target: "clerk::webhook", code, "body of a webhook delivery not received");
}

/// Returns an event's type for the log. An unknown type is an arbitrary string, so it is logged as `other`.
pub(crate) fn webhook_kind(event: &Event) -> &str {
    if matches!(event, Event::Other { .. }) { "other" } else { event.kind() }
}

/// A delivery was verified. Says which part of it does not have the expected shape, if any. Each type of event is a cause
/// of its own.
pub(crate) fn webhook_shape(limiter: &LogLimiter, now: Timestamp, delivery: &Delivery) {
    let detail = match &delivery.event {
        Event::Unreadable { problem, .. } => problem.clone(),
        _ if delivery.assumed.is_empty() => return,
        _ => format!("missing, so assumed: {}", delivery.assumed.join(", ")),
    };
    let kind = webhook_kind(&delivery.event);
    let cause = format!("shape of {kind}");
    limited!(
        limiter,
        now,
        &cause,
        "clerk::webhook",
        { kind },
        detail = detail,
        "webhook event has an unexpected shape"
    );
}

/// A webhook handler failed; Clerk will deliver again.
pub(crate) fn webhook_failed(limiter: &LogLimiter, now: Timestamp, kind: &str, how: &'static str) {
    counters::webhook("failed");
    let cause = format!("{how} {kind}");
    limited!(
        limiter,
        now,
        &cause,
        "clerk::webhook",
        { kind, how },
        "webhook handler failed, Clerk will retry the delivery"
    );
}

#[cfg(feature = "metrics")]
mod counters {
    use metrics::{counter, gauge};

    use super::{Attempts, Error, OperationInfo, Outcome, StatusCode};

    pub(super) fn call(info: &'static OperationInfo, result: Result<StatusCode, &Error>, attempts: Attempts) {
        let outcome = result.map_or_else(Error::phase, |_| "success");
        counter!("clerk_calls_total", "operation" => info.id, "outcome" => outcome).increment(1);
        if attempts.made > 1 {
            let retries = u64::from(attempts.made.saturating_sub(1));
            counter!("clerk_retries_total", "operation" => info.id).increment(retries);
        }
    }

    pub(super) fn decided(outcome: &Outcome) {
        let reason = outcome.reason().map_or("", |reason| reason.as_str()).to_owned();
        counter!("clerk_decisions_total", "status" => outcome.status().as_str(), "reason" => reason)
            .increment(1);
    }

    pub(super) fn keys(is_good: bool) {
        let outcome = if is_good { "success" } else { "failure" };
        counter!("clerk_key_refreshes_total", "outcome" => outcome).increment(1);
    }

    pub(super) fn evicted(memory: &'static str) {
        counter!("clerk_evictions_total", "memory" => memory).increment(1);
    }

    pub(super) fn machine_token(outcome: &'static str) {
        counter!("clerk_machine_tokens_total", "outcome" => outcome).increment(1);
    }

    pub(super) fn decision_call(group: &'static str, change: f64) {
        gauge!("clerk_decision_calls", "group" => group).increment(change);
    }

    pub(super) fn decision_call_refused(group: &'static str) {
        counter!("clerk_decision_calls_refused_total", "group" => group).increment(1);
    }

    pub(super) fn proxy_busy() {
        counter!("clerk_proxy_busy_total").increment(1);
    }

    pub(super) fn too_many_key_ids() {
        counter!("clerk_unknown_key_ids_refused_total").increment(1);
    }

    pub(super) fn fleet_link(state: &'static str) {
        counter!("clerk_fleet_links_total", "state" => state).increment(1);
    }

    pub(super) fn fleet_message(direction: &'static str) {
        counter!("clerk_fleet_messages_total", "direction" => direction).increment(1);
    }

    pub(super) fn fleet_failed(task: &'static str, kind: &'static str) {
        counter!("clerk_fleet_failures_total", "task" => task, "kind" => kind).increment(1);
    }

    pub(super) fn fleet_lease_lost(task: &'static str) {
        counter!("clerk_fleet_leases_lost_total", "task" => task).increment(1);
    }

    pub(super) fn second_level(outcome: &'static str) {
        counter!("clerk_second_level_total", "outcome" => outcome).increment(1);
    }

    pub(super) fn cached(operation: &'static str, outcome: &'static str) {
        counter!("clerk_cache_total", "operation" => operation, "outcome" => outcome).increment(1);
    }

    pub(super) fn webhook(outcome: &'static str) {
        counter!("clerk_webhooks_total", "outcome" => outcome).increment(1);
    }

    pub(crate) fn rate_limited(section: &'static str) {
        counter!("clerk_rate_limited_total", "section" => section).increment(1);
    }

    pub(crate) fn rate_limit_heard(section: &'static str) {
        counter!("clerk_rate_limits_heard_total", "section" => section).increment(1);
    }

    pub(super) fn waited_at_gate(section: &'static str) {
        counter!("clerk_gate_waits_total", "section" => section).increment(1);
    }
}

/// Without the feature `metrics` nothing is counted.
#[cfg(not(feature = "metrics"))]
mod counters {
    use super::{Attempts, Error, OperationInfo, Outcome, StatusCode};

    pub(super) fn call(_: &'static OperationInfo, _: Result<StatusCode, &Error>, _: Attempts) {}

    pub(super) fn decided(_: &Outcome) {}

    pub(super) fn keys(_: bool) {}

    pub(super) fn evicted(_: &'static str) {}

    pub(super) fn machine_token(_: &'static str) {}

    pub(super) fn decision_call(_: &'static str, _: f64) {}

    pub(super) fn decision_call_refused(_: &'static str) {}

    pub(super) fn proxy_busy() {}

    pub(super) fn too_many_key_ids() {}

    pub(super) fn fleet_link(_: &'static str) {}

    pub(super) fn fleet_message(_: &'static str) {}

    pub(super) fn fleet_failed(_: &'static str, _: &'static str) {}

    pub(super) fn fleet_lease_lost(_: &'static str) {}

    pub(super) fn second_level(_: &'static str) {}

    pub(super) fn cached(_: &'static str, _: &'static str) {}

    pub(super) fn webhook(_: &'static str) {}

    pub(crate) fn rate_limited(_: &'static str) {}

    pub(crate) fn rate_limit_heard(_: &'static str) {}

    pub(super) fn waited_at_gate(_: &'static str) {}
}
