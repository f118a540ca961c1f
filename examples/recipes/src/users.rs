//! The user's row in a database of your own: created by the first request or by a webhook, whichever comes first. And
//! every delivery handled once, also after a crash and in several processes.

use std::{path::Path, sync::Arc, time::Duration};

use axum::{
    Json, RequestPartsExt as _, Router,
    extract::{FromRef, FromRequestParts},
    http::request::Parts,
    routing::get,
};
use clerk_axum::{
    BoxError, Clerk, ClerkUser, ClerkWebhooks, ConfigError, Session, Timestamp,
    id::UserId,
    model::User,
    tower::server::rejection::Rejection,
    webhook::{Delivery, Event},
};
use serde::Serialize;
use sqlx::{
    FromRow, SqliteConnection, SqliteExecutor, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode},
};

use crate::error::{AppError, layer};

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS users (
        id TEXT PRIMARY KEY,         -- Clerk's, user_…
        name TEXT,
        email TEXT,
        updated_at INTEGER NOT NULL, -- Clerk's, in milliseconds
        deleted_at INTEGER           -- set: the user is deleted, and only the ID is left
    ) STRICT;
    CREATE TABLE IF NOT EXISTS sign_ins (
        user_id TEXT NOT NULL,
        at INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS deliveries (
        id TEXT PRIMARY KEY,         -- Clerk's, msg_…
        handled_at INTEGER NOT NULL
    ) STRICT;
";

/// Opens the database, and creates it if it does not exist.
pub async fn open(file: &Path) -> sqlx::Result<SqlitePool> {
    // Writers wait for each other for up to five seconds, the default. Readers do not wait for them.
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal);
    let pool = SqlitePool::connect_with(options).await?;
    sqlx::raw_sql(SCHEMA).execute(&pool).await?;
    Ok(pool)
}

/// Inserts the user, or updates the row. A request and webhooks may do this at the same time, and webhooks may arrive in
/// any order: the newest state wins, and a deleted user stays deleted.
async fn save(database: &mut SqliteConnection, user: &User) -> sqlx::Result<()> {
    let statement = "
        INSERT INTO users (id, name, email, updated_at) VALUES (?, ?, ?, ?)
        ON CONFLICT (id) DO UPDATE
            SET name = excluded.name, email = excluded.email, updated_at = excluded.updated_at
            WHERE users.deleted_at IS NULL AND users.updated_at <= excluded.updated_at";
    sqlx::query(statement)
        .bind(user.id.as_str())
        .bind(user.full_name())
        .bind(user.primary_email().map(|email| email.email_address.as_str()))
        .bind(user.updated_at.as_millis())
        .execute(database)
        .await?;
    Ok(())
}

/// Removes the user's data, and keeps the ID: without it, an older event or a token that is still valid would create the
/// user again. Also if the row does not exist yet.
async fn bury(database: &mut SqliteConnection, id: &str, at: Timestamp) -> sqlx::Result<()> {
    let statement = "
        INSERT INTO users (id, updated_at, deleted_at) VALUES (?1, ?2, ?2)
        ON CONFLICT (id) DO UPDATE
            SET name = NULL, email = NULL, deleted_at = excluded.deleted_at
            WHERE users.deleted_at IS NULL";
    sqlx::query(statement).bind(id).bind(at.as_millis()).execute(&mut *database).await?;
    sqlx::query("DELETE FROM sign_ins WHERE user_id = ?").bind(id).execute(database).await?;
    Ok(())
}

/// A user's row.
#[derive(Debug, FromRow, Serialize)]
pub struct Row {
    /// Clerk's ID, `user_…`.
    pub id: String,
    /// First and last name.
    pub name: Option<String>,
    /// The primary email address.
    pub email: Option<String>,
    #[serde(skip)]
    deleted_at: Option<i64>,
}

async fn find(database: impl SqliteExecutor<'_>, id: &UserId) -> sqlx::Result<Option<Row>> {
    let statement = "SELECT id, name, email, deleted_at FROM users WHERE id = ?";
    sqlx::query_as(statement).bind(id.as_str()).fetch_optional(database).await
}

/// Extractor for the row of the signed-in user. The first request of a user creates it.
#[derive(Debug)]
pub struct CurrentUser(pub Row);

