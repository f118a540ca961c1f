//! Delivers webhook events in the background, one after the other.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use clerk_core::webhook::Verifier;
use http::{Request, Response, StatusCode, Uri};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::{sleep, timeout},
};
use tower::{Service, ServiceExt as _};

use crate::LocalBody;
use crate::{
    delivery_log::{Attempt, DeliveryLog, Event},
    lock,
    webhooks::request,
};
use clerk_tower::clock::Clock;

/// The maximum number of waiting events.
const MAX_WAITING: usize = 1000;
/// The maximum total size of all waiting events, in bytes.
const MAX_BYTES: usize = 16 * 1024 * 1024;
/// The pause before each retry.
const WAITS: [Duration; 3] =
    [Duration::from_millis(100), Duration::from_millis(400), Duration::from_millis(1600)];
/// The timeout of one attempt.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Counters of the deliveries.
#[derive(Clone, Copy, Default)]
pub(super) struct Progress {
    pub(super) waiting: usize,
    bytes: usize,
    pub(super) delivered: u64,
    pub(super) given_up: u64,
    pub(super) dropped: u64,
}

/// What is known about the deliveries of an instance.
#[derive(Default)]
pub(super) struct Deliveries {
    pub(super) progress: watch::Sender<Progress>,
    log: Mutex<DeliveryLog>,
}

impl Deliveries {
    /// Returns the last events.
    pub(super) fn log(&self) -> MutexGuard<'_, DeliveryLog> {
        lock(&self.log)
    }
}

/// A waiting event. Dropping it updates the counters.
struct Message {
    event: Event,
    deliveries: Arc<Deliveries>,
}

impl Message {
    /// Creates a message, unless too many are waiting.
    fn new(event: Event, deliveries: &Arc<Deliveries>) -> Option<Self> {
        let has_room = deliveries.progress.send_if_modified(|progress| {
            let bytes = progress.bytes.saturating_add(event.body.len());
            let has_room = progress.waiting < MAX_WAITING && bytes <= MAX_BYTES;
            if has_room {
                progress.waiting += 1;
                progress.bytes = bytes;
            }
            has_room
        });
        has_room.then(|| Self { event, deliveries: Arc::clone(deliveries) })
    }
}

impl Drop for Message {
    fn drop(&mut self) {
        let bytes = self.event.body.len();
        self.deliveries.progress.send_modify(|progress| {
            progress.waiting = progress.waiting.saturating_sub(1);
            progress.bytes = progress.bytes.saturating_sub(bytes);
        });
    }
}

/// The queue of events to deliver.
pub(super) struct Outbox {
    messages: mpsc::Sender<Message>,
    deliveries: Arc<Deliveries>,
}

impl Outbox {
    /// Queues an event. If the queue is full, the event is dropped and counted.
    pub(super) fn put(&self, event: Event) {
        let message = Message::new(event, &self.deliveries);
        if let Some(message) = &message {
            self.deliveries.log().add(&message.event);
        }
        let is_queued = message.is_some_and(|message| self.messages.try_send(message).is_ok());
        if !is_queued {
            self.deliveries.progress.send_modify(|progress| progress.dropped += 1);
        }
    }
}

type Reply = Pin<Box<dyn Future<Output = Option<StatusCode>> + Send>>;

/// Sends one request; returns the status of the response, if there was one.
pub(super) type Sender = Box<dyn FnMut(Request<LocalBody>) -> Reply + Send>;

/// Sends requests to a service in this process.
pub(super) fn to_service<S, B>(service: S) -> Sender
where
    S: Service<Request<LocalBody>, Response = Response<B>, Future: Send> + Clone + Send + 'static,
    B: Send + 'static,
{
    Box::new(move |request| {
        let response = service.clone().oneshot(request);
        Box::pin(async { response.await.ok().map(|response| response.status()) })
    })
}

/// Sends requests over HTTP.
pub(super) fn over_http() -> Sender {
    let client = Client::builder(TokioExecutor::new()).build_http::<LocalBody>();
    Box::new(move |request| {
        let response = client.request(request);
        Box::pin(async { response.await.ok().map(|response| response.status()) })
    })
}

/// What the worker needs besides the events.
pub(super) struct WorkerConfig {
    pub(super) sender: Sender,
    pub(super) uri: Uri,
    pub(super) signer: Verifier,
    pub(super) clock: Arc<dyn Clock>,
}

/// Creates an outbox and the future that empties it. The future ends when the outbox has been dropped and every event
/// is delivered or given up.
pub(super) fn open(
    config: WorkerConfig,
    deliveries: Arc<Deliveries>,
) -> (Outbox, impl Future<Output = ()> + Send) {
    let (messages, queue) = mpsc::channel(MAX_WAITING);
    (Outbox { messages, deliveries }, work(config, queue))
}

async fn work(mut config: WorkerConfig, mut queue: mpsc::Receiver<Message>) {
    while let Some(message) = queue.recv().await {
        let is_delivered = deliver(&mut config, &message).await;
        message.deliveries.progress.send_modify(|progress| match is_delivered {
            true => progress.delivered += 1,
            false => progress.given_up += 1,
        });
    }
}

/// Runs one attempt. It is a separate task, so that a panic of the receiving service ends only the attempt.
async fn wait(reply: Reply) -> Option<StatusCode> {
    let mut task = JoinSet::new();
    task.spawn(reply);
    timeout(TIMEOUT, task.join_next()).await.ok()??.ok()?
}

/// Sends one event until the response is successful, at most four times with growing pauses.
async fn deliver(config: &mut WorkerConfig, message: &Message) -> bool {
    let mut waits = WAITS.into_iter();
    loop {
        let (time, event) = (config.clock.now(), &message.event);
        let mut request = request(&config.signer, &event.id, time, event.body.clone()).map(LocalBody::from);
        request.uri_mut().clone_from(&config.uri);
        let attempt = Attempt { time, status: wait((config.sender)(request)).await };
        message.deliveries.log().note(&event.id, attempt);
        if attempt.is_success() {
            return true;
        }
        match waits.next() {
            Some(wait) => sleep(wait).await,
            None => return false,
        }
    }
}
