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
        let chosen = request.extensions().get::<Credential>().copied();
        let credential = chosen.or(info.map(|info| info.credential)).unwrap_or(Credential::SecretKey);
        match self.headers.choose(credential) {
            Ok(Some(value)) => drop(request.headers_mut().insert(header::AUTHORIZATION, value)),
            Ok(None) => {}
            Err(problem) => return Either::Right(ready(Err(Error::new(info, ErrorKind::Config(problem))))),
        }
        Either::Left(self.inner.call(request))
    }
}

impl Headers {
    fn choose(&self, credential: Credential) -> Result<Option<HeaderValue>, &'static str> {
        let (key, problem) = match credential {
            Credential::None => return Ok(None),
            Credential::MachineSecretKey => {
                (&self.machine, "needs a machine secret key: set CLERK_MACHINE_SECRET_KEY; nothing was sent")
            }
            Credential::MachineOrSecretKey if self.machine.is_some() => (&self.machine, ""),
            // Secret key, and kinds that are yet to come.
            _ => (&self.secret, "needs the instance's secret key: set CLERK_SECRET_KEY; nothing was sent"),
        };
        key.as_ref().map(|source| Some(source.header())).ok_or(problem)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::layer::Source, *};

    #[test]
    fn the_key_is_the_one_that_is_asked_for() {
        let both = Headers {
            secret: Some(Source::Fixed(HeaderValue::from_static("secret"))),
            machine: Some(Source::Fixed(HeaderValue::from_static("machine"))),
        };
        let secret = Headers { machine: None, ..both.clone() };
        let machine = Headers { secret: None, ..both.clone() };
        for (credential, want) in [
            (Credential::None, [Ok(None); 3]),
            (Credential::SecretKey, [Ok(Some("secret")), Ok(Some("secret")), Err("CLERK_SECRET_KEY")]),
            (
                Credential::MachineSecretKey,
                [Ok(Some("machine")), Err("CLERK_MACHINE_SECRET_KEY"), Ok(Some("machine"))],
            ),
            (Credential::MachineOrSecretKey, [Ok(Some("machine")), Ok(Some("secret")), Ok(Some("machine"))]),
        ] {
            for (headers, want) in [&both, &secret, &machine].into_iter().zip(want) {
                match (headers.choose(credential), want) {
                    (Ok(got), Ok(want)) => {
                        assert_eq!(
                            got.as_ref().map(HeaderValue::as_bytes),
                            want.map(str::as_bytes),
                            "{credential:?}"
                        );
                    }
                    (Err(got), Err(want)) => assert!(got.contains(want), "{credential:?}: {got}"),
                    (got, want) => panic!("{credential:?}: {got:?}, not {want:?}"),
                }
            }
        }
    }
}
