//! A transport whose calls a test answers by hand, in any order.

use std::{
    io,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_util::{FutureExt as _, future::BoxFuture};
use http::{HeaderMap, Method, Request, Response};
use http_body_util::Full;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tower::Service;

type Answer = Result<Response<Full<Bytes>>, io::Error>;

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
    type Response = Response<Full<Bytes>>;
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
