use std::{
    mem,
    task::{Context, Poll},
    time::Duration,
};

use clerk_core::{
    authenticate::{Answer, Authenticator, Call, KeyFailure, Need, Outcome, RequestHead, Step},
    token::KeySet,
};
use http::{Request, Response};
use tower_service::Service;

use super::{Auth, AuthenticateBody, ResponseFuture, visit::Visit};
use crate::{Clerk, jwks::KeysError};

/// Authenticates requests and passes all of them on. See the [module docs](super) for an example.
#[derive(Clone, Debug)]
pub struct Authenticate<S> {
    pub(super) inner: S,
    pub(super) clerk: Clerk,
    pub(super) authenticator: Authenticator,
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

        let decided = Auth::from_extensions(request.extensions());
        if decided.is_some_and(|auth| auth.is_by(&self.clerk, &self.authenticator)) {
            return ResponseFuture::decided_outside(inner, request);
        }
        let keys = self.clerk.keys().current().unwrap_or_default();
        let step = self.authenticator.start(&RequestHead::from(&request), &keys, self.clerk.now());
        let visit = Visit::of(request.uri(), request.headers());
        match step {
            Step::Done(outcome) => ResponseFuture::decided(inner, request, self.auth(outcome, None, visit)),
            Step::Need(need) => {
                let this = Authenticate {
                    inner: (),
                    clerk: self.clerk.clone(),
                    authenticator: self.authenticator.clone(),
                };
                ResponseFuture::waiting(inner, request, async move { this.satisfy(need, visit).await })
            }
        }
    }
}

impl<S> Authenticate<S> {
    fn auth(&self, outcome: Outcome, retry_after: Option<Duration>, visit: Visit) -> Auth {
        Auth::new(outcome, retry_after, self.clerk.clone(), self.authenticator.clone(), visit)
    }

    /// Does what the decision asks for until it is made.
    async fn satisfy(self, mut need: Need, visit: Visit) -> Auth {
        let mut retry_after = None;
        loop {
            let step = match need {
                Need::Key(key) => {
                    let keys = self.clerk.keys().with_key(key.kid()).await;
                    retry_after = keys.as_ref().err().map(KeysError::retry_after);
                    let answer: Result<&KeySet, KeyFailure> = keys.as_ref().map_err(KeysError::failure);
                    key.resume(answer, self.clerk.now())
                }
                Need::Handshake(call) => self.ask(call, &mut retry_after).await,
                Need::Refresh(call) => self.ask(call, &mut retry_after).await,
                Need::ApiKey(call) => self.ask(call, &mut retry_after).await,
                Need::M2m(call) => self.ask(call, &mut retry_after).await,
                Need::OAuth(call) => self.ask(call, &mut retry_after).await,
                other => other.abandon(self.clerk.now()),
            };
            match step {
                Step::Done(outcome) => return self.auth(outcome, retry_after, visit),
                Step::Need(next) => need = next,
            }
        }
    }

    /// Sends the operation that a decision waits for, with whichever key it takes.
    async fn ask<O: Answer>(&self, call: Call<O>, retry_after: &mut Option<Duration>) -> Step {
        let answer = self.clerk.ask(call.operation()).await;
        let now = self.clerk.now();
        call.resume(
            answer.map_err(|error| {
                *retry_after = error.retry_after(now);
                error.failure()
            }),
            now,
        )
    }
}
