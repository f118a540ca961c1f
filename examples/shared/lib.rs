//! What the examples have in common: how their pages look, what they are told, and when they stop. Nothing in here is about
//! Clerk.

mod process;

use std::fmt::{self, Display, Formatter, Write as _};

use axum::{
    Json,
    http::{HeaderMap, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use serde_json::json;

pub use self::process::{exit_code, listen, listen_on, port, stopped};

/// The style sheet, inlined into every page.
const STYLE: &str = include_str!("style.css");

/// Pages contain no scripts, and nothing from other origins. `form-action` is missing because it would also apply to
/// redirects after a form.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'none'";

/// Reads the arguments: whether to print everybody's tokens.
///
/// # Errors
/// There is another argument.
pub fn with_tokens(arguments: impl Iterator<Item = String>) -> Result<bool, String> {
    let mut with_tokens = false;
    for argument in arguments {
        if argument != "--tokens" {
            return Err(format!(
                "unknown argument {argument:?}; the only one is --tokens, which prints a curl command for each person"
            ));
        }
        with_tokens = true;
    }
    Ok(with_tokens)
}

/// Text that is escaped for HTML, between tags and in quoted attributes.
#[derive(Clone, Copy, Debug)]
pub struct Escaped<'a>(pub &'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for letter in self.0.chars() {
            match letter {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                letter => f.write_char(letter)?,
            }
        }
        Ok(())
    }
}

/// Why a program refuses a request to which Clerk has no objection.
#[derive(Clone, Copy, Debug)]
pub struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: &'static str,
}

impl Refusal {
    /// The address has no route.
    pub const NOT_FOUND: Self =
        Self { status: StatusCode::NOT_FOUND, code: "not-found", message: "nothing has this address" };

    /// The address has a route, but not for this method.
    pub const METHOD_NOT_ALLOWED: Self = Self {
        status: StatusCode::METHOD_NOT_ALLOWED,
        code: "method-not-allowed",
        message: "this address does not accept requests with this method",
    };

    /// The user cannot open the organization of the URL.
    pub const NOT_A_MEMBER: Self = Self {
        status: StatusCode::NOT_FOUND,
        code: "organization-not-found",
        message: "this organization does not exist, or you are not one of its members",
    };
}

/// The frame of an example's pages.
#[derive(Clone, Copy, Debug)]
pub struct Site {
    /// The name of the example.
    pub name: &'static str,
    /// The pages at the top: path and name.
    pub links: &'static [(&'static str, &'static str)],
    /// A sentence at the bottom.
    pub footer: &'static str,
}

impl Site {
    /// Returns a page. `title` is text; `main` is HTML, with everything in it escaped that comes from outside.
    #[must_use]
    pub fn page(&self, title: &str, main: &str) -> Response {
        self.page_for(title, None, main)
    }

    /// Returns a page for somebody who is signed in, with their name and the button to sign out.
    #[must_use]
    pub fn page_for(&self, title: &str, name: Option<&str>, main: &str) -> Response {
        let Self { name: site, links, footer } = self;
        let title = Escaped(title);
        let links: String = links
            .iter()
            .map(|(path, link)| {
                let current = if *link == title.0 { " aria-current=\"page\"" } else { "" };
                format!("<a href=\"{path}\"{current}>{link}</a>\n")
            })
            .collect();
        let session = name.map_or_else(String::new, |name| {
            format!(
                "<form class=\"session\" method=\"post\" action=\"/sign-out\"><span>{}</span>\
                 <button class=\"small\">Sign out</button></form>\n",
                Escaped(name)
            )
        });
        let page = format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <link rel=\"icon\" href=\"data:,\">\n<title>{title} · {site}</title>\n<style>\n{STYLE}</style>\n</head>\n\
             <body>\n<header>\n<a class=\"brand\" href=\"/\"><span aria-hidden=\"true\">C</span>{site}</a>\n\
             <nav aria-label=\"Pages\">\n{links}</nav>\n{session}</header>\n<main>\n{main}</main>\n\
             <footer>{footer}</footer>\n</body>\n</html>\n"
        );
        // What a page shows depends on who asks, so nothing between here and the browser may keep it.
        let headers = [(header::CONTENT_SECURITY_POLICY, POLICY), (header::CACHE_CONTROL, "no-store")];
        (headers, Html(page)).into_response()
    }

    /// Returns the page that stands for an error: what happened, its stable code, and ways on. `name` is that of somebody
    /// who is signed in.
    #[must_use]
    pub fn problem(&self, status: StatusCode, message: &str, code: &str, name: Option<&str>) -> Response {
        let (title, help) = explain(status);
        let main = format!(
            "<div class=\"card alone\">\n<span class=\"tag wrong\">{}</span>\n<h1>{title}</h1>\n<p>{}{help}</p>\n\
             <div class=\"buttons\">\n{}</div>\n\
             <p class=\"note\">API clients get JSON with the code <code>{}</code>.</p>\n</div>\n",
            status.as_u16(),
            Escaped(&sentence(message)),
            ways_on(status),
            Escaped(code),
        );
        (status, self.page_for(title, name, &main)).into_response()
    }

    /// Returns the response to a request that the program refuses: a page for a browser, and JSON for API clients.
    #[must_use]
    pub fn refuse(&self, refusal: &Refusal, headers: &HeaderMap, name: Option<&str>) -> Response {
        let Refusal { status, code, message } = *refusal;
        if wants_page(headers) {
            return self.problem(status, message, code, name);
        }
        (status, Json(json!({ "errors": [{ "code": code, "message": message }] }))).into_response()
    }
}

