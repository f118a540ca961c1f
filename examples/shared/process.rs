//! The port that a program listens on, and when it stops. The packages with heavy dependencies include this file.

use std::{env, future::pending};

use tokio::signal;

/// Returns the port that `PORT` names, or 3000.
///
/// # Errors
/// It is not a number from 0 to 65535.
pub fn port() -> Result<u16, String> {
    match env::var_os("PORT") {
        None => Ok(3000),
        Some(port) => port
            .to_str()
            .and_then(|port| port.parse().ok())
            .ok_or_else(|| format!("PORT is {port:?}; expected a number from 0 to 65535")),
    }
}

/// Waits for Ctrl-C or, on Unix, for SIGTERM, with which orchestrators stop a process.
pub async fn stopped() {
    // If a handler cannot be installed, its signal ends the process without a graceful shutdown.
    let interrupted = async {
        if signal::ctrl_c().await.is_err() {
            pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminated = async {
        match signal::unix::signal(signal::unix::SignalKind::terminate()) {
            Ok(mut signals) => {
                signals.recv().await;
            }
            Err(_) => pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminated = pending::<()>();
    tokio::select! {
        () = interrupted => {}
        () = terminated => {}
    }
}
