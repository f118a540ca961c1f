//! The page at `/`, which shows the instance and changes it.

use bytes::Bytes;
use http::{Request, StatusCode};

use super::{
    super::{
        super::{
            Fault, HttpResponse, LocalRequest,
            error::ApiError,
            routes::Caller,
            state::{Message, Organization, Session, State, User},
        },
        browser_request::BrowserRequest,
        html::{Escaped, document},
        picture,
    },
    parts::{LOGO, card, person, plural},
    see_other,
};
use crate::state::clients::is_alive;

/// The maximum number of rows of each list.
const MAX_LISTED: usize = 25;

/// The maximum number of requests that a form can let fail.
const MAX_FAILURES: u64 = 1_000;

/// `GET /`.
pub(super) fn show(request: &BrowserRequest<'_>) -> HttpResponse {
    let local = request.local;
    let mut requests: Vec<_> = local.requests().into_iter().collect();
    requests.retain(|request| !request.path.starts_with("/images/"));
    let webhooks = *local.shared.webhook_counts.borrow();
    let state = &*local.state();
    let lists = [
        list("People", state.users.iter().map(|user| user_row(state, user)), state.users.len()),
        list(
            "Organizations",
            state.organizations.iter().map(|one| organization_row(state, one)),
            state.organizations.len(),
        ),
        sessions(state, request),
        list("Emails and SMS, never sent", state.outbox.iter().rev().map(message_row), state.outbox.len()),
        list("Last requests", requests.iter().rev().map(|one| request_row(one)), requests.len()),
    ];
    let webhooks = format!(
        "<h2>Webhooks</h2>\n<p>{} delivered, {} waiting, {} given up, {} dropped.</p>\n",
        webhooks.delivered, webhooks.waiting, webhooks.given_up, webhooks.dropped
    );
    let key = Escaped(local.publishable_key().as_str()).to_string();
    let main = format!(
        "{LOGO}<h1>A Clerk instance on this computer</h1>\n<p>An application with its keys works offline. Its \
         publishable key is <code>{key}</code>.</p>\n<div class=\"wide\">\n<section>\n{}{}</section>\n<section>\n{}{}\
         {webhooks}</section>\n<section>\n{}{}</section>\n</div>\n",
        lists[0],
        lists[1],
        lists[2],
        lists[3],
        controls(),
        lists[4],
    );
    document(StatusCode::OK, "A Clerk instance on this computer", &main)
}

/// Returns a heading with a list.
fn list(title: &str, rows: impl Iterator<Item = String>, count: usize) -> String {
    let rows: String = rows.take(MAX_LISTED).collect();
    let rest = count.saturating_sub(MAX_LISTED);
    let more = if rest == 0 { String::new() } else { format!("<p>{rest} more are not shown.</p>\n") };
    let body = if rows.is_empty() {
        "<p>There are none.</p>\n".to_owned()
    } else {
        format!("<div class=\"list\">\n{rows}</div>\n{more}")
    };
    format!("<h2>{title} ({count})</h2>\n{body}")
}

/// Returns a form with one button.
fn button(path: &str, fields: &[(&str, &str)], text: &str, about: &str) -> String {
    let (text, label) = (Escaped(text), format!("{text} {about}"));
    let hidden: String = fields
        .iter()
        .map(|(name, value)| format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">", Escaped(value)))
        .collect();
    format!(
        "<form method=\"post\" action=\"{path}\">{hidden}<button class=\"small\" aria-label=\"{}\">{text}</button></form>",
        Escaped(label.trim())
    )
}

fn user_row(state: &State, user: &User) -> String {
    let (id, name) = (user.id.as_str(), picture::name(user));
    let is_locked = user.is_locked(state.now);
    let ban = if user.banned { "unban" } else { "ban" };
    let mut buttons = String::new();
    if !user.banned && !is_locked {
        buttons.push_str(&button("/sign-in", &[("user", id)], "Sign in as", &name));
    }
    if is_locked {
        buttons.push_str(&button("/", &[("action", "unlock"), ("user", id)], "Unlock", &name));
    }
    let text = if user.banned { "Unban" } else { "Ban" };
    buttons.push_str(&button("/", &[("action", ban), ("user", id)], text, &name));
    format!("<div class=\"item\">{}{buttons}</div>\n", person(user))
}

