//! Two transports that play Clerk by script, without a socket.
//!
//! [`Scripted`] holds every call until the test responds to it, in any order. [`Script`] follows a rule.

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

type ResponseResult = Result<Response<LocalBody>, io::Error>;

/// A transport whose calls the test responds to by hand. Clones share their calls.
#[derive(Clone, Debug, Default)]
pub struct Scripted(Arc<Mutex<Vec<Call>>>);

/// A call that waits for its response.
#[derive(Debug)]
pub struct Call {
    /// The method.
    pub method: Method,
    /// Path and query without the API's version.
    pub target: String,
    /// All headers.
    pub headers: HeaderMap,
    sender: oneshot::Sender<ResponseResult>,
}

impl Scripted {
    /// Returns the calls since the last time, in order.
    #[must_use]
    pub fn take(&self) -> Vec<Call> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    /// Returns the only call since the last time.
    #[must_use]
    pub fn one(&self) -> Call {
        let mut calls = self.take();
        assert_eq!(calls.len(), 1, "{calls:?}");
        calls.remove(0)
    }
}

impl Call {
    /// Responds to the call. The caller may have hung up.
    pub fn respond(self, status: u16, body: &Value) {
        let response = Response::builder().status(status).body(body.to_string().into());
        let _ = self.sender.send(Ok(response.unwrap()));
    }

    /// Responds with an error of Clerk that has this code.
    pub fn refuse(self, status: u16, code: &str) {
        self.respond(status, &json!({"errors": [{"code": code, "message": "no"}]}));
    }

    /// Breaks the connection.
    pub fn break_off(self) {
        let _ = self.sender.send(Err(io::ErrorKind::ConnectionReset.into()));
    }
}

impl Service<Request<Bytes>> for Scripted {
    type Response = Response<LocalBody>;
    type Error = io::Error;
    type Future = BoxFuture<'static, ResponseResult>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        let (sender, receiver) = oneshot::channel();
        let (head, _) = request.into_parts();
        let target = head.uri.path_and_query().map_or("", |target| target.as_str());
        let target = target.strip_prefix("/v1").unwrap_or(target).to_owned();
        self.0.lock().unwrap().push(Call { method: head.method, target, headers: head.headers, sender });
        receiver.map(|result| result.unwrap_or_else(|_| Err(io::ErrorKind::BrokenPipe.into()))).boxed()
    }
}

/// Clerk's reaction to a call.
pub enum Reply {
    /// Responds with this.
    Respond(Response<LocalBody>),
    /// Responds as this instance does.
    Pass(LocalClerk),
    /// Waits, and then reacts with the result.
    Later(BoxFuture<'static, Reply>),
    /// Refuses the connection.
    Refuse,
    /// Breaks the connection.
    Break,
    /// Never responds.
    Hang,
}

impl Reply {
    /// Creates a response with this status and this body.
    pub fn new(status: u16, body: impl Into<Bytes>) -> Self {
        Self::Respond(Response::builder().status(status).body(LocalBody::from(body.into())).unwrap())
    }

    /// Creates a response with this status and this JSON.
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

/// A received request.
#[derive(Clone, Debug)]
pub struct ReceivedRequest {
    /// The number of requests before it.
    pub index: usize,
    /// The time since the script was created, on tokio's clock.
    pub time: Duration,
    /// The request.
    pub request: Request<Bytes>,
}

/// A transport that handles each call by a rule and records it. Clones share the record.
#[derive(Clone)]
pub struct Script {
    rule: Arc<dyn Fn(&ReceivedRequest) -> Reply + Send + Sync>,
    requests: Arc<Mutex<Vec<ReceivedRequest>>>,
    start: Instant,
}

impl Script {
    /// Creates a transport with this rule.
    pub fn new(rule: impl Fn(&ReceivedRequest) -> Reply + Send + Sync + 'static) -> Self {
        Self { rule: Arc::new(rule), requests: Arc::default(), start: Instant::now() }
    }

    /// Returns the time since the script was created, on tokio's clock.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// Returns all received requests, in order.
    #[must_use]
    pub fn requests(&self) -> Vec<ReceivedRequest> {
        self.requests.lock().unwrap().clone()
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Script").field("requests", &self.requests).finish_non_exhaustive()
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
        let received = {
            let mut all = self.requests.lock().unwrap();
            let received = ReceivedRequest { index: all.len(), time: self.elapsed(), request };
            all.push(received.clone());
            received
        };
        let mut reply = (self.rule)(&received);
        Box::pin(async move {
            loop {
                reply = match reply {
                    Reply::Later(reply) => reply.await,
                    Reply::Respond(response) => return Ok(response),
                    Reply::Pass(local) => return Ok(local.oneshot(received.request).await?),
                    Reply::Refuse => return Err(ConnectError("refused".into()).into()),
                    Reply::Break => return Err(io::Error::other("reset").into()),
                    Reply::Hang => std::future::pending().await,
                };
            }
        })
    }
}
