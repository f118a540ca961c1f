//! HTML documents, almost all without scripts.

use std::fmt::{self, Display, Formatter, Write as _};

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::{
    HeaderValue, Response, StatusCode,
    header::{
        CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
        X_FRAME_OPTIONS,
    },
};

use super::super::HttpResponse;

/// The style sheet, inlined into every page.
const STYLE: &str = include_str!("style.css");

/// A string escaped for HTML, between tags and in quoted attributes.
pub(super) struct Escaped<'a>(pub(super) &'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for letter in self.0.chars() {
            match letter {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                '\0' => f.write_char('\u{fffd}')?,
                letter => f.write_char(letter)?,
            }
        }
        Ok(())
    }
}

/// Returns a document with this title. `main` is HTML, already escaped.
pub(super) fn document(status: StatusCode, title: &str, main: &str) -> HttpResponse {
    document_with_script(status, title, main, "")
}

/// Like [`document`], with the only script that the document may run.
pub(super) fn document_with_script(
    status: StatusCode,
    title: &str,
    main: &str,
    script: &str,
) -> HttpResponse {
    let [policy, script] = match script {
        "" => [policy(), String::new()],
        script => {
            let hash = BASE64_STANDARD.encode(digest(&SHA256, script.as_bytes()));
            [format!("{}; script-src 'sha256-{hash}'", policy()), format!("<script>{script}</script>\n")]
        }
    };
    let title = Escaped(title);
    let page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"robots\" content=\"noindex\">\n<link rel=\"icon\" href=\"/images/icon\">\n\
         <title>{title} · LocalClerk</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n{main}</main>\n\
         <footer>LocalClerk is for development on this computer, and not for production.</footer>\n{script}</body>\n</html>\n"
    );
    let mut response = Response::new(page.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        // Browsers have to send `Origin` with the forms of these pages.
        (REFERRER_POLICY, "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// Returns the content security policy: no scripts, no frames, nothing from other origins. It has no `form-action`,
/// because browsers also apply that to redirects after a form, and the return to the application is such a redirect.
fn policy() -> String {
    let style = BASE64_STANDARD.encode(digest(&SHA256, STYLE.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_escaped() {
        for (text, expected) in [
            ("Ada", "Ada"),
            ("<script>", "&lt;script&gt;"),
            ("\"'&\0", "&quot;&#39;&amp;\u{fffd}"),
            ("&amp;", "&amp;amp;"),
        ] {
            assert_eq!(Escaped(text).to_string(), expected);
        }
    }

    #[test]
    fn the_style_sheet_cannot_close_its_element() {
        assert!(!STYLE.contains("</") && !STYLE.contains('\r'));
    }
}
