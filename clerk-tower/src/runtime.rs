//! Finds the tokio runtime that calls run on, so that a missing one is an error and not a panic.

use std::{cell::Cell, fmt, panic, time::Duration};

use tokio::runtime::{Handle, Id};

/// Error of a call outside a tokio runtime, or on one that lacks a driver. Contains what is required.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoRuntime(pub(crate) &'static str);

impl fmt::Display for NoRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

type Probe = Cell<Option<(Id, bool)>>;

thread_local! {
    /// Whether the runtime that this thread met last has timers.
    static TIMERS: Probe = const { Cell::new(None) };
    /// Whether it has I/O.
    #[cfg(any(feature = "hyper", feature = "redis", feature = "reqwest"))]
    static IO: Probe = const { Cell::new(None) };
}

/// Returns the current runtime, if it has timers.
pub(crate) fn current() -> Result<Handle, NoRuntime> {
    let runtime = Handle::try_current().map_err(|_| NoRuntime("requires a tokio runtime"))?;
    let has_timers = has(&TIMERS, &runtime, || drop(tokio::time::sleep(Duration::ZERO)));
    let missing = NoRuntime("requires a tokio runtime with timers: call enable_all on its builder");
    has_timers.then_some(runtime).ok_or(missing)
}

/// Checks that the current runtime has timers and I/O.
#[cfg(any(feature = "hyper", feature = "redis", feature = "reqwest"))]
pub(crate) fn check_io() -> Result<(), NoRuntime> {
    use std::net::{Ipv4Addr, UdpSocket};

    let runtime = current()?;
    let has_io = has(&IO, &runtime, || {
        // Without a free socket nothing is known, and the call will say so itself.
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0));
        let _ = socket
            .and_then(|socket| socket.set_nonblocking(true).map(|()| socket))
            .and_then(tokio::net::UdpSocket::from_std);
    });
    let missing = NoRuntime("requires a tokio runtime with I/O: call enable_all on its builder");
    if has_io { Ok(()) } else { Err(missing) }
}

/// Returns `true` if `probe` does not panic on this runtime. tokio cannot be asked what a runtime has, and its functions
/// panic without it, so they are tried once for each runtime and thread. The panic hook still reports a failed one.
fn has(last: &'static std::thread::LocalKey<Probe>, runtime: &Handle, probe: fn()) -> bool {
    let id = runtime.id();
    if let Some((_, answer)) = last.get().filter(|(known, _)| *known == id) {
        return answer;
    }
    let answer = panic::catch_unwind(probe).is_ok();
    last.set(Some((id, answer)));
    answer
}
