mod address;
mod bounded;
mod connection;
mod error;
mod subscription;

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use redis::{Cmd, FromRedisValue, Script, ScriptInvocation, Value, cmd, from_redis_value};

use self::{address::Address, connection::Connections, subscription::Messages};
use super::{
    Broadcast, Fleet, FleetError, FleetErrorKind, FleetFuture, Store, Subscription, seam::MAX_TURNS_AHEAD,
};

/// Values of the server that are larger are not read.
const MAX_VALUE: usize = 1024 * 1024;
/// And as much of them is read at once. What is beyond that is absent.
const MAX_VALUES: usize = 8 * MAX_VALUE;

/// Redis or Valkey as a fleet's engine, from version 5 on.
///
/// It takes any deployment that looks like one server: one server, a primary behind a name that follows a failover, or the
/// proxy of a cluster. All keys of an instance are on one node of a cluster, but clusters that redirect clients are not
/// supported.
///
/// Each client has two connections: one for commands, which are pipelined, and one for messages.
///
/// ```
/// use std::time::Duration;
/// use clerk_tower::{Clerk, fleet::{Fleet, Redis}};
///
/// let redis = Redis::connect("rediss://clerk:password@redis.internal:6380/0").timeout(Duration::from_millis(100));
/// let clerk = Clerk::builder()
///     .secret_key("sk_test_abc")
///     .fleet(Fleet::from(redis).prefix("shop"))
///     .build()
///     .unwrap();
/// # let _ = clerk;
/// ```
///
/// # Access
///
/// A user with these rights is enough, with the default prefix. A database other than 0 needs `+select`.
///
/// ```text
/// ACL SETUSER clerk on >password resetkeys ~{clerk:* resetchannels &{clerk:* -@all
///     +ping +get +set +strlen +incr +pexpire +del +evalsha +script|load +time +publish +subscribe
/// ```
#[derive(Clone)]
#[must_use]
pub struct Redis {
    address: Result<Address, String>,
    root_certificate: Option<Vec<u8>>,
    timeout: Duration,
    connect_timeout: Duration,
    max_in_flight: usize,
    is_required: bool,
}

impl Redis {
    /// Creates an engine at this address: `redis://user:password@host:port/database`, or `rediss://` for TLS, or
    /// `redis+unix:///path?db=0`. This does no I/O. An address that is not valid is an error when the client is built.
    pub fn connect(url: impl AsRef<str>) -> Self {
        Self {
            address: Address::parse(url.as_ref()),
            root_certificate: None,
            timeout: Duration::from_millis(250),
            connect_timeout: Duration::from_secs(2),
            max_in_flight: 256,
            is_required: false,
        }
    }

    /// Sets how long a command may take, with the time that its connection takes if there is none. Defaults to 250
    /// milliseconds, and is at most 900. Requests wait for commands only where that saves a call to Clerk, and for the claim of a delivery.
    pub const fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// Sets how long a connection may take. Defaults to two seconds.
    pub const fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// Sets how many commands may be in flight. Defaults to 256. Further ones fail at once, as if the server could not be
    /// reached.
    pub const fn max_in_flight(mut self, max: usize) -> Self {
        self.max_in_flight = max;
        self
    }

    /// Sets the only certificate authority that is trusted, as PEM, for `rediss://`. Defaults to those of the operating
    /// system.
    pub fn root_certificate(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.root_certificate = Some(pem.into());
        self
    }

    /// Makes it an error to build the client if the server cannot be reached. Building then waits for it, up to the connect
    /// timeout. Without this, the client is built, warns, and acts on its own until the server can be reached.
    pub const fn required(mut self) -> Self {
        self.is_required = true;
        self
    }
}

/// Shows no password.
impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis")
            .field("timeout", &self.timeout)
            .field("connect_timeout", &self.connect_timeout)
            .field("max_in_flight", &self.max_in_flight)
            .field("is_required", &self.is_required)
            .finish_non_exhaustive()
    }
}

