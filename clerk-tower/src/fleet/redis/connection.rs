//! The connection for commands: one for all of them, made anew when it fails.

use std::{
    future::Future,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, ErrorKind, ProtocolVersion, RedisError,
    TlsCertificates,
    aio::{MultiplexedConnection, PubSub},
    cmd,
};
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout},
};
use tracing::Instrument as _;

use super::{
    Redis,
    error::{ends_connection, fleet_error},
};
use crate::{
    fleet::{FleetError, FleetErrorKind},
    runtime,
    single_flight::Flight,
};

/// How long no connection is tried after one has failed, and at most after several.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Makes connections.
pub(super) struct Connections {
    address: ConnectionInfo,
    root_certificate: Option<Vec<u8>>,
    timeout: Duration,
    pub(super) connect_timeout: Duration,
    permits: Semaphore,
    /// The server does not know the protocol of version 6.
    is_old: AtomicBool,
    state: Mutex<State>,
}

type Connecting = Flight<Result<MultiplexedConnection, FleetError>>;

enum State {
    Down { failures: u32, until: Option<Instant>, why: FleetErrorKind },
    Connecting { failures: u32, flight: Connecting },
    Up { connection: MultiplexedConnection, number: u64 },
}

/// A connection, numbered so that a failure of an old one does not end a new one.
struct Connected {
    connection: MultiplexedConnection,
    number: u64,
}

impl Connections {
    /// `Err` says what is wrong with the settings.
    pub(super) fn new(redis: Redis) -> Result<Self, String> {
        let address = redis.address?;
        if matches!(address.addr(), ConnectionAddr::TcpTls { .. })
            && rustls::crypto::CryptoProvider::get_default().is_none()
        {
            // The client would panic if it had to choose. Another thread may have been faster, which is as good.
            let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        }
        let connections = Self {
            address,
            root_certificate: redis.root_certificate,
            timeout: redis.timeout,
            connect_timeout: redis.connect_timeout,
            permits: Semaphore::new(redis.max_in_flight.clamp(1, Semaphore::MAX_PERMITS)),
            is_old: AtomicBool::new(false),
            state: Mutex::new(State::Down { failures: 0, until: None, why: FleetErrorKind::Unreachable }),
        };
        // Checks the certificate.
        connections.client().map_err(|error| error.category().to_owned())?;
        Ok(connections)
    }

    fn client(&self) -> Result<Client, RedisError> {
        let settings = self.address.redis_settings().clone();
        let protocol =
            if self.is_old.load(Ordering::Relaxed) { ProtocolVersion::RESP2 } else { ProtocolVersion::RESP3 };
        let address = self.address.clone().set_redis_settings(settings.set_protocol(protocol));
        match &self.root_certificate {
            Some(pem) => Client::build_with_tls(
                address,
                TlsCertificates { client_tls: None, root_cert: Some(pem.clone()) },
            ),
            None => Client::open(address),
        }
    }

    pub(super) async fn subscriber(&self) -> Result<PubSub, FleetError> {
        let attempt = async {
            match self.client()?.get_async_pubsub().await {
                Err(error) if self.is_too_new(&error) => self.client()?.get_async_pubsub().await,
                made => made,
            }
        };
        self.within_limit(attempt).await
    }

