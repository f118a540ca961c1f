//! Sends operations and decodes their responses, for [`Clerk`](crate::Clerk), [`MachineClerk`](crate::MachineClerk) and
//! the blocking client.

use std::{future::ready, sync::Arc};

use bytes::Bytes;
use clerk_core::{Operation, OperationInfo, Timestamp, credential::Credential, page::Paged};
use http::{Method, Request, Response};

use super::{
    PageStream,
    cache::{Asked, Cache, Cacheable, Found, Writing},
    future::CallFuture,
    options::CallOptions,
    purpose::Purpose,
    revocations::{Ending, Revocations, Revoked},
    stack::Stack,
};
use crate::{
    Error, ErrorKind,
    clock::Clock,
    error::attempts,
    fleet::{Member, Topic},
    telemetry,
};

/// A stack, the cache in front of it, the clock, and the options and the purpose of one handle's calls. Clones are cheap.
#[derive(Clone)]
pub(crate) struct Backend {
    shared: Arc<Shared>,
    options: CallOptions,
    purpose: Purpose,
}

struct Shared {
    stack: Stack,
    cache: Cache,
    revocations: Revocations,
    member: Option<Member>,
    clock: Arc<dyn Clock>,
}

impl Backend {
    pub(crate) fn new(
        stack: Stack,
        cache: Cache,
        revocations: Revocations,
        member: Option<Member>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let shared = Arc::new(Shared { stack, cache, revocations, member, clock });
        Self { shared, options: CallOptions::new(), purpose: Purpose::Program }
    }

    /// The same backend with other options.
    pub(crate) fn with(&self, options: CallOptions) -> Self {
        Self { options, ..self.clone() }
    }

    /// The same backend for calls with this purpose.
    pub(crate) fn made_for(&self, purpose: Purpose) -> Self {
        Self { purpose, ..self.clone() }
    }

    pub(crate) const fn options(&self) -> &CallOptions {
        &self.options
    }

    pub(crate) fn cache(&self) -> &Cache {
        &self.shared.cache
    }

    pub(crate) fn revocations(&self) -> &Revocations {
        &self.shared.revocations
    }

