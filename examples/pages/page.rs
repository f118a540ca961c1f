//! The HTML of the pages. Everything that comes from outside is `Escaped`.

use axum::{
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use clerk_axum::{
    Page, Rejection, RequestInfo, Session,
    model::{OrganizationMembership, User},
    token::Organization,
};
use clerk_examples::{Escaped, Refusal, Site, avatar, row};

const SITE: Site = Site {
    name: "Pages",
    links: &[("/", "Home"), ("/account", "Account")],
    footer: "Server-rendered pages with Clerk for Rust. The code is in examples/pages.",
};

pub(crate) fn welcome(user: Option<&User>) -> Response {
    let (title, sentence, buttons) = if user.is_some() {
        ("Welcome back", "You are signed in.", "<a class=\"button\" href=\"/account\">Your account</a>\n")
    } else {
        (
            "Welcome",
            "This page is for everybody. Your account is for you only.",
            "<a class=\"button\" href=\"/sign-in\">Sign in</a>\n\
             <a class=\"button plain\" href=\"/account\">Your account</a>\n",
        )
    };
    let main = format!(
        "<div class=\"card alone\">\n<h1>{title}</h1>\n<p>{sentence}</p>\n<div class=\"buttons\">\n{buttons}</div>\n</div>\n"
    );
    SITE.page_for(title, user.map(name).as_deref(), &main)
}

pub(crate) fn account(user: &User, memberships: &Page<OrganizationMembership>) -> Response {
    let (id, name) = (user.id.as_str(), name(user));
    let email = user.primary_email().map_or("no email address", |email| email.email_address.as_str());
    let items: String = memberships.data.iter().map(item).collect();
    let organizations = match items.as_str() {
        "" => "<p>You are not a member of an organization.</p>\n".to_owned(),
        items => format!("<ul class=\"list\">\n{items}</ul>\n"),
    };
    let main = format!(
        "<h1>Your account</h1>\n<div class=\"columns\">\n<div>\n<section class=\"card\">\n<h2 class=\"row\">{}\
         <span class=\"who\"><b>{}</b><span>{}</span></span></h2>\n<p><code>{}</code></p>\n</section>\n</div>\n<div>\n\
         <section class=\"card\">\n<h2>Organizations</h2>\n<p>To open one activates it.</p>\n{organizations}</section>\n\
         </div>\n</div>\n",
        avatar(id, &name, "large"),
        Escaped(&name),
        Escaped(email),
        Escaped(id)
    );
    SITE.page_for("Account", Some(&name), &main)
}

fn item(membership: &OrganizationMembership) -> String {
    let organization = &membership.organization;
    let row = row(organization.id.as_str(), &organization.name, &membership.role, "square");
    format!("<li><a class=\"row\" href=\"/orgs/{}\">{row}</a></li>\n", Escaped(&organization.slug))
}

pub(crate) fn organization(
    user: &User,
    session: &Session,
    slug: &str,
    organization: &Organization<'_>,
) -> Response {
    let permissions: String = session
        .permissions()
        .iter()
        .map(|permission| format!("<li class=\"tag\">{}</li>", Escaped(permission)))
        .collect();
    let slug = Escaped(slug);
    let main = format!(
        "<h1>{slug}</h1>\n<p>Your role is <code>{}</code>.</p>\n<div class=\"columns\">\n<div>\n<section class=\"card\">\n\
         <h2>Permissions</h2>\n<p>From the session token, without a call to Clerk.</p>\n\
         <ul class=\"tags\">{permissions}</ul>\n</section>\n</div>\n<div>\n<section class=\"card\">\n<h2>Members</h2>\n\
         <p>For people with the permission <code>org:users:read</code>.</p>\n<div class=\"buttons\">\n\
         <a class=\"button\" href=\"/orgs/{slug}/members\">Members</a>\n\
         <a class=\"button plain\" href=\"/account\">Your account</a>\n</div>\n</section>\n</div>\n</div>\n",
        Escaped(organization.role.unwrap_or("none"))
    );
    SITE.page_for(slug.0, Some(&name(user)), &main)
}

pub(crate) fn members(user: &User, slug: &str, members: &[User]) -> Response {
    let items: String = members
        .iter()
        .map(|user| {
            let (id, name) = (user.id.as_str(), name(user));
            format!("<li class=\"row\">{}</li>\n", row(id, &name, id, ""))
        })
        .collect();
    let slug = Escaped(slug);
    let main = format!(
        "<h1>Members of {slug}</h1>\n<section class=\"card below\">\n<h2>Everybody</h2>\n<ul class=\"list\">\n{items}</ul>\n\
         <div class=\"buttons\"><a class=\"button plain\" href=\"/orgs/{slug}\">Back</a></div>\n</section>\n"
    );
    SITE.page_for(&format!("Members of {}", slug.0), Some(&name(user)), &main)
}

/// Rejections of page requests are pages; scripts get JSON.
pub(crate) fn rejection(rejection: &Rejection, request: &RequestInfo) -> Response {
    if request.is_document() {
        SITE.problem(rejection.status(), &rejection.body_text(), rejection.code(), None)
    } else {
        rejection.clone().into_response()
    }
}

pub(crate) fn refuse(refusal: &Refusal, headers: &HeaderMap, user: Option<&User>) -> Response {
    SITE.refuse(refusal, headers, user.map(name).as_deref())
}

fn name(user: &User) -> String {
    let email = || Some(user.primary_email()?.email_address.clone());
    user.full_name().or_else(email).unwrap_or_else(|| user.id.to_string())
}
