//! Serves a [`LocalClerk`] over HTTP on a loopback port.
//!
//! ```
//! use clerk_local::LocalClerk;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let server = LocalClerk::builder().seeded().serve(([127, 0, 0, 1], 0)).await?;
//! // Any client of Clerk's Backend API can use this URL and `server.local().secret_key()`.
//! assert!(server.api_url().starts_with("http://127.0.0.1:"));
//! server.shutdown().await;
//! # Ok(())
//! # }
//! ```

use std::{fmt, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::future::{Either, select};
use http::Request;
use http_body_util::{BodyExt as _, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::{JoinHandle, JoinSet},
    time,
};
use tower_service::Service as _;

use crate::{
    Disconnected, HttpResponse, LocalClerk, builder::reachable, error::ApiError,
    frontend::oauth::metadata_document, service::MAX_BODY,
};
use clerk_tower::{Clerk, ClerkBuilder};

/// The variable with which Clerk's SDKs for JavaScript send nothing to Clerk.
const NO_TELEMETRY: &str = "CLERK_TELEMETRY_DISABLED";

/// How long requests in flight may take after the server is told to stop.
const GRACE: Duration = Duration::from_secs(5);

/// A [`LocalClerk`] that is served on a port, by [`LocalClerkBuilder::serve`](crate::LocalClerkBuilder::serve).
///
/// Dropping it stops the server, which then accepts no new connections and lets requests in flight finish.
#[must_use = "dropping it stops the server"]
pub struct LocalServer {
    local: LocalClerk,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl LocalServer {
    /// Starts to accept connections.
    pub(crate) fn start(local: LocalClerk, listener: TcpListener, address: SocketAddr) -> Self {
        // So that the first token does not wait for it.
        tokio::task::spawn_blocking({
            let key = local.key();
            move || drop(key.kid().to_owned())
        });
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(accept_connections(local.clone(), listener, stopped));
        Self { local, address, stop, task }
    }

    /// Returns the instance that is served.
    #[must_use]
    pub const fn local(&self) -> &LocalClerk {
        &self.local
    }

    /// Returns the address on which the server listens.
    #[must_use]
    pub const fn addr(&self) -> SocketAddr {
        self.address
    }

    /// Returns the URL of the Backend API: `http://` and the address, without `/v1`. For a server that listens on all
    /// addresses, it is one with which this computer reaches it.
    #[must_use]
    pub fn api_url(&self) -> String {
        format!("http://{}", reachable(self.address))
    }

    /// Returns the URL of the instance's public keys, for a
    /// [`ClerkVerifier`](clerk_tower::ClerkVerifier) without the secret key:
    /// `Clerk::builder().publishable_key(server.local().publishable_key()).jwks_url(server.jwks_url())`.
    #[must_use]
    pub fn jwks_url(&self) -> String {
        format!("{}/.well-known/jwks.json", self.api_url())
    }

    /// Returns the URL of the sign-in page.
    #[must_use]
    pub fn sign_in_url(&self) -> String {
        format!("{}/sign-in", self.api_url())
    }

    fn sign_up_url(&self) -> String {
        format!("{}/sign-up", self.api_url())
    }

    /// Returns a builder for a client of this server, with the instance's keys and clock, and with the URLs of its
    /// Backend API, its Frontend API and its pages. An application with this client sends browsers here to sign in and
    /// to renew their cookies.
    ///
    /// ```
    /// use clerk_local::LocalClerk;
    ///
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let server = LocalClerk::builder().seeded().serve(([127, 0, 0, 1], 4000)).await?;
    /// let clerk = server.client_builder().build()?;
    /// # drop(clerk); Ok(()) }
    /// ```
    pub fn client_builder(&self) -> ClerkBuilder {
        let url = self.api_url();
        Clerk::builder()
            .secret_key(self.local.secret_key())
            .publishable_key(self.local.publishable_key())
            .webhook_secret(self.local.webhook_secret())
            .api_url(&url)
            .clock(Arc::clone(&self.local.shared.clock))
            .authentication(|options| {
                options.proxy_url(&url).sign_in_url(self.sign_in_url()).sign_up_url(self.sign_up_url())
            })
    }

    /// Returns the environment variables from which [`Clerk::from_env`] makes a client of this server in another
    /// process. They contain what [`client_builder`](Self::client_builder) sets, secrets included, except for the clock.
    /// Another one, `CLERK_TELEMETRY_DISABLED`, keeps Clerk's SDKs for JavaScript from reporting to Clerk.
    ///
    /// ```
    /// use clerk_local::LocalClerk;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let server = LocalClerk::builder().seeded().serve(([127, 0, 0, 1], 0)).await?;
    /// let mut application = std::process::Command::new("target/debug/application");
    /// application.envs(server.env());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn env(&self) -> Vec<(&'static str, String)> {
        vec![
            ("CLERK_SECRET_KEY", self.local.secret_key().expose().to_owned()),
            ("CLERK_PUBLISHABLE_KEY", self.local.publishable_key().as_str().to_owned()),
            ("CLERK_WEBHOOK_SIGNING_SECRET", self.local.shared.webhook_secret.clone()),
            ("CLERK_API_URL", self.api_url()),
            ("CLERK_JWKS_URL", self.jwks_url()),
            ("CLERK_PROXY_URL", self.api_url()),
            ("CLERK_SIGN_IN_URL", self.sign_in_url()),
            ("CLERK_SIGN_UP_URL", self.sign_up_url()),
            (NO_TELEMETRY, "1".to_owned()),
        ]
    }

    /// Returns the environment variables for front ends, without secrets: those of Next.js (`NEXT_PUBLIC_…`) and of
    /// Vite (`VITE_…`). With [scripts](crate::LocalClerkBuilder::scripts), they contain the addresses of these.
    #[must_use]
    pub fn front_end_env(&self) -> Vec<(String, String)> {
        let mut variables = vec![
            ("CLERK_PUBLISHABLE_KEY", self.local.publishable_key().as_str().to_owned()),
            ("CLERK_PROXY_URL", self.api_url()),
            (NO_TELEMETRY, "1".to_owned()),
        ];
        variables.extend(self.local.script_urls(&self.api_url()));
        let spelled = |prefix: &str| {
            variables
                .iter()
                .map(|(name, value)| (format!("{prefix}{name}"), value.clone()))
                .collect::<Vec<_>>()
        };
        [spelled("NEXT_PUBLIC_"), spelled("VITE_")].concat()
    }

    /// Stops the server and waits for requests in flight, for at most five seconds, and for the
    /// [file](crate::LocalClerkBuilder::file), if the instance has one.
    pub async fn shutdown(self) {
        drop(self.stop);
        // The task neither panics nor is canceled, and either would end it, too.
        let _ = self.task.await;
        // What the file lacks is only what no request was told.
        let _ = self.local.saved().await;
    }
}

impl fmt::Debug for LocalServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalServer").field("addr", &self.address).finish_non_exhaustive()
    }
}

