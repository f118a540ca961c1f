//! The webhook events between two states of an instance.
//!
//! Code that changes the state does not report its changes: [`StateGuard`] compares the states when it is dropped.

use std::{
    collections::HashMap,
    ops::{Deref, DerefMut},
    sync::MutexGuard,
};

use clerk_core::Timestamp;
use serde_json::{Value, json};

use crate::{
    LocalClerk,
    state::{Membership, Session, State, User, extended},
};

/// The locked state of an instance. Dropping it reports what was changed through it.
pub(super) struct StateGuard<'a> {
    local: &'a LocalClerk,
    state: MutexGuard<'a, State>,
    is_modified: bool,
}

impl<'a> StateGuard<'a> {
    pub(super) fn new(local: &'a LocalClerk, state: MutexGuard<'a, State>) -> Self {
        Self { local, state, is_modified: false }
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
        self.is_modified = true;
        &mut self.state
    }
}

impl Drop for StateGuard<'_> {
    fn drop(&mut self) {
        if self.is_modified {
            self.local.report_changes(&self.state);
        }
    }
}

/// A webhook event: its type and its data.
pub(super) type Event = (&'static str, Value);

/// How one item differs between two states.
enum Change<'a, T> {
    Added(&'a T),
    Updated(&'a T, &'a T),
    Removed(&'a T),
}

/// Returns the number of equal items at the beginning. Most requests leave the old items alone and append new ones, so
/// that only the rest needs to be compared.
fn common_prefix<T: PartialEq>(before: &[T], after: &[T]) -> usize {
    before.iter().zip(after).take_while(|(old, new)| old == new).count()
}

/// Makes `snapshot` equal to `state`, as far as events depend on it.
pub(super) fn update_snapshot(snapshot: &mut State, state: &State) {
    fn copy<T: Clone + PartialEq>(snapshot: &mut Vec<T>, state: &[T]) {
        let same = common_prefix(snapshot, state);
        snapshot.truncate(same);
        snapshot.extend_from_slice(state.get(same..).unwrap_or_default());
    }
    snapshot.issuer.clone_from(&state.issuer);
    snapshot.clients.address.clone_from(&state.clients.address);
    copy(&mut snapshot.users, &state.users);
    copy(&mut snapshot.organizations, &state.organizations);
    copy(&mut snapshot.memberships, &state.memberships);
    copy(&mut snapshot.sessions, &state.sessions);
}

/// Returns the changes to the items of one kind, removed ones first.
fn diff<'a, T: PartialEq>(
    before: &'a [T],
    after: &'a [T],
    id: impl for<'b> Fn(&'b T) -> &'b str,
) -> Vec<Change<'a, T>> {
    let same = common_prefix(before, after);
    let (before, after) = (before.get(same..).unwrap_or_default(), after.get(same..).unwrap_or_default());
    let known: HashMap<&str, &T> = before.iter().map(|one| (id(one), one)).collect();
    let present: HashMap<&str, &T> = after.iter().map(|one| (id(one), one)).collect();
    let removed = before.iter().filter(|one| !present.contains_key(id(one))).map(Change::Removed);
    let rest = after.iter().filter_map(|one| match known.get(id(one)) {
        None => Some(Change::Added(one)),
        Some(old) if *old != one => Some(Change::Updated(old, one)),
        Some(_) => None,
    });
    removed.chain(rest).collect()
}

/// Returns the events between two states. Deletions come before creations and updates. A membership or a session is
/// deleted before its user or organization, and created after them.
pub(super) fn events(before: &State, after: &State, now: Timestamp) -> Vec<Event> {
    let [mut deletions, mut others] = [Vec::new(), Vec::new()];
    for change in diff(&before.memberships, &after.memberships, |it: &Membership| it.id.as_str()) {
        if let Change::Removed(it) = change {
            deletions.push(("organizationMembership.deleted", before.render_membership(it)));
        }
    }
    let sessions = diff(&before.sessions, &after.sessions, |it: &Session| it.id.as_str());
    deletions.extend(sessions.iter().filter_map(|change| session_ended(change, before, now)));
    for change in diff(&before.organizations, &after.organizations, |it| it.id.as_str()) {
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
    for change in diff(&before.users, &after.users, |it| it.id.as_str()) {
        match change {
            Change::Removed(it) => deletions.push(("user.deleted", deleted_user(it))),
            Change::Added(it) => others.push(("user.created", after.render_user(it))),
            Change::Updated(old, it) if is_worth_an_event(old, it) => {
                others.push(("user.updated", after.render_user(it)));
            }
            Change::Updated(..) => {}
        }
    }
    for change in diff(&before.memberships, &after.memberships, |it: &Membership| it.id.as_str()) {
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
    deletions.extend(others);
    deletions
}

fn deleted_user(user: &User) -> Value {
    let mut deleted = json!({ "object": "user", "id": user.id, "deleted": true });
    if let Some(external_id) = &user.external_id {
        deleted = extended(deleted, json!({ "external_id": external_id }));
    }
    deleted
}

/// Returns whether more than the times of the last activity and the last sign-in changed.
fn is_worth_an_event(before: &User, after: &User) -> bool {
    let mut before = before.clone();
    before.last_active_at = after.last_active_at;
    before.last_sign_in_at = after.last_sign_in_at;
    before != *after
}

/// Returns a session as events show it: with its user, if the user still exists.
fn with_user(session: &Session, state: &State, now: Timestamp) -> Value {
    let user = state.user(session.user.as_str()).ok().map(|user| state.render_user(user));
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
