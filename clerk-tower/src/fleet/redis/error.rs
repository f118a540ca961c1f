//! What failures of Redis mean for a fleet.

use std::{error::Error as StdError, fmt};

use redis::{ErrorKind, RedisError, ServerErrorKind};

use crate::fleet::{FleetError, FleetErrorKind};

/// What the failure of a command or a connection means for a fleet.
pub(super) fn fleet_error(error: &RedisError) -> FleetError {
    FleetError::with_source(kind_of(error), Cause::of(error))
}

/// What is shown of an error. Those of the server repeat the arguments of commands, and those of the parser what was
/// read: keys and values do not belong in a log.
#[derive(Debug)]
enum Cause {
    Io(String),
    Server(String),
    Client(&'static str),
}

impl Cause {
    fn of(error: &RedisError) -> Self {
        match error.kind() {
            ErrorKind::Io => Self::Io(error.to_string()),
            ErrorKind::Server(_) | ErrorKind::Extension => {
                let is_part = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
                Self::Server(code_of(error).chars().take_while(is_part).take(20).collect())
            }
            ErrorKind::AuthenticationFailed => Self::Client("the user or the password is wrong"),
            ErrorKind::UnexpectedReturnType | ErrorKind::Parse => {
                Self::Client("the server answered something else than expected")
            }
            ErrorKind::RESP3NotSupported => Self::Client("the server does not know HELLO"),
            _ => Self::Client("the client failed"),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(text) => f.write_str(text),
            Self::Server(code) => write!(f, "the server answered {code}"),
            Self::Client(text) => f.write_str(text),
        }
    }
}

impl StdError for Cause {}

/// The first word of the server's error. Those of pipelines are inside of another one.
fn code_of(error: &RedisError) -> String {
    let errors = error.clone().into_server_errors();
    let first = errors.as_deref().and_then(|errors| errors.first());
    first.map_or_else(|| "ERR".to_owned(), |(_, error)| error.code().to_owned())
}

/// What follows it.
fn detail_of(error: &RedisError) -> String {
    let errors = error.clone().into_server_errors();
    let first = errors.as_deref().and_then(|errors| errors.first());
    first.and_then(|(_, error)| error.details()).unwrap_or_default().to_owned()
}

fn kind_of(error: &RedisError) -> FleetErrorKind {
    match error.kind() {
        ErrorKind::Io if error.is_timeout() => FleetErrorKind::Timeout,
        ErrorKind::Io => FleetErrorKind::Unreachable,
        ErrorKind::AuthenticationFailed => FleetErrorKind::Denied,
        ErrorKind::Server(kind) => kind_of_server(kind, &detail_of(error)),
        ErrorKind::Extension => kind_of_code(&code_of(error)),
        ErrorKind::UnexpectedReturnType | ErrorKind::Parse | ErrorKind::RESP3NotSupported => {
            FleetErrorKind::Unsupported
        }
        _ => FleetErrorKind::Other,
    }
}

fn kind_of_server(kind: ServerErrorKind, detail: &str) -> FleetErrorKind {
    use ServerErrorKind as Kind;
    match kind {
        Kind::NoPerm => FleetErrorKind::Denied,
        // A failover, or a server that starts.
        Kind::ReadOnly | Kind::MasterDown | Kind::ClusterDown | Kind::BusyLoading | Kind::TryAgain => {
            FleetErrorKind::Unreachable
        }
        Kind::Moved | Kind::Ask | Kind::CrossSlot | Kind::NoScript => FleetErrorKind::Unsupported,
        Kind::ResponseError => kind_of_text(detail),
        _ => FleetErrorKind::Other,
    }
}

/// Errors without a code of their own. Before version 7, those inside of scripts have none.
fn kind_of_text(detail: &str) -> FleetErrorKind {
    let says = |text| detail.contains(text);
    if says("OOM command not allowed") {
        FleetErrorKind::Full
    } else if says("READONLY") || says("max number of clients") {
        FleetErrorKind::Unreachable
    } else if says("can't run this command") || says("without any password") || says("invalid password") {
        FleetErrorKind::Denied
    } else if says("unknown command") || says("WRONGTYPE") || says("not an integer") || says("would overflow")
    {
        FleetErrorKind::Unsupported
    } else {
        FleetErrorKind::Other
    }
}

fn kind_of_code(code: &str) -> FleetErrorKind {
    match code {
        "OOM" | "MISCONF" => FleetErrorKind::Full,
        "WRONGPASS" | "NOAUTH" => FleetErrorKind::Denied,
        "WRONGTYPE" => FleetErrorKind::Unsupported,
        "UNBLOCKED" | "NOREPLICAS" => FleetErrorKind::Unreachable,
        _ => FleetErrorKind::Other,
    }
}

/// Whether the connection is of no use any more, so that another one is made. A value that is not what it should be says
/// nothing about the connection: whoever writes one must not be able to end it.
pub(super) fn ends_connection(error: &RedisError) -> bool {
    match error.kind() {
        ErrorKind::Io => true,
        ErrorKind::Parse | ErrorKind::UnexpectedReturnType => error.is_unrecoverable_error(),
        _ => kind_of(error) == FleetErrorKind::Unreachable || code_of(error) == "NOAUTH",
    }
}
