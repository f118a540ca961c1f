use std::{sync::Arc, time::Duration};

use clerk_core::{
    api::{organization_memberships, organizations, users},
    authenticate::MachineFacts,
    id::{OrganizationId, UserId},
    model::{BlockReason, Organization, OrganizationMembership, User},
    token::TokenKind,
};

use super::Auth;
use crate::{Clerk, Error, server::rejection::Rejection};

/// The maximum age of a cached user or organization.
const MAX_AGE: Duration = Duration::from_secs(30);

impl Auth {
    /// Returns the session's user, fetched from Clerk or its [cache](crate::client::cache). A user who may no longer sign in
    /// is rejected, although the token is still valid.
    ///
    /// The user is at most 30 seconds old, even while Clerk is down. So a user who was banned, locked, deprovisioned or
    /// deleted elsewhere is rejected after 30 seconds at the latest. After a write through the same client, or a webhook,
    /// the change is visible at once. A shorter fresh age of the cache, or a shorter
    /// [`max_age`](crate::client::options::CallOptions::max_age) of the layer's client, shortens this period. With
    /// `CachePolicy::off()`, every call of this method calls Clerk.
    ///
    /// ```
    /// use clerk_tower::server::{authenticate::Auth, rejection::Rejection};
    ///
    /// /// Looks the user up only if the greeting needs it.
    /// async fn greeting(auth: &Auth, is_formal: bool) -> Result<String, Rejection> {
    ///     if !is_formal {
    ///         return Ok("hi".to_owned());
    ///     }
    ///     let user = auth.user().await?;
    ///     Ok(format!("good morning, {}", user.full_name().unwrap_or_default()))
    /// }
    /// # let _ = greeting;
    /// ```
    ///
    /// # Errors
    /// As [`require_session`](Self::require_session), and in these cases:
    ///
    /// - 403 `user-banned`, `user-locked` or `user-deprovisioned` if the user is
    /// - 401 `user-deleted` if the user no longer exists
    /// - 503 `clerk-unavailable` if Clerk does not respond, and no recent value is cached
    /// - 500 `clerk-error` if Clerk refuses the call, for example after the secret key was revoked
    /// - 500 `clerk-secret-key-missing` if the layer's client has no secret key
    pub async fn user(&self) -> Result<Arc<User>, Rejection> {
        let id = self.require_session()?.claims().user_id();
        match self.profile() {
            Some(profile) => unless_blocked(profile.user.clone()),
            None => unless_blocked(self.fetch_user(id).await?),
        }
    }

    /// Returns the user whom the OAuth token acts for, by the same rules as [`user`](Self::user): one who may no longer sign in
    /// is rejected, although the token is still valid.
    ///
    /// # Errors
    /// As [`require_machine`](Self::require_machine), and as [`user`](Self::user).
    pub async fn oauth_user(&self) -> Result<Arc<User>, Rejection> {
        match self.require_machine(TokenKind::OAuth)?.facts() {
            MachineFacts::OAuth(token) => unless_blocked(self.fetch_user(&token.user_id).await?),
            _ => Err(Rejection::no_machine(self.outcome())),
        }
    }

    /// Returns the session's active organization, fetched from Clerk or its cache. A member who was removed, banned or
    /// deprovisioned is rejected, although the token is still valid.
    ///
    /// The organization and the user's membership are at most 30 seconds old, by the same rules as [`user`](Self::user). A
    /// locked user is rejected by `user` only: a membership does not show the lock.
    ///
    /// # Errors
    /// As [`require_session`](Self::require_session), and in these cases:
    ///
    /// - 403 `organization-missing` for a personal account, or if the user is no longer a member
    /// - 403 `organization-deleted` if the organization no longer exists
    /// - 403 `user-banned` or `user-deprovisioned` if the member is
    /// - 503 `clerk-unavailable` if Clerk does not respond, and no recent value is cached
    /// - 500 `clerk-error` if Clerk refuses the call, for example after the secret key was revoked
    /// - 500 `clerk-secret-key-missing` if the layer's client has no secret key
    pub async fn organization(&self) -> Result<Arc<Organization>, Rejection> {
        let claims = self.require_session()?.claims();
        let (id, user) = (claims.organization().map(|organization| organization.id), claims.user_id());
        let id = id.ok_or_else(Rejection::organization_missing)?;
        if let Some(profile) = self.profile() {
            // As at Clerk, a membership does not show the lock.
            let reason = profile.user.block_reason().filter(|reason| *reason != BlockReason::Locked);
            let organization = profile.organization.clone().ok_or_else(Rejection::organization_missing)?;
            return reason.map_or(Ok(organization), |reason| Err(Rejection::user_blocked(reason)));
        }
        let refuse = |error: Error| or_missing(&error, Rejection::organization_deleted);
        let clerk = self.recent()?;
        let organization = clerk.cached(organizations::get(id)).await.map_err(refuse)?;
        let members = organization_memberships::list(id).user_id([user]).limit(1);
        let members = clerk.cached(members).await.map_err(refuse)?;
        let member = members.iter().find(|member| is_of(member, id, user));
        let member = member.ok_or_else(Rejection::organization_missing)?;
        member.block_reason().map_or(Ok(organization), |reason| Err(Rejection::user_blocked(reason)))
    }

    async fn fetch_user(&self, id: &UserId) -> Result<Arc<User>, Rejection> {
        let user = self.recent()?.cached(users::get(id)).await;
        user.map_err(|error| or_missing(&error, Rejection::user_deleted))
    }

    /// Returns the layer's client, limited to values that are recent enough.
    fn recent(&self) -> Result<Clerk, Rejection> {
        let clerk = self.clerk()?;
        Ok(clerk.with(clerk.options().clone().max_age_at_most(MAX_AGE)))
    }
}

fn unless_blocked(user: Arc<User>) -> Result<Arc<User>, Rejection> {
    user.block_reason().map_or(Ok(user), |reason| Err(Rejection::user_blocked(reason)))
}

/// Returns `missing` if Clerk reports that the resource does not exist, or else the rejection of a failed call.
fn or_missing(error: &Error, missing: fn() -> Rejection) -> Rejection {
    if error.is_missing() { missing() } else { Rejection::of_call(error) }
}

/// Returns whether this is the membership that was asked for, whatever a cache on the way has answered.
fn is_of(member: &OrganizationMembership, organization: &OrganizationId, user: &UserId) -> bool {
    let data = member.public_user_data.as_ref();
    member.organization.id == *organization && data.is_some_and(|data| data.user_id == *user)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "these are tests")]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_membership_of_another_user_or_organization_does_not_count() {
        let (organization, user) = ("org_1".into(), "user_1".into());
        for (of, by, expected) in [
            ("org_1", Some("user_1"), true),
            ("org_2", Some("user_1"), false),
            ("org_1", Some("user_2"), false),
            ("org_1", None, false),
        ] {
            let data = by.map(|id| json!({"user_id": id}));
            let member = json!({"id": "orgmem_1", "organization": {"id": of}, "public_user_data": data});
            let member: OrganizationMembership = serde_json::from_value(member).unwrap();
            assert_eq!(is_of(&member, &organization, &user), expected, "{of} {by:?}");
        }
    }
}
