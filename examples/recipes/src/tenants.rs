//! One organization, one tenant: every row belongs to the organization that is active in the session.

use std::collections::HashMap;

use axum::{
    Json, RequestPartsExt as _, Router,
    extract::{FromRef, FromRequestParts, Path},
    http::{StatusCode, request::Parts},
    routing::get,
};
use clerk_axum::{ActiveOrganization, Clerk, id::OrganizationId, require};
use serde::Serialize;
use sqlx::{FromRow, SqlitePool};

use crate::error::{AppError, layer};

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS notes (
        organization_id TEXT NOT NULL, -- Clerk's, org_…
        id INTEGER NOT NULL,
        text TEXT NOT NULL,
        PRIMARY KEY (organization_id, id)
    ) STRICT;
";

/// Creates the table.
pub async fn create(pool: &SqlitePool) -> sqlx::Result<()> {
    sqlx::raw_sql(SCHEMA).execute(pool).await?;
    Ok(())
}

/// The tenant of a request, and the only way to its rows: handlers have no other access to the table.
#[derive(Debug)]
struct Tenant {
    organization: OrganizationId,
    pool: SqlitePool,
}

#[derive(Debug, FromRow, Serialize)]
struct Note {
    id: i64,
    text: String,
}

impl FromRequestParts<App> for Tenant {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, AppError> {
        let organization: ActiveOrganization = parts.extract_with_state(app).await?;
        // If the URL names an organization, it must be the active one. 404, as for an organization that does not exist.
        let Path(path): Path<HashMap<String, String>> =
            parts.extract().await.map_err(|_| AppError::NotFound)?;
        if path.get("slug").is_some_and(|slug| organization.slug() != Some(slug)) {
            return Err(AppError::NotFound);
        }
        Ok(Self { organization: organization.id().clone(), pool: app.pool.clone() })
    }
}

impl Tenant {
    async fn notes(&self) -> sqlx::Result<Vec<Note>> {
        let statement = "SELECT id, text FROM notes WHERE organization_id = ? ORDER BY id";
        sqlx::query_as(statement).bind(self.organization.as_str()).fetch_all(&self.pool).await
    }

    async fn note(&self, id: i64) -> Result<Note, AppError> {
        let statement = "SELECT id, text FROM notes WHERE organization_id = ? AND id = ?";
        let note = sqlx::query_as(statement).bind(self.organization.as_str()).bind(id);
        note.fetch_optional(&self.pool).await?.ok_or(AppError::NotFound)
    }

    async fn add(&self, text: &str) -> sqlx::Result<i64> {
        let statement = "
            INSERT INTO notes (organization_id, id, text)
            SELECT ?1, coalesce(max(id), 0) + 1, ?2 FROM notes WHERE organization_id = ?1
            RETURNING id";
        sqlx::query_scalar(statement).bind(self.organization.as_str()).bind(text).fetch_one(&self.pool).await
    }
}

async fn list(tenant: Tenant) -> Result<Json<Vec<Note>>, AppError> {
    Ok(Json(tenant.notes().await?))
}

async fn read(tenant: Tenant, Path((_, id)): Path<(String, i64)>) -> Result<Json<Note>, AppError> {
    Ok(Json(tenant.note(id).await?))
}

async fn add(tenant: Tenant, text: String) -> Result<(StatusCode, Json<i64>), AppError> {
    Ok((StatusCode::CREATED, Json(tenant.add(&text).await?)))
}

#[derive(Clone, FromRef)]
struct App {
    clerk: Clerk,
    pool: SqlitePool,
}

/// The application.
pub fn app(clerk: Clerk, pool: SqlitePool) -> Router {
    let writing = Router::new()
        .route("/orgs/{slug}/notes", axum::routing::post(add))
        .route_layer(require::role("org:admin"));
    Router::new()
        .route("/orgs/{slug}/notes", get(list))
        .route("/orgs/{slug}/notes/{id}", get(read))
        .merge(writing)
        .layer(layer(&clerk))
        .with_state(App { clerk, pool })
}
