use std::{
    convert::Infallible,
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use aws_lc_rs::digest::{self, SHA256};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use clerk_core::webhook::{Delivery, Event, Kind};
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body::Body;
use http_body_util::Full;
use tokio::time::timeout;
use tower_service::Service;
use tracing::Instrument as _;

use super::{
    claim::{Claim, Claimed, End},
    dedup::{Begin, Dedup, Running},
    handler::{Handled, Handler, Wants},
};
use crate::{
    BoxError, Clerk, ClerkVerifier, ConfigError, runtime,
    server::{NoInner, ResponseBody, rejection::Rejection},
    telemetry,
};

type Output = Result<Response<ResponseBody<NoInner>>, Infallible>;
type OnError = Arc<dyn Fn(&Delivery, &BoxError) + Send + Sync>;

/// Webhook endpoint as a service. See the [module docs](super) for its responses.
///
/// ```
/// use clerk_core::webhook::kind;
/// use clerk_tower::{Clerk, ConfigError, server::webhook::ClerkWebhooks};
///
/// /// In axum: `Router::new().route_service("/webhooks/clerk", webhooks(&clerk)?)`.
/// fn webhooks(clerk: &Clerk) -> Result<ClerkWebhooks, ConfigError> {
///     Ok(ClerkWebhooks::new(clerk)?
///         .on(kind::USER_CREATED, |user, _| async move { println!("{} signed up", user.id) })
///         .on_error(|delivery, error| eprintln!("delivery {}: {error}", delivery.id)))
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let clerk = Clerk::builder().secret_key("sk_test_abc").webhook_secret("whsec_c2VjcmV0").build()?;
/// let service = webhooks(&clerk)?;
/// # let _ = service; Ok(()) }
/// ```
///
/// Clones share the deduplication of deliveries.
#[derive(Clone)]
#[must_use]
pub struct ClerkWebhooks {
    clerk: Clerk,
    handlers: Vec<Handler>,
    on_error: Option<OnError>,
    max_body_bytes: usize,
    remember_for: Duration,
    handler_timeout: Duration,
    name: Option<String>,
    dedup: Dedup,
}

impl ClerkWebhooks {
    /// Creates an endpoint that verifies deliveries, and invalidates what they make stale in the client's cache. Add
    /// handlers to do more.
    ///
    /// # Errors
    /// If the client has no signing secret.
    pub fn new(clerk: impl Into<ClerkVerifier>) -> Result<Self, ConfigError> {
        let clerk = clerk.into();
        let clerk = clerk.client();
        if clerk.webhook_verifier().is_none() {
            let advice = "copy the signing secret (whsec_…) of the endpoint from the Webhooks page of Clerk's dashboard, or \
                          call `.webhook_secret(..)` on the client's builder";
            let problem = clerk.misnamed().not_set("webhook_secret", advice);
            return Err(ConfigError::new("CLERK_WEBHOOK_SIGNING_SECRET", problem));
        }
        Ok(Self {
            clerk: clerk.clone(),
            handlers: Vec::new(),
            on_error: None,
            // The body is read before its signature can be checked, so anyone can send one. Clerk's are far smaller.
            max_body_bytes: 2 * 1024 * 1024,
            remember_for: Duration::from_secs(3600),
            handler_timeout: Duration::from_secs(300),
            name: None,
            dedup: Dedup::default(),
        })
    }

    /// Calls `handler` for every event of this [kind](clerk_core::webhook::kind), with the event's data and the whole
    /// delivery.
    ///
    /// Handlers run one after the other, in the order in which they were added, until one fails.
    pub fn on<T, F, Fut>(mut self, kind: Kind<T>, handler: F) -> Self
    where
        T: Clone + 'static,
        F: Fn(T, Arc<Delivery>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Handled> + Send + 'static,
    {
        self.handlers.push(Handler::of(kind, handler));
        self
    }

    /// Calls `handler` for every event, including those of types that this version does not know, and those that cannot be
    /// decoded.
    pub fn on_any<F, Fut>(mut self, handler: F) -> Self
    where
        F: Fn(Arc<Delivery>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Handled> + Send + 'static,
    {
        self.handlers.push(Handler::of_any(handler));
        self
    }

    /// Calls `handler` for every event that cannot be decoded, such as a user without an ID:
    /// [`Event::Unreadable`](clerk_core::webhook::Event::Unreadable). [`Delivery::body`] has all of it.
    ///
    /// Handlers of such an event's type, added with [`on`](Self::on), do not run. Without a handler of this kind, the
    /// response is then 500 `webhook-unreadable`, so that Clerk delivers again and the event is not lost.
    pub fn on_unreadable<F, Fut>(mut self, handler: F) -> Self
    where
        F: Fn(Arc<Delivery>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Handled> + Send + 'static,
    {
        self.handlers.push(Handler::of_unreadable(handler));
        self
    }

    /// Passes the errors of handlers to `observer`. The log only says that a handler failed, because an application's
    /// errors may contain data that must not be logged.
    pub fn on_error(mut self, observer: impl Fn(&Delivery, &BoxError) + Send + Sync + 'static) -> Self {
        self.on_error = Some(Arc::new(observer));
        self
    }

    /// Sets how many bytes a delivery's body may have. Defaults to 2 MiB.
    pub fn max_body_bytes(mut self, max: usize) -> Self {
        self.max_body_bytes = max;
        self
    }

    /// Sets how long handled deliveries are remembered, so that they are not handled again. Defaults to one hour, and
    /// at most 10,000 deliveries in each process; a [fleet](crate::fleet) remembers all of them. A delivery that is resent
    /// from Clerk's dashboard counts as the same delivery. With zero, every delivery is handled, and a fleet is not asked:
    /// for handlers that store [`Delivery::id`] in the transaction that the delivery causes.
    pub fn remember_for(mut self, age: Duration) -> Self {
        self.remember_for = age;
        self
    }

    /// Sets the name under which the processes of a [fleet](crate::fleet) share what they have handled. Without a fleet it
    /// has no effect.
    ///
    /// By default, the signing secret of a delivery is the name: endpoints of Clerk are handled apart, although their
    /// deliveries of one event have the same ID. Set a name
    ///
    /// - if Clerk has several endpoints that all lead to this service, and each event is to be handled once;
    /// - if two services get the same deliveries, for example from a proxy that copies them: each needs a name of its own,
    ///   or one of them does not handle what the other has.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets how long all handlers of one delivery may take together. Defaults to five minutes. A handler that takes
    /// longer is cancelled and counts as failed, so Clerk delivers again.
    pub fn handler_timeout(mut self, limit: Duration) -> Self {
        self.handler_timeout = limit;
        self
    }

    /// Waits until no handler is running, and the [fleet](crate::fleet) knows what was handled, also if Clerk closed the connection of its delivery. For a graceful shutdown:
    /// call it on a clone after the server has stopped accepting requests, because otherwise the runtime ends with the
    /// handlers in the middle of their work.
    ///
    /// Running handlers end within the [`handler_timeout`](Self::handler_timeout) at the latest, and a fleet that does not
    /// respond is given 20 seconds. Wrap this in a timeout for
    /// a shorter wait. What is then cut off is delivered again.
    ///
    /// ```
    /// # use clerk_tower::{Clerk, server::webhook::ClerkWebhooks};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let clerk = Clerk::builder().secret_key("sk_test_abc").webhook_secret("whsec_c2VjcmV0").build()?;
    /// use std::time::Duration;
    /// use tokio::time::timeout;
    ///
    /// let webhooks = ClerkWebhooks::new(&clerk)?;
    /// let running = webhooks.clone();
    /// // Here the server runs with `webhooks`, until a signal stops it.
    /// if timeout(Duration::from_secs(30), running.drained()).await.is_err() {
    ///     eprintln!("some webhook handlers did not end");
    /// }
    /// # Ok(()) }
    /// ```
    pub async fn drained(&self) {
        self.dedup.idle().await;
    }

    async fn receive<B>(self, request: Request<B>) -> Result<(), Rejection>
    where
        B: Body,
        B::Error: Into<BoxError>,
    {
        if request.method() != Method::POST {
            return Err(Rejection::webhook_method());
        }
        let max = self.max_body_bytes;
        let delivery = self.clerk.take_webhook(request, max).await?;
        let kind = telemetry::webhook_kind(&delivery.event);
        let running = match self.dedup.begin(&delivery.id, self.clerk.now(), self.remember_for) {
            Begin::New(running) => running,
            Begin::Done => return repeated(kind),
            Begin::Running => return is_running(kind),
            Begin::Full => return Err(self.clerk.log(Rejection::webhook_busy())),
        };
        let runtime = runtime::current().map_err(|_| Rejection::webhook_failed())?;
        let task = runtime.spawn(self.handle(Arc::new(delivery), running).in_current_span());
        // The task panicked, or its runtime was shut down: the delivery was not handled completely.
        task.await.unwrap_or_else(|_| Err(Rejection::webhook_failed()))
    }

    /// Handles a delivery that is new to this process, in a task of its own: a server drops the request's future when Clerk
    /// closes the connection, which would cancel a handler in the middle.
    async fn handle(self, delivery: Arc<Delivery>, running: Running) -> Result<(), Rejection> {
        let kind = telemetry::webhook_kind(&delivery.event);
        let member = self.clerk.member().filter(|_| !self.remember_for.is_zero());
        let Some(member) = member else { return self.run(&delivery, &running).await };
        match Claim::begin(member.clone(), member.names().key("delivery", self.digest(&delivery))).await {
            Claimed::Ours(claim) => {
                let result = self.run(&delivery, &running).await;
                let end = if result.is_ok() { End::Done(self.remember_for) } else { End::Released };
                claim.settle(end, running).await;
                result
            }
            // Not remembered here: the engine knows for how long it still counts.
            Claimed::Done => repeated(kind),
            Claimed::Running => is_running(kind),
        }
    }

    /// Returns what is the same for all deliveries of an event to this endpoint. A digest, because an ID may be long.
    fn digest(&self, delivery: &Delivery) -> String {
        let id = &delivery.id;
        let what = match &self.name {
            Some(name) => format!("name\0{name}\0{id}"),
            None => format!("endpoint\0{}\0{id}", delivery.endpoint),
        };
        BASE64_URL_SAFE_NO_PAD.encode(digest::digest(&SHA256, what.as_bytes()))
    }

    /// Runs all handlers.
    async fn run(&self, delivery: &Arc<Delivery>, running: &Running) -> Result<(), Rejection> {
        // Logged on drop, because a panic skips the code below.
        let kind = telemetry::webhook_kind(&delivery.event);
        let mut attempt = Attempt { clerk: &self.clerk, kind, how: Some("panicked") };
        let all = async {
            // One after another: a handler may rely on an earlier one, such as one that inserts a row which it updates.
            for work in self.handlers.iter().filter_map(|handler| handler.start(delivery)) {
                work.await?;
            }
            Ok::<_, BoxError>(())
        };
        let (how, rejection, error) = match timeout(self.handler_timeout, all).await {
            Ok(Ok(())) => match self.missed(&delivery.event) {
                None => {
                    attempt.how = None;
                    telemetry::webhook(kind, "handled");
                    running.done(self.clerk.now());
                    return Ok(());
                }
                Some(missed) => ("unreadable", Rejection::webhook_unreadable(), missed.into()),
            },
            Ok(Err(error)) => ("error", Rejection::webhook_failed(), error),
            Err(elapsed) => ("timeout", Rejection::webhook_failed(), elapsed.into()),
        };
        attempt.how = Some(how);
        if let Some(observer) = &self.on_error {
            observer(delivery, &error);
        }
        Err(rejection)
    }

    /// Says that a handler wants an event, but did not get it, because the event cannot be decoded.
    fn missed(&self, event: &Event) -> Option<String> {
        let Event::Unreadable { kind, problem, .. } = event else { return None };
        // Without a type, the event could be one for any of the handlers.
        let is_wanted = |handler: &Handler| matches!(handler.wants(), Wants::Kind(wanted) if wanted == kind || kind.is_empty());
        let is_taken = |handler: &Handler| handler.wants() == Wants::Unreadable;
        let is_missed = self.handlers.iter().any(is_wanted) && !self.handlers.iter().any(is_taken);
        is_missed.then(|| {
            format!("the event {kind} cannot be decoded, and no `on_unreadable` handler is set: {problem}")
        })
    }
}

/// Logs how an attempt failed, even if it panicked.
struct Attempt<'a> {
    clerk: &'a Clerk,
    kind: &'a str,
    how: Option<&'static str>,
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if let Some(how) = self.how {
            telemetry::webhook_failed(self.clerk.log_limiter(), self.clerk.now(), self.kind, how);
        }
    }
}

fn repeated(kind: &str) -> Result<(), Rejection> {
    telemetry::webhook(kind, "repeated");
    Ok(())
}

fn is_running(kind: &str) -> Result<(), Rejection> {
    telemetry::webhook(kind, "running");
    Err(Rejection::webhook_running())
}

fn response(result: Result<(), Rejection>) -> Response<ResponseBody<NoInner>> {
    let mut response = match result {
        Ok(()) => {
            let mut response = Response::new(Full::default());
            *response.status_mut() = StatusCode::NO_CONTENT;
            response
        }
        Err(rejection) => rejection.into_response(),
    };
    // RFC 9110, section 15.5.6: a 405 must have an `Allow` header.
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
    }
    response.map(ResponseBody::full)
}

/// Always ready, and never fails: every error is a response.
impl<B> Service<Request<B>> for ClerkWebhooks
where
    B: Body<Data: Send> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<ResponseBody<NoInner>>;
    type Error = Infallible;
    type Future = WebhookFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> WebhookFuture {
        let endpoint = self.clone();
        WebhookFuture(Box::pin(async move { Ok(response(endpoint.receive(request).await)) }))
    }
}

impl fmt::Debug for ClerkWebhooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClerkWebhooks").field("handlers", &self.handlers.len()).finish_non_exhaustive()
    }
}

/// Response future of [`ClerkWebhooks`].
pub struct WebhookFuture(Pin<Box<dyn Future<Output = Output> + Send>>);

impl Future for WebhookFuture {
    type Output = Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Output> {
        self.0.as_mut().poll(context)
    }
}

impl fmt::Debug for WebhookFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookFuture").finish_non_exhaustive()
    }
}
