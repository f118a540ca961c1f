//! The HTML of the pages. Everything that comes from outside is `Escaped`.

use axum::{
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use clerk_axum::{Auth, Page, Rejection, RequestInfo, Session, model::OrganizationMembership};
use clerk_examples::{Escaped, Refusal, Site, row, wants_page};

use crate::Member;

const SITE: Site = Site {
    name: "Organizations",
    links: &[("/", "Home")],
    footer: "Roles and permissions with Clerk for Rust. The code is in examples/organizations.",
};

pub(crate) fn signed_out() -> Response {
    let main = "<div class=\"card alone\">\n<h1>Nobody is signed in</h1>\n<p>Sign in as an admin of an organization to manage \
                its members.</p>\n<div class=\"buttons\">\n<a class=\"button\" href=\"/sign-in\">Sign in</a>\n</div>\n</div>\n";
    SITE.page("Welcome", main)
}

/// The home page of somebody who is signed in. `members` is `None` if they may not manage them.
pub(crate) fn home(
    session: &Session,
    memberships: &Page<OrganizationMembership>,
    members: Option<&[Member]>,
) -> Response {
    let active = session.organization().ok().map(|organization| organization.id.clone());
    let own = memberships.data.iter().find(|one| Some(&one.organization.id) == active.as_ref());
    let title = own.map_or("Personal account", |one| &one.organization.name);
    let items: String = memberships
        .data
        .iter()
        .map(|membership| {
            let (organization, id) = (&membership.organization, membership.organization.id.as_str());
            let row = row(id, &organization.name, &membership.role, "square");
            if Some(&organization.id) == active.as_ref() {
                format!("<li class=\"row\" aria-current=\"true\">{row}<span class=\"tag good\">active</span></li>\n")
            } else {
                format!("<li><a class=\"row\" href=\"/organizations/{}\">{row}</a></li>\n", Escaped(id))
            }
        })
        .collect();
    let organizations = match items.as_str() {
        "" => "<p>You belong to no organization.</p>\n".to_owned(),
        items => format!("<ul class=\"list\">\n{items}</ul>\n"),
    };
    let permissions: String = session
        .permissions()
        .iter()
        .map(|permission| format!("<li class=\"tag\">{}</li>", Escaped(permission)))
        .collect();
    let main = format!(
        "<h1>{}</h1>\n<div class=\"columns\">\n<div>\n<section class=\"card\">\n<h2>Your organizations</h2>\n{organizations}\
         </section>\n<section class=\"card\">\n<h2>Your permissions</h2>\n<p>From the session token, so no call is needed.</p>\n\
         <ul class=\"tags\">{permissions}</ul>\n</section>\n</div>\n<div>\n<section class=\"card\">\n<h2>Members</h2>\n{}\
         </section>\n</div>\n</div>\n",
        Escaped(title),
        members.map_or_else(|| NOT_PERMITTED.to_owned(), |members| table(session, members)),
    );
    SITE.page_for("Home", Some(session.user_id().as_str()), &main)
}

const NOT_PERMITTED: &str = "<p>They are shown to people with the permission <code>org:users:manage</code>.</p>\n\
    <form method=\"post\" action=\"/members/user_ada/role/org:member\" class=\"buttons\">\
    <button class=\"button plain\">Change a role anyway</button></form>\n";

fn table(session: &Session, members: &[Member]) -> String {
    let rows: String = members
        .iter()
        .map(|Member { user, name, role }| {
            let (id, other) = (user.as_str(), if role == "org:admin" { "org:member" } else { "org:admin" });
            let change = match user == session.user_id() {
                true => "<span class=\"tag good\">you</span>".to_owned(),
                false => format!(
                    "<form method=\"post\" action=\"/members/{}/role/{other}\"><button class=\"small\" \
                     aria-label=\"Make {other}: {}\">Make {other}</button></form>",
                    Escaped(id),
                    Escaped(name)
                ),
            };
            format!(
                "<tr><td><div class=\"row\">{}</div></td><td>{change}</td></tr>\n",
                row(id, name, role, "")
            )
        })
        .collect();
    format!(
        "<table>\n<thead><tr><th scope=\"col\">Name and role</th><th scope=\"col\">Change</th></tr></thead>\n<tbody>\n{rows}\
         </tbody>\n</table>\n<p class=\"note\">A new role is in the member's token when the next one is issued, a minute later \
         at most. Clerk's API has it at once.</p>\n"
    )
}

/// Rejections are pages for browsers, also after a form. API clients get JSON.
pub(crate) fn rejection(rejection: &Rejection, request: &RequestInfo) -> Response {
    if wants_page(request.headers()) {
        SITE.problem(rejection.status(), &rejection.body_text(), rejection.code(), None)
    } else {
        rejection.clone().into_response()
    }
}

/// Refuses a request with a page that shows who is signed in, or with JSON.
pub(crate) fn refuse(refusal: &Refusal, headers: &HeaderMap, auth: &Auth) -> Response {
    let user = auth.session().map(|session| session.claims().user_id().as_str());
    SITE.refuse(refusal, headers, user)
}
