//! The metadata of the authorization server, passed on for clients that ask the resource for it.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use clerk_core::{
    Operation, OperationInfo,
    api::jwks,
    credential::{Credential, NeedsNoKey},
    decode::ResponseError,
    encode::BuildError,
};
use http::{Method, Request, Response, StatusCode, Uri};
use serde::Deserialize;
use tokio::time::timeout;

use super::address::AUTHORIZATION_SERVER;
use crate::{
    Clerk,
    client::{exchange, middleware::base_uri::BaseUriLayer, options::CallOptions, purpose::Purpose},
    clock::Moment,
    runtime,
    single_flight::Flight,
    telemetry,
};

/// For how long the document is passed on without asking again.
const FRESH: Duration = Duration::from_secs(600);
/// For how long the last document is passed on while the authorization server fails.
const MAX_AGE: Duration = Duration::from_secs(86_400);
/// For how long the authorization server is not asked again after it failed, so that a stranger cannot cause calls.
const BACKOFF: Duration = Duration::from_secs(10);
/// The longest document that is passed on, in bytes. Clerk's has about three thousand.
const LONGEST: usize = 64 * 1024;

/// The metadata document of one authorization server.
pub(super) struct AuthorizationServer {
    clerk: Clerk,
    document: MetadataDocument,
    state: Arc<Mutex<State>>,
}

/// What is kept of earlier calls, and the call in flight.
#[derive(Default)]
struct State {
    kept: Option<(Bytes, Moment)>,
    failed: Option<Moment>,
    running: Option<Flight<()>>,
}

/// The authorization server did not respond, and no earlier document is kept. Contains when to ask again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unavailable(pub(super) Duration);

impl AuthorizationServer {
    /// The document is read at `base_uri`, and has to name one of `issuers`: those of the tokens that are accepted.
    pub(super) fn new(clerk: Clerk, base_uri: BaseUriLayer, issuers: Vec<String>) -> Self {
        let document = MetadataDocument { base_uri, issuers: issuers.into() };
        Self { clerk, document, state: Arc::default() }
    }

    /// Returns the document. If no fresh one can be fetched, the last one is returned.
    pub(super) async fn document(&self) -> Result<Bytes, Unavailable> {
        let running = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let now = self.now();
            if let Some(document) = state.kept_for(FRESH, now) {
                return Ok(document);
            }
            match &state.failed {
                Some(failed) if now.since(*failed) < BACKOFF => None,
                _ => state.join(|| self.fetch()),
            }
        };
        if let Some(running) = running
            && runtime::current().is_ok()
        {
            // Whoever waits too long gets what is kept. The call goes on for the others.
            let _ = timeout(self.clerk.decision_timeout(), running.wait()).await;
        }
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.kept_for(MAX_AGE, self.now()).ok_or(Unavailable(BACKOFF))
    }

    fn now(&self) -> Moment {
        Moment::at(self.clerk.now())
    }

    /// Asks the authorization server once, and keeps the result.
    fn fetch(&self) -> impl Future<Output = ()> + Send + 'static {
        let (clerk, document, state) = (self.clerk.clone(), self.document.clone(), self.state.clone());
        async move {
            let found = document.fetch(&clerk).await;
            let now = Moment::at(clerk.now());
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            match found {
                Some(found) => *state = State { kept: Some((found, now)), ..State::default() },
                None => state.failed = Some(now),
            }
        }
    }
}

impl State {
    fn kept_for(&self, age: Duration, now: Moment) -> Option<Bytes> {
        let (document, at) = self.kept.as_ref()?;
        (now.since(*at) < age).then(|| document.clone())
    }

    /// Returns the call in flight, or else the one that `fetch` makes.
    fn join<F: Future<Output = ()> + Send + 'static>(
        &mut self,
        fetch: impl FnOnce() -> F,
    ) -> Option<Flight<()>> {
        if !self.running.as_ref().is_some_and(Flight::is_running) {
            self.running = Flight::start_in_background(fetch()).ok();
        }
        self.running.clone()
    }
}

impl fmt::Debug for AuthorizationServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizationServer").finish_non_exhaustive()
    }
}

/// The metadata of an authorization server, which it serves to everybody (RFC 8414).
#[derive(Clone)]
struct MetadataDocument {
    base_uri: BaseUriLayer,
    issuers: Arc<[String]>,
}

impl MetadataDocument {
    async fn fetch(&self, clerk: &Clerk) -> Option<Bytes> {
        let there = CallOptions::new().max_attempts(1).at(&self.base_uri);
        // If it fails, the call has said so.
        let response =
            exchange(clerk.stack(), self, Credential::None, Some(&there), Purpose::Keys).await.ok()?;
        if let Some(problem) = self.problem(&response) {
            telemetry::unusable_metadata(clerk.log_limiter(), clerk.now(), problem);
            return None;
        }
        Some(response.into_body())
    }

    /// What is wrong with the document. It may be the page of a proxy in between, or that of another authorization server,
    /// which must not be used (RFC 8414, section 3.3).
    fn problem(&self, response: &Response<Bytes>) -> Option<&'static str> {
        /// What every such document has.
        #[derive(Deserialize)]
        struct Metadata {
            issuer: String,
        }

        if response.status() != StatusCode::OK {
            return Some("the response is not 200");
        }
        if response.body().len() > LONGEST {
            return Some("it is longer than 64 KiB");
        }
        match serde_json::from_slice::<Metadata>(response.body()) {
            Err(_) => Some("it is not the metadata of an authorization server"),
            Ok(metadata) if self.issuers.contains(&metadata.issuer) => None,
            Ok(_) => Some("it names another issuer than that of the tokens that are accepted"),
        }
    }
}

impl Operation for MetadataDocument {
    type Output = ();
    type Credential = NeedsNoKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "GetAuthorizationServerMetadata",
        Method::GET,
        AUTHORIZATION_SERVER,
        "OAuth2 Identify Provider",
    )
    .credential::<NeedsNoKey>()
    .undocumented();

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        let mut request = jwks::get_jwks().request()?;
        *request.uri_mut() = Uri::from_static(AUTHORIZATION_SERVER);
        request.extensions_mut().insert(Self::INFO);
        Ok(request)
    }

    fn decode(&self, _: &Response<Bytes>) -> Result<(), ResponseError> {
        Ok(())
    }
}