async fn accept_connections(local: LocalClerk, listener: TcpListener, mut stopped: oneshot::Receiver<()>) {
    let connections = GracefulShutdown::new();
    // Dropping it aborts the remaining connections.
    let mut tasks = JoinSet::new();
    loop {
        match select(pin!(listener.accept()), &mut stopped).await {
            Either::Left((Ok((stream, _)), _)) => {
                while tasks.try_join_next().is_some() {}
                tasks.spawn(connection(&local, stream, &connections));
            }
            // There are no file descriptors left, or the peer has closed the connection. The pause avoids a busy loop.
            Either::Left((Err(_), _)) => time::sleep(Duration::from_millis(10)).await,
            Either::Right(_) => break,
        }
    }
    drop(listener);
    let _ = time::timeout(GRACE, connections.shutdown()).await;
}

/// Serves one connection.
fn connection(
    local: &LocalClerk,
    stream: TcpStream,
    connections: &GracefulShutdown,
) -> impl Future<Output = ()> + use<> {
    let local = local.clone();
    let service = service_fn(move |request| respond(local.clone(), request));
    let connection =
        http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
    let connection = connections.watch(connection);
    async {
        // A peer that disconnects or does not speak HTTP affects only its own connection.
        let _ = connection.await;
    }
}

async fn respond(mut local: LocalClerk, request: Request<Incoming>) -> Result<HttpResponse, Disconnected> {
    let (head, body) = request.into_parts();
    match collect(body).await {
        Ok(body) => {
            let mut request = Request::from_parts(head, body);
            if let Err(refusal) = metadata_document::fetch_for(&local, &request).await {
                request.extensions_mut().insert(refusal);
            }
            local.call(request).await
        }
        Err(error) => Ok(error.into_response()),
    }
}

/// Reads the whole body, unless it is too long.
async fn collect(body: Incoming) -> Result<Bytes, ApiError> {
    match Limited::new(body, MAX_BODY).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => Err(ApiError::too_large()),
        Err(_) => Err(ApiError::bad_body()),
    }
}
