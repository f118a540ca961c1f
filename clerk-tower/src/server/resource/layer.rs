use std::{
    convert::Infallible,
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use clerk_core::token::TokenKind;
use http::{Extensions, Method, Request, Response, Uri};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::{
    ProtectedResourceBuilder,
    authorization_server::{AuthorizationServer, Unavailable},
    challenge::Challenges,
    documents::{self, Document, Documents},
    guard::Guard,
};
use crate::{
    ClerkVerifier,
    server::{
        NoInner, ResponseBody,
        authenticate::{self, Authenticate, AuthenticateLayer},
        rejection::Rejection,
    },
};

/// What a layer and its services share.
#[derive(Debug)]
pub(super) struct Resource {
    pub(super) documents: Documents,
    pub(super) challenges: Challenges,
    /// The accepted kinds of token.
    pub(super) kinds: Box<[TokenKind]>,
    /// The path under which this service sees the resource.
    pub(super) path: String,
}

/// Layer that applies [`ProtectedResource`]. See the [module docs](super) for an example.
#[derive(Clone, Debug)]
#[must_use]
pub struct ProtectedResourceLayer {
    authenticate: AuthenticateLayer,
    resource: Arc<Resource>,
}

impl ProtectedResourceLayer {
    /// Returns a builder for the resource at this URL, which authenticates for the instance of `clerk`.
    ///
    /// The URL is the one that clients call, such as `https://mcp.example.com/mcp`. Clients, the metadata document, the
    /// audience of tokens and Clerk's dashboard have to agree about it, character by character.
    pub fn builder(clerk: impl Into<ClerkVerifier>, url: impl Into<String>) -> ProtectedResourceBuilder {
        ProtectedResourceBuilder::new(clerk.into(), url.into())
    }

    pub(super) fn new(authenticate: AuthenticateLayer, resource: Resource) -> Self {
        Self { authenticate, resource: Arc::new(resource) }
    }

    /// Returns the path under which this service sees the resource: that of its URL, unless
    /// [`mounted_at`](ProtectedResourceBuilder::mounted_at) says otherwise.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.resource.path
    }

    /// Returns the paths of the metadata documents, which a router has to lead to this layer, or to
    /// [`documents`](Self::documents).
    pub fn document_paths(&self) -> impl Iterator<Item = &str> {
        self.resource.documents.paths()
    }

    /// Sets where the original URI of a request is, as [`AuthenticateLayer::original_uri`] does. Needed only if
    /// [sessions](ProtectedResourceBuilder::also_accept) are accepted: a browser that has to renew its cookies at Clerk comes
    /// back to this URI.
    pub fn original_uri(self, find: fn(&Extensions) -> Option<&Uri>) -> Self {
        Self { authenticate: self.authenticate.original_uri(find), ..self }
    }

    /// Returns the service that serves only the metadata documents, to be added to a router at the
    /// [paths](Self::document_paths).
    pub fn documents(&self) -> MetadataDocuments {
        MetadataDocuments(self.resource.clone())
    }
}

impl<S> Layer<S> for ProtectedResourceLayer {
    type Service = ProtectedResource<S>;

    fn layer(&self, inner: S) -> ProtectedResource<S> {
        let guard = Guard { inner, resource: self.resource.clone() };
        ProtectedResource { guarded: self.authenticate.layer(guard), resource: self.resource.clone() }
    }
}

/// Middleware that serves the metadata documents at their addresses, and lets all other requests through only with a
/// token for the resource. See the [module docs](super) for an example.
#[derive(Clone, Debug)]
pub struct ProtectedResource<S> {
    guarded: Authenticate<Guard<S>>,
    resource: Arc<Resource>,
}

impl<S> ProtectedResource<S> {
    /// Wraps `inner` with the resource of `layer`.
    pub fn new(inner: S, layer: &ProtectedResourceLayer) -> Self {
        layer.layer(inner)
    }

    /// Returns a reference to the inner service.
    pub const fn get_ref(&self) -> &S {
        &self.guarded.get_ref().inner
    }

    /// Returns a mutable reference to the inner service.
    pub const fn get_mut(&mut self) -> &mut S {
        &mut self.guarded.get_mut().inner
    }

