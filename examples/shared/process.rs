//! The port that a program listens on, when it stops, and how it ends. The packages with heavy dependencies include this
//! file.

use std::{env, fmt::Display, future::pending, process::ExitCode};

use tokio::{net::TcpListener, signal};

/// Returns the exit code of a program, after its error is printed.
pub fn exit_code<E: Display>(result: Result<(), E>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Returns the port that an environment variable names, or else the default.
///
/// # Errors
/// It is not a number from 0 to 65535.
pub fn port(variable: &str, default: u16) -> Result<u16, String> {
    match env::var_os(variable) {
        None => Ok(default),
        Some(port) => port
            .to_str()
            .and_then(|port| port.parse().ok())
            .ok_or_else(|| format!("{variable} is {port:?}; expected a number from 0 to 65535")),
    }
}

/// Listens on the port that `PORT` names, or on 3000, for this computer only.
///
/// # Errors
/// The port is not valid, or not available.
pub async fn listen() -> Result<TcpListener, String> {
    listen_on("PORT", port("PORT", 3000)?).await
}

/// Listens on a port, for this computer only. `variable` is the one that sets the port.
///
/// # Errors
/// The port is not available.
pub async fn listen_on(variable: &str, port: u16) -> Result<TcpListener, String> {
    TcpListener::bind(("127.0.0.1", port)).await.map_err(|error| {
        let other = port.wrapping_add(1);
        format!("cannot listen on port {port}: {error}. Choose another one: {variable}={other} cargo run …")
    })
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