    async fn connect(&self) -> Result<MultiplexedConnection, FleetError> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.connect_timeout))
            // `run` limits each command.
            .set_response_timeout(Some(self.connect_timeout));
        let attempt = async {
            match self.client()?.get_multiplexed_async_connection_with_config(&config).await {
                Err(error) if self.is_too_new(&error) => {
                    self.client()?.get_multiplexed_async_connection_with_config(&config).await
                }
                made => made,
            }
        };
        self.within_limit(attempt).await
    }

    /// Whether the server does not know the newer protocol, and this is the first time that it says so.
    fn is_too_new(&self, error: &RedisError) -> bool {
        is_protocol(error) && !self.is_old.swap(true, Ordering::Relaxed)
    }

    async fn within_limit<T>(
        &self,
        attempt: impl Future<Output = Result<T, RedisError>>,
    ) -> Result<T, FleetError> {
        let made = timeout(self.connect_timeout, attempt).await;
        made.map_err(|_| FleetError::new(FleetErrorKind::Timeout))?.map_err(fleet_error)
    }

    /// Connects once, apart from everything else, on a runtime of its own.
    pub(super) fn check(&self) -> Result<(), FleetError> {
        let check = async {
            let mut connection = self.connect().await?;
            self.within_limit(cmd("PING").query_async(&mut connection)).await
        };
        let other = || FleetError::new(FleetErrorKind::Other);
        std::thread::scope(|scope| {
            let thread = scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                runtime
                    .map_err(|error| FleetError::with_source(FleetErrorKind::Other, error))?
                    .block_on(check)
            });
            thread.join().unwrap_or_else(|_| Err(other()))
        })
    }

    /// Runs a command within its deadline.
    pub(super) async fn run<T, F>(
        self: &Arc<Self>,
        name: &'static str,
        command: impl FnOnce(MultiplexedConnection) -> F,
    ) -> Result<T, FleetError>
    where
        F: Future<Output = Result<T, RedisError>>,
    {
        let span = tracing::debug_span!(
            target: "clerk::fleet",
            "clerk.redis",
            otel.kind = "client",
            db.system.name = "redis",
            db.operation.name = name,
        );
        self.run_within(command).instrument(span).await
    }

    async fn run_within<T, F>(
        self: &Arc<Self>,
        command: impl FnOnce(MultiplexedConnection) -> F,
    ) -> Result<T, FleetError>
    where
        F: Future<Output = Result<T, RedisError>>,
    {
        if runtime::current().is_err() {
            return Err(FleetError::new(FleetErrorKind::Unreachable));
        }
        let Ok(_permit) = self.permits.try_acquire() else {
            return Err(FleetError::new(FleetErrorKind::Busy));
        };
        let deadline = Instant::now() + self.timeout;
        let connected = tokio::time::timeout_at(deadline, self.connected()).await;
        let Connected { connection, number } =
            connected.map_err(|_| FleetError::new(FleetErrorKind::Timeout))??;
        let result = tokio::time::timeout_at(deadline, command(connection)).await;
        let result = result.map_err(|_| FleetError::new(FleetErrorKind::Timeout));
        let result = result.and_then(|result| result.map_err(fleet_error));
        if let Err(error) = &result
            && ends_connection(error.kind())
        {
            self.end(number, error.kind());
        }
        result
    }

    /// Returns the connection, or waits for one that is being made. Fails at once while none is tried.
    async fn connected(self: &Arc<Self>) -> Result<Connected, FleetError> {
        let flight = {
            let mut state = self.lock();
            match &*state {
                State::Up { connection, number } => {
                    return Ok(Connected { connection: connection.clone(), number: *number });
                }
                State::Down { until: Some(until), why, .. } if Instant::now() < *until => {
                    return Err(FleetError::new(*why));
                }
                State::Connecting { flight, .. } if flight.is_running() => flight.clone(),
                State::Down { failures, .. } | State::Connecting { failures, .. } => {
                    let failures = *failures;
                    let flight = self.start(failures)?;
                    *state = State::Connecting { failures, flight: flight.clone() };
                    flight
                }
            }
        };
        let unreachable = |_| FleetError::new(FleetErrorKind::Unreachable);
        let connection = flight.wait().await.map_err(unreachable)??;
        let number = match &*self.lock() {
            State::Up { number, .. } => *number,
            // It failed in the meantime.
            _ => 0,
        };
        Ok(Connected { connection, number })
    }

    /// Starts a connection, in a task of its own: its callers may hang up.
    fn start(self: &Arc<Self>, failures: u32) -> Result<Connecting, FleetError> {
        let this = self.clone();
        let connect = async move {
            let connected = this.connect().await;
            let mut state = this.lock();
            *state = match &connected {
                Ok(connection) => State::Up { connection: connection.clone(), number: fastrand::u64(1..) },
                Err(error) => State::down(failures, error.kind()),
            };
            drop(state);
            connected
        };
        Flight::start(connect).map_err(|_| FleetError::new(FleetErrorKind::Unreachable))
    }

    fn end(&self, number: u64, why: FleetErrorKind) {
        let mut state = self.lock();
        if matches!(&*state, State::Up { number: up, .. } if *up == number) {
            *state = State::down(0, why);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn down(failures: u32, why: FleetErrorKind) -> Self {
        let until = Instant::now().checked_add(pause_after(failures));
        Self::Down { failures: failures.saturating_add(1), until, why }
    }
}

/// How long to wait after so many failures before this one: spread out, so that the processes of a fleet do not come back
/// together.
pub(super) fn pause_after(failures: u32) -> Duration {
    let doubled = FIRST_PAUSE.saturating_mul(1_u32.checked_shl(failures).unwrap_or(u32::MAX));
    doubled.min(LONGEST_PAUSE).mul_f64(0.5 + fastrand::f64() / 2.0)
}

/// Whether a server does not know the newer protocol.
fn is_protocol(error: &RedisError) -> bool {
    error.kind() == ErrorKind::RESP3NotSupported
        || error.detail().is_some_and(|detail| detail.to_ascii_lowercase().contains("hello"))
        || matches!(error.code(), Some("NOPROTO"))
}
