//! URLs, origins and host names.

use url::{Host, Url};

use crate::keys::is_host_name;

/// Parses an absolute `http` or `https` URL with a valid host and without credentials.
///
/// Redirects are made only to such URLs: `javascript:` would run a script, and `https://clerk.com@evil.example` is a
/// common disguise.
pub(super) fn absolute(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_plain = url.username().is_empty() && url.password().is_none();
    let has_host = match url.host()? {
        // The dot of a fully qualified name is optional.
        Host::Domain(name) => is_host_name(name.strip_suffix('.').unwrap_or(name)),
        Host::Ipv4(_) | Host::Ipv6(_) => true,
    };
    (matches!(url.scheme(), "http" | "https") && has_host && is_plain).then_some(url)
}

/// Parses a URL of the configuration, which must be written as it is meant.
///
/// Browsers correct `https:/x.example`, `https:\\x.example` and URLs with white space, and so does the parser. In a setting,
/// such a URL is a mistake, and the result may be another one than intended.
pub(super) fn configured(text: &str) -> Option<Url> {
    let (_, rest) = text.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    // A colon without a port: a scheme that was written twice.
    let has_host = !authority.is_empty() && !authority.ends_with(':');
    absolute(text).filter(|_| has_host && is_written_plainly(text))
}

/// Whether a setting is a path of this service. With a second slash, it would be a host.
pub(super) fn is_path(text: &str) -> bool {
    text.starts_with('/') && !text.starts_with("//") && is_written_plainly(text)
}

fn is_written_plainly(text: &str) -> bool {
    !text.contains(|char: char| char == '\\' || char.is_whitespace() || char.is_control())
}

/// Whether a string is an origin of any scheme, such as those of mobile apps and browser extensions, as browsers write it.
///
/// Authorized parties are compared with a token's `azp` as strings, so nothing may follow the host. Browsers write hosts
/// in lower case, and without the scheme's default port.
pub(super) fn is_origin(text: &str) -> bool {
    let is_part =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"');
    let is_scheme =
        |part: &str| part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    text.split_once("://").is_some_and(|(scheme, host)| {
        let is_web = ["http", "https"].iter().any(|web| scheme.eq_ignore_ascii_case(web));
        let is_plain = is_part(scheme)
            && is_scheme(scheme)
            && is_part(host)
            && !host.contains(['/', '?', '#', '@', '*', ',']);
        is_plain && (!is_web || web_origin(text).is_some_and(|origin| origin == text))
    })
}

/// Returns the origin of an `http` or `https` URL in a setting.
pub(super) fn web_origin(text: &str) -> Option<String> {
    configured(text).as_ref().map(origin)
}

/// Returns the host name that a setting means, in lower case and in ASCII: without a scheme, a port, a path, a wildcard,
/// or the label `clerk` of the Frontend API.
pub(super) fn host_name(text: &str) -> Option<String> {
    let text = text.split_once("://").map_or(text, |(_, rest)| rest);
    let text = text.split(['/', '?', '#', '\\']).next()?;
    let text = text.rsplit('@').next()?.split(':').next()?;
    let text = text.trim().trim_start_matches("*.").trim_matches('.');
    let text = text.strip_prefix("clerk.").filter(|rest| rest.contains('.')).unwrap_or(text);
    match Url::parse(&format!("https://{text}/")).ok()?.host()? {
        Host::Domain(name) if is_host_name(name) => Some(name.to_owned()),
        _ => None,
    }
}

/// Returns the origin of an `http` or `https` URL, which is never opaque.
pub(super) fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// Removes the parameters of a returning handshake.
pub(super) fn without_handshake(url: Url) -> Url {
    const PARAMETERS: [&str; 4] =
        ["__clerk_handshake", "__clerk_help", "__clerk_db_jwt", "__clerk_handshake_nonce"];
    without(url, &PARAMETERS)
}

/// Removes these parameters. The rest of the query is serialized again, as in Clerk's SDK.
pub(super) fn without(mut url: Url, names: &[&str]) -> Url {
    let pairs: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(name, _)| !names.contains(&&**name))
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    url.set_query(None);
    if !pairs.is_empty() {
        url.query_pairs_mut().extend_pairs(pairs);
    }
    url
}

