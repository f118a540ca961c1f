//! A request's URI without credentials, for logs.

use std::fmt;

use http::Uri;
use percent_encoding::percent_decode_str;

/// The beginning of the names of Clerk's parameters.
const PREFIX: &str = "__";
/// Other parameters of Clerk's pages and of the Frontend API that are credentials, and common names of such.
const OTHERS: [&str; 6] = ["rotating_token_nonce", "ticket", "token", "access_token", "id_token", "code"];

/// A request's URI as it may be written to a log: without the values of parameters that are credentials.
///
/// A browser comes back from Clerk with a URI that signs it in: whoever reads `__clerk_handshake`,
/// `__clerk_handshake_nonce`, `__clerk_ticket` or, on a development instance, `__clerk_db_jwt` in a log can do the same
/// for a short time. `Display` and `Debug` replace the values of all parameters that begin with two underscores, of
/// `rotating_token_nonce`, `ticket`, `token`, `access_token`, `id_token` and `code`, and of parameters that contain such
/// a URI, such as `redirect_url`. They leave out a user name and a password in front of the host.
///
/// ```
/// use clerk_core::authenticate::RedactedUri;
/// use http::Uri;
///
/// let uri = Uri::from_static("/orders?page=2&__clerk_handshake=eyJhbGciOiJSUzI1NiJ9.e30.c2ln");
/// assert_eq!(RedactedUri(&uri).to_string(), "/orders?page=2&__clerk_handshake=[redacted]");
/// ```
#[derive(Clone, Copy)]
pub struct RedactedUri<'a>(pub &'a Uri);

impl fmt::Display for RedactedUri<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(scheme) = self.0.scheme_str() {
            write!(f, "{scheme}://")?;
        }
        if let Some(authority) = self.0.authority() {
            let authority = authority.as_str();
            f.write_str(authority.rsplit_once('@').map_or(authority, |(_, host)| host))?;
        }
        f.write_str(self.0.path())?;
        let parameters = self.0.query().map(|query| query.split('&')).into_iter().flatten();
        for (parameter, separator) in parameters.zip(std::iter::once('?').chain(std::iter::repeat('&'))) {
            match parameter.split_once('=') {
                Some((name, value)) if is_secret(name, value) => write!(f, "{separator}{name}=[redacted]")?,
                _ => write!(f, "{separator}{parameter}")?,
            }
        }
        Ok(())
    }
}

/// The same as `Display`.
impl fmt::Debug for RedactedUri<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn is_secret(name: &str, value: &str) -> bool {
    // Servers decode names, so an encoded one is the same parameter.
    let name = percent_decode_str(name).decode_utf8_lossy();
    name.trim_start_matches('+').starts_with(PREFIX) || OTHERS.contains(&&*name) || holds_a_secret(value)
}

/// Whether the value is a URL with one of these parameters. URLs in URLs are encoded once more each time.
fn holds_a_secret(value: &str) -> bool {
    let mut text = value.to_owned();
    for _ in 0..4 {
        if text.contains("__clerk") || text.contains("__dev_session") || text.contains("rotating_token_nonce")
        {
            return true;
        }
        text = percent_decode_str(&text).decode_utf8_lossy().into_owned();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_left_out_and_the_rest_stays() {
        for (uri, shown) in [
            ("/", "/"),
            ("/a/b?", "/a/b?"),
            ("/a?page=2&q=x%20y&flag", "/a?page=2&q=x%20y&flag"),
            ("/a?__clerk_handshake=secret", "/a?__clerk_handshake=[redacted]"),
            ("/a?x=1&__clerk_handshake_nonce=secret&y=2", "/a?x=1&__clerk_handshake_nonce=[redacted]&y=2"),
            (
                "/a?__clerk_db_jwt=secret&__dev_session=secret",
                "/a?__clerk_db_jwt=[redacted]&__dev_session=[redacted]",
            ),
            (
                "/a?__clerk_ticket=secret&__session=secret",
                "/a?__clerk_ticket=[redacted]&__session=[redacted]",
            ),
            ("/a?%5F%5Fclerk_handshake=secret", "/a?%5F%5Fclerk_handshake=[redacted]"),
            ("/a?+__clerk_handshake=secret", "/a?+__clerk_handshake=[redacted]"),
            ("/a?__clerk_handshake=a=secret", "/a?__clerk_handshake=[redacted]"),
            (
                "/__clerk/v1/client?rotating_token_nonce=secret",
                "/__clerk/v1/client?rotating_token_nonce=[redacted]",
            ),
            (
                "/__clerk/v1/oauth_callback?code=secret&state=s",
                "/__clerk/v1/oauth_callback?code=[redacted]&state=s",
            ),
            (
                "/sign-in?redirect_url=https%3A%2F%2Fa.example%2F%3F__clerk_handshake%3Dsecret",
                "/sign-in?redirect_url=[redacted]",
            ),
            (
                "/sign-in?redirect_url=%2F%253F%255F%255Fclerk_ticket%253Dsecret",
                "/sign-in?redirect_url=[redacted]",
            ),
            ("/sign-in?redirect_url=%2F%3F__dev_session%3Dsecret", "/sign-in?redirect_url=[redacted]"),
            ("/sign-in?redirect_url=%2F%3Frotating_token_nonce%3Dsecret", "/sign-in?redirect_url=[redacted]"),
            ("/sign-in?redirect_url=%2Fpage%3Fa%3D1", "/sign-in?redirect_url=%2Fpage%3Fa%3D1"),
            ("https://ada:secret@a.example:8443/b?token=secret", "https://a.example:8443/b?token=[redacted]"),
            ("a.example:443", "a.example:443"),
            ("*", "*"),
        ] {
            let uri: Uri = uri.parse().unwrap();
            assert_eq!(RedactedUri(&uri).to_string(), shown);
            assert_eq!(format!("{:?}", RedactedUri(&uri)), shown);
        }
    }
}
