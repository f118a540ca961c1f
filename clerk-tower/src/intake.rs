//! Bounds what is kept of bodies that anyone can send: how many, how many bytes, and for how long.

use std::{pin::pin, sync::Arc, time::Duration};

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use http_body::Body;
use http_body_util::BodyExt as _;
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};

use crate::{BoxError, runtime};

/// Bounds for the bodies of webhook deliveries while they are received, for
/// [`ClerkBuilder::webhook_limits`](crate::ClerkBuilder::webhook_limits).
///
/// A body is read before its signature can be checked, so anyone can send one. Beyond a bound, a delivery is not waited
/// for, but rejected: Clerk delivers again.
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

    /// Sets how many bodies may be received at the same time. Defaults to 64. Further deliveries get 503 `webhook-busy`.
    pub const fn bodies(mut self, max: usize) -> Self {
        self.bodies = max;
        self
    }

    /// Sets how many bytes all bodies may have together while they are received. Defaults to 16 MiB. The delivery that
    /// would exceed them gets 503 `webhook-busy`.
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
    bodies: Arc<Semaphore>,
    bytes: Arc<Semaphore>,
    timeout: Duration,
}

/// Why a body was not received.
pub(crate) enum NotReceived {
    /// Too many others are being received.
    Busy,
    /// It took too long.
    TooSlow,
    /// Reading it failed.
    Failed(BoxError),
}

impl Intake {
    pub(crate) fn new(limits: WebhookLimits) -> Self {
        let semaphore = |permits: usize| Arc::new(Semaphore::new(permits.min(Semaphore::MAX_PERMITS)));
        Self { bodies: semaphore(limits.bodies), bytes: semaphore(limits.bytes), timeout: limits.timeout }
    }

    /// Receives a whole body.
    pub(crate) async fn receive<B>(&self, body: B) -> Result<Bytes, NotReceived>
    where
        B: Body<Error: Into<BoxError>>,
    {
        // Nothing can be received here without a timer.
        runtime::current().map_err(|_| NotReceived::Busy)?;
        // Without waiting: a queue would have to be bounded too, and Clerk delivers again.
        let _slot = self.bodies.try_acquire().map_err(|_| NotReceived::Busy)?;
        timeout(self.timeout, self.collect(body)).await.unwrap_or(Err(NotReceived::TooSlow))
    }

    async fn collect<B>(&self, body: B) -> Result<Bytes, NotReceived>
    where
        B: Body<Error: Into<BoxError>>,
    {
        let mut body = pin!(body);
        let mut received = BytesMut::new();
        // Counts what has arrived, and not what a sender announces.
        let mut counted: Option<SemaphorePermit<'_>> = None;
        while let Some(frame) = body.as_mut().frame().await {
            let frame = frame.map_err(|error| NotReceived::Failed(error.into()))?;
            let Ok(data) = frame.into_data() else { continue };
            let permit =
                u32::try_from(data.remaining()).ok().and_then(|size| self.bytes.try_acquire_many(size).ok());
            let permit = permit.ok_or(NotReceived::Busy)?;
            match &mut counted {
                Some(counted) => counted.merge(permit),
                None => counted = Some(permit),
            }
            received.put(data);
        }
        Ok(received.freeze())
    }
}
