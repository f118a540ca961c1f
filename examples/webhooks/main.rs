//! Webhooks: handlers by event type, and a cached user that a webhook invalidates.
//!
//! With `CLERK_SECRET_KEY` and `CLERK_WEBHOOK_SIGNING_SECRET` it uses that instance; in Clerk's dashboard, create an
//! endpoint for `/webhooks/clerk`. Without them, it starts a `LocalClerk` in this process, which sends webhooks to it.
//! `PORT` sets the port; it defaults to 3000.

use std::{env, error::Error, process::ExitCode, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Path, State},
    routing::{get, post},
};
use clerk_axum::{
    Clerk, ClerkLayer, ClerkUser, ClerkWebhooks, ConfigError,
    api::users,
    local::LocalClerk,
    model::User,
    webhook::{Delivery, kind},
};
use tokio::time::timeout;

fn webhooks(clerk: &Clerk) -> Result<ClerkWebhooks, ConfigError> {
    let webhooks = ClerkWebhooks::new(clerk)?
        .on(kind::USER_CREATED, welcome)
        .on(kind::USER_UPDATED, |user, _| async move { println!("{} was changed", user.id) })
        .on_any(|delivery| async move { println!("event {}", delivery.event.kind()) })
        .on_error(|delivery, error| println!("{} failed: {error}", delivery.event.kind()));
    Ok(webhooks)
}

fn app(clerk: &Clerk, webhooks: ClerkWebhooks) -> Router {
    Router::new()
        .route("/me", get(me))
        .layer(ClerkLayer::new(clerk))
        // Deliveries have a signature but no session, so the endpoint needs neither the layer nor a guard.
        .route_service("/webhooks/clerk", webhooks)
}

/// The user is cached for 30 seconds. A webhook about the user invalidates the cache.
async fn me(user: ClerkUser) -> String {
    format!("{}\n", user.first_name.as_deref().unwrap_or("you"))
}

/// Handlers should be idempotent: after an error, Clerk delivers the event again.
async fn welcome(user: User, delivery: Arc<Delivery>) -> Result<(), String> {
    let name = user.first_name.as_deref().ok_or("the user has no first name")?;
    println!("delivery {}: welcome, {name}", delivery.id);
    Ok(())
}

/// Takes the place of Clerk's dashboard. Changes made here bypass the application's client and its cache.
fn dashboard(local: &LocalClerk) -> Router {
    async fn rename(
        State(dashboard): State<Clerk>,
        Path(name): Path<String>,
    ) -> Result<(), clerk_axum::Error> {
        dashboard.send(users::update("user_ada").first_name(name)).await?;
        Ok(())
    }
    async fn sign_up(
        State(dashboard): State<Clerk>,
        Path(name): Path<String>,
    ) -> Result<(), clerk_axum::Error> {
        let address = format!("{}@example.com", name.to_lowercase());
        dashboard.send(users::create().first_name(name).email_address([address])).await?;
        Ok(())
    }
    Router::new()
        .route("/dashboard/rename/{name}", post(rename))
        .route("/dashboard/sign-up/{name}", post(sign_up))
        .with_state(local.client())
}

#[tokio::main]
async fn main() -> ExitCode {
    clerk_examples::exit_code(run().await)
}

async fn run() -> Result<(), Box<dyn Error>> {
    let local = env::var_os("CLERK_SECRET_KEY").is_none_or(|key| key.is_empty()).then(LocalClerk::seeded);
    let clerk = local.as_ref().map_or_else(Clerk::from_env, |local| local.client_builder().build())?;
    let listener = clerk_examples::listen().await?;
    let address = listener.local_addr()?;
    let webhooks = webhooks(&clerk)?;
    let mut app = app(&clerk, webhooks.clone());
    if let Some(local) = &local {
        app = app.merge(dashboard(local));
        local.deliver_webhooks_to(&format!("http://{address}/webhooks/clerk"), local.webhook_secret())?;
        let token = local.sign_in("user_ada").lifetime(Duration::from_secs(43_200)).token();
        println!(
            "# 1. Ada, who is cached from now on. Call this again after 2: the webhook invalidated the cache."
        );
        println!("curl http://{address}/me -H 'Authorization: Bearer {token}'");
        println!("# 2. Rename her, as in Clerk's dashboard.");
        println!("curl -X POST http://{address}/dashboard/rename/Augusta");
        println!("# 3. Create a user. A handler welcomes her below.");
        println!("curl -X POST http://{address}/dashboard/sign-up/Mary");
    }
    println!("Listening on http://{address}");
    axum::serve(listener, app).with_graceful_shutdown(clerk_examples::stopped()).await?;
    // A handler may still run although the connection of its delivery was closed.
    if timeout(Duration::from_secs(30), webhooks.drained()).await.is_err() {
        println!("Some webhook handlers did not end.");
    }
    Ok(())
}
