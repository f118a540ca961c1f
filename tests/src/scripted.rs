//! Clerk as a script, without a socket: the two transports of the tests.
//!
//! [`Scripted`] keeps every call until the test answers it by hand, in any order. [`Script`] follows a rule.

use std::{
    fmt, io,
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use clerk_local::{LocalBody, LocalClerk};
use clerk_tower::{BoxError, client::transport::ConnectError};
use futures_util::{FutureExt as _, future::BoxFuture};
use http::{HeaderMap, Method, Request, Response};

use serde_json::{Value, json};
use tokio::{sync::oneshot, time::Instant};
use tower::{Service, ServiceExt as _};

type Answer = Result<Response<LocalBody>, io::Error>;

/// The transport. Its clones share their calls.
#[derive(Clone, Debug, Default)]
pub struct Scripted(Arc<Mutex<Vec<Call>>>);

/// A call that waits for its answer.
#[derive(Debug)]
pub struct Call {
    /// Its method.
    pub method: Method,
    /// Path and query below the API's version.
    pub target: String,
    /// All headers.
    pub headers: HeaderMap,
    sender: oneshot::Sender<Answer>,
}

impl Scripted {
    /// The calls that came since the last look, in order.
    #[must_use]
    pub fn take(&self) -> Vec<Call> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    /// The one call that came since the last look.
    #[must_use]
    pub fn one(&self) -> Call {
        let mut calls = self.take();
        assert_eq!(calls.len(), 1, "{calls:?}");
        calls.remove(0)
    }
}

impl Call {
    /// Answers it. It does not matter whether somebody still waits.
    pub fn answer(self, status: u16, body: &Value) {
        let response = Response::builder().status(status).body(body.to_string().into());
        let _ = self.sender.send(Ok(response.unwrap()));
    }

    /// Answers it with an error of Clerk's that has this code.
    pub fn refuse(self, status: u16, code: &str) {
        self.answer(status, &json!({"errors": [{"code": code, "message": "no"}]}));
    }

    /// The connection breaks.
    pub fn break_off(self) {
        let _ = self.sender.send(Err(io::ErrorKind::ConnectionReset.into()));
    }
}

impl Service<Request<Bytes>> for Scripted {
    type Response = Response<LocalBody>;
    type Error = io::Error;
    type Future = BoxFuture<'static, Answer>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        let (sender, receiver) = oneshot::channel();
        let (head, _) = request.into_parts();
        let target = head.uri.path_and_query().map_or("", |target| target.as_str());
        let target = target.strip_prefix("/v1").unwrap_or(target).to_owned();
        self.0.lock().unwrap().push(Call { method: head.method, target, headers: head.headers, sender });
        receiver.map(|answer| answer.unwrap_or_else(|_| Err(io::ErrorKind::BrokenPipe.into()))).boxed()
    }
}

/// What Clerk does with a call.
pub enum Reply {
    /// It responds.
    Respond(Response<LocalBody>),
    /// It responds as this instance does.
    Pass(LocalClerk),
    /// It takes its time, and only then it is decided what it does.
    Later(BoxFuture<'static, Reply>),
    /// It cannot be reached.
    Refuse,
    /// The connection breaks.
    Break,
    /// It says nothing.
    Hang,
}

impl Reply {
    /// A response with this status and this body.
    pub fn new(status: u16, body: impl Into<Bytes>) -> Self {
        Self::Respond(Response::builder().status(status).body(LocalBody::from(body.into())).unwrap())
    }

    /// A response with this status and this JSON.
    #[must_use]
    pub fn json(status: u16, body: &Value) -> Self {
        Self::new(status, body.to_string())
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Respond(_) => "Respond",
            Self::Pass(_) => "Pass",
            Self::Later(_) => "Later",
            Self::Refuse => "Refuse",
            Self::Break => "Break",
            Self::Hang => "Hang",
        })
    }
}

/// A request that came.
#[derive(Clone, Debug)]
pub struct Seen {
    /// How many came before it.
    pub index: usize,
    /// When it came on tokio's clock, counted from when the script was made.
    pub time: Duration,
    /// The request.
    pub request: Request<Bytes>,
}

/// A transport that does with each call what a rule says, and notes it. Clones share what they noted.
#[derive(Clone)]
pub struct Script {
    rule: Arc<dyn Fn(&Seen) -> Reply + Send + Sync>,
    seen: Arc<Mutex<Vec<Seen>>>,
    start: Instant,
}

impl Script {
    /// A transport with this rule.
    pub fn new(rule: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        Self { rule: Arc::new(rule), seen: Arc::default(), start: Instant::now() }
    }

    /// How much time has passed on tokio's clock since it was made.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// All requests that came, in order.
    #[must_use]
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Script").field("seen", &self.seen).finish_non_exhaustive()
    }
}

impl Service<Request<Bytes>> for Script {
    type Response = Response<LocalBody>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Response<LocalBody>, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        let seen = {
            let mut all = self.seen.lock().unwrap();
            let seen = Seen { index: all.len(), time: self.elapsed(), request };
            all.push(seen.clone());
            seen
        };
        let mut reply = (self.rule)(&seen);
        Box::pin(async move {
            loop {
                reply = match reply {
                    Reply::Later(reply) => reply.await,
                    Reply::Respond(response) => return Ok(response),
                    Reply::Pass(local) => return Ok(local.oneshot(seen.request).await?),
                    Reply::Refuse => return Err(ConnectError("refused".into()).into()),
                    Reply::Break => return Err(io::Error::other("reset").into()),
                    Reply::Hang => std::future::pending().await,
                };
            }
        })
    }
}
