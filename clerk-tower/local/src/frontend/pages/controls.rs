//! The forms of the page at `/`, which change the instance.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode};

use super::{
    super::{
        super::{Fault, HttpResponse, error::ApiError, routes::Caller, state::State},
        browser_request::BrowserRequest,
    },
    parts::{button, plural, time},
    see_other,
};

/// The maximum number of requests that a form can let fail.
const MAX_FAILURES: u64 = 1_000;

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

/// How far the time of an instance may be ahead of its clock.
const MAX_AHEAD: Duration = Duration::from_secs(10 * 365 * DAY.as_secs());

/// The steps by which the time can be advanced: name, text of the button, duration.
const STEPS: [(&str, &str, Duration); 3] =
    [("hour", "An hour", HOUR), ("day", "A day", DAY), ("month", "30 days", DAY.saturating_mul(30))];

/// Returns the section about the time of the instance.
pub(super) fn clock(state: &State) -> String {
    let now = time(state.now);
    let ahead = match ahead(state.ahead) {
        None => "as on this computer".to_owned(),
        Some(ahead) => format!("<strong>{ahead} ahead</strong> of this computer"),
    };
    let buttons: String = STEPS
        .iter()
        .map(|(name, text, _)| {
            format!(
                "<button class=\"small\" name=\"by\" value=\"{name}\"><span class=\"unseen\">Advance by </span>\
                 {text}</button>\n"
            )
        })
        .collect();
    format!(
        "<section id=\"clock\">\n<h2>Time</h2>\n<div class=\"panel\">\n<p>It is {now}, {ahead}.</p>\n\
         <p>Codes, links, invitations and sessions expire by this time. Signed tokens have this computer's, so that \
         your services accept them.</p>\n<form method=\"post\" action=\"/\" class=\"buttons\">\
         <input type=\"hidden\" name=\"action\" value=\"advance\"><span aria-hidden=\"true\">Advance by</span>\n\
         {buttons}</form>\n</div>\n</section>\n"
    )
}

/// Returns a duration in words, to the hour: `31 days and 1 hour`. `None` if there is nothing to say.
fn ahead(duration: Duration) -> Option<String> {
    let hours = duration.as_secs() / HOUR.as_secs();
    let count = |count: u64, one, many| {
        (count > 0).then(|| plural(usize::try_from(count).unwrap_or(usize::MAX), one, many))
    };
    let parts = [count(hours / 24, "day", "days"), count(hours % 24, "hour", "hours")];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(" and "))
}

/// Returns the section with what Clerk's dashboard sets, but no operation of its Backend API.
pub(super) fn settings(state: &State) -> String {
    let has_links = state.settings.attributes.email_address.has_first_factor("email_link");
    let (is, value, text) = if has_links { ("on", "off", "Turn off") } else { ("off", "on", "Turn on") };
    let fields = [("action", "email_links"), ("to", value)];
    let button = button("/", &fields, text, "links in emails");
    format!(
        "<section id=\"settings\">\n<h2>Settings</h2>\n<ul class=\"list\">\n<li class=\"item\"><span class=\"who\">\
         <b>Sign in with a link in an email</b><span>{is}</span></span><div class=\"actions\">{button}</div></li>\n</ul>\n\
         </section>\n"
    )
}

/// Returns the section with what goes wrong at times.
pub(super) fn failures() -> String {
    format!(
        "<section id=\"failures\">\n<h2>Try what goes wrong</h2>\n<div class=\"panel\">\n<form method=\"post\" action=\"/\">\n\
         <input type=\"hidden\" name=\"action\" value=\"fail\">\n<div class=\"pair\">\n\
         <div><label for=\"times\">Failing requests</label>\n\
         <input id=\"times\" name=\"times\" type=\"number\" min=\"1\" max=\"{MAX_FAILURES}\" value=\"1\" required></div>\n\
         <div><label for=\"status\">Status</label>\n\
         <input id=\"status\" name=\"status\" type=\"number\" min=\"400\" max=\"599\" value=\"503\" required></div>\n</div>\n\
         <button class=\"button plain\">Let the next requests fail</button>\n</form>\n\
         <form method=\"post\" action=\"/\"><input type=\"hidden\" name=\"action\" value=\"heal\">\
         <button class=\"button plain\">End all failures</button></form>\n\
         <form method=\"post\" action=\"/\"><input type=\"hidden\" name=\"action\" value=\"rotate\">\
         <button class=\"button plain\">Rotate the signing key</button></form>\n</div>\n</section>\n"
    )
}

/// `POST /`: does what a form of the page says.
pub(super) fn change(request: &BrowserRequest<'_>) -> Result<HttpResponse, ApiError> {
    request.check_form()?;
    let local = request.local;
    let value = |name: &str| request.form.given(name).ok_or_else(|| ApiError::missing(name));
    let section = match value("action")? {
        action @ ("ban" | "unban" | "unlock") => {
            run(request, &["users", value("user")?, action])?;
            "people"
        }
        "revoke" => {
            run(request, &["sessions", value("session")?, "revoke"])?;
            "sessions"
        }
        "resend" => {
            if !local.send_webhook_again(value("webhook")?) {
                return Err(ApiError::not_found("webhook"));
            }
            "webhooks"
        }
        "advance" => {
            advance(&mut local.state(), value("by")?)?;
            "clock"
        }
        "email_links" => {
            local.set_email_links(value("to")? == "on");
            "settings"
        }
        "rotate" => {
            local.rotate_keys();
            "failures"
        }
        "heal" => {
            local.clear_faults();
            "failures"
        }
        "fail" => {
            let times = value("times")?.parse().ok().filter(|times| (1..=MAX_FAILURES).contains(times));
            let times = times.ok_or_else(|| ApiError::bad_format("times", "a number from 1 to 1000"))?;
            let status = value("status")?.parse().ok().filter(|status| (400..=599).contains(status));
            let status = status.and_then(|status| StatusCode::from_u16(status).ok());
            let status = status.ok_or_else(|| ApiError::bad_format("status", "a number from 400 to 599"))?;
            local.inject(Fault::status(status).times(times));
            "failures"
        }
        _ => return Err(ApiError::bad_format("action", "one of the page's forms")),
    };
    // The browser shows the same part of the page again.
    Ok(see_other(&format!("/#{section}"), Vec::new()))
}

/// Advances the time of the instance. It cannot be set back, because nothing in the state is younger than its time.
fn advance(state: &mut State, step: &str) -> Result<(), ApiError> {
    let by = STEPS.iter().find(|(name, ..)| *name == step).map(|(.., by)| *by);
    let by = by.ok_or_else(|| ApiError::bad_format("by", "hour, day or month"))?;
    let ahead = state.ahead.saturating_add(by);
    if ahead > MAX_AHEAD {
        return Err(ApiError::bad_format("by", "less: the time can be ten years ahead at most"));
    }
    state.ahead = ahead;
    Ok(())
}

/// Runs `POST` with these segments of the Backend API.
fn run(request: &BrowserRequest<'_>, segments: &[&str]) -> Result<(), ApiError> {
    let encode = |segment: &&str| form_urlencoded::byte_serialize(segment.as_bytes()).collect::<String>();
    let path: Vec<_> = segments.iter().map(encode).collect();
    let call = Request::post(format!("/{}", path.join("/"))).body(Bytes::new());
    let call = call.map_err(|_| ApiError::not_found("resource"))?;
    request.local.run(&call, Caller::Instance).map(drop)
}
