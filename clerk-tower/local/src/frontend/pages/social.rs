//! The page of the built-in social provider, on which people choose who they are there.

use http::StatusCode;

use super::{
    super::{
        super::{
            HttpResponse,
            email::is_email,
            error::ApiError,
            state::{State, User},
        },
        api::social,
        browser_request::BrowserRequest,
        html::{Escaped, document},
    },
    parts::{self, LOGO},
};

/// `GET /social/{provider}`.
pub(super) fn show(request: &BrowserRequest<'_>) -> Result<HttpResponse, ApiError> {
    let state = &*request.local.state();
    page(request, state, request.query.first("state"), StatusCode::OK, None)
}

fn page(
    request: &BrowserRequest<'_>,
    state: &State,
    visit: Option<&str>,
    status: StatusCode,
    problem: Option<&str>,
) -> Result<HttpResponse, ApiError> {
    let name = social::provider_name(&social::provider(state, request, visit)?);
    let title = parts::title(&format!("Sign in with {name}"), problem);
    let (name, visit) = (Escaped(&name), Escaped(visit.unwrap_or_default()));
    let problem = parts::problem(problem);
    let people: String = state.users.iter().filter_map(row).take(parts::MAX_LISTED).collect();
    let people = if people.is_empty() {
        String::new()
    } else {
        format!("<div class=\"list\">\n{people}</div>\n<div class=\"or\">or somebody else</div>\n")
    };
    let main = format!(
        "{LOGO}<h1>Sign in with {name}</h1>\n<p>This page stands in for {name}. Who are you there?</p>\n{problem}\
         <form method=\"post\">\n<input type=\"hidden\" name=\"state\" value=\"{visit}\">\n{people}</form>\n\
         <form method=\"post\">\n<input type=\"hidden\" name=\"state\" value=\"{visit}\">\n\
         <label for=\"email\">Email address</label>\n<input id=\"email\" name=\"email\" type=\"email\" maxlength=\"254\" \
         autocomplete=\"email\" required placeholder=\"you@example.com\">\n\
         <label for=\"name\">Name</label>\n<input id=\"name\" name=\"name\" maxlength=\"100\" autocomplete=\"name\">\n\
         <button class=\"button\">Continue</button>\n</form>\n\
         <form method=\"post\">\n<input type=\"hidden\" name=\"state\" value=\"{visit}\">\n\
         <button class=\"button plain\" name=\"deny\" value=\"1\">Deny</button>\n</form>\n"
    );
    Ok(document(status, &title, &main))
}

fn row(user: &User) -> Option<String> {
    let id = user.email().map(|_| Escaped(user.id.as_str()))?;
    Some(format!("<button name=\"user\" value=\"{id}\">{}</button>\n", parts::person(user)))
}

/// `POST /social/{provider}`.
pub(super) fn choose(request: &BrowserRequest<'_>) -> Result<HttpResponse, ApiError> {
    request.check_form()?;
    let form = &request.form;
    let visit = form.first("state").unwrap_or_default();
    if form.first("deny").is_some() {
        return social::finish(request, visit, None);
    }
    let known = form.first("user").and_then(|id| {
        let state = request.local.state();
        let user = state.users.get(id).ok()?;
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        Some((user.email()?.to_owned(), text(&user.first_name), text(&user.last_name)))
    });
    if let Some((email, first, last)) = known {
        return social::finish(request, visit, Some((&email, &first, &last)));
    }
    let email = form.first("email").unwrap_or_default().trim();
    if email.len() > 254 || !is_email(email) {
        let problem = "This is not an email address. Enter one such as you@example.com.";
        return page(
            request,
            &request.local.state(),
            Some(visit),
            StatusCode::UNPROCESSABLE_ENTITY,
            Some(problem),
        );
    }
    let name = form.first("name").unwrap_or_default().trim();
    let (first, last) = name.split_once(' ').unwrap_or((name, ""));
    social::finish(request, visit, Some((email, first, last)))
}
