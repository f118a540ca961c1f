//! Webhooks: signed events for every change of an instance.
//!
//! ```
//! use clerk_core::webhook::{Event, Verifier};
//! use clerk_local::LocalClerk;
//! use clerk_tower::clock::{Clock, SystemClock};
//! use serde_json::json;
//!
//! let local = LocalClerk::new();
//! // One delivery, for a test of a handler.
//! let request = local.webhook("user.deleted", &json!({ "id": "user_1", "deleted": true }));
//! let verifier = Verifier::new(local.webhook_secret());
//! let delivery = verifier.verify(request.headers(), request.body(), SystemClock.now()).unwrap();
//! assert!(matches!(delivery.event, Event::UserDeleted(_)));
//! ```
//!
//! After [`LocalClerk::deliver_webhooks_to`] or [`LocalClerk::deliver_webhooks_to_service`], every further change is
//! delivered in the background, in order: changes through the Backend API, through the pages and through setup. There
//! are events for users, organizations, memberships, sessions, the waitlist, emails and SMS messages. A user's last
//! activity and the expiration of a session cause no event.
//!
//! Each event is sent up to four times, with a timeout of five seconds and pauses of 0.1, 0.4 and 1.6 seconds, until a
//! response is successful. Further events are dropped while 1000 events, or 16 MiB, are waiting.
//! [`LocalClerk::webhooks_delivered`] waits for all deliveries.

use std::sync::Arc;

use bytes::Bytes;
use clerk_core::{Timestamp, keys::WebhookSecret, webhook::Verifier};
use http::{HeaderValue, Request, Response, Uri, header::CONTENT_TYPE};
use serde_json::{Value, json};
use tokio::runtime::Handle;
use tower::Service;
use url::{Host, Url};

use crate::LocalBody;
use crate::{
    LocalClerk, changes,
    delivery::{self, Outbox, Progress, Sender, WorkerConfig},
    delivery_log::Event,
    lock, random,
    state::{INSTANCE_ID, State},
};

/// The path of requests to a service, which has no URL.
const PATH: &str = "/webhooks/clerk";

/// Webhooks cannot be delivered. The message names the method and the reason.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{setting}: {problem}")]
#[non_exhaustive]
pub struct WebhooksError {
    /// The name of the method that was called.
    pub setting: &'static str,
    problem: &'static str,
}

impl WebhooksError {
    /// Returns the reason without the name of the method.
    #[must_use]
    pub const fn problem(&self) -> &'static str {
        self.problem
    }
}

/// The receiver of webhooks.
pub(super) struct Subscription {
    outbox: Outbox,
}

/// Counts of the webhook events of a [`LocalClerk`] since it was created.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LocalWebhooks {
    /// Events whose delivery got a response with a successful status.
    pub delivered: u64,
    /// Events that were given up after four attempts.
    pub given_up: u64,
    /// Events that were never sent, because too many were waiting.
    pub dropped: u64,
}

impl From<Progress> for LocalWebhooks {
    fn from(progress: Progress) -> Self {
        Self { delivered: progress.delivered, given_up: progress.given_up, dropped: progress.dropped }
    }
}

impl LocalClerk {
    /// Returns the secret with which [`webhook`](Self::webhook) signs. Every instance has its own.
    #[must_use]
    pub fn webhook_secret(&self) -> WebhookSecret {
        random::until_ok(|| self.shared.webhook_secret.parse())
    }

    /// Returns the secret with which [`webhook`](Self::webhook) signs as a string, `whsec_…`, for programs in other
    /// languages.
    #[must_use]
    pub fn expose_webhook_secret(&self) -> &str {
        &self.shared.webhook_secret
    }

    /// Creates one signed delivery, `POST /webhooks/clerk`, for a test of a handler; nothing is sent. `kind` is the type
    /// of the event, for example `user.created`, and `data` its data in Clerk's format. Each delivery has its own ID.
    #[must_use]
    pub fn webhook(&self, kind: &str, data: &Value) -> Request<Bytes> {
        let signer = Verifier::new(self.webhook_secret());
        let now = self.shared.clock.now();
        let mut request = request(&signer, &random::id("msg_"), now, event(kind, data, now));
        *request.uri_mut() = Uri::from_static(PATH);
        request
    }

    /// Delivers an event for every further change to `url`, which must be `http://` with a loopback address or
    /// `localhost`. This replaces an earlier receiver.
    ///
    /// ```
    /// use clerk_local::LocalClerk;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let local = LocalClerk::seeded();
    /// local.deliver_webhooks_to("http://localhost:3000/webhooks/clerk", "whsec_c2VjcmV0".parse()?)?;
    ///
    /// let error = local.deliver_webhooks_to("https://localhost/", local.webhook_secret()).unwrap_err();
    /// assert!(error.to_string().contains("https"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// If the URL is not allowed, or no tokio runtime is running.
    pub fn deliver_webhooks_to(&self, url: &str, secret: WebhookSecret) -> Result<(), WebhooksError> {
        let uri = target(url).map_err(|problem| WebhooksError { setting: "deliver_webhooks_to", problem })?;
        self.deliver("deliver_webhooks_to", delivery::over_http, uri, secret)
    }