    /// Refuses what a delivery or a write of this process revoked, and tells the other processes of the fleet.
    pub(crate) fn revoke(&self, revoked: &Revoked) {
        self.shared.revoke(revoked);
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    /// Sends an operation with this kind of key.
    pub(crate) async fn send<O: Operation>(
        &self,
        operation: &O,
        credential: Credential,
    ) -> Result<O::Output, Error> {
        self.transmit(operation, credential, |value, _| value).await
    }

    /// Sends an operation, and returns the value together with the response.
    pub(crate) async fn send_raw<O: Operation>(
        &self,
        operation: &O,
        credential: Credential,
    ) -> Result<(O::Output, Response<Bytes>), Error> {
        self.transmit(operation, credential, |value, response| (value, response)).await
    }

    /// Sends an operation, and returns what `keep` returns for the value and the response. The value, which can be large, is
    /// moved as seldom as possible.
    async fn transmit<O: Operation, T>(
        &self,
        operation: &O,
        credential: Credential,
        keep: impl FnOnce(O::Output, Response<Bytes>) -> T,
    ) -> Result<T, Error> {
        // The span covers all attempts. Transports that are instrumented add one for each request.
        let call = telemetry::Call::start(O::INFO);
        let (sent, effects) =
            self.start(O::INFO, build(operation, credential, Some(&self.options), self.purpose));
        let response = match call.during(sent).await {
            Ok(response) => response,
            Err(error) => {
                effects.ended(Err(&error));
                call.end(Err(&error), error.all_attempts());
                return Err(error);
            }
        };
        let attempts = attempts(&response);
        match operation.decode(&response) {
            Ok(value) => {
                effects.ended(Ok(&response));
                call.end(Ok(response.status()), attempts);
                Ok(keep(value, response))
            }
            Err(error) => {
                let error = Error::from_response(O::INFO, error).after(attempts);
                effects.ended(Err(&error));
                call.end(Err(&error), attempts);
                Err(error)
            }
        }
    }

    /// The stack that calls are sent through.
    pub(crate) fn stack(&self) -> &Stack {
        &self.shared.stack
    }

    /// Returns the future of a response, together with what is pending until it is decoded. Not asynchronous: the callers'
    /// futures would be large if they had the request.
    fn start(
        &self,
        info: &'static OperationInfo,
        request: Result<Request<Bytes>, Error>,
    ) -> (CallFuture<Response<Bytes>>, Effects) {
        match request {
            Ok(request) => {
                let effects = Effects::of(&self.shared, info, &request);
                (self.shared.stack.send(request), effects)
            }
            Err(error) => (CallFuture::new(ready(Err(error))), Effects::default()),
        }
    }

    /// Sends a `GET` operation, or takes its value from the cache.
    pub(crate) async fn cached<O>(
        &self,
        operation: O,
        credential: Credential,
    ) -> Result<Arc<O::Output>, Error>
    where
        O: Operation<Output: Send + Sync + 'static> + Cacheable,
    {
        const {
            assert!(
                matches!(O::INFO.method, Method::GET),
                "only operations with the method GET can be cached"
            );
        };
        let cache = &self.shared.cache;
        if !cache.takes(&self.options) {
            return self.send(&operation, credential).await.map(Arc::new);
        }
        let asked = Asked { operation, credential };
        let found = match cache.look(&asked, &self.options) {
            Found::Fresh(cached) => return cache.hit::<O>(cached),
            found => found,
        };
        // Without this handle's options: concurrent callers with other options may share the call.
        let request = build(&asked.operation, credential, None, self.purpose)?;
        // The second level of the cache knows only the URI, which does not identify the response to other requests.
        let is_plain = request.headers().is_empty() && request.body().is_empty();
        if !is_plain {
            return self.send(&asked.operation, credential).await.map(Arc::new);
        }
        cache.get(asked, found, request, &self.options).await
    }

    /// Streams the items of a list.
    pub(crate) fn stream<O>(&self, operation: O, credential: Credential) -> PageStream<O>
    where
        O: Paged + Clone + Send + Sync + 'static,
        O::Item: Send + 'static,
    {
        PageStream::new(self.clone(), credential, operation)
    }

    /// Returns `true` if the two differ at most in their options.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }
}

/// What a write does to this process. Created before the request is sent: if the caller drops the call's future, Clerk may
/// still carry out the write, and dropping this then invalidates and revokes what the write touches.
#[derive(Default)]
struct Effects {
    writing: Option<Writing>,
    ending: Option<Ending<Revoke>>,
}

type Revoke = Box<dyn Fn(&Revoked) + Send + Sync>;

impl Effects {
    fn of(shared: &Arc<Shared>, info: &'static OperationInfo, request: &Request<Bytes>) -> Self {
        let Some(writing) = shared.cache.writing(info, request.uri()) else { return Self::default() };
        let ending = Ending::of(info, request.uri(), request.body(), &shared.clock, || {
            let shared = shared.clone();
            Box::new(move |revoked: &Revoked| shared.revoke(revoked)) as Revoke
        });
        Self { writing: Some(writing), ending }
    }

    fn ended(self, result: Result<&Response<Bytes>, &Error>) {
        if let Some(writing) = self.writing {
            writing.ended(result.err());
        }
        if let Some(ending) = self.ending {
            ending.ended(result.map(Response::headers));
        }
    }
}

impl Shared {
    fn revoke(&self, revoked: &Revoked) {
        self.revocations.apply(revoked);
        if let (Some(member), Some(text)) = (&self.member, revoked.write()) {
            member.tell(Topic::Revoked, text);
        }
    }
}

/// Builds an operation's request, sends it through `stack` with this kind of key and for this purpose, and returns the
/// response, whatever its status.
pub(crate) async fn exchange<O: Operation>(
    stack: &Stack,
    operation: &O,
    credential: Credential,
    options: Option<&CallOptions>,
    purpose: Purpose,
) -> Result<Response<Bytes>, Error> {
    stack.send(build(operation, credential, options, purpose)?).await
}

fn build<O: Operation>(
    operation: &O,
    credential: Credential,
    options: Option<&CallOptions>,
    purpose: Purpose,
) -> Result<Request<Bytes>, Error> {
    let mut request =
        operation.request().map_err(|error| Error::new(Some(O::INFO), ErrorKind::Build(error)))?;
    // What a request without them has anyway is left out.
    if credential != O::INFO.credential {
        request.extensions_mut().insert(credential);
    }
    if purpose != Purpose::default() {
        request.extensions_mut().insert(purpose);
    }
    if let Some(options) = options.filter(|options| !options.is_empty()) {
        request.extensions_mut().insert(options.clone());
    }
    Ok(request)
}
