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
/// A larger message ends the connection.
const MAX_MESSAGE: usize = 64 * 1024;

type Ping = Pin<Box<dyn Future<Output = FleetError> + Send>>;
type Attempt = Pin<Box<dyn Future<Output = Result<Live, FleetError>> + Send>>;

/// A subscription: it connects when it is asked for what happens next, and again after a failure.
pub(super) struct Messages {
    connections: Arc<Connections>,
    channel: String,
    link: Link,
    /// Attempts to connect that failed, one after the other, and what was said of them.
    failures: u32,
    said: Option<FleetErrorKind>,
}

enum Link {
    Down,
    /// Kept, so that it goes on if nobody waits for a moment.
    Connecting(Attempt),
    Up(Live),
}

struct Live {
    messages: PubSubStream,
    ping: Ping,
}

impl Messages {
    pub(super) fn new(connections: Arc<Connections>, channel: &str) -> Self {
        Self { connections, channel: channel.to_owned(), link: Link::Down, failures: 0, said: None }
    }

    async fn hear(&mut self) -> Heard {
        loop {
            match &mut self.link {
                Link::Down => self.link = Link::Connecting(self.attempt()),
                Link::Connecting(attempt) => match attempt.await {
                    Ok(live) => {
                        self.link = Link::Up(live);
                        (self.failures, self.said) = (0, None);
                        self.connections.is_reached();
                        return Heard::Linked;
                    }
                    Err(error) => {
                        self.link = Link::Down;
                        self.failures = self.failures.saturating_add(1);
                        // Each reason once.
                        if self.said.replace(error.kind()) != Some(error.kind()) {
                            return Heard::Lost(error);
                        }
                    }
                },
                Link::Up(live) => match live.next().await {
                    Ok(message) => return Heard::Message(message),
                    Err(error) => {
                        self.link = Link::Down;
                        (self.failures, self.said) = (1, Some(error.kind()));
                        return Heard::Lost(error);
                    }
                },
            }
        }
    }

    fn attempt(&self) -> Attempt {
        let pause = self.failures.checked_sub(1).map(pause_after);
        let (connections, channel) = (self.connections.clone(), self.channel.clone());
        Box::pin(async move {
            if let Some(pause) = pause {
                sleep(pause).await;
            }
            Live::connect(&connections, &channel).await
        })
    }
}

impl Live {
    async fn connect(connections: &Connections, channel: &str) -> Result<Self, FleetError> {
        let (mut sink, messages) = connections.subscriber().await?.split();
        let subscribed = timeout(connections.connect_timeout, sink.subscribe(channel)).await;
        subscribed
            .map_err(|_| FleetError::new(FleetErrorKind::Timeout))?
            .map_err(|error| fleet_error(&error))?;
        Ok(Self { messages, ping: Box::pin(ping(sink)) })
    }

    /// `Err` says why no further messages will arrive.
    async fn next(&mut self) -> Result<Bytes, FleetError> {
        match select(self.messages.next(), &mut self.ping).await {
            // More of them may wait in the client's memory, which is freed with the connection.
            Either::Left((Some(message), _)) if message.get_payload_bytes().len() > MAX_MESSAGE => {
                Err(FleetError::new(FleetErrorKind::Unsupported))
            }
            Either::Left((Some(message), _)) => Ok(Bytes::copy_from_slice(message.get_payload_bytes())),
            Either::Left((None, _)) => Err(FleetError::new(FleetErrorKind::Unreachable)),
            Either::Right((error, _)) => Err(error),
        }
    }
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