fn organization_row(state: &State, organization: &Organization) -> String {
    let id = organization.id.as_str();
    let members = plural(state.members(&organization.id), "member", "members");
    format!("<div class=\"item\">{}</div>\n", card(id, &organization.name, &format!("{id}, {members}")))
}

fn sessions(state: &State, request: &BrowserRequest<'_>) -> String {
    let alive: Vec<_> =
        state.sessions.iter().rev().filter(|session| is_alive(session, request.now)).collect();
    let row = |session: &&Session| {
        let id = session.id.as_str();
        let user = state.users.get(session.user.as_str());
        let name = user.map_or_else(|_| session.user.as_str().to_owned(), picture::name);
        let end =
            button("/", &[("action", "revoke"), ("session", id)], "Revoke", &format!("session of {name}"));
        format!("<div class=\"item\">{}{end}</div>\n", card(session.user.as_str(), &name, id))
    };
    list("Active sessions", alive.iter().map(row), alive.len())
}

fn message_row(message: &Message) -> String {
    let link = message.link.as_deref().filter(|link| link.starts_with("http"));
    let link =
        link.map_or_else(String::new, |link| format!("<a href=\"{}\">Open the link</a>", Escaped(link)));
    let (subject, to) = (Escaped(&message.subject), Escaped(&message.to));
    format!(
        "<div class=\"item\"><span class=\"who\"><b>{subject}</b><span>to {to}</span></span>{link}</div>\n"
    )
}

fn request_row(request: &LocalRequest) -> String {
    format!("<div class=\"item\"><code>{}</code></div>\n", Escaped(&request.to_string()))
}

/// Returns the forms that change the instance.
fn controls() -> String {
    format!(
        "<h2>Try what goes wrong</h2>\n<form method=\"post\" action=\"/\">\n\
         <input type=\"hidden\" name=\"action\" value=\"fail\">\n\
         <label for=\"times\">The next requests to the APIs fail</label>\n\
         <input id=\"times\" name=\"times\" type=\"number\" min=\"1\" max=\"{MAX_FAILURES}\" value=\"1\" required>\n\
         <label for=\"status\">with status</label>\n\
         <input id=\"status\" name=\"status\" type=\"number\" min=\"400\" max=\"599\" value=\"503\" required>\n\
         <button class=\"button plain\">Let them fail</button>\n</form>\n\
         <form method=\"post\" action=\"/\"><input type=\"hidden\" name=\"action\" value=\"heal\">\
         <button class=\"button plain\">End all failures</button></form>\n\
         <form method=\"post\" action=\"/\"><input type=\"hidden\" name=\"action\" value=\"rotate\">\
         <button class=\"button plain\">Rotate the signing key</button></form>\n"
    )
}

/// `POST /`: does what a form of the page says.
pub(super) fn change(request: &BrowserRequest<'_>) -> Result<HttpResponse, ApiError> {
    request.check_form()?;
    let local = request.local;
    let value = |name: &str| request.form.given(name).ok_or_else(|| ApiError::missing(name));
    match value("action")? {
        action @ ("ban" | "unban" | "unlock") => run(request, &["users", value("user")?, action])?,
        "revoke" => run(request, &["sessions", value("session")?, "revoke"])?,
        "rotate" => local.rotate_keys(),
        "heal" => local.clear_faults(),
        "fail" => {
            let times = value("times")?.parse().ok().filter(|times| (1..=MAX_FAILURES).contains(times));
            let times = times.ok_or_else(|| ApiError::bad_format("times", "a number from 1 to 1000"))?;
            let status = value("status")?.parse().ok().filter(|status| (400..=599).contains(status));
            let status = status.and_then(|status| StatusCode::from_u16(status).ok());
            let status = status.ok_or_else(|| ApiError::bad_format("status", "a number from 400 to 599"))?;
            local.inject(Fault::status(status).times(times));
        }
        _ => return Err(ApiError::bad_format("action", "one of the page's forms")),
    }
    Ok(see_other("/", Vec::new()))
}

/// Runs `POST` with these segments of the Backend API.
fn run(request: &BrowserRequest<'_>, segments: &[&str]) -> Result<(), ApiError> {
    let encode = |segment: &&str| form_urlencoded::byte_serialize(segment.as_bytes()).collect::<String>();
    let path: Vec<_> = segments.iter().map(encode).collect();
    let call = Request::post(format!("/{}", path.join("/"))).body(Bytes::new());
    let call = call.map_err(|_| ApiError::not_found("resource"))?;
    request.local.run(&call, Caller::Instance).map(drop)
}
