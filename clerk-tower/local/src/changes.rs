//! The webhook events between two states of an instance.
//!
//! Code that changes the state does not report its changes: [`StateGuard`] compares the states when it is dropped.

use std::{
    ops::{Deref, DerefMut},
    sync::MutexGuard,
};

use clerk_core::Timestamp;
use serde_json::{Value, json};

use crate::{
    LocalClerk,
    state::{OrganizationInvitation, Session, State, User, billing, extended},
    table::Change,
};

/// The locked state of an instance. Dropping it reports what was changed through it.
pub(super) struct StateGuard<'a> {
    local: &'a LocalClerk,
    state: MutexGuard<'a, State>,
    /// The state before the first change, if somebody wants to know the changes.
    before: Option<State>,
    is_changed: bool,
}

impl<'a> StateGuard<'a> {
    pub(super) fn new(local: &'a LocalClerk, mut state: MutexGuard<'a, State>) -> Self {
        state.now = state.own_time(local.shared.clock.now());
        Self { local, state, before: None, is_changed: false }
    }
}

impl Deref for StateGuard<'_> {
    type Target = State;

    fn deref(&self) -> &State {
        &self.state
    }
}

impl DerefMut for StateGuard<'_> {
    fn deref_mut(&mut self) -> &mut State {
        if !self.is_changed {
            self.is_changed = true;
            let is_needed = self.local.has_receiver() || self.local.is_kept();
            self.before = is_needed.then(|| self.state.clone());
        }
        &mut self.state
    }
}

impl Drop for StateGuard<'_> {
    fn drop(&mut self) {
        if let Some(before) = self.before.as_ref().filter(|before| **before != *self.state) {
            self.local.record_change();
            self.local.report_changes(before, &self.state);
        }
    }
}

