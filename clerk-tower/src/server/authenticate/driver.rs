use std::{sync::Arc, time::Duration};

use clerk_core::{
    Timestamp,
    authenticate::{
        AuthenticateOptions, Authenticator, CallFailure, KeyFailure, KeyNeeded, Need, OptionsError, Outcome,
        PendingCall, PendingOperation, RequestHead, Step, Verification,
    },
    token::KeySet,
};
use tokio::time::{Instant, timeout_at};

use super::{Auth, auth::Target, insecure::Prepared};
use crate::{Clerk, ClerkVerifier, Error, ErrorKind, clerk::DecisionCalls, keys::Verdict, runtime};

/// Drives decisions about requests: makes the calls that a suspended decision waits for.
///
/// The decision itself is made in `clerk-core`, which does no I/O and reads no clock.
#[derive(Clone, Debug)]
pub(super) struct Driver {
    pub(super) clerk: Clerk,
    pub(super) authenticator: Authenticator,
    /// The identity of every request, instead of a decision.
    pub(super) identity: Option<Arc<Prepared>>,
    /// Whether it decides for a protected resource, for everything beneath it.
    pub(super) is_for_resource: bool,
}

/// A driver for each instance of a service, of which most have one.
#[derive(Clone, Debug)]
pub(super) struct Drivers {
    first: Arc<Driver>,
    others: Arc<[Arc<Driver>]>,
}

impl From<Driver> for Drivers {
    fn from(first: Driver) -> Self {
        Self { first: Arc::new(first), others: Arc::default() }
    }
}

impl Drivers {
    /// `None` without a driver.
    pub(super) fn of(drivers: Vec<Driver>) -> Option<Self> {
        let mut drivers = drivers.into_iter().map(Arc::new);
        Some(Self { first: drivers.next()?, others: drivers.collect() })
    }

    /// Returns the driver that decides about this request.
    pub(super) fn for_request(&self, head: &RequestHead<'_>) -> &Arc<Driver> {
        if self.others.is_empty() {
            return &self.first;
        }
        let authenticators: Vec<&Authenticator> = self.iter().map(|driver| &driver.authenticator).collect();
        self.iter().nth(Authenticator::choose(&authenticators, head)).unwrap_or(&self.first)
    }

    fn iter(&self) -> impl Iterator<Item = &Arc<Driver>> {
        std::iter::once(&self.first).chain(&*self.others)
    }

    /// Whether a layer with these drivers would not decide again: it made this decision, or a protected resource of the same
    /// instance did, for everything beneath it.
    pub(super) fn accept(&self, decided: &Auth) -> bool {
        let is_of_resource = decided.is_for_resource() && !self.first.is_for_resource;
        self.iter().any(|driver| decided.is_by(driver) || (is_of_resource && decided.holds_for(driver)))
    }

    pub(super) async fn decide(&self, head: &RequestHead<'_>) -> Auth {
        let driver = self.for_request(head);
        match driver.start(head, Target::of(head.uri())) {
            Ok(auth) => auth,
            Err(waiting) => driver.clone().satisfy(waiting).await,
        }
    }
}

/// A suspended decision, which waits for a response from Clerk.
pub(super) struct Waiting {
    need: Need,
    target: Target,
}

impl Driver {
    /// Decides with other options than those that the client was built with.
    pub(super) fn with_options(
        clerk: &ClerkVerifier,
        options: AuthenticateOptions,
    ) -> Result<Self, OptionsError> {
        let clerk = clerk.client();
        Authenticator::new(clerk.pin(options)?).map(|authenticator| Self::new(clerk, authenticator))
    }

    pub(super) fn new(clerk: &Clerk, authenticator: Authenticator) -> Self {
        Self { clerk: clerk.clone(), authenticator, identity: None, is_for_resource: false }
    }

    /// Decides nothing: every request has the same identity.
    pub(super) fn of_identity(prepared: Prepared) -> Self {
        let (clerk, authenticator) = (prepared.clerk.clone(), prepared.authenticator.clone());
        Self { clerk, authenticator, identity: Some(Arc::new(prepared)), is_for_resource: false }
    }

    /// Starts a decision. Most requests are decided at once, without a future.
    pub(super) fn start(
        self: &Arc<Self>,
        head: &RequestHead<'_>,
        target: Target,
    ) -> Result<Auth, Box<Waiting>> {
        if let Some(identity) = &self.identity {
            return Ok(Auth::new(identity.outcome.clone(), None, self.clone(), target));
        }
        self.clerk.wake();
        let now = self.clerk.now();
        let step = self.clerk.keys().with_current(now, |keys| match keys {
            Some(keys) => self.authenticator.start(head, keys, now),
            None => self.authenticator.start(head, &KeySet::default(), now),
        });
        match step {
            Step::Done(outcome) => Ok(self.auth(outcome, None, target)),
            Step::Need(need) => Err(Box::new(Waiting { need, target })),
        }
    }

    #[inline]
    fn auth(self: &Arc<Self>, outcome: Outcome, retry_after: Option<Duration>, target: Target) -> Auth {
        // Last of all: a session may have been revoked while its decision waited for Clerk.
        let outcome = match outcome.session_or_pending() {
            Some(session) if self.clerk.is_revoked(session.claims()) => outcome.session_revoked(),
            _ => outcome,
        };
        Auth::new(outcome, retry_after, self.clone(), target)
    }