impl From<Redis> for Fleet {
    fn from(redis: Redis) -> Self {
        let is_required = redis.is_required;
        match Connections::new(redis) {
            Ok(connections) => {
                let engine = Engine(Arc::new(connections));
                let fleet = Self::new(engine.clone(), engine.clone());
                if is_required { fleet.checked_by(move || engine.0.check()) } else { fleet }
            }
            Err(problem) => Self::invalid(problem),
        }
    }
}

/// The engine: scripts and commands over shared connections.
#[derive(Clone)]
struct Engine(Arc<Connections>);

/// Of each key the value, or nothing if it is no string, or too large for itself or for the response.
const GET: &str = "\
local values, left = {}, tonumber(ARGV[2])
for number, key in ipairs(KEYS) do
  local length = redis.pcall('STRLEN', key)
  values[number] = false
  if type(length) == 'number' then
    if length <= tonumber(ARGV[1]) and length <= left then
      values[number] = redis.call('GET', key)
      left = left - length
    end
  elseif not string.find(length.err, 'WRONGTYPE', 1, true) then
    return length
  end
end
return values";

const SET: &str = "\
for number, key in ipairs(KEYS) do
  redis.call('SET', key, ARGV[number + 1], 'PX', ARGV[1])
end
return redis.status_reply('OK')";

const SET_IF_EQUAL: &str = "\
if redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
  return 1
end
return 0";

const DELETE_IF_EQUAL: &str = "\
if redis.call('GET', KEYS[1]) == ARGV[1] then
  return redis.call('DEL', KEYS[1])
end
return 0";

const INCREMENT: &str = "\
local sum = redis.call('INCR', KEYS[1])
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return sum";

/// Times are in microseconds since 1970, by the server's clock; a Lua number is exact up to 2^53.
const TAKE_TURN: &str = "\
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local turn = tonumber(redis.pcall('GET', KEYS[1]))
if not (turn and turn > now and turn - now <= tonumber(ARGV[2])) then
  turn = now
end
local after = turn + ARGV[1]
local expires_in = math.ceil((after - now) / 1000)
redis.call('SET', KEYS[1], string.format('%.0f', after), 'PX', string.format('%.0f', expires_in))
return turn - now";

/// At least a millisecond, and at most what the server can express.
fn millis(duration: Duration) -> u64 {
    let longest = 365 * 24 * 60 * 60 * 1000;
    u64::try_from(duration.as_millis()).unwrap_or(longest).clamp(1, longest)
}

impl Engine {
    async fn script<T: FromRedisValue>(
        &self,
        name: &'static str,
        code: &'static str,
        keys: &[&str],
        fill: impl FnOnce(&mut ScriptInvocation<'_>),
    ) -> Result<T, FleetError> {
        let script = Script::new(code);
        let mut invocation = script.prepare_invoke();
        for key in keys {
            invocation.key(*key);
        }
        fill(&mut invocation);
        let value =
            self.0.run(name, async |mut connection| invocation.invoke_async(&mut connection).await).await?;
        read(value)
    }

    async fn command<T: FromRedisValue>(&self, name: &'static str, command: &Cmd) -> Result<T, FleetError> {
        let value =
            self.0.run(name, async |mut connection| command.query_async(&mut connection).await).await?;
        read(value)
    }
}

/// A response that is not what it should be says nothing about the connection: the value may be somebody else's.
fn read<T: FromRedisValue>(value: Value) -> Result<T, FleetError> {
    from_redis_value(value).map_err(|_| unexpected())
}

fn unexpected() -> FleetError {
    FleetError::with_source(FleetErrorKind::Unsupported, "the server answered something else than expected")
}

/// What is written must be readable.
fn check_size(value: &[u8]) -> Result<(), FleetError> {
    if value.len() <= MAX_VALUE {
        return Ok(());
    }
    Err(FleetError::with_source(FleetErrorKind::Unsupported, "a value is larger than a mebibyte"))
}

impl Store for Engine {
    fn get<'a>(&'a self, keys: &'a [String]) -> FleetFuture<'a, Vec<Option<Bytes>>> {
        Box::pin(async move {
            if keys.is_empty() {
                return Ok(Vec::new());
            }
            let names: Vec<&str> = keys.iter().map(String::as_str).collect();
            let values: Vec<Option<Vec<u8>>> = self
                .script("get", GET, &names, |script| {
                    script.arg(MAX_VALUE).arg(MAX_VALUES);
                })
                .await?;
            if values.len() != keys.len() {
                return Err(FleetError::new(FleetErrorKind::Unsupported));
            }
            Ok(values.into_iter().map(|value| value.map(Bytes::from)).collect())
        })
    }

