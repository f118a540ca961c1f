//! Administrators of the whole application, which is not a role of an organization: by public metadata, or by a list.

use std::{collections::HashSet, sync::Arc};

use axum::{
    RequestPartsExt as _, Router,
    extract::{FromRef, FromRequestParts},
    http::request::Parts,
    middleware::from_extractor_with_state,
    routing::get,
};
use clerk_axum::{Clerk, Session, id::UserId, tower::server::rejection::Rejection};
use serde::Deserialize;

use crate::error::{AppError, layer};

/// The custom claim. In Clerk's dashboard, under Sessions: `{"metadata": "{{user.public_metadata}}"}`
#[derive(Deserialize)]
struct Custom {
    // Without the claim, nobody is an administrator.
    #[serde(default)]
    metadata: PublicMetadata,
}

#[derive(Default, Deserialize)]
struct PublicMetadata {
    role: Option<String>,
}

/// Administrators by ID, for the first ones and for emergencies: `user_1,user_2`, for example from a variable.
#[derive(Clone, Debug, Default)]
pub struct Listed(Arc<HashSet<UserId>>);

impl From<&str> for Listed {
    fn from(list: &str) -> Self {
        let ids = list.split(',').map(str::trim).filter(|id| !id.is_empty());
        Self(Arc::new(ids.map(UserId::from).collect()))
    }
}

/// Extractor for the session of an administrator. Others get 403.
#[derive(Debug)]
pub struct Admin(pub Session);

impl FromRequestParts<App> for Admin {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, AppError> {
        let session: Session = parts.extract_with_state(app).await?;
        let custom: Custom = session.claims()?;
        let is_admin =
            custom.metadata.role.as_deref() == Some("admin") || app.listed.0.contains(session.user_id());
        // A member of the support team who has signed in as an administrator is not one.
        if is_admin && session.actor().is_none() {
            Ok(Self(session))
        } else {
            Err(clerk_axum::Rejection::from(Rejection::check_failed()).into())
        }
    }
}

/// The state of the application.
#[derive(Clone, FromRef)]
pub struct App {
    clerk: Clerk,
    listed: Listed,
}

async fn who(Admin(session): Admin) -> String {
    format!("{} may do everything", session.user_id())
}

/// The application.
pub fn app(clerk: Clerk, listed: Listed) -> Router {
    let app = App { clerk, listed };
    let admin = Router::new()
        .route("/who", get(who))
        .route("/settings", get("the settings"))
        // Without its own, the router would have the fallback of the outer one, outside the guard.
        .fallback(async || AppError::NotFound)
        // The same extractor as a guard, for everything above.
        .layer(from_extractor_with_state::<Admin, _>(app.clone()));
    Router::new().nest("/admin", admin).layer(layer(&app.clerk)).with_state(app)
}
