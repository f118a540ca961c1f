//! Webhooks: what changes in an instance is told to whoever wants to know, signed, as Clerk does it.
//!
//! ```
//! use clerk_core::webhook::{Event, Verifier};
//! use clerk_local::LocalClerk;
//! use serde_json::json;
//!
//! let local = LocalClerk::new();
//! // One delivery, to hand to a handler.
//! let request = local.webhook("user.deleted", &json!({ "id": "user_1", "deleted": true }));
//! let verifier = Verifier::new(local.webhook_secret());
//! # use clerk_tower::clock::Clock;
//! # let now = clerk_tower::clock::SystemClock.now();
//! let delivery = verifier.verify(request.headers(), request.body(), now).unwrap();
//! assert!(matches!(delivery.event, Event::UserDeleted(_)));
//! ```
//!
//! With [`LocalClerk::deliver_webhooks_to`] or [`LocalClerk::deliver_webhooks_to_service`], every change from
//! then on is delivered in the background, in order: those through the Backend API, through pages, and through
//! setup. There are events for users, organizations, memberships and sessions. When somebody was last seen is no
//! change, and neither is a session whose time is over. One delivery is tried four times, five seconds each at most,
//! with 0.1, 0.4 and 1.6 seconds between them; then it is given up. When 1000 wait, or 16 MiB, no more are taken.
//! [`LocalClerk::webhooks_delivered`] waits for all of them.

use std::sync::Arc;

use bytes::Bytes;
use clerk_core::{Timestamp, keys::WebhookSecret, webhook::Verifier};
use http::{HeaderValue, Request, Response, Uri, header::CONTENT_TYPE};
use http_body_util::Full;
use serde_json::{Value, json};
use tokio::runtime::Handle;
use tower::Service;
use url::{Host, Url};

use crate::{
    LocalClerk, changes,
    delivery::{self, Outbox, Progress, Sender, WorkerConfig},
    lock, random,
    state::{INSTANCE_ID, State},
};

/// The path of a delivery that goes to no URL.
const PATH: &str = "/webhooks/clerk";

/// Webhooks cannot be delivered as asked: which method was called, and why not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{setting}: {problem}")]
#[non_exhaustive]
pub struct WebhooksError {
    /// The method of [`LocalClerk`] that was called.
    pub setting: &'static str,
    problem: &'static str,
}

/// Who is told of changes, and what they were told last.
pub(super) struct Subscription {
    outbox: Outbox,
    reported: State,
}

/// What became of the events of a [`LocalClerk`], since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LocalWebhooks {
    /// How many were answered with a status of success.
    pub delivered: u64,
    /// How many were not, four times.
    pub given_up: u64,
    /// How many were never tried, since too many were waiting.
    pub dropped: u64,
}

impl From<Progress> for LocalWebhooks {
    fn from(progress: Progress) -> Self {
        Self { delivered: progress.delivered, given_up: progress.given_up, dropped: progress.dropped }
    }
}

impl LocalClerk {
    /// The secret that [`webhook`](Self::webhook) signs with; another one for every instance.
    #[must_use]
    pub fn webhook_secret(&self) -> WebhookSecret {
        random::until_ok(|| self.shared.webhook_secret.parse())
    }

    /// One signed delivery, `POST /webhooks/clerk`, to hand to a handler; nothing is sent. `kind` is the type
    /// of the event, `user.created` for example, and `data` what comes with it, as Clerk writes it. The id of
    /// each delivery is another one.
    #[must_use]
    pub fn webhook(&self, kind: &str, data: &Value) -> Request<Bytes> {
        let now = self.now();
        let signer = Verifier::new(self.webhook_secret());
        let mut request = request(&signer, &random::id("msg_"), now, event(kind, data, now));
        *request.uri_mut() = Uri::from_static(PATH);
        request
    }

