//! Administrators of the whole application, which is not a role of an organization: by public metadata, or by a list.

use std::collections::HashSet;

use axum::{Router, routing::get};
use clerk_axum::{Clerk, Meets, Session, SessionRule, id::UserId, require};
use serde::Deserialize;

use crate::error::{AppError, layer};

/// The custom claim. In Clerk's dashboard, under Sessions: `{"metadata": "{{user.public_metadata}}"}`
#[derive(Deserialize)]
struct Custom {
    metadata: PublicMetadata,
}

#[derive(Deserialize)]
struct PublicMetadata {
    role: Option<String>,
}

/// Rule of administrators by metadata. Without the claim, nobody is one.
#[derive(Debug)]
pub struct Admin;

impl SessionRule for Admin {
    const CODE: &'static str = "not-an-admin";

    fn is_met_by(session: &Session) -> bool {
        let custom = session.claims::<Custom>();
        let is_admin = custom.is_ok_and(|custom| custom.metadata.role.as_deref() == Some("admin"));
        // A member of the support team who has signed in as an administrator is not one.
        is_admin && session.actor().is_none()
    }
}

async fn who(session: Meets<Admin>) -> String {
    format!("{} may do everything", session.user_id())
}

/// Returns the IDs in a list such as `user_1,user_2`, for example from a variable.
pub fn listed(list: &str) -> HashSet<UserId> {
    list.split(',').map(str::trim).filter(|id| !id.is_empty()).map(UserId::from).collect()
}

/// The application. `listed` are administrators too: the first ones, before anyone can set metadata.
pub fn app(clerk: &Clerk, listed: HashSet<UserId>) -> Router {
    let by_list = require::session("not-an-admin", move |session| {
        listed.contains(session.user_id()) && session.actor().is_none()
    });
    let admin = Router::new()
        .route("/settings", get("the settings"))
        // Without its own, the router would have the fallback of the outer one, outside the guard.
        .fallback(async || AppError::NotFound)
        .layer(require::session(Admin::CODE, Admin::is_met_by).or(by_list));
    Router::new().route("/who", get(who)).nest("/admin", admin).layer(layer(clerk))
}
