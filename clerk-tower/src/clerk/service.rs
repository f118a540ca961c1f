use std::task::{Context, Poll};

use clerk_core::{
    Operation,
    credential::SatisfiedBy,
    keys::{MachineSecretKey, SecretKey},
};
use tower_service::Service;

use super::{Clerk, MachineClerk};
use crate::{Error, client::CallFuture};

/// A service whose requests are the operations that accept the secret key. It is always ready.
impl<O> Service<O> for Clerk
where
    O: Operation<Credential: SatisfiedBy<SecretKey>> + Send + Sync + 'static,
    O::Output: 'static,
{
    type Response = O::Output;
    type Error = Error;
    type Future = CallFuture<O::Output>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, operation: O) -> Self::Future {
        let clerk = self.clone();
        CallFuture::new(async move { clerk.send(operation).await })
    }
}

/// A service whose requests are the operations that accept a machine's secret key. It is always ready.
impl<O> Service<O> for MachineClerk
where
    O: Operation<Credential: SatisfiedBy<MachineSecretKey>> + Send + Sync + 'static,
    O::Output: 'static,
{
    type Response = O::Output;
    type Error = Error;
    type Future = CallFuture<O::Output>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, operation: O) -> Self::Future {
        let clerk = self.clone();
        CallFuture::new(async move { clerk.send(operation).await })
    }
}
