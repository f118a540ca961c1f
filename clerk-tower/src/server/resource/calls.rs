use std::{
    borrow::Cow,
    collections::HashMap,
    fmt,
    future::Future,
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, header, request::Parts};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt as _, Either, Full, LengthLimitError, Limited, combinators::Collect};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::tool_calls::called_tools;
use crate::{
    BoxError,
    client::middleware::inner_service,
    server::{ResponseBody, authenticate::Auth, rejection::Rejection},
};

/// The maximum size of a body, unless another one is set.
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// The scopes that a request needs, from its head and its whole body.
type Rule = dyn Fn(&Parts, &[u8]) -> Result<Vec<Cow<'static, str>>, Rejection> + Send + Sync;

/// Layer that requires scopes which depend on a request's body, such as those of the tool that a call names. It stands inside
/// of a [protected resource](super).
///
/// A tool of an MCP server could require its scope itself, but only after the response has begun, with an error that clients
/// show to the user. Here the response is 403 with the challenge that makes a client ask the user for the scope, and then call
/// again.
///
/// ```
/// use bytes::Bytes;
/// use clerk_local::LocalClerk;
/// use clerk_tower::server::resource::{CallBody, CallScopesLayer, ProtectedResourceLayer};
/// use http::{Request, Response};
/// use http_body_util::Full;
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let local = LocalClerk::seeded();
/// let service = ServiceBuilder::new()
///     .layer(ProtectedResourceLayer::builder(&local.client(), "https://mcp.example.com/mcp").build()?)
///     .layer(CallScopesLayer::tools([("add_note", "private_metadata")]))
///     .service(service_fn(|_: Request<CallBody<Full<Bytes>>>| async {
///         Ok::<_, std::convert::Infallible>(Response::new(Full::<Bytes>::default()))
///     }));
///
/// let token = local.oauth_token("user_ada").scopes(["profile"]).create();
/// let call = r#"{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "add_note"}}"#;
/// let request = Request::post("/mcp").header("authorization", format!("Bearer {}", token.token));
/// let response = service.oneshot(request.body(Full::from(call))?).await?;
/// assert_eq!(response.status(), 403);
/// let challenge = response.headers()["www-authenticate"].to_str()?;
/// assert!(challenge.starts_with(r#"Bearer error="insufficient_scope", scope="profile private_metadata""#));
/// # Ok(()) }
/// ```
///
/// | request | |
/// |---|---|
/// | GET, HEAD, DELETE, OPTIONS | passed on without reading its body |
/// | without the scopes that its calls need | 403 `scope-missing` |
/// | a body that is not clearly a JSON-RPC message or a batch of them, or did not arrive completely | 400 `clerk-call-unclear` |
/// | a body that is encoded, or has another character set than UTF-8 | 415 `clerk-call-encoded` |
/// | a body of more than [1 MiB](Self::max_body_bytes) | 413 `clerk-call-too-large` |
/// | did not pass through a protected resource | 500 `clerk-layer-missing` |
///
/// A body is *not clearly* a message if two parsers could read different calls in it: `method`, `params` or `name` occur twice, or
/// in another case; it is not valid UTF-8; something follows after the message.
///
/// Bodies are read into memory, up to the limit. The time in which they arrive is limited by the server, as for every other
/// service.
#[derive(Clone)]
#[must_use]
pub struct CallScopesLayer {
    rule: Arc<Rule>,
    max_body_bytes: usize,
}

impl CallScopesLayer {
    /// Requires for each tool the scope that stands beside it. A tool that occurs several times needs all of its scopes; one
    /// that does not occur needs none. Names are compared character by character.
    pub fn tools<T, S>(scopes: impl IntoIterator<Item = (T, S)>) -> Self
    where
        T: Into<String>,
        S: Into<Cow<'static, str>>,
    {
        let mut table: HashMap<String, Vec<Cow<'static, str>>> = HashMap::new();
        for (tool, scope) in scopes {
            table.entry(tool.into()).or_default().push(scope.into());
        }
        Self::new(move |_, body| {
            let tools = called_tools(body).map_err(Rejection::call_unclear)?;
            let needed = tools.iter().filter_map(|tool| table.get(&**tool)).flatten();
            Ok(needed.cloned().collect())
        })
    }

