//! The connection for messages.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{
    StreamExt as _,
    future::{Either, select},
};
use redis::{
    Value,
    aio::{PubSubSink, PubSubStream},
};
use tokio::time::{sleep, timeout};

use super::{
    connection::{Connections, pause_after},
    error::fleet_error,
};
use crate::fleet::{FleetError, FleetErrorKind, Heard, Subscription};

/// How long after the last answer the server is asked whether it is there, and how long it may take to answer.
const PING_EVERY: Duration = Duration::from_secs(2);
const PONG_WITHIN: Duration = Duration::from_secs(3);
/// Larger messages are not passed on.
const MAX_MESSAGE: usize = 64 * 1024;

type Ping = Pin<Box<dyn Future<Output = FleetError> + Send>>;

/// A subscription: it connects when it is asked for what happens next, and again after a failure.
pub(super) struct Messages {
    connections: Arc<Connections>,
    channel: String,
    link: Option<Link>,
    /// A message was left out, so something may have been missed.
    has_skipped: bool,
    /// Attempts to connect that failed, one after the other.
    failures: u32,
    /// Why the last one failed: another reason is reported as well.
    reported: Option<FleetErrorKind>,
}

struct Link {
    messages: PubSubStream,
    ping: Ping,
}

impl Messages {
    pub(super) fn new(connections: Arc<Connections>, channel: &str) -> Self {
        Self {
            connections,
            channel: channel.to_owned(),
            link: None,
            has_skipped: false,
            failures: 0,
            reported: None,
        }
    }

    async fn hear(&mut self) -> Heard {
        if std::mem::take(&mut self.has_skipped) {
            return Heard::Linked;
        }
        let Some(link) = &mut self.link else { return self.connect().await };
        let error = match select(link.messages.next(), &mut link.ping).await {
            Either::Left((Some(message), _)) => {
                let payload = message.get_payload_bytes();
                if payload.len() <= MAX_MESSAGE {
                    return Heard::Message(Bytes::copy_from_slice(payload));
                }
                self.has_skipped = true;
                return Heard::Lost(FleetError::new(FleetErrorKind::Unsupported));
            }
            Either::Left((None, _)) => FleetError::new(FleetErrorKind::Unreachable),
            Either::Right((error, _)) => error,
        };
        self.link = None;
        self.failures = 1;
        self.reported = Some(error.kind());
        Heard::Lost(error)
    }

    async fn connect(&mut self) -> Heard {
        loop {
            if let Some(before) = self.failures.checked_sub(1) {
                sleep(pause_after(before)).await;
            }
            match try_connect(&self.connections, &self.channel).await {
                Ok(link) => {
                    self.link = Some(link);
                    self.failures = 0;
                    self.reported = None;
                    return Heard::Linked;
                }
                Err(error) => {
                    self.failures = self.failures.saturating_add(1);
                    if self.reported.replace(error.kind()) != Some(error.kind()) {
                        return Heard::Lost(error);
                    }
                }
            }
        }
    }
}

async fn try_connect(connections: &Connections, channel: &str) -> Result<Link, FleetError> {
    let (mut sink, messages) = connections.subscriber().await?.split();
    let subscribed = timeout(connections.connect_timeout, sink.subscribe(channel)).await;
    subscribed.map_err(|_| FleetError::new(FleetErrorKind::Timeout))?.map_err(|error| fleet_error(&error))?;
    Ok(Link { messages, ping: Box::pin(ping(sink)) })
}

/// Asks the server again and again whether it is there. Returns why it is not.
async fn ping(mut sink: PubSubSink) -> FleetError {
    loop {
        sleep(PING_EVERY).await;
        match timeout(PONG_WITHIN, sink.ping::<Value>()).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => return fleet_error(&error),
            Err(_) => return FleetError::new(FleetErrorKind::Timeout),
        }
    }
}

impl Subscription for Messages {
    fn next(&mut self) -> Pin<Box<dyn Future<Output = Heard> + Send + '_>> {
        Box::pin(self.hear())
    }
}
