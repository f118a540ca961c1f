//! The sign-in page, on which the user is chosen.

use clerk_core::id::UserId;
use http::StatusCode;
use url::Url;

use super::{
    super::{
        super::{
            HttpResponse,
            email::is_email,
            error::ApiError,
            random,
            state::{Contact, ContactKind, Session, Standing, State, User},
        },
        browser_request::BrowserRequest,
        html::{Escaped, document},
        picture,
    },
    client_or_new, destination, page_url,
    parts::{self, LOGO},
    return_address, see_other,
};

/// The maximum number of users in an instance; beyond that, no one can sign up.
const MAX_USERS: usize = 10_000;

/// `GET /sign-in`.
pub(super) fn show(request: &BrowserRequest<'_>) -> Result<HttpResponse, ApiError> {
    let destination = destination(request.query.first("redirect_url"))?;
    let state = &*request.local.state();
    let client = request.client_by_cookie_or_query(state);
    if let Some((client, (session, user))) =
        client.and_then(|client| Some((client, state.active_session(client, request.now)?)))
    {
        let back = destination.clone().map(|url| return_address(Some(url), client));
        return Ok(signed_in(request, state, session, user, destination.as_ref(), back.as_deref()));
    }
    Ok(signed_out(request, state, destination.as_ref(), StatusCode::OK, None))
}

/// Returns the page for a browser without a session: choose a person or enter an email address.
fn signed_out(
    request: &BrowserRequest<'_>,
    state: &State,
    destination: Option<&Url>,
    status: StatusCode,
    problem: Option<&str>,
) -> HttpResponse {
    let to = match destination {
        Some(url) => format!("to continue to {}", Escaped(host(url))),
        None => "to this LocalClerk".to_owned(),
    };
    let title = if request.path == "/sign-up" { "Sign up" } else { "Sign in" };
    let (page_title, problem) = (parts::title(title, problem), parts::problem(problem));
    let people = parts::people(state, destination);
    let or =
        if people.is_empty() { "<h2>There are no people yet</h2>\n" } else { "<div class=\"or\">or</div>\n" };
    let email = parts::email(request.path, destination);
    let main = format!("{LOGO}<h1>{title}</h1>\n<p>{to}</p>\n{problem}{people}{or}{email}");
    document(status, &page_title, &main)
}

/// Returns the page for a browser with a session.
fn signed_in(
    request: &BrowserRequest<'_>,
    state: &State,
    session: &Session,
    user: &User,
    destination: Option<&Url>,
    back: Option<&str>,
) -> HttpResponse {
    let notice = request.query.first("notice").and_then(Notice::parse);
    let mut main = format!("{LOGO}<h1>You are signed in</h1>\n");
    if let Some(notice) = notice {
        main.push_str(&format!("<div class=\"done\" role=\"status\">{}</div>\n", notice.sentence()));
    }
    main.push_str(&format!("<div class=\"row\">{}</div>\n", parts::person(user)));
    if let (Some(destination), Some(back)) = (destination, back) {
        let (host, back) = (Escaped(host(destination)), Escaped(back));
        main.push_str(&format!("<a class=\"button\" href=\"{back}\">Continue to {host}</a>\n"));
    }
    let organizations = parts::organizations(state, session, destination);
    if !organizations.is_empty() {
        main.push_str(&format!("<h2>Organization</h2>\n{organizations}"));
    }
    let email = parts::email(request.path, destination);
    let title = if request.path == "/sign-up" {
        main.push_str(&format!("<h2>Sign up with another address</h2>\n{email}"));
        "Sign up with another address"
    } else {
        let people = parts::people(state, destination);
        main.push_str(&format!(
            "<details><summary>Sign in as someone else</summary>\n{people}<div class=\"or\">or</div>\n{email}</details>\n"
        ));
        notice.map_or("You are signed in", Notice::title)
    };
    let hidden = parts::hidden(destination);
    main.push_str(&format!(
        "<form method=\"post\" action=\"/sign-out\">\n{hidden}<button class=\"button plain\">Sign out</button>\n\
         </form>\n"
    ));
    document(StatusCode::OK, title, &main)
}

