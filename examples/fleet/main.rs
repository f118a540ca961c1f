//! Three servers of one service that act as one: who signs out at one of them is signed out at the others at once.
//!
//! It starts a `LocalClerk`, and three servers on the ports 3001 to 3003 (`PORT` sets the first one; with 0, they are free
//! ones). They find each other through the Redis or Valkey at `CLERK_REDIS_URL`. Without the variable it starts a
//! `redis-server` if there is one, or else uses the memory of this process, as three processes could not.
//!
//! Three servers in one process, so that there is one program to start. Each has a client of its own, and they share
//! nothing: as three processes would.

use std::{
    env,
    error::Error,
    net::Ipv4Addr,
    path::PathBuf,
    process::{Child, Command, ExitCode, Stdio},
    time::Duration,
};

use axum::{
    Router,
    response::Response,
    routing::{get, post},
};
use clerk_axum::{
    Auth, Clerk, ClerkLayer, ClerkUser, Rejection,
    local::{LocalClerk, LocalServer},
    tower::fleet::{Fleet, InProcess, Redis},
};
use tokio::{task::JoinSet, time::timeout};

async fn me(user: ClerkUser) -> String {
    format!("{} is signed in\n", user.first_name.as_deref().unwrap_or("somebody"))
}

/// Ends the session at Clerk. From then on no server of the fleet accepts its tokens, although they are valid for up to a
/// minute.
async fn sign_out(auth: Auth) -> Result<Response, Rejection> {
    auth.sign_out("/").await
}

fn app(clerk: &Clerk) -> Router {
    Router::new()
        .route("/me", get(me))
        .route("/sign-out", post(sign_out))
        .layer(ClerkLayer::new(clerk))
        .with_state(clerk.clone())
}

#[tokio::main]
async fn main() -> ExitCode {
    clerk_examples::exit_code(run().await)
}

async fn run() -> Result<(), Box<dyn Error + Send + Sync>> {
    let local: LocalServer = LocalClerk::builder().seeded().serve((Ipv4Addr::LOCALHOST, 0)).await?;
    let (fleet, _redis) = engine()?;
    let first = clerk_examples::port("PORT", 3001)?;

    let mut servers = JoinSet::new();
    let mut addresses = Vec::new();
    for number in 0..3 {
        let clerk = local.client_builder().fleet(fleet.clone()).build()?;
        // Not needed, but then the first request already finds the others.
        if timeout(Duration::from_secs(5), clerk.fleet().linked()).await.is_err() {
            eprintln!("server {number} acts on its own: {:?}", clerk.fleet().state());
        }
        let port = if first == 0 { 0 } else { first.saturating_add(number) };
        let listener = clerk_examples::listen_on("PORT", port).await?;
        addresses.push(listener.local_addr()?);
        servers.spawn(async move { axum::serve(listener, app(&clerk)).await });
    }

    let token = local.local().sign_in("user_ada").token();
    for address in &addresses {
        println!("curl http://{address}/me -H 'Authorization: Bearer {token}'");
    }
    println!("Now sign out at the first, and try the others again:");
    if let Some(address) = addresses.first() {
        println!("curl -X POST http://{address}/sign-out -H 'Authorization: Bearer {token}'");
    }
    clerk_examples::stopped().await;
    Ok(())
}

/// What the servers tell each other through.
fn engine() -> Result<(Fleet, Option<RedisServer>), Box<dyn Error + Send + Sync>> {
    if let Ok(url) = env::var("CLERK_REDIS_URL") {
        println!("They find each other through the Redis of CLERK_REDIS_URL");
        return Ok((Redis::connect(url).into(), None));
    }
    match RedisServer::start()? {
        Some(server) => {
            println!("They find each other through a redis-server that was started for them");
            Ok((Redis::connect(server.url()).into(), Some(server)))
        }
        None => {
            println!("They find each other through the memory of this process: there is no redis-server");
            Ok((InProcess::new().into(), None))
        }
    }
}

/// A Redis that ends with this program, and keeps nothing.
struct RedisServer {
    child: Child,
    port: u16,
    folder: PathBuf,
}

impl RedisServer {
    /// `None` if it is not installed.
    fn start() -> Result<Option<Self>, Box<dyn Error + Send + Sync>> {
        // A port that was free a moment ago.
        let port = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let folder = env::temp_dir().join(format!("clerk-fleet-{port}"));
        std::fs::create_dir_all(&folder)?;
        let port_text = port.to_string();
        let arguments = ["--port", &port_text, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
        let mut command = Command::new("redis-server");
        command
            .args(arguments)
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        match command.spawn() {
            Ok(child) => Ok(Some(Self { child, port, folder })),
            Err(_) => {
                std::fs::remove_dir_all(&folder)?;
                Ok(None)
            }
        }
    }

    fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        // Nothing can be done about an error while the program ends.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