    /// Delivers an event for every further change to a service in this process, at the path `/webhooks/clerk`: to an axum
    /// `Router`, for example, without a socket. This replaces an earlier receiver.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use clerk_local::{LocalBody, LocalClerk};
    /// use http::{Request, Response};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), clerk_local::webhooks::WebhooksError> {
    /// let app = tower::service_fn(|request: Request<LocalBody>| async move {
    ///     assert_eq!(request.uri().path(), "/webhooks/clerk");
    ///     Ok::<_, std::convert::Infallible>(Response::new(()))
    /// });
    /// let local = LocalClerk::new();
    /// local.deliver_webhooks_to_service(app, local.webhook_secret())?;
    /// local.user("Ada", "Lovelace").create();
    /// assert_eq!(local.webhooks_delivered().await.delivered, 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// If no tokio runtime is running.
    pub fn deliver_webhooks_to_service<S, B>(
        &self,
        service: S,
        secret: WebhookSecret,
    ) -> Result<(), WebhooksError>
    where
        S: Service<Request<LocalBody>, Response = Response<B>, Future: Send> + Clone + Send + 'static,
        B: Send + 'static,
    {
        let sender = || delivery::to_service(service);
        self.deliver("deliver_webhooks_to_service", sender, Uri::from_static(PATH), secret)
    }

    fn deliver(
        &self,
        setting: &'static str,
        sender: impl FnOnce() -> Sender,
        uri: Uri,
        secret: WebhookSecret,
    ) -> Result<(), WebhooksError> {
        let runtime = Handle::try_current().map_err(|_| WebhooksError {
            setting,
            problem: "no tokio runtime is running; call it inside one",
        })?;
        let clock = Arc::clone(&self.shared.clock);
        let config = WorkerConfig { sender: sender(), uri, signer: Verifier::new(secret), clock };
        let (outbox, work) = delivery::open(config, Arc::clone(&self.shared.deliveries));
        runtime.spawn(work);
        // A change that is under way is not reported.
        let _state = self.state();
        *lock(&self.shared.subscription) = Some(Subscription { outbox });
        Ok(())
    }

    /// Waits until every event so far is delivered or given up, and returns the counts. Without a receiver it returns at
    /// once.
    pub async fn webhooks_delivered(&self) -> LocalWebhooks {
        let mut counts = self.shared.deliveries.progress.subscribe();
        match counts.wait_for(|progress| progress.waiting == 0).await {
            Ok(progress) => (*progress).into(),
            // Impossible: this instance holds the sender.
            Err(_) => LocalWebhooks::default(),
        }
    }

    /// Returns whether webhooks are delivered.
    pub(super) fn has_receiver(&self) -> bool {
        lock(&self.shared.subscription).is_some()
    }

    /// Queues the events for the changes between two states.
    pub(super) fn report_changes(&self, before: &State, after: &State) {
        let subscription = lock(&self.shared.subscription);
        let Some(Subscription { outbox }) = &*subscription else { return };
        let time = self.shared.clock.now();
        for (kind, data) in changes::events(before, after, after.now) {
            outbox.put(Event { id: random::id("msg_"), kind, body: event(kind, &data, time), time });
        }
    }

    /// Queues an event of the [log](Deliveries::log) once more, with the same ID. Returns false if it is not known any more,
    /// or nobody receives webhooks.
    pub(super) fn send_webhook_again(&self, id: &str) -> bool {
        let event = self.shared.deliveries.log().find(id).map(|delivery| delivery.event.clone());
        let subscription = lock(&self.shared.subscription);
        let (Some(event), Some(Subscription { outbox })) = (event, &*subscription) else { return false };
        outbox.put(event);
        true
    }
}

/// Parses the URL of a receiver, which must be on this computer.
fn target(url: &str) -> Result<Uri, &'static str> {
    let parsed =
        Url::parse(url).map_err(|_| "not a URL; expected one like http://localhost:3000/webhooks/clerk")?;
    match parsed.scheme() {
        "http" => {}
        "https" => {
            return Err("https is not supported; write http://, since the request stays on this computer");
        }
        _ => return Err("only http:// is supported"),
    }
    let is_local = match parsed.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    if !is_local {
        return Err("not on this computer; expected localhost or a loopback address");
    }
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err("a user name or a password is not supported; leave them out");
    }
    let uri: Result<Uri, _> = parsed.as_str().parse();
    uri.map_err(|_| "not a valid HTTP URL")
}

/// Returns the body of an event. `now` is the time of the clock, because receivers compare it with the `iat` of tokens to see
/// which of these an event ends.
fn event(kind: &str, data: &Value, now: Timestamp) -> Bytes {
    let event = json!({
        "object": "event",
        "type": kind,
        "data": data,
        "timestamp": now,
        "instance_id": INSTANCE_ID,
        "event_attributes": { "http_request": { "client_ip": "127.0.0.1", "user_agent": "LocalClerk" } },
    });
    event.to_string().into()
}

/// Returns a signed delivery.
pub(super) fn request(signer: &Verifier, id: &str, now: Timestamp, body: Bytes) -> Request<Bytes> {
    let headers = signer.sign(id, now, &body);
    let mut request = Request::new(body);
    *request.method_mut() = http::Method::POST;
    *request.headers_mut() = headers;
    request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    request
}
