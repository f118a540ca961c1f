use std::{
    mem,
    task::{Context, Poll},
    time::Duration,
};

use clerk_core::{
    authenticate::{
        Answer, Authenticator, Call, CallFailure, KeyFailure, KeyNeeded, Need, Outcome, RequestHead, Step,
        Verification,
    },
    token::KeySet,
};
use http::{Request, Response};
use tokio::{
    runtime::Handle,
    time::{Instant, timeout_at},
};
use tower_service::Service;

use super::{Auth, AuthenticateBody, ResponseFuture, layer::FindUri, visit::Visit};
use crate::{Clerk, reject::OnRejection};

/// Authenticates requests and passes them on, but for browsers that have to go to Clerk first. See the [module docs](super) for an example.
#[derive(Clone, Debug)]
pub struct Authenticate<S> {
    pub(super) inner: S,
    pub(super) clerk: Clerk,
    pub(super) authenticator: Authenticator,
    pub(super) on_rejection: Option<OnRejection>,
    pub(super) original_uri: FindUri,
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for Authenticate<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone,
{
    type Response = Response<AuthenticateBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S, ReqBody>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        // The service that was polled ready is the one to call; its clone is not.
        let clone = self.inner.clone();
        let inner = mem::replace(&mut self.inner, clone);

        let answering = self.on_rejection.as_ref().map(|handler| handler.for_request(&request));
        let decided = Auth::from_extensions(request.extensions());
        if decided.is_some_and(|auth| auth.is_by(&self.clerk, &self.authenticator)) {
            return ResponseFuture::decided_outside(inner, request, answering);
        }
        let keys = self.clerk.keys().current().unwrap_or_default();
        let uri = (self.original_uri)(request.extensions()).unwrap_or_else(|| request.uri());
        let head = RequestHead::new(request.method(), uri, request.headers());
        let step = self.authenticator.start(&head, &keys, self.clerk.now());
        let visit = Visit::of(uri, request.headers());
        match step {
            Step::Done(outcome) => {
                ResponseFuture::decided(inner, request, self.auth(outcome, None, visit), answering)
            }
            Step::Need(need) => {
                let this = Authenticate {
                    inner: (),
                    clerk: self.clerk.clone(),
                    authenticator: self.authenticator.clone(),
                    on_rejection: None,
                    original_uri: self.original_uri,
                };
                let decision = async move { this.satisfy(need, visit).await };
                ResponseFuture::waiting(inner, request, decision, answering)
            }
        }
    }
}

impl<S> Authenticate<S> {
    fn auth(&self, outcome: Outcome, retry_after: Option<Duration>, visit: Visit) -> Auth {
        Auth::new(outcome, retry_after, self.clerk.clone(), self.authenticator.clone(), visit)
    }

    /// Does what the decision asks for until it is made, or until it has taken too long.
    async fn satisfy(self, mut need: Need, visit: Visit) -> Auth {
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
    async fn ask<O: Answer>(&self, call: Call<O>, wait: &mut Wait) -> Step {
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
    async fn verify<O: Verification>(&self, call: Call<O>, wait: &mut Wait) -> Step {
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
            tokens.insert(digest, auth.machine(), asked);
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