    /// Delivers an event for every change from now on to `url`: `http://` and a loopback address or
    /// `localhost`. It takes the place of what was told before.
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
    /// [`WebhooksError`] when the URL is another one, and outside of a tokio runtime.
    pub fn deliver_webhooks_to(&self, url: &str, secret: WebhookSecret) -> Result<(), WebhooksError> {
        let uri = target(url).map_err(|problem| WebhooksError { setting: "deliver_webhooks_to", problem })?;
        self.deliver("deliver_webhooks_to", delivery::over_http, uri, secret)
    }

    /// Delivers an event for every change from now on to a service of this process, at `/webhooks/clerk`: to an
    /// axum `Router`, for example, without a socket. It takes the place of what was told before.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use clerk_local::LocalClerk;
    /// use http::{Request, Response};
    /// use http_body_util::Full;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), clerk_local::webhooks::WebhooksError> {
    /// let app = tower::service_fn(|request: Request<Full<Bytes>>| async move {
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
    /// [`WebhooksError`] outside of a tokio runtime.
    pub fn deliver_webhooks_to_service<S, B>(
        &self,
        service: S,
        secret: WebhookSecret,
    ) -> Result<(), WebhooksError>
    where
        S: Service<Request<Full<Bytes>>, Response = Response<B>, Future: Send> + Clone + Send + 'static,
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
            problem: "there is no tokio runtime here; call it inside of one",
        })?;
        let clock = Arc::clone(&self.shared.clock);
        let config = WorkerConfig { sender: sender(), uri, signer: Verifier::new(secret), clock };
        let (outbox, work) = delivery::open(config, Arc::clone(&self.shared.webhook_counts));
        runtime.spawn(work);
        let state = self.state();
        let mut reported = State::default();
        changes::update_snapshot(&mut reported, &state);
        *lock(&self.shared.subscription) = Some(Subscription { outbox, reported });
        Ok(())
    }

    /// Waits until every event so far is delivered or given up, and says how many there were. It waits for
    /// nothing where nobody is told.
    pub async fn webhooks_delivered(&self) -> LocalWebhooks {
        let mut counts = self.shared.webhook_counts.subscribe();
        match counts.wait_for(|progress| progress.waiting == 0).await {
            Ok(progress) => (*progress).into(),
            // Nobody counts any more, which cannot be: this instance does.
            Err(_) => LocalWebhooks::default(),
        }
    }

    /// Queues the events of what changed since the last time.
    pub(super) fn report_changes(&self, state: &State) {
        let mut subscription = lock(&self.shared.subscription);
        let Some(Subscription { outbox, reported }) = &mut *subscription else { return };
        let now = self.now();
        let events = changes::events(reported, state, now);
        changes::update_snapshot(reported, state);
        for (kind, data) in events {
            outbox.put(event(kind, &data, now));
        }
    }
}

/// Where a URL leads, if it leads to this machine.
fn target(url: &str) -> Result<Uri, &'static str> {
    let parsed =
        Url::parse(url).map_err(|_| "not a URL; expected one like http://localhost:3000/webhooks/clerk")?;
    match parsed.scheme() {
        "http" => {}
        "https" => return Err("https is not spoken here; write http://, since it stays on this machine"),
        _ => return Err("only http:// is spoken here"),
    }
    let is_local = match parsed.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    if !is_local {
        return Err("not on this machine; expected localhost or a loopback address");
    }
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err("with a user name or a password in it; leave them out");
    }
    let uri: Result<Uri, _> = parsed.as_str().parse();
    uri.map_err(|_| "not a URL that HTTP can carry")
}

/// The body of an event.
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

/// A signed delivery.
pub(super) fn request(signer: &Verifier, id: &str, now: Timestamp, body: Bytes) -> Request<Bytes> {
    let headers = signer.sign(id, now, &body);
    let mut request = Request::new(body);
    *request.method_mut() = http::Method::POST;
    *request.headers_mut() = headers;
    request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    request
}
