//! An axum service protected by Clerk.
//!
//! With `CLERK_SECRET_KEY` set it talks to that instance. Without it, it starts a `LocalClerk` in this process
//! and prints one `curl` line for each of its people. `PORT` sets the port, 3000 unless set.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it talks to whoever started it")]

use std::{env, error::Error, process::ExitCode};

use axum::{
    Json, Router,
    extract::{FromRef, State},
    routing::get,
};
use clerk_axum::{
    Clerk, ClerkLayer, ClerkUser, Page, Session, api::users, local::LocalClerk, local::LocalServer,
    model::User, require,
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, signal};

/// What the handlers share. `State<Clerk>` works because of `FromRef`.
#[derive(Clone, FromRef)]
struct App {
    clerk: Clerk,
}

fn app(clerk: Clerk) -> Router {
    Router::new()
        .route("/", get(index))
        .route("/me", get(me))
        .route("/organization", get(organization))
        .route("/admin/users", get(list_users).route_layer(require::permission("org:users:manage")))
        .layer(ClerkLayer::new(&clerk))
        .with_state(App { clerk })
}

async fn index() -> &'static str {
    "Public. Now try /me, /organization and /admin/users with a session token.\n"
}

/// The signed-in user, as Clerk knows them.
async fn me(user: ClerkUser) -> Json<User> {
    Json(user.into_inner())
}

/// The active organization, from the session token alone.
async fn organization(session: Session) -> Result<Json<Value>, clerk_axum::Error> {
    let organization = session.organization()?;
    Ok(Json(json!({
        "id": organization.id,
        "slug": organization.slug,
        "role": organization.role,
        "permissions": session.permissions(),
    })))
}

/// The people of the active organization, through the admin API.
async fn list_users(
    session: Session,
    State(clerk): State<Clerk>,
) -> Result<Json<Page<User>>, clerk_axum::Error> {
    let organization = session.organization()?.id;
    Ok(Json(clerk.send(users::list().organization_id([organization]).limit(20)).await?))
}

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let port = port()?;
    let has_key = env::var_os("CLERK_SECRET_KEY").is_some_and(|key| !key.is_empty());
    let local = if has_key { None } else { Some(start_local().await?) };
    let clerk = match &local {
        None => Clerk::from_env()?,
        Some((local, server)) => {
            // Without its publishable key: a LocalClerk has no pages that a browser could be sent to.
            Clerk::builder().secret_key(local.secret_key().expose()).api_url(server.api_url()).build()?
        }
    };
    if let Err(error) = clerk.keys().warm_up().await {
        eprintln!("warning: {error}. Requests are answered with 503 until that changes.");
    }

    let listener = TcpListener::bind(("127.0.0.1", port)).await.map_err(|error| {
        format!("cannot listen on port {port}: {error}. Choose another one: PORT=3001 cargo run …")
    })?;
    let address = format!("http://{}", listener.local_addr()?);
    println!("Listening on {address}");
    match &local {
        Some((local, _)) => print_people(local, &address),
        None => println!("Talking to the Clerk instance of CLERK_SECRET_KEY."),
    }
    println!("Press Ctrl-C to stop.");

    let stop = async {
        // Without a signal handler there is no clean stop; the service runs on.
        if signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    axum::serve(listener, app(clerk)).with_graceful_shutdown(stop).await?;
    println!("Stopped.");
    Ok(())
}

fn port() -> Result<u16, String> {
    match env::var("PORT") {
        Err(_) => Ok(3000),
        Ok(text) => text.parse().map_err(|_| format!("PORT is {text:?}; expected a number from 0 to 65535")),
    }
}

async fn start_local() -> Result<(LocalClerk, LocalServer), Box<dyn Error>> {
    let local = LocalClerk::seeded();
    let server = local.serve(([127, 0, 0, 1], 0)).await?;
    Ok((local, server))
}

/// One line to paste for each person, with a token that lives for twelve hours.
fn print_people(local: &LocalClerk, address: &str) {
    const HOURS: std::time::Duration = std::time::Duration::from_secs(12 * 60 * 60);

    println!("CLERK_SECRET_KEY is not set: this is a LocalClerk in this process, with four people.");
    println!("The tokens work for twelve hours. Try the same with /organization and /admin/users.\n");
    for (user, who, is_member) in [
        ("user_ada", "Ada Lovelace, admin of Acme", true),
        ("user_grace", "Grace Hopper, member of Acme", true),
        ("user_alan", "Alan Turing, in no organization", false),
        ("user_katherine", "Katherine Johnson, in no organization", false),
    ] {
        let session = local.sign_in(user).lifetime(HOURS);
        let session = if is_member { session.organization("org_acme") } else { session };
        println!("# {who}\ncurl {address}/me -H 'Authorization: Bearer {}'\n", session.token());
    }
}
