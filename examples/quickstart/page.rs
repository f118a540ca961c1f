//! The HTML of the pages. Everything that comes from outside is `Escaped`.

use std::time::Duration;

use axum::{
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use clerk_axum::{
    Auth, Clerk, Page, Rejection, RequestInfo, Session, api::users, model::OrganizationMembership,
    model::User, tower::client::cache::CacheStats,
};
use clerk_examples::{Escaped, Refusal, Site, avatar, row, wants_page};
use serde_json::Value;

use crate::{ADMIN, MANAGE, Member, stopwatch::InLayer};

const SITE: Site = Site {
    name: "Quickstart",
    links: &[("/", "Home"), ("/members", "Members")],
    footer: "The quickstart of Clerk for Rust. Its code is in examples/quickstart.",
};

/// What the handler knows about a request.
pub(crate) struct Seen {
    status: &'static str,
    /// Code and message.
    rejection: Option<(String, String)>,
    in_layer: Duration,
    token: Option<Token>,
    cache: CacheStats,
}

/// What the handler knows about a session token and its user.
struct Token {
    /// Negative if the clocks differ.
    age_in_seconds: i64,
    seconds_left: i64,
    claims: String,
    age_of_user: Option<Duration>,
}

impl Seen {
    pub(crate) fn of(auth: &Auth, clerk: &Clerk, InLayer(in_layer): InLayer) -> Self {
        let rejection = auth.require_session().err();
        let token = auth.session().map(|session| {
            let (claims, now) = (session.claims(), clerk.now().as_secs());
            let all = session.claims_as::<Value>().unwrap_or_default();
            Token {
                age_in_seconds: now - claims.issued_at().map_or(now, |issued| issued.as_secs()),
                seconds_left: claims.expires_at().as_secs() - now,
                claims: serde_json::to_string_pretty(&all).unwrap_or_default(),
                age_of_user: clerk.cache().age(users::get(claims.user_id().clone())),
            }
        });
        Self {
            status: auth.outcome().status().as_str(),
            rejection: rejection
                .map(|rejection| (rejection.code().to_owned(), rejection.message().to_owned())),
            in_layer,
            token,
            cache: clerk.cache().stats(),
        }
    }

    fn section(&self) -> String {
        let reason = match &self.rejection {
            None => "<dd>none: the token is valid</dd>".to_owned(),
            Some((code, message)) => {
                format!("<dd><code>{}</code> <small>{}</small></dd>", Escaped(code), Escaped(message))
            }
        };
        let mut rows = format!(
            "<dt>Decision</dt><dd><code>{}</code></dd>\n<dt>Reason</dt>{reason}\n\
             <dt>Time in the layer</dt><dd>{}</dd>\n",
            self.status,
            duration(self.in_layer)
        );
        let mut claims = String::new();
        if let Some(token) = &self.token {
            let age = token.age_of_user.map_or_else(
                || "not cached".to_owned(),
                |age| format!("{} old <small>at most 30 s, or less after a webhook</small>", duration(age)),
            );
            rows.push_str(&format!(
                "<dt>Session token</dt><dd>{} s old <small>expires in {} s, then the layer renews it</small></dd>\n\
                 <dt>User from Clerk</dt><dd>{age}</dd>\n",
                token.age_in_seconds.max(0),
                token.seconds_left.max(0),
            ));
            claims = format!(
                "<details>\n<summary>Claims of the token</summary>\n<pre tabindex=\"0\" aria-label=\"Claims\">{}</pre>\n\
                 </details>\n",
                Escaped(&token.claims)
            );
        }
        rows.push_str(&format!(
            "<dt>Cache, since the start</dt><dd>hits: {}, calls to Clerk: {}</dd>\n",
            self.cache.hits, self.cache.misses
        ));
        format!(
            "<section class=\"card\" id=\"request\">\n<h2>What the handler saw</h2>\n\
             <p>of the request for this page.</p>\n<dl>\n{rows}</dl>\n{claims}</section>\n"
        )
    }
}

/// Returns a duration with two digits or more, as people read it.
fn duration(duration: Duration) -> String {
    match duration.as_micros() {
        micros if micros < 1_000 => format!("{micros} µs"),
        micros if micros < 10_000 => format!("{:.1} ms", duration.as_secs_f64() * 1_000.0),
        micros if micros < 1_000_000 => format!("{} ms", duration.as_millis()),
        _ => format!("{} s", duration.as_secs()),
    }
}

/// The home page of somebody who is signed in. `memberships` is `None` if Clerk did not return them, and `members` if
/// the user may not see them.
pub(crate) fn home(
    user: &User,
    session: &Session,
    memberships: Option<&Page<OrganizationMembership>>,
    members: Option<&[Member]>,
    seen: &Seen,
) -> Response {
    let name = name(user);
    let first = user.first_name.as_deref().unwrap_or(&name);
    let main = format!(
        "<h1>Hello {}</h1>\n<p>Clerk knows who you are, and this program asked for it with one extractor: \
         <code>ClerkUser</code>.</p>\n<div class=\"columns\">\n<div>\n{}{}</div>\n<div>\n{}{}{NEXT}</div>\n</div>\n",
        Escaped(first),
        you(user, &name),
        organization(session, memberships),
        members_section(session, memberships, members),
        seen.section(),
    );
    SITE.page_for("Home", Some(&name), &main)
}

const NEXT: &str = "<section class=\"card\">\n<h2>Try next</h2>\n<ul class=\"next\">\n\
    <li>Switch to another organization: the members appear or disappear with your role.</li>\n\
    <li>Open <a href=\"/members\">the members page</a> without the permission, and \
    <a href=\"/nowhere\">a page that does not exist</a>.</li>\n\
    <li>Wait a minute and reload: the token has expired, and the layer renews it without a sign-in.</li>\n\
    <li>Call <code>/api/me</code>, <code>/api/organization</code> and <code>/api/members</code> with the \
    <code>curl</code> command from the terminal: the same rules, as JSON.</li>\n</ul>\n</section>\n";

fn you(user: &User, name: &str) -> String {
    let id = user.id.as_str();
    let email = user.primary_email().map_or("no email address", |email| email.email_address.as_str());
    format!(
        "<section class=\"card\" id=\"you\">\n<h2 class=\"row\">{}<span class=\"who\"><b>{}</b><span>{}</span></span></h2>\n\
         <p>ID <code>{}</code></p>\n</section>\n",
        avatar(id, name, "large"),
        Escaped(name),
        Escaped(email),
        Escaped(id)
    )
}

/// The active organization, and links to the others.
fn organization(session: &Session, memberships: Option<&Page<OrganizationMembership>>) -> String {
    let active = session.organization().ok();
    let own: &[OrganizationMembership] = memberships.map_or(&[], |page| &page.data);
    let item = |path: &str, row: String, is_active: bool| match is_active {
        true => format!(
            "<li class=\"row\" aria-current=\"true\">{row}<span class=\"tag good\">active</span></li>\n"
        ),
        false => format!("<li><a class=\"row\" href=\"{}\">{row}</a></li>\n", Escaped(path)),
    };
    let mut items: String = own
        .iter()
        .map(|membership| {
            let (id, name) = (membership.organization.id.as_str(), &membership.organization.name);
            let is_active = active.as_ref().is_some_and(|active| active.id.as_str() == id);
            item(&format!("/organizations/{id}"), row(id, name, &membership.role, "square"), is_active)
        })
        .collect();
    items.push_str(&item(
        "/personal",
        row("personal", "Personal account", "No organization", "square"),
        active.is_none(),
    ));
    let (heading, role) = match &active {
        None => ("Personal account".to_owned(), String::new()),
        Some(active) => {
            let mut tags: String = [active.role.map(str::to_owned)]
                .into_iter()
                .flatten()
                .chain(session.permissions())
                .map(|tag| format!("<li class=\"tag\">{}</li>", Escaped(&tag)))
                .collect();
            tags = format!(
                "<p>Your role and permissions, from the token:</p>\n<ul class=\"tags\">{tags}</ul>\n"
            );
            (organization_name(session, memberships), tags)
        }
    };
    let note = match memberships {
        Some(page) if page.data.is_empty() => {
            "<p class=\"note\">You belong to no organization. Be added to one, or create one in Clerk's dashboard.</p>\n"
        }
        Some(_) => "",
        None => {
            "<p class=\"note\">Clerk did not return your organizations. Perhaps they are disabled in this instance.</p>\n"
        }
    };
    format!(
        "<section class=\"card\" id=\"organization\">\n<h2>{}</h2>\n{role}<h3>Switch</h3>\n\
         <ul class=\"list\">\n{items}</ul>\n{note}</section>\n",
        Escaped(&heading)
    )
}

/// Returns the name of the active organization, or else what the token has of it.
fn organization_name(session: &Session, memberships: Option<&Page<OrganizationMembership>>) -> String {
    let Ok(active) = session.organization() else { return String::new() };
    let own = memberships.into_iter().flat_map(|page| &page.data);
    let known = own.map(|membership| &membership.organization).find(|known| known.id == *active.id);
    known.map_or_else(|| active.slug.unwrap_or(active.id.as_str()).to_owned(), |known| known.name.clone())
}

fn members_section(
    session: &Session,
    memberships: Option<&Page<OrganizationMembership>>,
    members: Option<&[Member]>,
) -> String {
    let (title, tag, body) = match (members, session.organization()) {
        (Some(members), _) => {
            let title = format!("Members of {}", organization_name(session, memberships));
            (title, "<span class=\"tag good\">permitted</span>", table(members))
        }
        (None, organization) => {
            let why = match organization {
                Ok(organization) => {
                    format!("You are {} here.", Escaped(organization.role.unwrap_or("without a role")))
                }
                Err(_) => "No organization is active.".to_owned(),
            };
            let body = format!(
                "<p>{why} Members are shown to people with the permission <code>{MANAGE}</code> or the role \
                 <code>{ADMIN}</code>.</p>\n<div class=\"buttons\"><a class=\"button plain\" href=\"/members\">Try it \
                 anyway</a></div>\n"
            );
            ("Members".to_owned(), "<span class=\"tag wrong\">not permitted</span>", body)
        }
    };
    format!(
        "<section class=\"card\" id=\"members\">\n<div class=\"title\"><h2>{}</h2>{tag}</div>\n{body}</section>\n",
        Escaped(&title)
    )
}

fn table(members: &[Member]) -> String {
    let rows: String = members
        .iter()
        .map(|Member { id, name, role }| {
            let id = id.as_str();
            format!(
                "<tr><td><div class=\"row\">{}</div></td><td><span class=\"tag\">{}</span></td></tr>\n",
                row(id, name, id, ""),
                Escaped(role)
            )
        })
        .collect();
    format!(
        "<table>\n<thead><tr><th scope=\"col\">Name</th><th scope=\"col\">Role</th></tr></thead>\n<tbody>\n{rows}</tbody>\n\
         </table>\n"
    )
}

/// The page behind the guard.
pub(crate) fn members(user: &User, members: &[Member]) -> Response {
    let main = format!(
        "<h1>Members</h1>\n<p>A guard protects this page: it needs <code>{MANAGE}</code> or <code>{ADMIN}</code>.</p>\n\
         <section class=\"card below\">\n<h2>Everybody in the active organization</h2>\n{}</section>\n",
        table(members)
    );
    SITE.page_for("Members", Some(&name(user)), &main)
}

/// The home page of a visitor.
pub(crate) fn signed_out(seen: &Seen) -> Response {
    let main = format!(
        "<div class=\"columns\">\n<div>\n<section class=\"card\" id=\"you\">\n<h1>Nobody is signed in</h1>\n\
         <p>Sign in at Clerk, and come back here as somebody.</p>\n<div class=\"buttons\">\n\
         <a class=\"button\" href=\"/sign-in\">Sign in</a>\n<a class=\"button plain\" href=\"/sign-up\">Sign up</a>\n</div>\n\
         </section>\n</div>\n<div>\n{}</div>\n</div>\n",
        seen.section()
    );
    SITE.page("Welcome", &main)
}

/// The response to a request that the layer, a guard or an extractor rejected, or whose call to Clerk failed.
pub(crate) fn rejection(rejection: &Rejection, request: &RequestInfo) -> Response {
    if wants_page(request.headers()) {
        SITE.problem(rejection.status(), &rejection.body_text(), rejection.code(), None)
    } else {
        rejection.clone().into_response()
    }
}

pub(crate) fn refuse(refusal: &Refusal, headers: &HeaderMap, user: Option<&User>) -> Response {
    SITE.refuse(refusal, headers, user.map(name).as_deref())
}

/// Returns the name of a user, or else what identifies them.
fn name(user: &User) -> String {
    let email = || Some(user.primary_email()?.email_address.clone());
    user.full_name().or_else(|| user.username.clone()).or_else(email).unwrap_or_else(|| user.id.to_string())
}