impl FromRequestParts<App> for CurrentUser {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, AppError> {
        let session: Session = parts.extract_with_state(app).await?;
        let id = session.user_id();
        // Nearly always there, so that a request costs one read.
        let row = match find(&app.pool, id).await? {
            Some(row) => row,
            None => {
                // One call to Clerk for each user: the token has the ID, but neither name nor email address.
                let user: ClerkUser = parts.extract_with_state(app).await?;
                save(&mut *app.pool.acquire().await?, &user).await?;
                find(&app.pool, id).await?.ok_or(sqlx::Error::RowNotFound)?
            }
        };
        match row.deleted_at {
            None => Ok(Self(row)),
            Some(_) => Err(clerk_axum::Rejection::from(Rejection::user_deleted()).into()),
        }
    }
}

/// Handles a delivery in one transaction with its ID, so that either both are stored or neither.
async fn receive(pool: SqlitePool, now: Timestamp, delivery: Arc<Delivery>) -> Result<(), BoxError> {
    let mut transaction = pool.begin().await?;
    // First, because this takes SQLite's write lock: another process with the same delivery waits here, and then finds it.
    let statement = "INSERT INTO deliveries (id, handled_at) VALUES (?, ?) ON CONFLICT DO NOTHING";
    let insert = sqlx::query(statement).bind(&delivery.id).bind(now.as_millis());
    if insert.execute(&mut *transaction).await?.rows_affected() == 0 {
        return Ok(());
    }
    let at = delivery.timestamp.unwrap_or(now);
    match &delivery.event {
        Event::UserCreated(user) | Event::UserUpdated(user) => save(&mut transaction, user).await?,
        Event::UserDeleted(user) => {
            let id = user.id.as_ref().ok_or("a deleted user without an ID")?;
            bury(&mut transaction, id.as_str(), at).await?;
        }
        // Not idempotent: without the table of deliveries, a repetition would count twice.
        Event::SessionCreated(event) => {
            let statement = "
                INSERT INTO sign_ins (user_id, at)
                SELECT ?1, ?2 WHERE NOT EXISTS
                    (SELECT * FROM users WHERE id = ?1 AND deleted_at IS NOT NULL)";
            let insert = sqlx::query(statement).bind(event.session.user_id.as_str()).bind(at.as_millis());
            insert.execute(&mut *transaction).await?;
        }
        // An error, so that Clerk delivers it again. The endpoint subscribes only to events that are handled here.
        Event::Unreadable { problem, .. } => return Err(problem.clone().into()),
        _ => {}
    }
    transaction.commit().await?;
    Ok(())
}

/// The endpoint for webhooks. Any number of processes can serve it, with one database.
pub fn webhooks(clerk: &Clerk, pool: &SqlitePool) -> Result<ClerkWebhooks, ConfigError> {
    let (clock, pool) = (clerk.clone(), pool.clone());
    let webhooks = ClerkWebhooks::new(clerk)?
        // The database remembers deliveries, so this process need not.
        .remember_for(Duration::ZERO)
        .on_any(move |delivery| receive(pool.clone(), clock.now(), delivery))
        .on_error(|delivery, error| tracing::error!(id = delivery.id, %error, "a delivery failed"));
    Ok(webhooks)
}

/// Forgets deliveries that were handled before this time. Run it once a day. Clerk repeats a delivery for about 28 hours,
/// and longer if somebody resends it from the dashboard, so keep them for a month.
pub async fn forget_deliveries(pool: &SqlitePool, before: Timestamp) -> sqlx::Result<u64> {
    let statement = "DELETE FROM deliveries WHERE handled_at < ?";
    Ok(sqlx::query(statement).bind(before.as_millis()).execute(pool).await?.rows_affected())
}

/// The state of the application.
#[derive(Clone, FromRef)]
pub struct App {
    clerk: Clerk,
    pool: SqlitePool,
}

async fn me(CurrentUser(row): CurrentUser) -> Json<Row> {
    Json(row)
}

/// The application.
pub fn app(clerk: Clerk, pool: SqlitePool) -> Result<Router, ConfigError> {
    let webhooks = webhooks(&clerk, &pool)?;
    let app = Router::new()
        .route("/me", get(me))
        .layer(layer(&clerk))
        .route_service("/webhooks/clerk", webhooks)
        .with_state(App { clerk, pool });
    Ok(app)
}
