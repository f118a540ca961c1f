use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll},
};

use clerk_core::operation::Credential;
use futures_util::future::{Either, Ready, ready};
use http::{HeaderValue, Request, header};
use tower_service::Service;

use super::layer::Headers;
use crate::{Error, ErrorKind, error::info_of};

/// Sets the `Authorization` header. See the [module docs](super) for an example.
#[derive(Clone)]
pub struct Credentials<S> {
    pub(super) inner: S,
    pub(super) headers: Arc<Headers>,
}

impl<S> fmt::Debug for Credentials<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials")
    }
}

impl<S, B> Service<Request<B>> for Credentials<S>
where
    S: Service<Request<B>, Error = Error>,
{
    type Response = S::Response;
    type Error = Error;
    type Future = Either<S::Future, Ready<Result<S::Response, Error>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let info = info_of(request.extensions());
        let credential = info.map_or(Credential::SecretKey, |info| info.credential);
        match self.headers.choose(credential) {
            Ok(Some(value)) => drop(request.headers_mut().insert(header::AUTHORIZATION, value.clone())),
            Ok(None) => {}
            Err(problem) => return Either::Right(ready(Err(Error::new(info, ErrorKind::Config(problem))))),
        }
        Either::Left(self.inner.call(request))
    }
}

impl Headers {
    fn choose(&self, credential: Credential) -> Result<Option<&HeaderValue>, &'static str> {
        match credential {
            Credential::None => Ok(None),
            Credential::MachineSecretKey => match &self.machine {
                Some(machine) => Ok(Some(machine)),
                None => Err("needs a machine secret key: set CLERK_MACHINE_SECRET_KEY; nothing was sent"),
            },
            Credential::MachineOrSecretKey => Ok(Some(self.machine.as_ref().unwrap_or(&self.secret))),
            // Secret key, and kinds that are yet to come.
            _ => Ok(Some(&self.secret)),
        }
    }
}
