//! The `Authorization` header (RFC 9110, section 11.6.2, and RFC 6750, section 2.1).

use http::{HeaderMap, header::AUTHORIZATION};

use super::cookies::cut;

/// The content of the header.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Authorization<'a> {
    /// No header, another scheme, or no credentials.
    None,
    Token(&'a str),
    /// Several headers, or one that is not valid UTF-8.
    Broken,
}

/// Returns the token.
///
/// Several headers are rejected: a proxy might check one of them, and this service another.
pub(crate) fn token(headers: &HeaderMap) -> Authorization<'_> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Authorization::None };
    if values.next().is_some() {
        return Authorization::Broken;
    }
    match std::str::from_utf8(value.as_bytes()) {
        Ok(value) => credential(value),
        Err(_) => {
            // Another scheme's credentials may have any bytes, and are ignored.
            let (bytes, blank) = (value.as_bytes().trim_ascii(), b' ');
            let ours = is_bearer(bytes.get(..6).unwrap_or_default()) || !bytes.contains(&blank);
            if ours { Authorization::Broken } else { Authorization::None }
        }
    }
}

fn credential(value: &str) -> Authorization<'_> {
    let (scheme, rest) = cut(value.trim_ascii(), b' ');
    match rest.map(|rest| cut(rest, b' ').0) {
        None | Some("") if scheme.is_empty() || is_bearer(scheme.as_bytes()) => Authorization::None,
        // Clerk's SDKs accept a token without a scheme.
        None | Some("") => Authorization::Token(scheme),
        Some(token) if is_bearer(scheme.as_bytes()) => Authorization::Token(token),
        Some(_) => Authorization::None,
    }
}

/// Schemes are case-insensitive (RFC 9110, section 11.1).
const fn is_bearer(scheme: &[u8]) -> bool {
    scheme.eq_ignore_ascii_case(b"bearer")
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn read(values: &[&[u8]]) -> String {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_bytes(value).unwrap());
        }
        format!("{:?}", token(&headers))
    }

    #[test]
    fn tokens_are_parsed_as_in_clerks_sdk() {
        for (value, expected) in [
            ("Bearer a.b.c", "Token(\"a.b.c\")"),
            ("bearer a.b.c", "Token(\"a.b.c\")"),
            ("BEARER a.b.c", "Token(\"a.b.c\")"),
            ("  Bearer a.b.c", "Token(\"a.b.c\")"),
            ("Bearer a.b.c ", "Token(\"a.b.c\")"),
            ("Bearer a.b.c and more", "Token(\"a.b.c\")"),
            ("a.b.c", "Token(\"a.b.c\")"),
            ("word", "Token(\"word\")"),
            ("word  x", "Token(\"word\")"),
            ("Bearer\ta.b.c", "Token(\"Bearer\\ta.b.c\")"),
            ("Bearer", "None"),
            ("bearer ", "None"),
            ("Bearer  a.b.c", "None"),
            ("Bearer: a.b.c", "None"),
            ("Basic dTpw", "None"),
            ("Token a.b.c", "None"),
            ("", "None"),
            ("   ", "None"),
        ] {
            assert_eq!(read(&[value.as_bytes()]), expected, "{value:?}");
        }
        assert_eq!(read(&[]), "None");
    }

    #[test]
    fn several_headers_are_rejected() {
        assert_eq!(read(&[b"Bearer a.b.c", b"Bearer a.b.c"]), "Broken");
        assert_eq!(read(&[b"Basic x", b"Bearer a.b.c"]), "Broken");
    }

    #[test]
    fn invalid_utf_8_is_rejected() {
        assert_eq!(read(&[b"Bearer \xff\xfe"]), "Broken");
        assert_eq!(read(&[b"bearer \xff"]), "Broken");
        assert_eq!(read(&[b"\xff"]), "Broken");
        assert_eq!(read(&[b"Basic \xff"]), "None");
    }
}