/// Returns the title of an error's page, and what its reader can do, after a space.
fn explain(status: StatusCode) -> (&'static str, &'static str) {
    match status {
        StatusCode::UNAUTHORIZED => {
            ("You are not signed in", " Sign in, and you come back to the home page.")
        }
        StatusCode::FORBIDDEN => (
            "You may not see this page",
            " Choose an organization in which you have another role, or sign in as somebody else.",
        ),
        StatusCode::NOT_FOUND => ("Page not found", ""),
        StatusCode::METHOD_NOT_ALLOWED => ("Method not allowed", ""),
        StatusCode::SERVICE_UNAVAILABLE => {
            ("Clerk does not respond", " Nothing was decided about this request: try it again in a moment.")
        }
        status if status.is_client_error() => {
            ("This request is not valid", " Start again from the home page.")
        }
        _ => ("Something went wrong", " The log of this program says more."),
    }
}

fn ways_on(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED => {
            "<a class=\"button\" href=\"/sign-in\">Sign in</a>\n<a class=\"button plain\" href=\"/\">Home page</a>\n"
        }
        StatusCode::FORBIDDEN => {
            "<a class=\"button\" href=\"/\">Home page</a>\n<form method=\"post\" action=\"/sign-out\">\
             <button class=\"button plain\">Sign out</button></form>\n"
        }
        _ => "<a class=\"button\" href=\"/\">Home page</a>\n",
    }
}

/// Makes a sentence of a message such as `the session has expired`.
fn sentence(message: &str) -> String {
    let mut letters = message.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    let end = if message.ends_with('.') { "" } else { "." };
    first.chain(letters).chain(end.chars()).collect()
}

/// Returns whether a browser shows the response as a page, also after a form. Scripts and API clients expect JSON.
#[must_use]
pub fn wants_page(headers: &HeaderMap) -> bool {
    match headers.get("sec-fetch-dest") {
        Some(wanted) => wanted == "document",
        None => headers.get(header::ACCEPT).is_some_and(|value| value.as_bytes().starts_with(b"text/html")),
    }
}

/// Returns a colored circle with initials. `class` adds classes such as `large` or `square`.
#[must_use]
pub fn avatar(id: &str, name: &str, class: &str) -> String {
    // Always the same color for the same identifier.
    let color =
        id.bytes().fold(7_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(byte))) % 8;
    format!(
        "<span class=\"avatar c{color} {class}\" aria-hidden=\"true\">{}</span>",
        Escaped(&initials(name))
    )
}

/// Returns an avatar, a name and a second line.
#[must_use]
pub fn row(id: &str, name: &str, line: &str, class: &str) -> String {
    format!(
        "{}<span class=\"who\"><b>{}</b><span>{}</span></span>",
        avatar(id, name, class),
        Escaped(name),
        Escaped(line)
    )
}

/// Returns the first letters of the first and the last word.
fn initials(name: &str) -> String {
    let mut words = name.split_whitespace();
    let (first, last) = (words.next(), words.next_back());
    let letters = [first, last].into_iter().flatten().filter_map(|word| word.chars().next());
    letters.flat_map(char::to_uppercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_escaped() {
        for (text, expected) in [
            ("Ada", "Ada"),
            ("<script>", "&lt;script&gt;"),
            ("\"'&", "&quot;&#39;&amp;"),
            ("&amp;", "&amp;amp;"),
        ] {
            assert_eq!(Escaped(text).to_string(), expected);
        }
        assert!(avatar("user_1", "<b> \"x", "").contains(">&lt;&quot;</span>"));
        assert!(!STYLE.contains("</"));
    }

    #[test]
    fn avatars_show_initials() {
        for (name, expected) in [
            ("Ada Lovelace", "AL"),
            ("Ada", "A"),
            ("ada b c", "AC"),
            ("", ""),
            ("ß", "SS"),
            ("李 四", "李四"),
        ] {
            assert_eq!(initials(name), expected, "{name}");
        }
    }

    #[test]
    fn pages_are_for_browsers() {
        for (wanted, accept, expected) in [
            (Some("document"), None, true),
            (Some("empty"), Some("text/html"), false),
            (None, Some("text/html,*/*"), true),
            (None, Some("*/*"), false),
            (None, None, false),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in [("sec-fetch-dest", wanted), ("accept", accept)] {
                if let Some(value) = value {
                    headers.insert(name, value.parse().unwrap());
                }
            }
            assert_eq!(wants_page(&headers), expected, "{wanted:?} {accept:?}");
        }
    }
}