/// Sets a parameter. The first one of that name gets the value, and the others are removed. The whole query is serialized
/// again.
pub(super) fn set_pair(url: &mut Url, name: &str, value: &str) {
    let mut is_set = false;
    let mut pairs: Vec<(String, String)> = Vec::new();
    for (one, old) in url.query_pairs() {
        if one != name {
            pairs.push((one.into_owned(), old.into_owned()));
        } else if !is_set {
            pairs.push((name.to_owned(), value.to_owned()));
            is_set = true;
        }
    }
    if !is_set {
        pairs.push((name.to_owned(), value.to_owned()));
    }
    url.set_query(None);
    url.query_pairs_mut().extend_pairs(pairs);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_written_as_they_are_meant() {
        for (text, is_url, is_a_path) in [
            ("https://app.example.com/in?a=b#c", true, false),
            ("HTTP://localhost:3000", true, false),
            ("https://[::1]:3000/x", true, false),
            ("https://127.0.0.1", true, false),
            ("https://b\u{fc}cher.example/\u{fc}", true, false),
            ("https://app.example.com./", true, false),
            ("/", false, true),
            ("/in?a=b", false, true),
            ("//evil.example", false, false),
            ("/\\evil.example", false, false),
            ("\\/evil.example", false, false),
            ("/in side", false, false),
            ("/in\n", false, false),
            ("https:/app.example.com", false, false),
            ("https:app.example.com", false, false),
            ("https:///app.example.com", false, false),
            ("https://https://app.example.com", false, false),
            ("https://app.example.com:/in", false, false),
            ("https:\\\\app.example.com", false, false),
            ("https://app.example.com\\x", false, false),
            (" https://app.example.com", false, false),
            ("https://app.example.com/\t", false, false),
            ("https://user@app.example.com", false, false),
            ("https://*.example.com", false, false),
            ("https://.example.com", false, false),
            ("https://app..example.com", false, false),
            ("https://-app.example.com", false, false),
            ("ftp://app.example.com", false, false),
            ("app.example.com", false, false),
            ("", false, false),
        ] {
            assert_eq!(configured(text).is_some(), is_url, "{text:?}");
            assert_eq!(is_path(text), is_a_path, "{text:?}");
        }
        // What browsers correct elsewhere, such as in a return URL.
        assert!(absolute("https:/app.example.com").is_some());
    }

    #[test]
    fn host_names_are_found_in_what_people_write() {
        for (text, expected) in [
            ("docs.example.org", Some("docs.example.org")),
            ("Docs.Example.org", Some("docs.example.org")),
            ("localhost", Some("localhost")),
            ("xn--bcher-kva.example", Some("xn--bcher-kva.example")),
            ("b\u{fc}cher.example", Some("xn--bcher-kva.example")),
            ("https://satellite.dev", Some("satellite.dev")),
            ("https://user:secret@satellite.dev:8443/x?y#z", Some("satellite.dev")),
            ("docs.example.org/", Some("docs.example.org")),
            ("docs.example.org?x", Some("docs.example.org")),
            ("docs.example.org:3000", Some("docs.example.org")),
            (".example.org", Some("example.org")),
            ("example.org.", Some("example.org")),
            ("*.example.org", Some("example.org")),
            ("clerk.satellite.dev", Some("satellite.dev")),
            ("https://clerk.satellite.dev/", Some("satellite.dev")),
            // A domain of that name.
            ("clerk.dev", Some("clerk.dev")),
            ("//satellite.dev", None),
            ("a..b", None),
            ("-a.example", None),
            ("a_b.example", Some("a_b.example")),
            ("127.0.0.1", None),
            ("[::1]", None),
            ("a b.example", None),
            ("https://", None),
            ("", None),
        ] {
            assert_eq!(host_name(text).as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn an_origin_ends_with_its_host() {
        for (text, expected) in [
            ("https://app.example.com", true),
            ("http://localhost:3000", true),
            ("http://[::1]:3000", true),
            ("capacitor://localhost", true),
            ("chrome-extension://abcdefghijklmnop", true),
            ("chrome-extension://abcdef ghijklmnop", false),
            ("chrome-extension://abcd\u{e9}f", false),
            ("chrome-extension://abc\"def", false),
            ("https://app.example.com/", false),
            ("https://app.example.com/app", false),
            ("https://*.example.com", false),
            ("https://a.example.com,https://b.example.com", false),
            ("https://app.example.com ", false),
            ("https://user@app.example.com", false),
            ("https://App.example.com", false),
            ("https://app.example.com:443", false),
            ("https://app.example.com:8443", true),
            ("http://app.example.com:443", true),
            ("HTTPS://app.example.com", false),
            ("https://.example.com", false),
            ("https://app..example.com", false),
            ("https://app.example.com:99999", false),
            ("https://b\u{fc}cher.example", false),
            ("https://xn--bcher-kva.example", true),
            ("https://https", true),
            ("app.example.com", false),
            ("https://", false),
            ("://app.example.com", false),
            (" ", false),
            ("", false),
        ] {
            assert_eq!(is_origin(text), expected, "{text:?}");
        }
    }
}
