//! What changed: two states of an instance, compared, as the events that Clerk would send.
//!
//! Nobody has to remember to tell of a change: whoever has held the state gives it back through [`StateGuard`],
//! which compares it with what was known.

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

/// The state of an instance, for as long as nobody else has it.
pub(super) struct StateGuard<'a> {
    local: &'a LocalClerk,
    state: MutexGuard<'a, State>,
    is_touched: bool,
}

impl<'a> StateGuard<'a> {
    pub(super) fn new(local: &'a LocalClerk, state: MutexGuard<'a, State>) -> Self {
        Self { local, state, is_touched: false }
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
        self.is_touched = true;
        &mut self.state
    }
}

impl Drop for StateGuard<'_> {
    fn drop(&mut self) {
        if self.is_touched {
            self.local.note_changes(&self.state);
        }
    }
}

/// An event: its type, and its data.
pub(super) type Change = (&'static str, Value);

/// What became of one thing.
enum Fate<'a, T> {
    Added(&'a T),
    Changed(&'a T, &'a T),
    Removed(&'a T),
}

/// How many things at the beginning are as they were. What is new stands at the end.
fn unchanged<T: PartialEq>(before: &[T], after: &[T]) -> usize {
    before.iter().zip(after).take_while(|(old, new)| old == new).count()
}

/// Makes `told` what `state` is.
pub(super) fn catch_up(told: &mut State, state: &State) {
    fn copy<T: Clone + PartialEq>(told: &mut Vec<T>, state: &[T]) {
        let same = unchanged(told, state);
        told.truncate(same);
        told.extend_from_slice(state.get(same..).unwrap_or_default());
    }
    told.issuer.clone_from(&state.issuer);
    told.clients.address.clone_from(&state.clients.address);
    copy(&mut told.users, &state.users);
    copy(&mut told.organizations, &state.organizations);
    copy(&mut told.memberships, &state.memberships);
    copy(&mut told.sessions, &state.sessions);
}

/// What became of all the things of one kind: those that are gone first.
fn fates<'a, T: PartialEq>(
    before: &'a [T],
    after: &'a [T],
    id: impl for<'b> Fn(&'b T) -> &'b str,
) -> Vec<Fate<'a, T>> {
    let same = unchanged(before, after);
    let (before, after) = (before.get(same..).unwrap_or_default(), after.get(same..).unwrap_or_default());
    let known: HashMap<&str, &T> = before.iter().map(|one| (id(one), one)).collect();
    let present: HashMap<&str, &T> = after.iter().map(|one| (id(one), one)).collect();
    let removed = before.iter().filter(|one| !present.contains_key(id(one))).map(Fate::Removed);
    let rest = after.iter().filter_map(|one| match known.get(id(one)) {
        None => Some(Fate::Added(one)),
        Some(old) if *old != one => Some(Fate::Changed(old, one)),
        Some(_) => None,
    });
    removed.chain(rest).collect()
}

/// The events between two states. What ends comes before what begins; within each, users and organizations
/// come before what refers to them, or after it where they end.
pub(super) fn changes(before: &State, after: &State, now: Timestamp) -> Vec<Change> {
    let [mut ended, mut begun] = [Vec::new(), Vec::new()];
    for fate in fates(&before.memberships, &after.memberships, |it: &Membership| it.id.as_str()) {
        if let Fate::Removed(it) = fate {
            ended.push(("organizationMembership.deleted", before.render_membership(it)));
        }
    }
    let sessions = fates(&before.sessions, &after.sessions, |it: &Session| it.id.as_str());
    ended.extend(sessions.iter().filter_map(|fate| ended_session(fate, before, now)));
    for fate in fates(&before.organizations, &after.organizations, |it| it.id.as_str()) {
        match fate {
            Fate::Removed(it) => ended.push((
                "organization.deleted",
                json!({ "object": "organization", "id": it.id, "slug": it.slug, "deleted": true }),
            )),
            Fate::Added(it) => begun.push(("organization.created", after.render_organization(it, false))),
            Fate::Changed(_, it) => {
                begun.push(("organization.updated", after.render_organization(it, false)));
            }
        }
    }
    for fate in fates(&before.users, &after.users, |it| it.id.as_str()) {
        match fate {
            Fate::Removed(it) => ended.push(("user.deleted", deleted_user(it))),
            Fate::Added(it) => begun.push(("user.created", after.render_user(it))),
            Fate::Changed(old, it) if is_news(old, it) => begun.push(("user.updated", after.render_user(it))),
            Fate::Changed(..) => {}
        }
    }
    for fate in fates(&before.memberships, &after.memberships, |it: &Membership| it.id.as_str()) {
        match fate {
            Fate::Added(it) => {
                begun.push(("organizationMembership.created", after.render_membership(it)));
            }
            Fate::Changed(_, it) => {
                begun.push(("organizationMembership.updated", after.render_membership(it)));
            }
            Fate::Removed(_) => {}
        }
    }
    begun.extend(sessions.iter().filter_map(|fate| begun_session(fate, after, now)));
    ended.extend(begun);
    ended
}

fn deleted_user(user: &User) -> Value {
    let mut deleted = json!({ "object": "user", "id": user.id, "deleted": true });
    if let Some(external_id) = &user.external_id {
        deleted = extended(deleted, json!({ "external_id": external_id }));
    }
    deleted
}

/// Whether more changed about a user than when they were last seen.
fn is_news(before: &User, after: &User) -> bool {
    let mut before = before.clone();
    before.last_active_at = after.last_active_at;
    before.last_sign_in_at = after.last_sign_in_at;
    before != *after
}

/// A session as events show it: with its user, if there still is one.
fn with_user(session: &Session, state: &State, now: Timestamp) -> Value {
    let user = state.user(session.user.as_str()).ok().map(|user| state.render_user(user));
    extended(session.render(now), json!({ "user": user }))
}

/// The event of a session that is over. Time alone sends none.
fn ended_session(fate: &Fate<'_, Session>, before: &State, now: Timestamp) -> Option<Change> {
    let (kind, session) = match fate {
        Fate::Removed(it) => ("session.removed", it),
        Fate::Changed(old, it) if old.status(now) != it.status(now) => match it.status(now) {
            "revoked" => ("session.revoked", it),
            "ended" => ("session.ended", it),
            "removed" => ("session.removed", it),
            _ => return None,
        },
        _ => return None,
    };
    Some((kind, with_user(session, before, now)))
}

/// The event of a session that begins, or that waits for its user to do something first.
fn begun_session(fate: &Fate<'_, Session>, after: &State, now: Timestamp) -> Option<Change> {
    let session = match fate {
        Fate::Added(it) => it,
        Fate::Changed(old, it) if old.status(now) != it.status(now) => it,
        _ => return None,
    };
    let kind = match session.status(now) {
        "active" => "session.created",
        "pending" => "session.pending",
        _ => return None,
    };
    Some((kind, with_user(session, after, now)))
}