    fn set<'a>(&'a self, values: &'a [(String, Bytes)], expires_in: Duration) -> FleetFuture<'a, ()> {
        Box::pin(async move {
            values.iter().try_for_each(|(_, value)| check_size(value))?;
            match values {
                [] => Ok(()),
                [(key, value)] => {
                    let mut command = cmd("SET");
                    command.arg(key).arg(&**value).arg("PX").arg(millis(expires_in));
                    self.command("set", &command).await
                }
                // One command, however many values there are: a write to Clerk changes about a dozen generations.
                _ => {
                    let keys: Vec<&str> = values.iter().map(|(key, _)| &**key).collect();
                    self.script("set", SET, &keys, |script| {
                        script.arg(millis(expires_in));
                        for (_, value) in values {
                            script.arg(&**value);
                        }
                    })
                    .await
                }
            }
        })
    }

    fn set_if_absent<'a>(
        &'a self,
        key: &'a str,
        value: Bytes,
        expires_in: Duration,
    ) -> FleetFuture<'a, bool> {
        Box::pin(async move {
            check_size(&value)?;
            let mut command = cmd("SET");
            command.arg(key).arg(&*value).arg("PX").arg(millis(expires_in)).arg("NX");
            let set: Option<String> = self.command("set_if_absent", &command).await?;
            Ok(set.is_some())
        })
    }

    fn set_if_equal<'a>(
        &'a self,
        key: &'a str,
        expected: &'a [u8],
        value: Bytes,
        expires_in: Duration,
    ) -> FleetFuture<'a, bool> {
        Box::pin(async move {
            check_size(&value)?;
            self.script("set_if_equal", SET_IF_EQUAL, &[key], |script| {
                script.arg(expected).arg(&*value).arg(millis(expires_in));
            })
            .await
        })
    }

    fn delete_if_equal<'a>(&'a self, key: &'a str, expected: &'a [u8]) -> FleetFuture<'a, bool> {
        Box::pin(async move {
            self.script("delete_if_equal", DELETE_IF_EQUAL, &[key], |script| {
                script.arg(expected);
            })
            .await
        })
    }

    fn increment<'a>(&'a self, key: &'a str, expires_in: Duration) -> FleetFuture<'a, u64> {
        Box::pin(async move {
            let sum: i64 = self
                .script("increment", INCREMENT, &[key], |script| {
                    script.arg(millis(expires_in));
                })
                .await?;
            // Somebody else may have set a counter below zero.
            u64::try_from(sum).map_err(|_| unexpected())
        })
    }

    fn take_turn<'a>(&'a self, key: &'a str, interval: Duration) -> FleetFuture<'a, Duration> {
        Box::pin(async move {
            let far = interval.saturating_mul(MAX_TURNS_AHEAD);
            let micros = |duration: Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX).max(1);
            let wait: i64 = self
                .script("take_turn", TAKE_TURN, &[key], |script| {
                    script.arg(micros(interval)).arg(micros(far));
                })
                .await?;
            u64::try_from(wait).map(Duration::from_micros).map_err(|_| unexpected())
        })
    }
}

impl Broadcast for Engine {
    fn publish<'a>(&'a self, channel: &'a str, message: Bytes) -> FleetFuture<'a, ()> {
        Box::pin(async move {
            let mut command = cmd("PUBLISH");
            command.arg(channel).arg(&*message);
            let _receivers: i64 = self.command("publish", &command).await?;
            Ok(())
        })
    }

    fn subscribe(&self, channel: &str) -> Box<dyn Subscription> {
        Box::new(Messages::new(self.0.clone(), channel))
    }
}
