//! Holds calls back after Clerk has responded with 429.
//!
//! After a 429, Clerk refuses every call of that kind for a while. A gate then closes for the operations of the same
//! section that use the same kind of key and are made for the same [purpose](crate::client::purpose). It stays closed for
//! as long as `Retry-After` says, but at most 15 minutes. Calls that arrive meanwhile wait in order. When the gate opens,
//! they are sent one after the other, not all at once. Once Clerk has accepted a call and the gate has been open for a
//! second, new calls are sent at once. A call whose turn would come after its deadline fails at once with
//! [`ErrorKind::RateLimited`]: nothing is sent, and the queue cannot grow without bound. Calls of other sections are not
//! affected.
//!
//! A 429 for a made-up token of a stranger does not hold back the program's own calls. If Clerk counts both towards one
//! limit, the program's next call is sent, and gets a 429 of its own.
//!
//! The processes of a [fleet](crate::fleet) tell each other how long Clerk asked them to wait, and wait as well. Each of them
//! opens its gate up to a second later, at random, so that they do not all call Clerk in the same moment. That holds for calls
//! with the instance's secret key, except for the fetch of keys. A layer in a [stack](crate::client::stack) of your own does
//! not take part.
//!
//! The layer belongs inside [`retry`](crate::client::retry), so that retries wait at the gate too.
//!
//! ```
//! use std::time::Duration;
//! use bytes::Bytes;
//! use clerk_core::{Operation, api::users};
//! use clerk_tower::{Error, ErrorKind, client::middleware::deadline::DeadlineLayer, client::rate_limit::RateLimitLayer};
//! use http::{Request, Response};
//! use tower::{Service, ServiceBuilder, ServiceExt};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut service = ServiceBuilder::new()
//!     .layer(DeadlineLayer::new(Duration::from_secs(5)))
//!     .layer(RateLimitLayer::new())
//!     .service_fn(|_: Request<Bytes>| async {
//!         let response = Response::builder().status(429).header("retry-after", "60");
//!         Ok::<_, Error>(response.body(Bytes::new()).unwrap())
//!     });
//! assert_eq!(service.ready().await?.call(users::list().request()?).await?.status(), 429);
//!
//! // The next one is not even sent.
//! let error = service.ready().await?.call(users::list().request()?).await.unwrap_err();
//! assert!(matches!(error.kind(), ErrorKind::RateLimited(wait) if wait.as_secs() >= 59));
//! # Ok(()) }
//! ```

mod gate;

use std::{
    fmt,
    future::Future,
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use clerk_core::{OperationInfo, credential::Credential, decode::retry_after};
use http::{Extensions, Request, Response, StatusCode, header};
use pin_project_lite::pin_project;
use tokio::time::{Instant, sleep_until};
use tower_layer::Layer;
use tower_service::Service;

use self::gate::{Family, Gates, Turn};
use crate::{
    Error, ErrorKind,
    client::{attempt::Progress, future::CallFuture, middleware::inner_service, purpose::Purpose},
    clock::{Clock, SystemClock},
    error::info_of,
    fleet::{Listener, Member, Topic},
    telemetry,
};

/// Layer that applies [`RateLimit`]. All services made by one layer share its gates. See the [module docs](self) for
/// an example.
#[derive(Clone)]
pub struct RateLimitLayer(Shared);

#[derive(Clone)]
struct Shared {
    gates: Gates,
    clock: Arc<dyn Clock>,
    member: Option<Member>,
}

impl RateLimitLayer {
    /// Creates a layer whose gates are open.
    #[must_use]
    pub fn new() -> Self {
        Self(Shared { gates: Gates::default(), clock: Arc::new(SystemClock), member: None })
    }

    /// Sets the clock that dates in `Retry-After` are compared with. Defaults to the system's clock.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.0.clock = Arc::new(clock);
        self
    }
}

impl RateLimitLayer {
    /// Returns what hears the 429s of other processes.
    pub(crate) fn listener(&self) -> Arc<dyn Listener> {
        Arc::new(self.0.gates.clone())
    }

    /// Tells other processes of 429s.
    pub(crate) fn telling(mut self, member: Option<Member>) -> Self {
        self.0.member = member;
        self
    }
}

impl Default for RateLimitLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for RateLimitLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimitLayer").finish_non_exhaustive()
    }
}

impl<S> Layer<S> for RateLimitLayer {
    type Service = RateLimit<S>;

    fn layer(&self, inner: S) -> Self::Service {
        RateLimit { inner, shared: Arc::new(self.0.clone()) }
    }
}