    /// Requires the scopes that a function returns for a request's head and its whole body, for services with calls of another
    /// form. It runs for every request whose body is read, and must not block.
    ///
    /// A function that does not understand a body must reject it, with [`Rejection::call_unclear`]: the service behind may
    /// understand it.
    pub fn new<F>(scopes: F) -> Self
    where
        F: Fn(&Parts, &[u8]) -> Result<Vec<Cow<'static, str>>, Rejection> + Send + Sync + 'static,
    {
        Self { rule: Arc::new(scopes), max_body_bytes: MAX_BODY_BYTES }
    }

    /// Sets the maximum size of a body in bytes. Defaults to 1 MiB.
    pub const fn max_body_bytes(mut self, bytes: usize) -> Self {
        self.max_body_bytes = bytes;
        self
    }

    /// What is known before the body is read. Returns whether it has to be.
    fn begin(&self, head: &Parts, body: &impl Body) -> Result<bool, Rejection> {
        auth(head)?;
        if matches!(head.method, Method::GET | Method::HEAD | Method::DELETE | Method::OPTIONS) {
            return Ok(false);
        }
        if !is_plain(&head.headers) {
            return Err(Rejection::call_encoded());
        }
        // The length as announced by `Content-Length`.
        match usize::try_from(body.size_hint().lower()) {
            Ok(length) if length <= self.max_body_bytes => Ok(true),
            _ => Err(Rejection::call_too_large()),
        }
    }

    fn check(&self, head: &Parts, body: &[u8]) -> Result<(), Rejection> {
        let needed = (self.rule)(head, body)?;
        if needed.is_empty() {
            return Ok(());
        }
        let token = auth(head)?.require_any_machine()?;
        let mut missing: Vec<_> = needed.into_iter().filter(|scope| !token.has_scope(scope)).collect();
        missing.sort_unstable();
        missing.dedup();
        if missing.is_empty() { Ok(()) } else { Err(Rejection::scope_missing(missing)) }
    }
}

fn auth(head: &Parts) -> Result<&Auth, Rejection> {
    Auth::from_extensions(&head.extensions).ok_or_else(Rejection::layer_missing)
}

/// Returns whether a body is the text itself, in UTF-8: otherwise, the service behind would read another one.
fn is_plain(headers: &HeaderMap) -> bool {
    let is_utf_8 = |value: &[u8]| {
        let value = value.to_ascii_lowercase();
        let mut parameters = value.split(|byte| *byte == b';').skip(1).map(<[u8]>::trim_ascii);
        parameters.all(|parameter| {
            !parameter.starts_with(b"charset") || matches!(parameter, b"charset=utf-8" | b"charset=\"utf-8\"")
        })
    };
    let mut encodings = headers.get_all(header::CONTENT_ENCODING).iter();
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    encodings.all(|encoding| encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
        && types.all(|kind| is_utf_8(kind.as_bytes()))
}

impl fmt::Debug for CallScopesLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallScopesLayer")
            .field("max_body_bytes", &self.max_body_bytes)
            .finish_non_exhaustive()
    }
}

impl<S> Layer<S> for CallScopesLayer {
    type Service = CallScopes<S>;

    fn layer(&self, inner: S) -> CallScopes<S> {
        CallScopes { inner, layer: self.clone() }
    }
}

/// Middleware that lets a request through only with a token that has the scopes which its body needs. See
/// [`CallScopesLayer`].
#[derive(Clone, Debug)]
pub struct CallScopes<S> {
    inner: S,
    layer: CallScopesLayer,
}

impl<S> CallScopes<S> {
    /// Wraps `inner` with the scopes of `layer`.
    pub fn new(inner: S, layer: &CallScopesLayer) -> Self {
        layer.layer(inner)
    }
}

inner_service!(CallScopes<S>);

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for CallScopes<S>
where
    S: Service<Request<CallBody<ReqBody>>, Response = Response<ResBody>> + Clone,
    ReqBody: Body<Data = Bytes, Error: Into<BoxError>>,
{
    type Response = Response<ResponseBody<ResBody>>;
    type Error = S::Error;
    type Future = CallScopesFuture<S, ReqBody>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        // The service that is ready is the one to call. If the request is rejected, dropping it releases what it has reserved.
        let clone = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, clone);
        let (head, body) = request.into_parts();
        let state = match self.layer.begin(&head, &body) {
            Err(rejection) => State::Rejected { rejection: Some(rejection) },
            Ok(false) => {
                let request = Request::from_parts(head, CallBody::unread(body));
                State::Inner { future: inner.call(request) }
            }
            Ok(true) => State::Reading {
                body: Limited::new(body, self.layer.max_body_bytes).collect(),
                call: Some((head, inner)),
            },
        };
        CallScopesFuture { state, layer: self.layer.clone() }
    }
}

