//! Which writes and events end sessions.
//!
//! The rules err on the safe side: a token that is refused too early is renewed within a minute.

use clerk_core::{OperationInfo, webhook::Event};
use http::Method;
use serde_json::Value;

use super::Subject;

/// What a write ends, by the parameters of its path or by its body.
#[derive(Clone, Copy)]
enum Ends {
    /// The session in the path.
    Session,
    /// All sessions of the user in the path.
    User,
    /// The same, if this member of the body is `true`.
    UserIf(&'static str),
    /// All sessions of the users that this member of the body lists.
    Users(&'static str),
    /// All tokens of the organization in the path.
    Organization,
    /// The tokens for the organization in the path, of the user after it.
    Membership,
}

/// The writes that end sessions, or the right of tokens to name an organization.
///
/// Locking only keeps a user from signing in at Clerk, whose sessions go on; here their present tokens end, and they get
/// new ones. Deleting credentials, and revoking invitations, actor tokens and other tokens that create sessions, ends none.
/// Connections and directories that are deleted may deactivate users, whom neither the request nor the response names:
/// their events do.
#[rustfmt::skip]
const WRITES: &[(Method, &str, Ends)] = &[
    (Method::POST, "/sessions/{}/revoke", Ends::Session),
    (Method::DELETE, "/users/{}", Ends::User),
    (Method::POST, "/users/{}/ban", Ends::User),
    (Method::POST, "/users/{}/lock", Ends::User),
    (Method::POST, "/users/ban", Ends::Users("user_ids")),
    // With a new password, or without one.
    (Method::PATCH, "/users/{}", Ends::UserIf("sign_out_of_other_sessions")),
    (Method::POST, "/users/{}/remove_password", Ends::UserIf("sign_out_of_other_sessions")),
    (Method::POST, "/users/{}/password/set_compromised", Ends::UserIf("revoke_all_sessions")),
    (Method::DELETE, "/organizations/{}", Ends::Organization),
    (Method::DELETE, "/organizations/{}/memberships/{}", Ends::Membership),
];

/// What a write to `path` with this body ends.
pub(super) fn by_write(info: &OperationInfo, path: &str, body: &[u8]) -> Vec<Subject> {
    let rule =
        WRITES.iter().find(|(method, template, _)| *method == info.method && covers(template, info.path));
    let Some((_, template, ends)) = rule else { return Vec::new() };
    let mut ids = template.split('/').zip(path.split('/')).filter(|(part, _)| *part == "{}");
    let mut next = || ids.next().map(|(_, id)| id.to_owned()).filter(|id| !id.is_empty());
    let user = |id: String| Subject::User(id);
    let one = match ends {
        Ends::Session => next().map(Subject::Session),
        Ends::User => next().map(user),
        Ends::UserIf(flag) => next().map(user).filter(|_| member(body, flag) == Some(Value::Bool(true))),
        Ends::Organization => next().map(Subject::Organization),
        Ends::Membership => {
            next().zip(next()).map(|(organization, user)| Subject::Membership { user, organization })
        }
        Ends::Users(list) => {
            let Some(Value::Array(ids)) = member(body, list) else { return Vec::new() };
            return ids.iter().filter_map(Value::as_str).map(|id| user(id.to_owned())).collect();
        }
    };
    one.into_iter().collect()
}

/// Whether a rule's template is that of an operation, whose parameters have names.
fn covers(template: &str, path: &str) -> bool {
    let (mut parts, mut segments) = (template.split('/'), path.split('/'));
    loop {
        match (parts.next(), segments.next()) {
            (None, None) => return true,
            (Some("{}"), Some(segment)) if segment.starts_with('{') => {}
            (Some(part), Some(segment)) if part == segment => {}
            _ => return false,
        }
    }
}

fn member(body: &[u8], name: &str) -> Option<Value> {
    let mut body: Value = serde_json::from_slice(body).ok()?;
    body.get_mut(name).map(Value::take)
}

/// What an event ends. An event that does not name what it is about ends nothing; one of a session then ends the user's.
pub(super) fn by_event(event: &Event) -> Option<Subject> {
    let user = || event.user_id().map(|id| id.as_str().to_owned());
    let organization = || event.organization_id().map(|id| id.as_str().to_owned());
    match event.kind() {
        "session.ended" | "session.removed" | "session.revoked" => {
            let session = event.session_id().map(|id| Subject::Session(id.as_str().to_owned()));
            session.or_else(|| user().map(Subject::User))
        }
        "user.deleted" => user().map(Subject::User),
        "user.updated" if is_blocked(event) => user().map(Subject::User),
        "organizationMembership.deleted" => {
            user().zip(organization()).map(|(user, organization)| Subject::Membership { user, organization })
        }
        "organization.deleted" => organization().map(Subject::Organization),
        _ => None,
    }
}

/// Whether the user of the event is banned or locked, also if nothing else of the event can be read.
fn is_blocked(event: &Event) -> bool {
    match event {
        Event::UserUpdated(user) => user.banned || user.locked,
        Event::Unreadable { data, .. } => {
            ["banned", "locked"].iter().any(|flag| data.get(flag) == Some(&Value::Bool(true)))
        }
        _ => false,
    }
}