/// Middleware that holds calls back while Clerk refuses them. See the [module docs](self) for an example.
#[derive(Clone)]
pub struct RateLimit<S> {
    inner: S,
    shared: Arc<Shared>,
}

inner_service!(RateLimit<S>);

impl<S> RateLimit<S> {
    /// Wraps `inner` with gates of its own.
    pub fn new(inner: S) -> Self {
        RateLimitLayer::new().layer(inner)
    }
}

impl<S: fmt::Debug> fmt::Debug for RateLimit<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimit").field("inner", &self.inner).finish_non_exhaustive()
    }
}

impl<S> Service<Request<Bytes>> for RateLimit<S>
where
    S: Service<Request<Bytes>, Response = Response<Bytes>, Error = Error, Future: Send>
        + Clone
        + Send
        + 'static,
{
    type Response = Response<Bytes>;
    type Error = Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Bytes>) -> Self::Future {
        let info = info_of(request.extensions());
        let (family, shared) = (family(info, request.extensions()), self.shared.clone());
        if shared.gates.is_open(family) {
            let sent = Sent { shared, family, at: Instant::now() };
            return ResponseFuture { state: State::Sent { response: self.inner.call(request), sent } };
        }
        // The service that is ready is the one to call; a clone may not be.
        let clone = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, clone);
        let call = CallFuture::new(async move {
            let progress = Progress::of(request.extensions_mut());
            pass(&shared.gates, family, info, Progress::expires(request.extensions()), &progress).await?;
            let sent = Sent { shared, family, at: Instant::now() };
            let response = inner.call(request).await?;
            sent.answered(&response);
            Ok(response)
        });
        ResponseFuture { state: State::HeldBack { call } }
    }
}

/// A call that passed its gate.
struct Sent {
    shared: Arc<Shared>,
    family: Family,
    /// Taken before the call, so that the gate can tell calls from before a 429 from those after it.
    at: Instant,
}

impl Sent {
    /// Closes the gate if Clerk refused the call.
    fn answered(&self, response: &Response<Bytes>) {
        let (Shared { gates, clock, member }, family) = (&*self.shared, self.family);
        if response.status() != StatusCode::TOO_MANY_REQUESTS {
            return gates.passed(family, self.at);
        }
        let asked = response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
        let asked = asked.and_then(|value| retry_after(value, clock.now()));
        let news = gates.close(family, asked, self.at, Instant::now());
        telemetry::rate_limited(family.section);
        if let (Some(member), Some(notice)) = (member, news.and_then(|pause| family.pause(pause))) {
            member.tell(Topic::Paused, notice);
        }
    }
}

pin_project! {
    /// Response future of [`RateLimit`]. Boxed only while calls queue at the gate.
    pub struct ResponseFuture<F> {
        #[pin]
        state: State<F>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F> {
        Sent { #[pin] response: F, sent: Sent },
        HeldBack { #[pin] call: CallFuture<Response<Bytes>> },
    }
}

impl<F> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<Bytes>, Error>>,
{
    type Output = Result<Response<Bytes>, Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProj::Sent { response, sent } => {
                let response = ready!(response.poll(context))?;
                sent.answered(&response);
                Poll::Ready(Ok(response))
            }
            StateProj::HeldBack { call } => call.poll(context),
        }
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

/// Returns what the call's rate limit applies to. The limit belongs to the key that is sent, which may differ from the
/// one that the operation names.
fn family(info: Option<&'static OperationInfo>, extensions: &Extensions) -> Family {
    let sent = extensions.get().copied();
    let credential = sent.or(info.map(|info| info.credential)).unwrap_or(Credential::SecretKey);
    Family { purpose: Purpose::of(extensions), credential, section: info.map_or("", |info| info.section) }
}

/// Waits for a turn, again each time the gate closes, but not beyond the deadline.
async fn pass(
    gates: &Gates,
    family: Family,
    info: Option<&'static OperationInfo>,
    expires: Option<Instant>,
    progress: &Progress,
) -> Result<(), Error> {
    loop {
        let now = Instant::now();
        let turn = match gates.turn(family, now, expires) {
            Turn::Now => return Ok(()),
            Turn::At(turn) => turn,
            Turn::TooLate(turn) => {
                return Err(Error::new(info, ErrorKind::RateLimited(turn.saturating_duration_since(now))));
            }
        };
        // The gate may close again while this call waits. Its turn is void then, and it has to queue again.
        telemetry::waiting_at_gate(family.section, turn.saturating_duration_since(now));
        let waiting = progress.wait();
        sleep_until(turn).await;
        drop(waiting);
        if gates.holds(family, turn) {
            return Ok(());
        }
    }
}
