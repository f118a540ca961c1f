//! Bounds what is kept of bodies that anyone can send: how many, how many bytes, and for how long.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::{Buf, BufMut as _, Bytes, BytesMut};
use futures_util::future::{Either, select};
use http_body::Body;
use http_body_util::BodyExt as _;
use tokio::{sync::oneshot, time::timeout};

use crate::{BoxError, runtime};

/// Bounds for the bodies of webhook deliveries while they are received, for
/// [`ClerkBuilder::webhook_limits`](crate::ClerkBuilder::webhook_limits).
///
/// A body is read before its signature can be checked, so anyone can send one. At a bound, the body that has taken the longest
/// is given up, with 503 `webhook-busy`, and the newest is received: Clerk sends a body at once, and delivers again what was
/// given up. So strangers who send bodies slowly, or not at all, only displace each other.
///
/// ```
/// use clerk_tower::{Clerk, WebhookLimits};
///
/// let clerk = Clerk::builder()
///     .secret_key("sk_test_abc")
///     .webhook_secret("whsec_c2VjcmV0")
///     .webhook_limits(WebhookLimits::new().bodies(16).bytes(4 * 1024 * 1024))
///     .build()?;
/// # let _ = clerk; Ok::<(), clerk_tower::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct WebhookLimits {
    bodies: usize,
    bytes: usize,
    timeout: Duration,
}

impl Default for WebhookLimits {
    fn default() -> Self {
        Self::new()
    }
}

impl WebhookLimits {
    /// Creates the default bounds: 64 bodies, 16 MiB, and 10 seconds.
    pub const fn new() -> Self {
        Self { bodies: 64, bytes: 16 * 1024 * 1024, timeout: Duration::from_secs(10) }
    }

    /// Sets how many bodies may be received at the same time. Defaults to 64. With one more, the oldest gets 503
    /// `webhook-busy`.
    pub const fn bodies(mut self, max: usize) -> Self {
        self.bodies = max;
        self
    }

    /// Sets how many bytes all bodies may have together while they are received. Defaults to 16 MiB. With more, the oldest get
    /// 503 `webhook-busy`, and so does a body that is larger on its own.
    pub const fn bytes(mut self, max: usize) -> Self {
        self.bytes = max;
        self
    }

    /// Sets how long a body may take to arrive. Defaults to 10 seconds. Then the response is 408 `webhook-timeout`.
    pub const fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }
}

/// Receives bodies within the bounds. Clones share them.
#[derive(Clone)]
pub(crate) struct Intake {
    limits: WebhookLimits,
    bodies: Arc<Mutex<Bodies>>,
}

/// Why a body was not received.
pub(crate) enum NotReceived {
    /// It had to make room for others.
    Busy,
    /// It took too long.
    TooSlow,
    /// Reading it failed.
    Failed(BoxError),
}

/// What has arrived of the bodies that are being received, in the order of their beginning.
#[derive(Default)]
struct Bodies {
    all: BTreeMap<u64, Receiving>,
    bytes: usize,
    next: u64,
}

struct Receiving {
    data: BytesMut,
    /// Wakes whoever receives the body when it is given up.
    _kept: oneshot::Sender<Infallible>,
}

impl Bodies {
    /// Begins a body, and returns its number.
    fn begin(&mut self, max: usize) -> Option<(u64, oneshot::Receiver<Infallible>)> {
        while self.all.len() >= max {
            self.give_up_oldest()?;
        }
        let (kept, given_up) = oneshot::channel();
        let number = self.next;
        self.next = self.next.wrapping_add(1);
        self.all.insert(number, Receiving { data: BytesMut::new(), _kept: kept });
        Some((number, given_up))
    }

    /// Appends to a body what has arrived: not what a sender announces. Returns `None` if the body was given up.
    fn append(&mut self, number: u64, part: impl Buf, max: usize) -> Option<()> {
        let more = part.remaining();
        let own = self.all.get(&number)?.data.len();
        if own.checked_add(more).is_none_or(|size| size > max) {
            return None;
        }
        while self.bytes.checked_add(more).is_none_or(|size| size > max) {
            self.give_up_oldest()?;
        }
        self.all.get_mut(&number)?.data.put(part);
        self.bytes = self.bytes.saturating_add(more);
        Some(())
    }

    fn end(&mut self, number: u64) -> Option<Bytes> {
        let Receiving { data, .. } = self.all.remove(&number)?;
        self.bytes = self.bytes.saturating_sub(data.len());
        Some(data.freeze())
    }

    fn give_up_oldest(&mut self) -> Option<Bytes> {
        let (&oldest, _) = self.all.first_key_value()?;
        self.end(oldest)
    }
}

/// Ends a body when it is dropped.
struct Place<'a> {
    intake: &'a Intake,
    number: u64,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.intake.lock().end(self.number);
    }
}

impl Intake {
    pub(crate) fn new(limits: WebhookLimits) -> Self {
        Self { limits, bodies: Arc::default() }
    }

    /// A poisoned lock is used: nothing that can panic runs with it.
    fn lock(&self) -> MutexGuard<'_, Bodies> {
        self.bodies.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Receives a whole body.
    pub(crate) async fn receive<B>(&self, body: B) -> Result<Bytes, NotReceived>
    where
        B: Body<Error: Into<BoxError>>,
    {
        // Nothing can be received here without a timer.
        runtime::current().map_err(|_| NotReceived::Busy)?;
        // Without waiting: a queue would have to be bounded too, and Clerk delivers again.
        let (number, given_up) = self.lock().begin(self.limits.bodies).ok_or(NotReceived::Busy)?;
        let place = Place { intake: self, number };
        let received = pin!(timeout(self.limits.timeout, self.collect(&place, body)));
        match select(received, given_up).await {
            Either::Left((received, _)) => received.unwrap_or(Err(NotReceived::TooSlow)),
            Either::Right(_) => Err(NotReceived::Busy),
        }
    }

    async fn collect<B>(&self, place: &Place<'_>, body: B) -> Result<Bytes, NotReceived>
    where
        B: Body<Error: Into<BoxError>>,
    {
        let mut body = pin!(body);
        while let Some(frame) = body.as_mut().frame().await {
            let frame = frame.map_err(|error| NotReceived::Failed(error.into()))?;
            let Ok(data) = frame.into_data() else { continue };
            self.lock().append(place.number, data, self.limits.bytes).ok_or(NotReceived::Busy)?;
        }
        self.lock().end(place.number).ok_or(NotReceived::Busy)
    }
}
