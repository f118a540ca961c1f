use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use clerk_core::{
    Operation,
    credential::{MachineSecretKey, SatisfiedBy, SecretKey},
};
use tower_service::Service;

use super::{Clerk, MachineClerk};
use crate::Error;

/// The answer to an operation that was sent through [`Clerk`] or [`MachineClerk`] as a service.
pub struct SendFuture<T>(Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>);

impl<T> Future for SendFuture<T> {
    type Output = Result<T, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(context)
    }
}

impl<T> fmt::Debug for SendFuture<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SendFuture")
    }
}

/// Every operation that the secret key satisfies is a request of this service. It is always ready.
impl<O> Service<O> for Clerk
where
    O: Operation<Credential: SatisfiedBy<SecretKey>> + Send + Sync + 'static,
    O::Output: 'static,
{
    type Response = O::Output;
    type Error = Error;
    type Future = SendFuture<O::Output>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, operation: O) -> Self::Future {
        let clerk = self.clone();
        SendFuture(Box::pin(async move { clerk.send(operation).await }))
    }
}

/// Every operation that a machine's secret key satisfies is a request of this service. It is always ready.
impl<O> Service<O> for MachineClerk
where
    O: Operation<Credential: SatisfiedBy<MachineSecretKey>> + Send + Sync + 'static,
    O::Output: 'static,
{
    type Response = O::Output;
    type Error = Error;
    type Future = SendFuture<O::Output>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, operation: O) -> Self::Future {
        let clerk = self.clone();
        SendFuture(Box::pin(async move { clerk.send(operation).await }))
    }
}
