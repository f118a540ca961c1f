//! What browsers see of the data: never private metadata.

use http::header::ORIGIN;
use serde_json::{Value, json};

use super::{
    super::super::state::{Membership, Session, State, User, extended},
    Call,
};
use crate::cookies;

impl Call<'_> {
    /// Returns the browser with its sessions; `null` for an unknown one.
    pub(super) fn render_client(&self) -> Value {
        let Ok(client) = self.client() else { return Value::Null };
        let sessions = self.state.live_sessions(client, self.request.now);
        let sessions: Vec<_> = sessions.map(|(session, user)| self.render_session(session, user)).collect();
        let (state, base) = (&*self.state, self.request.own_url());
        // Those that are complete are of no more use.
        let sign_in = client.sign_in.as_ref().filter(|sign_in| sign_in.session.is_none());
        let sign_up = client.sign_up.as_deref().and_then(|id| state.sign_ups.get(id).ok());
        let sign_up = sign_up.filter(|sign_up| sign_up.user.is_none());
        let last_active = self.state.active_session(client, self.request.now);
        json!({
            "object": "client",
            "id": client.id,
            "sessions": sessions,
            "sign_in": sign_in.map(|sign_in| state.render_sign_in(sign_in, base)),
            "sign_up": sign_up.map(|sign_up| state.render_sign_up(sign_up, base)),
            "last_active_session_id": last_active.map(|(session, _)| &session.id),
            "last_authentication_strategy": null,
            "cookie_expires_at": null,
            "captcha_bypass": false,
            "created_at": client.created_at,
            // Clerk's JavaScript makes the cookie `__client_uat` of it, which must not be younger than tokens.
            "updated_at": state.clock_time(client.changed_at),
        })
    }

    /// Returns a session with its user and a new token.
    pub(super) fn render_session(&self, session: &Session, user: &User) -> Value {
        extended(
            self.render_session_of(session, user),
            json!({
                "user": self.state.render_own_user(user),
                "last_active_token": { "object": "token", "jwt": self.token(session) },
            }),
        )
    }

    /// Returns a session, which may be another browser's, with what everybody sees of its user.
    pub(super) fn render_session_of(&self, session: &Session, user: &User) -> Value {
        extended(
            session.render(self.request.now),
            json!({
                "public_user_data": self.state.render_public_user(user),
                "factor_verification_age": session.factor_ages(self.request.now),
            }),
        )
    }

    /// Signs a new token for a session.
    pub(super) fn token(&self, session: &Session) -> String {
        cookies::token(self.state, self.key, session, self.origin(), self.request.now)
    }

    /// Returns the origin of the page that calls.
    pub(super) fn origin(&self) -> Option<&str> {
        self.request.headers.get(ORIGIN).and_then(|origin| origin.to_str().ok())
    }
}

impl State {
    /// Returns a user as the user sees it.
    pub(super) fn render_own_user(&self, user: &User) -> Value {
        let memberships: Vec<_> = self
            .memberships
            .iter()
            .filter(|membership| membership.user == user.id)
            .map(|membership| self.render_own_membership(membership))
            .collect();
        let mut rendered = publicly(self.render_user(user));
        if let (None, Some(fields)) = (user.create_organizations_limit, rendered.as_object_mut()) {
            fields.remove("create_organizations_limit");
        }
        extended(rendered, json!({ "organization_memberships": memberships }))
    }

    /// Returns a membership as members see it.
    pub(super) fn render_own_membership(&self, membership: &Membership) -> Value {
        let mut rendered = publicly(self.render_membership(membership));
        if let Ok(organization) = self.organizations.get(membership.organization.as_str()) {
            rendered = extended(
                rendered,
                json!({ "organization": publicly(self.render_organization(organization, true)) }),
            );
        }
        rendered
    }

    /// Returns what other people see of a user.
    pub(super) fn render_public_user(&self, user: &User) -> Value {
        let image_url = self.image_url(user.id.as_str());
        json!({
            "user_id": user.id,
            "first_name": user.first_name,
            "last_name": user.last_name,
            "image_url": image_url,
            "profile_image_url": image_url,
            "has_image": self.has_image(user.id.as_str()),
            "identifier": user.email().or(user.phone()).or(user.username.as_deref()).unwrap_or_default(),
            "username": user.username,
            "banned": user.banned,
            "deprovisioned": user.deprovisioned,
        })
    }
}

/// Returns what browsers may see of something: everything but private metadata, and what the Backend API alone says of
/// organizations.
pub(super) fn publicly(mut rendered: Value) -> Value {
    match &mut rendered {
        Value::Object(fields) => {
            fields.remove("private_metadata");
            if fields.get("object").is_some_and(|object| object == "organization") {
                fields.retain(|name, _| !matches!(name.as_str(), "created_by" | "role_set_key"));
            }
            // Metadata itself is the application's: it may have a field of this name.
            let nested = fields.iter_mut().filter(|(name, _)| !name.ends_with("_metadata"));
            nested.for_each(|(_, value)| *value = publicly(value.take()));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| *item = publicly(item.take())),
        _ => {}
    }
    rendered
}
