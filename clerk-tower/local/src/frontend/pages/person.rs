//! The sign-in page: who is it?

use clerk_core::id::UserId;
use http::StatusCode;
use url::Url;

use super::{
    super::{
        super::{
            Answer,
            error::ApiError,
            random, routes,
            state::{Session, State, User},
        },
        clients::{Refused, may_sign_in},
        html::{Text, document},
        picture,
        visit::Visit,
    },
    client_or_new, destination, page,
    parts::{self, MARK},
    see_other, way_back,
};

/// How many people can sign themselves up.
const MAX_USERS: usize = 10_000;

/// `GET /sign-in`.
pub(super) fn show(visit: &Visit<'_>) -> Result<Answer, ApiError> {
    let destination = destination(visit.query.first("redirect_url"))?;
    let state = &*visit.local.state();
    let client = visit.client(state);
    if let Some((client, (session, user))) =
        client.and_then(|client| Some((client, state.visitor(client, visit.now)?)))
    {
        let back = destination.clone().map(|url| way_back(Some(url), client));
        return Ok(signed_in(state, session, user, destination.as_ref(), back.as_deref()));
    }
    Ok(signed_out(state, destination.as_ref(), StatusCode::OK, None))
}

/// Choose a person, or be a new one.
fn signed_out(state: &State, destination: Option<&Url>, status: StatusCode, problem: Option<&str>) -> Answer {
    let to = match destination {
        Some(url) => format!("to continue to {}", Text(host(url))),
        None => "to this LocalClerk".to_owned(),
    };
    let problem = problem.map_or_else(String::new, |problem| {
        format!("<div class=\"bad\" role=\"alert\">{}</div>\n", Text(problem))
    });
    let people = parts::people(state, destination);
    let or = if people.is_empty() { "<h2>Nobody is here yet</h2>\n" } else { "<div class=\"or\">or</div>\n" };
    let email = parts::email(destination);
    let main = format!("{MARK}<h1>Sign in</h1>\n<p>{to}</p>\n{problem}{people}{or}{email}");
    document(status, "Sign in", &main)
}

/// Who is signed in, and what else there is to do.
fn signed_in(
    state: &State,
    session: &Session,
    user: &User,
    destination: Option<&Url>,
    back: Option<&str>,
) -> Answer {
    let mut main =
        format!("{MARK}<h1>You are signed in</h1>\n<div class=\"row\">{}</div>\n", parts::person(user));
    if let (Some(destination), Some(back)) = (destination, back) {
        let (host, back) = (Text(host(destination)), Text(back));
        main.push_str(&format!("<a class=\"button\" href=\"{back}\">Continue to {host}</a>\n"));
    }
    let organizations = parts::organizations(state, session, destination);
    if !organizations.is_empty() {
        main.push_str(&format!("<h2>Organization</h2>\n{organizations}"));
    }
    let (people, email) = (parts::people(state, destination), parts::email(destination));
    let hidden = parts::hidden(destination);
    main.push_str(&format!(
        "<details><summary>Sign in as somebody else</summary>\n{people}<div class=\"or\">or</div>\n{email}</details>\n\
         <form method=\"post\" action=\"/sign-out\">\n{hidden}<button class=\"button plain\">Sign out</button>\n\
         </form>\n"
    ));
    document(StatusCode::OK, "You are signed in", &main)
}

/// What a person calls the place that an address leads to.
fn host(url: &Url) -> &str {
    url.as_str().split('/').nth(2).unwrap_or_default()
}

/// `POST /sign-in`.
pub(super) fn choose(visit: &Visit<'_>) -> Result<Answer, ApiError> {
    visit.check_form()?;
    let destination = destination(visit.form.first("redirect_url"))?;
    let state = &mut *visit.local.state();
    let user = match chosen(visit, state) {
        Ok(user) => user,
        Err((status, problem)) => return Ok(signed_out(state, destination.as_ref(), status, Some(&problem))),
    };
    let client = client_or_new(visit, state, visit.now);
    let is_member = state.memberships.iter().any(|membership| membership.user == user);
    state.sign_in_with(&client.dev_browser, user, visit.now);
    let cookie = visit.own_cookie(state, &client);
    let next = if is_member {
        page("/sign-in/organization", destination.as_ref())
    } else {
        way_back(destination, &client)
    };
    Ok(see_other(&next, cookie))
}

type Problem = (StatusCode, String);

/// Who it is; somebody new where nobody has the e-mail address.
fn chosen(visit: &Visit<'_>, state: &mut State) -> Result<UserId, Problem> {
    let user = match (visit.form.first("user"), visit.form.first("email")) {
        (Some(id), _) => state.users.iter().find(|user| user.id == id),
        (None, Some(email)) => match by_email(state, email.trim()) {
            None => return sign_up(state, email.trim(), visit),
            found => found,
        },
        (None, None) => None,
    };
    let user = user.ok_or_else(|| {
        (StatusCode::NOT_FOUND, "This person is not here any more. Choose another one.".to_owned())
    })?;
    let refused = |what: &str| {
        let name = picture::name(user);
        (StatusCode::FORBIDDEN, format!("{name} is {what} and cannot sign in. Choose somebody else."))
    };
    match may_sign_in(user) {
        Ok(()) => Ok(user.id.clone()),
        Err(Refused::Banned) => Err(refused("banned")),
        Err(Refused::Locked) => Err(refused("locked")),
    }
}

fn by_email<'s>(state: &'s State, email: &str) -> Option<&'s User> {
    let has = |user: &&User| user.emails.iter().any(|contact| contact.value.eq_ignore_ascii_case(email));
    state.users.iter().find(has)
}

fn sign_up(state: &mut State, email: &str, visit: &Visit<'_>) -> Result<UserId, Problem> {
    if email.len() > 254 || !routes::is_email(email) {
        let problem = "This is no e-mail address. Type one such as you@example.com.";
        return Err((StatusCode::UNPROCESSABLE_ENTITY, problem.to_owned()));
    }
    if state.users.len() >= MAX_USERS {
        let problem = format!("There are {MAX_USERS} people already. Choose one of them.");
        return Err((StatusCode::UNPROCESSABLE_ENTITY, problem));
    }
    let mut user = User::new(random::id("user_").into(), visit.now);
    user.add_email(email, false, visit.now);
    let id = user.id.clone();
    state.users.push(user);
    Ok(id)
}
