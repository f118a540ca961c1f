use redis::{ErrorKind, RedisError, ServerErrorKind};

use crate::fleet::{FleetError, FleetErrorKind};

/// What the failure of a command or a connection means for a fleet.
pub(super) fn fleet_error(error: RedisError) -> FleetError {
    FleetError::with_source(kind_of(&error), error)
}

fn kind_of(error: &RedisError) -> FleetErrorKind {
    match error.kind() {
        ErrorKind::Io if error.is_timeout() => FleetErrorKind::Timeout,
        ErrorKind::Io => FleetErrorKind::Unreachable,
        ErrorKind::AuthenticationFailed => FleetErrorKind::Denied,
        ErrorKind::Server(kind) => kind_of_server(kind, error.detail().unwrap_or_default()),
        ErrorKind::Extension => kind_of_code(error.code().unwrap_or_default()),
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
        Kind::ResponseError if detail.contains("unknown command") => FleetErrorKind::Unsupported,
        Kind::ResponseError if detail.contains("max number of clients") => FleetErrorKind::Unreachable,
        // A script that calls a command that the user may not.
        Kind::ResponseError if detail.contains("can't run this command") => FleetErrorKind::Denied,
        _ => FleetErrorKind::Other,
    }
}

fn kind_of_code(code: &str) -> FleetErrorKind {
    match code {
        "OOM" | "MISCONF" => FleetErrorKind::Full,
        "WRONGPASS" | "NOAUTH" | "NOPERM" => FleetErrorKind::Denied,
        "WRONGTYPE" => FleetErrorKind::Unsupported,
        "UNBLOCKED" | "NOREPLICAS" => FleetErrorKind::Unreachable,
        _ => FleetErrorKind::Other,
    }
}

/// Whether the connection is of no use any more, so that another one is made.
pub(super) const fn ends_connection(kind: FleetErrorKind) -> bool {
    matches!(kind, FleetErrorKind::Unreachable | FleetErrorKind::Timeout | FleetErrorKind::Unsupported)
}
