//! The page at `/`, which shows the instance. Its forms are handled in [`controls`].

use http::StatusCode;

use super::{
    super::{
        super::{
            HttpResponse, LocalRequest,
            state::{Message, Organization, Session, State, User},
        },
        browser_request::BrowserRequest,
        html::{Escaped, document},
        picture,
    },
    controls, deliveries,
    parts::{LOGO, button, card, person, plural, time},
};
use crate::state::clients::is_alive;

/// The maximum number of rows of each list.
const MAX_LISTED: usize = 15;

/// `GET /`.
pub(super) fn show(request: &BrowserRequest<'_>) -> HttpResponse {
    let local = request.local;
    let mut requests: Vec<_> = local.requests().into_iter().collect();
    let is_file = |path: &str| ["/images/", "/npm/"].iter().any(|folder| path.starts_with(folder));
    requests.retain(|request| !is_file(&request.path));
    let webhooks = deliveries::section(local);
    let state = &*local.state();
    let key = Escaped(local.publishable_key().as_str()).to_string();
    let main = format!(
        "{LOGO}<h1>A Clerk instance on this computer</h1>\n<p>An application with its keys works offline. Its \
         publishable key is <code>{key}</code>.</p>\n<p><a href=\"/\">Refresh</a> · <a href=\"/sign-in\">Sign-in \
         page</a></p>\n<div class=\"wide\">\n<div>\n{}{}</div>\n<div>\n{}{}</div>\n<div>\n{}{}{}</div>\n</div>\n\
         <div class=\"wide two\">\n{webhooks}{}</div>\n",
        section(
            "people",
            "People",
            state.users.iter().rev().map(|user| user_row(state, user)),
            state.users.len()
        ),
        section(
            "organizations",
            "Organizations",
            state.organizations.iter().rev().map(|one| organization_row(state, one)),
            state.organizations.len(),
        ),
        sessions(state),
        section(
            "messages",
            "Emails and SMS, never sent",
            state.outbox.iter().rev().map(message_row),
            state.outbox.len(),
        ),
        controls::clock(state),
        controls::settings(state),
        controls::failures(),
        request_table(&requests),
    );
    document(StatusCode::OK, "A Clerk instance on this computer", &main)
}

/// Returns a heading with a list.
fn section(id: &str, title: &str, rows: impl Iterator<Item = String>, count: usize) -> String {
    format!(
        "<section id=\"{id}\">\n<h2>{title} <span>({count})</span></h2>\n{}</section>\n",
        list(rows, count)
    )
}

/// Returns a list.
pub(super) fn list(rows: impl Iterator<Item = String>, count: usize) -> String {
    let rows: String = rows.take(MAX_LISTED).collect();
    match rows.as_str() {
        "" => "<p>There are none.</p>\n".to_owned(),
        rows => format!("<ul class=\"list\">\n{rows}</ul>\n{}", rest(count)),
    }
}

/// Returns how many rows are not shown.
fn rest(count: usize) -> String {
    match count.saturating_sub(MAX_LISTED) {
        0 => String::new(),
        rest => format!("<p>{rest} more are not shown.</p>\n"),
    }
}

fn user_row(state: &State, user: &User) -> String {
    let (id, name) = (user.id.as_str(), picture::name(user));
    let is_locked = user.is_locked(state.now);
    let mut buttons = String::new();
    if !user.banned && !is_locked {
        buttons.push_str(&button("/sign-in", &[("user", id)], "Sign in as", &name));
    }
    if is_locked {
        buttons.push_str(&button("/", &[("action", "unlock"), ("user", id)], "Unlock", &name));
    }
    let (ban, text) = if user.banned { ("unban", "Unban") } else { ("ban", "Ban") };
    buttons.push_str(&button("/", &[("action", ban), ("user", id)], text, &name));
    format!("<li class=\"item\">{}<div class=\"actions\">{buttons}</div></li>\n", person(user))
}

fn organization_row(state: &State, organization: &Organization) -> String {
    let id = organization.id.as_str();
    let members = plural(state.members(&organization.id), "member", "members");
    format!("<li class=\"item\">{}</li>\n", card(id, &organization.name, &format!("{id}, {members}")))
}

fn sessions(state: &State) -> String {
    let alive: Vec<_> = state.sessions.iter().rev().filter(|session| is_alive(session, state.now)).collect();
    let row = |session: &&Session| {
        let id = session.id.as_str();
        let user = state.users.get(session.user.as_str());
        let name = user.map_or_else(|_| session.user.as_str().to_owned(), picture::name);
        let end =
            button("/", &[("action", "revoke"), ("session", id)], "Revoke", &format!("session of {name}"));
        let card = card(session.user.as_str(), &name, id);
        format!("<li class=\"item\">{card}<div class=\"actions\">{end}</div></li>\n")
    };
    section("sessions", "Active sessions", alive.iter().map(row), alive.len())
}

fn message_row(message: &Message) -> String {
    let link = message.link.as_deref().filter(|link| link.starts_with("http"));
    let link =
        link.map_or_else(String::new, |link| format!("<a href=\"{}\">Open the link</a>", Escaped(link)));
    let (subject, to, sent) = (Escaped(&message.subject), Escaped(&message.to), time(message.created_at));
    format!(
        "<li class=\"item\"><span class=\"who\"><b>{subject}</b><span>to {to}</span><span>{sent}</span></span>{link}</li>\n"
    )
}

/// Returns the last requests.
fn request_table(requests: &[impl AsRef<LocalRequest>]) -> String {
    let row = |request: &LocalRequest| {
        let what = format!("{} {}", request.method, request.path.escape_debug());
        let status = request.status.map_or_else(|| "cut".to_owned(), |status| status.as_u16().to_string());
        let caller = request.caller.to_string();
        format!(
            "<tr><td><code>{}</code></td><td>{status}</td><td>{}</td></tr>\n",
            Escaped(&what),
            Escaped(&caller)
        )
    };
    let rows: String = requests.iter().rev().take(MAX_LISTED).map(|one| row(one.as_ref())).collect();
    let count = requests.len();
    let body = match rows.as_str() {
        "" => "<p>There are none.</p>\n".to_owned(),
        rows => format!(
            "<div class=\"list\"><table>\n<thead><tr><th scope=\"col\">Request</th><th scope=\"col\">Status</th>\
             <th scope=\"col\">From</th></tr></thead>\n<tbody>\n{rows}</tbody>\n</table></div>\n{}",
            rest(count)
        ),
    };
    format!("<section id=\"requests\">\n<h2>Last requests <span>({count})</span></h2>\n{body}</section>\n")
}