    /// Consumes `self` and returns the inner service.
    pub fn into_inner(self) -> S {
        self.guarded.into_inner().inner
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for ProtectedResource<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone,
{
    type Response = Response<ResponseBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S, ReqBody>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.guarded.poll_ready(context)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let document = self.resource.documents.at(request.uri().path());
        let state = match document {
            None => State::Guarded { future: self.guarded.call(request) },
            Some(document) => {
                // `poll_ready` may have reserved something for this request, such as a permit. Replacing the service by a
                // clone releases it.
                self.guarded = self.guarded.clone();
                State::Document { answer: Answer::of(document, request.method()) }
            }
        };
        ResponseFuture { state }
    }
}

/// Service that serves the metadata documents of a [`ProtectedResourceLayer`]; other paths get 404.
#[derive(Clone, Debug)]
pub struct MetadataDocuments(Arc<Resource>);

impl<B> Service<Request<B>> for MetadataDocuments {
    type Response = Response<ResponseBody<NoInner>>;
    type Error = Infallible;
    type Future = DocumentFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> DocumentFuture {
        DocumentFuture(match self.0.documents.at(request.uri().path()) {
            Some(document) => Answer::of(document, request.method()),
            None => Answer::Ready { response: Some(documents::not_found()) },
        })
    }
}

/// Response future of [`MetadataDocuments`].
pub struct DocumentFuture(Answer);

impl Future for DocumentFuture {
    type Output = Result<Response<ResponseBody<NoInner>>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.poll(context).map(|response| Ok(response.map(|body| ResponseBody::full(body.into()))))
    }
}

impl fmt::Debug for DocumentFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DocumentFuture").finish_non_exhaustive()
    }
}

/// A response to a request for a document.
enum Answer {
    /// Taken when it is returned.
    Ready { response: Option<Response<Bytes>> },
    /// Waits for the authorization server.
    Waiting { response: Pin<Box<dyn Future<Output = Response<Bytes>> + Send>> },
}

impl Answer {
    fn of(document: Document, method: &Method) -> Self {
        let response = documents::other_method(method);
        match (response, document) {
            (Some(response), _) => Self::Ready { response: Some(response) },
            (None, Document::Resource(body)) => Self::Ready { response: Some(documents::document(body)) },
            (None, Document::AuthorizationServer(server)) => {
                Self::Waiting { response: Box::pin(passed_on(server)) }
            }
        }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Response<Bytes>> {
        match self {
            Self::Ready { response } => match response.take() {
                Some(response) => Poll::Ready(response),
                // Reached only if the future is polled again after it resolved.
                None => Poll::Pending,
            },
            Self::Waiting { response } => {
                let response = ready!(response.as_mut().poll(context));
                *self = Self::Ready { response: None };
                Poll::Ready(response)
            }
        }
    }
}

async fn passed_on(server: Arc<AuthorizationServer>) -> Response<Bytes> {
    match server.document().await {
        Ok(body) => documents::document(body),
        Err(Unavailable(wait)) => documents::open(Rejection::unavailable(Some(wait)).into_response()),
    }
}

pin_project! {
    /// Response future of [`ProtectedResource`].
    pub struct ResponseFuture<S, B>
    where
        S: Service<Request<B>>,
        Guard<S>: Service<Request<B>>,
    {
        #[pin]
        state: State<S, B>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<S, B>
    where
        Guard<S>: Service<Request<B>>,
    {
        Guarded { #[pin] future: authenticate::ResponseFuture<Guard<S>, B> },
        Document { answer: Answer },
    }
}

impl<S, ReqBody, ResBody> Future for ResponseFuture<S, ReqBody>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone,
{
    type Output = Result<Response<ResponseBody<ResBody>>, S::Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProj::Guarded { future } => {
                let response = ready!(future.poll(context))?;
                Poll::Ready(Ok(response.map(ResponseBody::flatten)))
            }
            StateProj::Document { answer } => {
                let response = ready!(answer.poll(context));
                Poll::Ready(Ok(response.map(|body| ResponseBody::full(body.into()))))
            }
        }
    }
}

impl<S, B> fmt::Debug for ResponseFuture<S, B>
where
    S: Service<Request<B>>,
    Guard<S>: Service<Request<B>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
