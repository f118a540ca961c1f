//! The connection for commands: one for all of them, made anew when it fails.

use std::{
    future::Future,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use redis::{
    AsyncConnectionConfig, ErrorKind, ProtocolVersion, RedisConnectionInfo, RedisError, Value,
    aio::{MultiplexedConnection, PubSub},
    cmd,
};
use tokio::{
    sync::Semaphore,
    task::AbortHandle,
    time::{Instant, timeout, timeout_at},
};
use tokio_rustls::TlsConnector;
use tracing::Instrument as _;

use super::{
    Redis,
    address::{Address, Stream},
    error::{ends_connection, fleet_error},
};
use crate::{
    fleet::{FleetError, FleetErrorKind, spread},
    runtime,
    single_flight::Flight,
};

/// The longest timeout of a command: a fleet expects each to end within a second.
const LONGEST_TIMEOUT: Duration = Duration::from_millis(900);
/// How long no connection is tried after one has failed, and at most after several.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// How many responses, or commands, wait between the tasks of callers and that of the connection.
const WAITING_COMMANDS: usize = 64;

/// Makes connections, and keeps the one for commands.
pub(super) struct Connections {
    address: Address,
    tls: Option<TlsConnector>,
    timeout: Duration,
    pub(super) connect_timeout: Duration,
    permits: Semaphore,
    /// The server does not know `HELLO`, which came with version 6.
    is_old: AtomicBool,
    /// Failures since a command was answered last.
    failures: AtomicU32,
    state: Mutex<State>,
}

type Connecting = Flight<Result<Arc<Connection>, FleetError>>;

enum State {
    Down {
        until: Option<Instant>,
        error: FleetError,
    },
    /// Commands wait until `ends` at most, or not at all if there is an error.
    Connecting {
        flight: Connecting,
        ends: Option<Instant>,
        error: Option<FleetError>,
    },
    Up(Arc<Connection>),
}

/// A connection, and the task that reads and writes.
struct Connection {
    commands: MultiplexedConnection,
    driver: AbortHandle,
}

impl Drop for Connection {
    fn drop(&mut self) {
        // Otherwise it would wait for responses to all that was sent.
        self.driver.abort();
    }
}

impl Connections {
    /// `Err` says what is wrong with the settings.
    pub(super) fn new(redis: Redis) -> Result<Self, String> {
        let address = redis.address?;
        let tls = address.tls(redis.root_certificate.as_deref())?;
        let error = FleetError::new(FleetErrorKind::Unreachable);
        Ok(Self {
            address,
            tls,
            timeout: redis.timeout.min(LONGEST_TIMEOUT),
            connect_timeout: redis.connect_timeout,
            permits: Semaphore::new(redis.max_in_flight.clamp(1, Semaphore::MAX_PERMITS)),
            is_old: AtomicBool::new(false),
            failures: AtomicU32::new(0),
            state: Mutex::new(State::Down { until: None, error }),
        })
    }

    /// Connects, and greets the server in the newest protocol that it knows.
    async fn greet<T, F>(&self, greet: impl Fn(RedisConnectionInfo, Stream) -> F) -> Result<T, FleetError>
    where
        F: Future<Output = Result<T, RedisError>>,
    {
        runtime::check_io().map_err(|error| FleetError::with_source(FleetErrorKind::Unreachable, error.0))?;
        let attempt = async |protocol| {
            let stream = self.address.connect(self.tls.as_ref()).await?;
            greet(self.address.settings().set_protocol(protocol), stream).await
        };
        let either = async {
            if self.is_old.load(Ordering::Relaxed) || self.address.asks_for_old() {
                return attempt(ProtocolVersion::RESP2).await;
            }
            match attempt(ProtocolVersion::RESP3).await {
                Err(error) if is_protocol(&error) => {
                    self.is_old.store(true, Ordering::Relaxed);
                    attempt(ProtocolVersion::RESP2).await
                }
                made => made,
            }
        };
        self.within_limit(either).await
    }

    pub(super) async fn subscriber(&self) -> Result<PubSub, FleetError> {
        self.greet(async |settings, stream| PubSub::new(&settings, stream).await).await
    }

    async fn connect(&self) -> Result<Arc<Connection>, FleetError> {
        let greet = async |settings, stream| {
            let config = AsyncConnectionConfig::new()
                // `run` limits each command, and `greet` each connection.
                .set_connection_timeout(None)
                .set_response_timeout(None)
                .set_pipeline_buffer_size(WAITING_COMMANDS);
            let (mut commands, driver) =
                MultiplexedConnection::new_with_config(&settings, stream, config).await?;
            let driver = tokio::spawn(driver).abort_handle();
            let connection = Connection { commands: commands.clone(), driver };
            // A server that starts takes connections before it has its data. Users who may not do this get an error,
            // which is as good.
            match cmd("PING").query_async::<Value>(&mut commands).await {
                Err(error) if ends_connection(&error) => Err(error),
                _ => Ok(Arc::new(connection)),
            }
        };
        self.greet(greet).await
    }

    async fn within_limit<T>(
        &self,
        attempt: impl Future<Output = Result<T, RedisError>>,
    ) -> Result<T, FleetError> {
        let made = timeout(self.connect_timeout, attempt).await;
        made.map_err(|_| FleetError::new(FleetErrorKind::Timeout))?.map_err(|error| fleet_error(&error))
    }

    /// Connects once, apart from everything else, on a runtime of its own.
    pub(super) fn check(&self) -> Result<(), FleetError> {
        let other = || FleetError::new(FleetErrorKind::Other);
        std::thread::scope(|scope| {
            let thread = scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                let runtime =
                    runtime.map_err(|error| FleetError::with_source(FleetErrorKind::Other, error))?;
                let result = runtime.block_on(self.connect()).map(drop);
                // A name that is being resolved is not waited for.
                runtime.shutdown_background();
                result
            });
            thread.join().unwrap_or_else(|_| Err(other()))
        })
    }

    /// Runs a command within its deadline.
    pub(super) async fn run<F>(
        self: &Arc<Self>,
        name: &'static str,
        command: impl FnOnce(MultiplexedConnection) -> F,
    ) -> Result<Value, FleetError>
    where
        F: Future<Output = Result<Value, RedisError>>,
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

    async fn run_within<F>(
        self: &Arc<Self>,
        command: impl FnOnce(MultiplexedConnection) -> F,
    ) -> Result<Value, FleetError>
    where
        F: Future<Output = Result<Value, RedisError>>,
    {
        runtime::current().map_err(|error| FleetError::with_source(FleetErrorKind::Unreachable, error.0))?;
        let Ok(_permit) = self.permits.try_acquire() else {
            return Err(FleetError::new(FleetErrorKind::Busy));
        };
        let deadline = Instant::now() + self.timeout;
        let late = |_| FleetError::new(FleetErrorKind::Timeout);
        let connection = timeout_at(deadline, self.connection()).await.map_err(late)??;
        match timeout_at(deadline, command(connection.commands.clone())).await {
            Ok(Ok(value)) => {
                self.failures.store(0, Ordering::Relaxed);
                Ok(value)
            }
            Ok(Err(error)) => {
                let failure = fleet_error(&error);
                if ends_connection(&error) {
                    self.end(&connection, failure.clone());
                }
                Err(failure)
            }
            // The server stands still, or the other side is gone, or the task of the connection does not run.
            Err(elapsed) => {
                let failure = late(elapsed);
                self.end(&connection, failure.clone());
                Err(failure)
            }
        }
    }

    /// Returns the connection, or waits for one that is being made. Fails at once while none is tried, and while one is
    /// tried although the server did not answer before.
    async fn connection(self: &Arc<Self>) -> Result<Arc<Connection>, FleetError> {
        let (flight, error) = {
            let mut state = self.lock();
            let now = Instant::now();
            let error = match &*state {
                // The task ends with its runtime, and when the server closes the connection.
                State::Up(connection) if !connection.driver.is_finished() => return Ok(connection.clone()),
                State::Up(_) => None,
                State::Down { until: Some(until), error } if now < *until => return Err(error.clone()),
                State::Down { error, .. } => Some(error.clone()).filter(|error| self.is_hopeless(error)),
                State::Connecting { error, .. } => error.clone(),
            };
            match &*state {
                State::Connecting { flight, ends: Some(ends), .. } if flight.is_running() && now < *ends => {
                    (flight.clone(), error)
                }
                _ => {
                    let flight = self.start()?;
                    // The task ends in time, unless its runtime stands still.
                    let ends = now.checked_add(self.connect_timeout.saturating_mul(2));
                    *state = State::Connecting { flight: flight.clone(), ends, error: error.clone() };
                    (flight, error)
                }
            }
        };
        match error {
            Some(error) => Err(error),
            None => flight.wait().await.map_err(|_| FleetError::new(FleetErrorKind::Unreachable))?,
        }
    }

    /// Whether no command should wait for the next connection. One that was lost is probably made again at once.
    fn is_hopeless(&self, error: &FleetError) -> bool {
        error.kind() == FleetErrorKind::Timeout || self.failures.load(Ordering::Relaxed) > 1
    }

    /// The server can be reached, as another connection shows: commands wait for theirs again.
    pub(super) fn is_reached(&self) {
        let mut state = self.lock();
        match &mut *state {
            State::Up(_) => return,
            State::Connecting { error, .. } => *error = None,
            State::Down { until, error } => {
                *until = None;
                *error = FleetError::new(FleetErrorKind::Unreachable);
            }
        }
        self.failures.store(0, Ordering::Relaxed);
    }

    /// Starts a connection, in a task of its own: its callers may hang up.
    fn start(self: &Arc<Self>) -> Result<Connecting, FleetError> {
        let this = self.clone();
        let connect = async move {
            let connected = this.connect().await;
            let next = match &connected {
                Ok(connection) => State::Up(connection.clone()),
                Err(error) => this.down(error.clone()),
            };
            *this.lock() = next;
            connected
        };
        Flight::start(connect).map_err(|error| FleetError::with_source(FleetErrorKind::Unreachable, error.0))
    }

    fn end(&self, connection: &Arc<Connection>, error: FleetError) {
        let mut state = self.lock();
        if matches!(&*state, State::Up(present) if Arc::ptr_eq(present, connection)) {
            *state = self.down(error);
        }
    }

    /// After one failure the next command connects at once, and only then are there pauses.
    fn down(&self, error: FleetError) -> State {
        let before = self.failures.fetch_add(1, Ordering::Relaxed);
        let until = before.checked_sub(1).and_then(|times| Instant::now().checked_add(pause_after(times)));
        State::Down { until, error }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long to wait after so many failures before this one: spread out, so that the processes of a fleet do not come back
/// together.
pub(super) fn pause_after(failures: u32) -> Duration {
    let doubled = FIRST_PAUSE.saturating_mul(1_u32.checked_shl(failures).unwrap_or(u32::MAX));
    spread(doubled.min(LONGEST_PAUSE))
}

/// Whether a server does not know the newer protocol, or the user may not use it.
fn is_protocol(error: &RedisError) -> bool {
    let is_about_hello = error.detail().is_some_and(|detail| detail.to_ascii_lowercase().contains("hello"));
    error.kind() == ErrorKind::RESP3NotSupported
        // A server that wants a password says in which ways HELLO takes it.
        || is_about_hello && error.code() != Some("NOAUTH")
        || error.code() == Some("NOPROTO")
}
