use std::time::Duration;

use clerk_core::{
    authenticate::{
        Authenticator, CallFailure, KeyFailure, KeyNeeded, Need, Outcome, PendingCall, PendingOperation,
        RequestHead, Step, Verification,
    },
    token::KeySet,
};
use tokio::{
    runtime::Handle,
    time::{Instant, timeout_at},
};

use super::{Auth, visit::Visit};
use crate::Clerk;

/// Decides about requests: by itself where it can, and with Clerk's word where it must.
#[derive(Clone, Debug)]
pub(super) struct Judge {
    pub(super) clerk: Clerk,
    pub(super) authenticator: Authenticator,
}

/// A decision that waits for Clerk's word.
pub(super) struct Waiting {
    need: Need,
    visit: Visit,
}

impl Judge {
    /// Begins to decide; what needs nobody's word is decided at once.
    pub(super) fn begin(&self, head: &RequestHead<'_>) -> Result<Auth, Box<Waiting>> {
        let keys = self.clerk.keys().current().unwrap_or_default();
        let step = self.authenticator.start(head, &keys, self.clerk.now());
        let visit = Visit::of(head);
        match step {
            Step::Done(outcome) => Ok(self.auth(outcome, None, visit)),
            Step::Need(need) => Err(Box::new(Waiting { need, visit })),
        }
    }

    fn auth(&self, outcome: Outcome, retry_after: Option<Duration>, visit: Visit) -> Auth {
        Auth::new(outcome, retry_after, self.clerk.clone(), self.authenticator.clone(), visit)
    }

    /// Does what the decision asks for until it is made, or until it has taken too long.
    pub(super) async fn satisfy(self, waiting: Box<Waiting>) -> Auth {
        let Waiting { mut need, visit } = *waiting;
        let mut wait = Wait::until(self.clerk.timeout());
        loop {
            let step = match need {
                Need::Key(key) => self.key(key, &mut wait).await,
                Need::Handshake(call) => self.ask(call, &mut wait).await,
                Need::Refresh(call) => self.ask(call, &mut wait).await,
                Need::ApiKey(call) => self.verify(call, &mut wait).await,
                Need::M2m(call) => self.verify(call, &mut wait).await,
                Need::OAuth(call) => self.verify(call, &mut wait).await,
                other => other.abandon(self.clerk.now()),
            };
            match step {
                Step::Done(outcome) => return self.auth(outcome, wait.retry_after, visit),
                Step::Need(next) => need = next,
            }
        }
    }

    async fn key(&self, key: KeyNeeded, wait: &mut Wait) -> Step {
        let keys = wait.limit(self.clerk.keys().with_key(key.kid())).await;
        let answer: Result<&KeySet, KeyFailure> = match &keys {
            Some(Ok(keys)) => Ok(keys),
            Some(Err(error)) => {
                wait.again_after(Some(error.retry_after()));
                Err(error.failure())
            }
            None => Err(KeyFailure::Unreachable),
        };
        key.resume(answer, self.clerk.now())
    }

    /// Sends the operation that a decision waits for, with whichever key it takes.
    async fn ask<O: PendingOperation>(&self, call: PendingCall<O>, wait: &mut Wait) -> Step {
        let answer = wait.limit(self.clerk.ask(call.operation())).await;
        let now = self.clerk.now();
        let answer = match answer {
            Some(Ok(answer)) => Ok(answer),
            Some(Err(error)) => {
                wait.again_after(error.retry_after(now));
                Err(error.failure())
            }
            None => Err(CallFailure::Unreachable),
        };
        call.resume(answer, now)
    }

    /// Asks Clerk about an opaque token, unless it did so a moment ago and may remember that.
    async fn verify<O: Verification>(&self, call: PendingCall<O>, wait: &mut Wait) -> Step {
        let Some((tokens, digest)) = self.clerk.machine_tokens().zip(call.token_digest()) else {
            return self.ask(call, wait).await;
        };
        let asked = self.clerk.now();
        if let Some(machine) = tokens.get(&digest, asked) {
            return call.resume_known(machine, asked);
        }
        let step = self.ask(call, wait).await;
        if let Step::Done(outcome) = &step
            && let Some(auth) = outcome.machine()
        {
            tokens.insert(digest, auth.facts(), asked);
        }
        step
    }
}

/// How long a decision may still take, and when to try again if it comes to nothing.
struct Wait {
    deadline: Instant,
    retry_after: Option<Duration>,
}

impl Wait {
    fn until(limit: Duration) -> Self {
        let now = Instant::now();
        // A limit beyond all time is none to speak of.
        let deadline = now.checked_add(limit).unwrap_or_else(|| now + Duration::from_secs(86_400));
        Self { deadline, retry_after: None }
    }

    /// What came in time. After the deadline nothing is begun.
    async fn limit<F: Future>(&self, answer: F) -> Option<F::Output> {
        if Handle::try_current().is_err() || Instant::now() >= self.deadline {
            return None;
        }
        timeout_at(self.deadline, answer).await.ok()
    }

    /// The longest of all waits counts.
    fn again_after(&mut self, wait: Option<Duration>) {
        self.retry_after = self.retry_after.max(wait);
    }
}