pin_project! {
    /// Response future of [`CallScopes`].
    pub struct CallScopesFuture<S, B>
    where
        S: Service<Request<CallBody<B>>>,
        B: Body,
        B::Error: Into<BoxError>,
    {
        #[pin]
        state: State<S, B>,
        layer: CallScopesLayer,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<S, B>
    where
        S: Service<Request<CallBody<B>>>,
        B: Body,
        B::Error: Into<BoxError>,
    {
        // `call` is taken when the body is there.
        Reading { #[pin] body: Collect<Limited<B>>, call: Option<(Parts, S)> },
        Inner { #[pin] future: S::Future },
        // Taken when the future resolves.
        Rejected { rejection: Option<Rejection> },
    }
}

impl<S, B, ResBody> Future for CallScopesFuture<S, B>
where
    S: Service<Request<CallBody<B>>, Response = Response<ResBody>>,
    B: Body<Data = Bytes, Error: Into<BoxError>>,
{
    type Output = Result<Response<ResponseBody<ResBody>>, S::Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            let mut this = self.as_mut().project();
            let next = match this.state.as_mut().project() {
                StateProj::Inner { future } => {
                    return future.poll(context).map_ok(|response| response.map(ResponseBody::inner));
                }
                StateProj::Rejected { rejection } => {
                    // Without one, the future is polled again after it resolved.
                    let Some(rejection) = rejection.take() else { return Poll::Pending };
                    return Poll::Ready(Ok(rejection.into_response().map(ResponseBody::full)));
                }
                StateProj::Reading { body, call } => {
                    let read = ready!(body.poll(context)).map(http_body_util::Collected::to_bytes);
                    let Some((head, mut inner)) = call.take() else { return Poll::Pending };
                    let checked = read.map_err(|error| unread(&*error)).and_then(|body| {
                        this.layer.check(&head, &body)?;
                        Ok(body)
                    });
                    match checked {
                        Ok(body) => {
                            let request = Request::from_parts(head, CallBody::read(body));
                            State::Inner { future: inner.call(request) }
                        }
                        Err(rejection) => State::Rejected { rejection: Some(rejection) },
                    }
                }
            };
            this.state.set(next);
        }
    }
}

/// The rejection of a request whose body could not be read.
fn unread(error: &(dyn std::error::Error + Send + Sync + 'static)) -> Rejection {
    match error.is::<LengthLimitError>() {
        true => Rejection::call_too_large(),
        false => Rejection::call_unclear("it did not arrive completely"),
    }
}

impl<S, B> fmt::Debug for CallScopesFuture<S, B>
where
    S: Service<Request<CallBody<B>>>,
    B: Body<Error: Into<BoxError>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallScopesFuture").finish_non_exhaustive()
    }
}

pin_project! {
    /// Body of a request behind [`CallScopes`]: the bytes that were read, or the original body, which was not.
    pub struct CallBody<B> {
        #[pin]
        body: Either<B, Full<Bytes>>,
    }
}

impl<B> CallBody<B> {
    const fn unread(body: B) -> Self {
        Self { body: Either::Left(body) }
    }

    fn read(body: Bytes) -> Self {
        Self { body: Either::Right(Full::from(body)) }
    }

    /// Returns the original body.
    ///
    /// # Errors
    /// Returns the body itself if the original one was read.
    pub fn into_inner(self) -> Result<B, Self> {
        match self.body {
            Either::Left(body) => Ok(body),
            body @ Either::Right(_) => Err(Self { body }),
        }
    }
}

impl<B> Body for CallBody<B>
where
    B: Body<Data = Bytes, Error: Into<BoxError>>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.project().body.poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B> fmt::Debug for CallBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallBody").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_looks_like_the_one_inside() {
        let full = || Full::<Bytes>::from("abc");
        for mut body in [CallBody::unread(full()), CallBody::read(Bytes::from("abc"))] {
            assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(3), false));
            assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "abc");
            assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(0), true));
            assert!(body.frame().await.is_none());
        }
        assert!(CallBody::unread(full()).into_inner().is_ok());
        assert!(CallBody::<Full<Bytes>>::read(Bytes::new()).into_inner().is_err());
    }
}