/// A webhook event: its type and its data.
pub(super) type Event = (&'static str, Value);

/// Returns the events between two states. Deletions come before creations and updates. A membership or a session is
/// deleted before its user or organization, and created after them.
pub(super) fn events(before: &State, after: &State, now: Timestamp) -> Vec<Event> {
    let [mut deletions, mut others] = [Vec::new(), Vec::new()];
    for change in after.memberships.changes(&before.memberships) {
        if let Change::Removed(it) = change {
            deletions.push(("organizationMembership.deleted", before.render_membership(it)));
        }
    }
    let sessions = after.sessions.changes(&before.sessions);
    deletions.extend(sessions.iter().filter_map(|change| session_ended(change, before, now)));
    for change in after.roles.permissions.changes(&before.roles.permissions) {
        match change {
            Change::Removed(it) => {
                deletions.push(("permission.deleted", deleted("permission", &it.id)));
            }
            Change::Added(it) => others.push(("permission.created", it.render())),
            Change::Updated(_, it) => others.push(("permission.updated", it.render())),
        }
    }
    for change in after.roles.roles.changes(&before.roles.roles) {
        match change {
            Change::Removed(it) => deletions.push(("role.deleted", deleted("role", &it.id))),
            Change::Added(it) => others.push(("role.created", after.roles.render_role(it))),
            Change::Updated(_, it) => others.push(("role.updated", after.roles.render_role(it))),
        }
    }
    for change in after.organization_domains.changes(&before.organization_domains) {
        match change {
            Change::Removed(it) => {
                deletions.push(("organizationDomain.deleted", deleted("organization_domain", &it.id)));
            }
            Change::Added(it) => {
                others.push(("organizationDomain.created", after.render_organization_domain(it)));
            }
            Change::Updated(_, it) => {
                others.push(("organizationDomain.updated", after.render_organization_domain(it)));
            }
        }
    }
    for change in after.organization_invitations.changes(&before.organization_invitations) {
        others.extend(invitation_changed(&change, after, now));
    }
    for change in after.organizations.changes(&before.organizations) {
        match change {
            Change::Removed(it) => deletions.push((
                "organization.deleted",
                json!({ "object": "organization", "id": it.id, "slug": it.slug, "deleted": true }),
            )),
            Change::Added(it) => others.push(("organization.created", after.render_organization(it, false))),
            Change::Updated(_, it) => {
                others.push(("organization.updated", after.render_organization(it, false)));
            }
        }
    }
    for change in after.users.changes(&before.users) {
        match change {
            Change::Removed(it) => deletions.push(("user.deleted", deleted_user(it))),
            Change::Added(it) => others.push(("user.created", after.render_user(it))),
            Change::Updated(old, it) if is_worth_an_event(old, it) => {
                others.push(("user.updated", after.render_user(it)));
            }
            Change::Updated(..) => {}
        }
    }
    for change in after.memberships.changes(&before.memberships) {
        match change {
            Change::Added(it) => {
                others.push(("organizationMembership.created", after.render_membership(it)));
            }
            Change::Updated(_, it) => {
                others.push(("organizationMembership.updated", after.render_membership(it)));
            }
            Change::Removed(_) => {}
        }
    }
    others.extend(sessions.iter().filter_map(|change| session_started(change, after, now)));
    others.extend(billing::events::between(before, after));
    for change in after.waitlist.changes(&before.waitlist) {
        match change {
            Change::Added(it) => others.push(("waitlistEntry.created", after.render_waitlist_entry(it))),
            Change::Updated(_, it) => others.push(("waitlistEntry.updated", after.render_waitlist_entry(it))),
            Change::Removed(_) => {}
        }
    }
    for change in after.outbox.changes(&before.outbox) {
        if let Change::Added(it) = change {
            let kind = if it.is_sms { "sms.created" } else { "email.created" };
            others.push((kind, after.render_message(it)));
        }
    }
    deletions.extend(others);
    deletions
}

/// Returns the event of an invitation that was created, accepted or revoked.
fn invitation_changed(
    change: &Change<'_, OrganizationInvitation>,
    after: &State,
    now: Timestamp,
) -> Option<Event> {
    let (kind, invitation) = match change {
        // One that followed from a domain is stored when it is accepted.
        Change::Added(it) if it.status(now) == "accepted" => ("organizationInvitation.accepted", it),
        Change::Added(it) => ("organizationInvitation.created", it),
        Change::Updated(old, it) if old.status(now) != it.status(now) => match it.status(now) {
            "accepted" => ("organizationInvitation.accepted", it),
            "revoked" => ("organizationInvitation.revoked", it),
            _ => return None,
        },
        _ => return None,
    };
    let mut data = after.render_organization_invitation_with_organization(invitation);
    if let Some(user) = &invitation.user {
        data = extended(data, json!({ "user_id": user }));
    }
    Some((kind, data))
}

fn deleted(object: &str, id: &str) -> Value {
    json!({ "object": object, "id": id, "deleted": true })
}

fn deleted_user(user: &User) -> Value {
    let mut deleted = json!({ "object": "user", "id": user.id, "deleted": true });
    if let Some(external_id) = &user.external_id {
        deleted = extended(deleted, json!({ "external_id": external_id }));
    }
    deleted
}

/// Returns whether more than the times of the last activity and the last sign-in, and the failed attempts, changed.
fn is_worth_an_event(before: &User, after: &User) -> bool {
    let mut before = before.clone();
    before.last_active_at = after.last_active_at;
    before.last_sign_in_at = after.last_sign_in_at;
    before.failed_attempts = after.failed_attempts;
    before != *after
}

/// Returns a session as events show it: with its user, if the user still exists.
fn with_user(session: &Session, state: &State, now: Timestamp) -> Value {
    let user = state.users.get(session.user.as_str()).ok().map(|user| state.render_user(user));
    extended(session.render(now), json!({ "user": user }))
}

/// Returns the event of a session that was ended. Expiration causes none.
fn session_ended(change: &Change<'_, Session>, before: &State, now: Timestamp) -> Option<Event> {
    let (kind, session) = match change {
        Change::Removed(it) => ("session.removed", it),
        Change::Updated(old, it) if old.status(now) != it.status(now) => match it.status(now) {
            "revoked" => ("session.revoked", it),
            "ended" => ("session.ended", it),
            "removed" => ("session.removed", it),
            _ => return None,
        },
        _ => return None,
    };
    Some((kind, with_user(session, before, now)))
}

/// Returns the event of a session that became active or pending.
fn session_started(change: &Change<'_, Session>, after: &State, now: Timestamp) -> Option<Event> {
    let session = match change {
        Change::Added(it) => it,
        Change::Updated(old, it) if old.status(now) != it.status(now) => it,
        _ => return None,
    };
    let kind = match session.status(now) {
        "active" => "session.created",
        "pending" => "session.pending",
        _ => return None,
    };
    Some((kind, with_user(session, after, now)))
}
