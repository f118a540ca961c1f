//! HTML fragments that the pages share.

use clerk_core::Timestamp;
use url::Url;

use super::super::{
    super::{
        rfc3339,
        state::{Session, State, User},
    },
    html::Escaped,
    picture,
};

/// The maximum number of people that a page lists. Others sign in with their email address.
pub(super) const MAX_LISTED: usize = 50;

/// The logo at the top of every page.
pub(super) const LOGO: &str = "<img class=\"mark\" src=\"/images/icon\" alt=\"\">\n";

/// Returns the title of a page that may show a problem.
pub(super) fn title(title: &str, problem: Option<&str>) -> String {
    if problem.is_some() { format!("Error: {title}") } else { title.to_owned() }
}

/// Returns the paragraph that says what is wrong with what was entered.
pub(super) fn problem(problem: Option<&str>) -> String {
    problem.map_or_else(String::new, |problem| {
        format!("<div class=\"bad\" role=\"alert\">{}</div>\n", Escaped(problem))
    })
}

/// Returns a count with the singular or the plural: `1 person`, `2 people`.
pub(super) fn plural(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// Returns the hidden field of a form that keeps the `redirect_url`.
pub(super) fn hidden(destination: Option<&Url>) -> String {
    destination.map_or_else(String::new, |url| {
        format!("<input type=\"hidden\" name=\"redirect_url\" value=\"{}\">\n", Escaped(url.as_str()))
    })
}

/// Returns a card with an image, a name, and a second line.
pub(super) fn card(id: &str, name: &str, line: &str) -> String {
    let (id, name, line) = (Escaped(id), Escaped(name), Escaped(line));
    format!("<img src=\"/images/{id}\" alt=\"\"><span class=\"who\"><b>{name}</b><span>{line}</span></span>")
}

/// Returns a form with one button.
pub(super) fn button(path: &str, fields: &[(&str, &str)], text: &str, about: &str) -> String {
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

/// Returns a time in UTC.
pub(super) fn time(time: Timestamp) -> String {
    let machine = rfc3339::format(time);
    let human = machine.replacen('T', " ", 1).replacen('Z', " UTC", 1);
    format!("<time datetime=\"{machine}\">{human}</time>")
}

/// Returns the card of a user.
pub(super) fn person(user: &User) -> String {
    let name = picture::name(user);
    let line = user.email().filter(|email| *email != name);
    let line = line.or(user.username.as_deref()).or(user.phone()).unwrap_or(user.id.as_str());
    card(user.id.as_str(), &name, line)
}

/// Returns the form to choose a person.
pub(super) fn people(state: &State, destination: Option<&Url>) -> String {
    if state.users.is_empty() {
        return String::new();
    }
    let row = |user: &User| {
        let tag = match user {
            User { banned: true, .. } => "<span class=\"tag\">banned</span>",
            user if user.is_locked(state.now) => "<span class=\"tag\">locked</span>",
            User { deprovisioned: true, .. } => "<span class=\"tag\">deprovisioned</span>",
            _ => "",
        };
        let id = Escaped(user.id.as_str());
        format!("<button name=\"user\" value=\"{id}\">{}{tag}</button>\n", person(user))
    };
    let rows: String = state.users.iter().take(MAX_LISTED).map(row).collect();
    let others = state.users.len().saturating_sub(MAX_LISTED);
    let more = if others == 0 {
        String::new()
    } else {
        format!("<p>{} more: enter the email address.</p>\n", plural(others, "person", "people"))
    };
    let hidden = hidden(destination);
    format!(
        "<form method=\"post\" action=\"/sign-in\">\n{hidden}<div class=\"list\">\n{rows}</div>\n</form>\n{more}"
    )
}

/// Returns the form to enter an email address, for the page with this path.
pub(super) fn email(path: &str, destination: Option<&Url>) -> String {
    let (hidden, path) = (hidden(destination), if path == "/sign-up" { "/sign-up" } else { "/sign-in" });
    format!(
        "<form method=\"post\" action=\"{path}\">\n{hidden}<label for=\"email\">Email address</label>\n\
         <input id=\"email\" name=\"email\" type=\"email\" maxlength=\"254\" autocomplete=\"email\" required \
         placeholder=\"you@example.com\" aria-describedby=\"email-hint\">\n\
         <p class=\"hint\" id=\"email-hint\">A new address creates an account.</p>\n\
         <button class=\"button\">Continue</button>\n</form>\n"
    )
}

/// Returns the form to choose an organization or the personal account; empty if the user has no memberships.
pub(super) fn organizations(state: &State, session: &Session, destination: Option<&Url>) -> String {
    let row = |id: &str, card: String, is_active: bool| {
        let tag = if is_active { "<span class=\"tag\">active</span>" } else { "" };
        format!("<button name=\"organization\" value=\"{}\">{card}{tag}</button>\n", Escaped(id))
    };
    let own = state.memberships_of(session.user.as_str());
    let mut rows: String = own
        .filter_map(|membership| {
            let organization = state.organizations.get(membership.organization.as_str()).ok()?;
            let role = state.roles.name(&membership.role);
            let id = organization.id.as_str();
            let is_active = session.organization.as_ref() == Some(&organization.id);
            Some(row(id, card(id, &organization.name, role), is_active))
        })
        .collect();
    if rows.is_empty() {
        return rows;
    }
    // A pending session requires an organization.
    if !session.pending {
        let card = card(session.user.as_str(), "Personal account", "No organization");
        rows.push_str(&row("", card, session.organization.is_none()));
    }
    let hidden = hidden(destination);
    format!(
        "<form method=\"post\" action=\"/sign-in/organization\">\n{hidden}<div class=\"list\">\n{rows}</div>\n</form>\n"
    )
}