/// What happened to the email address that was entered.
#[derive(Clone, Copy)]
enum Notice {
    /// It was new.
    Created,
    /// Somebody wanted to sign up with it, and it has an account.
    Known,
}

impl Notice {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "created" => Some(Self::Created),
            "known" => Some(Self::Known),
            _ => None,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Known => "known",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Created => "Account created",
            Self::Known => "Signed in to an existing account",
        }
    }

    const fn sentence(self) -> &'static str {
        match self {
            Self::Created => "An account was created for this address.",
            Self::Known => "This address already has an account. You are signed in to it.",
        }
    }
}

/// Returns the host and the port of a URL, as shown to people.
fn host(url: &Url) -> &str {
    url.as_str().split('/').nth(2).unwrap_or_default()
}

/// `POST /sign-in`.
pub(super) fn choose(request: &BrowserRequest<'_>) -> Result<HttpResponse, ApiError> {
    request.check_form()?;
    let destination = destination(request.form.first("redirect_url"))?;
    let state = &mut *request.local.state();
    let (user, notice) = match chosen(request, state) {
        Ok(chosen) => chosen,
        Err((status, problem)) => {
            return Ok(signed_out(request, state, destination.as_ref(), status, Some(&problem)));
        }
    };
    let client = client_or_new(request, state, request.now);
    let is_member = state.memberships_of(user.as_str()).next().is_some();
    state.sign_in_with(&client.dev_browser, user, request.now);
    let cookies = request.client_cookies(state, &client);
    let next = if is_member {
        page_url("/sign-in/organization", destination.as_ref())
    } else {
        // An application shows who is signed in, and without one this page does.
        match (destination, notice) {
            (None, Some(notice)) => format!("/sign-in?notice={}", notice.as_str()),
            (destination, _) => return_address(destination, &client),
        }
    };
    Ok(see_other(&next, cookies))
}

type Problem = (StatusCode, String);

/// Returns the user that the form names. An unknown email address signs a new user up.
fn chosen(request: &BrowserRequest<'_>, state: &mut State) -> Result<(UserId, Option<Notice>), Problem> {
    let user = match (request.form.first("user"), request.form.first("email")) {
        (Some(id), _) => state.users.get(id).ok(),
        (None, Some(email)) => match by_email(state, email.trim()) {
            None => {
                let id = sign_up(state, email.trim(), request)?;
                return Ok((id, Some(Notice::Created)));
            }
            found => found,
        },
        (None, None) => None,
    };
    let user = user.ok_or_else(|| {
        (StatusCode::NOT_FOUND, "This person no longer exists. Choose another one.".to_owned())
    })?;
    state.check_sign_in(user).map_err(|error| {
        let what = match () {
            () if user.banned => "banned",
            () if user.deprovisioned => "deprovisioned",
            () if user.is_locked(state.now) => "locked",
            () => "blocked",
        };
        let problem = format!("{} is {what} and cannot sign in. Choose someone else.", picture::name(user));
        (error.status(), problem)
    })?;
    let notice = (request.path == "/sign-up").then_some(Notice::Known);
    Ok((user.id.clone(), notice))
}

fn by_email<'s>(state: &'s State, email: &str) -> Option<&'s User> {
    state
        .users_with(email)
        .find(|user| user.emails.iter().any(|contact| contact.identifies() && contact.is(email)))
}

fn sign_up(state: &mut State, email: &str, request: &BrowserRequest<'_>) -> Result<UserId, Problem> {
    if email.len() > 254 || !is_email(email) {
        let problem = "This is not an email address. Enter one such as you@example.com.";
        return Err((StatusCode::UNPROCESSABLE_ENTITY, problem.to_owned()));
    }
    if state.users.len() >= MAX_USERS {
        let problem = format!("There are already {MAX_USERS} people. Choose one of them.");
        return Err((StatusCode::UNPROCESSABLE_ENTITY, problem));
    }
    let mut user = User::new(random::id("user_").into(), request.now);
    user.add_contact(ContactKind::Email, Contact::new(email, Standing::default(), request.now));
    let id = user.id.clone();
    state.sign_up(user, false).map_err(|error| (error.status(), format!("{}.", error.sentence())))?;
    Ok(id)
}