    /// Makes the calls that the decision waits for, until it is made or the timeout has passed.
    pub(super) async fn satisfy(self: Arc<Self>, waiting: Box<Waiting>) -> Auth {
        let Waiting { mut need, target } = *waiting;
        let mut wait = Wait::until(self.clerk.decision_timeout());
        loop {
            let step = match need {
                Need::Key(key) => self.key(key, &mut wait).await,
                Need::Handshake(call) => self.ask(call, &mut wait).await,
                Need::Refresh(call) => self.ask(call, &mut wait).await,
                Need::ApiKey(call) => self.verify(call, &mut wait).await,
                Need::M2m(call) => self.verify(call, &mut wait).await,
                Need::OAuth(call) => self.verify(call, &mut wait).await,
                // `Need` is non-exhaustive: a kind that is added later is left undecided, so the request is not
                // accepted.
                other => other.abandon(self.clerk.now()),
            };
            match step {
                Step::Done(outcome) => return self.auth(outcome, wait.retry_after, target),
                Step::Need(next) => need = next,
            }
        }
    }

    async fn key(&self, key: KeyNeeded, wait: &mut Wait) -> Step {
        let found = wait.limit(self.clerk.keys().meet(&key)).await;
        let now = self.clerk.now();
        match found {
            Some(Ok(found)) if found.is_old => key.resume_old(&found.keys, KeyFailure::Unreachable, now),
            Some(Ok(found)) => key.resume(Ok(&found.keys), now),
            Some(Err(error)) => {
                wait.again_after(Some(error.retry_after()));
                key.resume(Err(error.failure()), now)
            }
            None => key.resume(Err(KeyFailure::Unreachable), now),
        }
    }

    /// Sends the operation that a decision about a browser waits for, with any key that it accepts.
    async fn ask<O: PendingOperation>(&self, call: PendingCall<O>, wait: &mut Wait) -> Step {
        let answer = self.clerk.send_for_decision(call.operation(), DecisionCalls::BROWSERS);
        let answer = wait.limit(answer).await;
        let now = self.clerk.now();
        let answer = match answer {
            Some(Ok(answer)) => Ok(answer),
            Some(Err(error)) => {
                wait.again_after(retry_after(&error, now));
                Err(error.failure())
            }
            None => Err(CallFailure::Unreachable),
        };
        call.resume(answer, now)
    }

    /// Verifies an opaque token with a call to Clerk, which concurrent requests with the same token share, unless Clerk
    /// said a moment ago whether it is valid.
    async fn verify<O>(&self, call: PendingCall<O>, wait: &mut Wait) -> Step
    where
        O: Verification<Output: Send> + Clone + Send + Sync + 'static,
    {
        let tokens = self.clerk.machine_tokens();
        // The decision is only suspended because of a token, so it has a digest.
        let Some(digest) = call.token_digest() else {
            return call.resume_known(Err(CallFailure::Unsendable), self.clerk.now());
        };
        if let Some(verified) = tokens.remembered(&digest) {
            return call.resume_known(verified, self.clerk.now());
        }
        let ask = || {
            let (clerk, operation) = (self.clerk.clone(), call.operation().clone());
            async move {
                match clerk.send_for_decision(&operation, DecisionCalls::MACHINES).await {
                    Ok(verified) => Verdict::from(Ok(O::facts(verified))),
                    Err(error) => {
                        let retry_after = retry_after(&error, clerk.now());
                        Verdict { verified: Err(error.failure()), retry_after }
                    }
                }
            }
        };
        let verdict = wait.limit(tokens.verify(digest, ask)).await;
        let verdict = verdict.unwrap_or_else(|| Err(CallFailure::Unreachable).into());
        wait.again_after(verdict.retry_after);
        call.resume_known(verdict.verified, self.clerk.now())
    }
}

/// When to try again after a failed call.
fn retry_after(error: &Error, now: Timestamp) -> Option<Duration> {
    match error.kind() {
        // One of the calls in flight ends soon.
        ErrorKind::Overloaded => Some(Duration::from_secs(1)),
        _ => error.retry_after(now),
    }
}

/// The deadline of a decision, and when to try again if it is not made.
struct Wait {
    deadline: Instant,
    retry_after: Option<Duration>,
}

impl Wait {
    fn until(limit: Duration) -> Self {
        let now = Instant::now();
        // If the deadline overflows, a day is used instead.
        let deadline = now.checked_add(limit).unwrap_or_else(|| now + Duration::from_secs(86_400));
        Self { deadline, retry_after: None }
    }

    /// Awaits a future until the deadline. After the deadline it is not polled at all.
    async fn limit<F: Future>(&self, answer: F) -> Option<F::Output> {
        // `Clerk::authenticate` may run anywhere, and must not panic.
        if runtime::current().is_err() || Instant::now() >= self.deadline {
            return None;
        }
        timeout_at(self.deadline, answer).await.ok()
    }

    /// Records a `Retry-After`. The longest one is kept: the decision needs all of its calls.
    fn again_after(&mut self, wait: Option<Duration>) {
        self.retry_after = self.retry_after.max(wait);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_limit_without_an_end_is_not_in_the_past() {
        for limit in [Duration::MAX, Duration::from_secs(1)] {
            let wait = Wait::until(limit);
            assert_eq!(wait.limit(async { 1 }).await, Some(1), "{limit:?}");
        }
        assert_eq!(Wait::until(Duration::ZERO).limit(async { 1 }).await, None);
    }
}
