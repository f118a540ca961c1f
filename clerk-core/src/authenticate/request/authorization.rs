//! The `Authorization` header (RFC 9110, section 11.6.2, and RFC 6750, section 2.1).

use http::{HeaderMap, header::AUTHORIZATION};

/// The header, before it is parsed: most tokens are known, and then only compared.
#[derive(Clone, Copy)]
pub(crate) enum AuthorizationHeader<'a> {
    None,
    One(&'a [u8]),
    Several,
}

/// The content of the header.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Authorization<'a> {
    /// No header, another scheme, or no credentials.
    None,
    Token(&'a str),
    /// Several headers, or one that is not valid UTF-8.
    Broken,
}

impl<'a> AuthorizationHeader<'a> {
    pub(crate) fn of(headers: &'a HeaderMap) -> Self {
        let Some(value) = headers.get(AUTHORIZATION) else { return Self::None };
        // In nearly every request, no header occurs twice.
        let is_only = headers.len() == headers.keys_len();
        if is_only || headers.get_all(AUTHORIZATION).iter().count() == 1 {
            Self::One(value.as_bytes())
        } else {
            Self::Several
        }
    }

    /// Returns everything after `Bearer` and one blank. That is the token, unless it has a blank, as no known token has.
    pub(crate) fn after_bearer(self) -> Option<&'a [u8]> {
        let Self::One(value) = self else { return None };
        let (scheme, rest) = value.split_at_checked(BEARER.len())?;
        is_bearer(scheme).then(|| rest.strip_prefix(b" "))?
    }

    /// Returns the token.
    ///
    /// Several headers are rejected: a proxy might check one of them, and this service another.
    pub(crate) fn parse(self) -> Authorization<'a> {
        let value = match self {
            Self::None => return Authorization::None,
            Self::One(value) => value,
            Self::Several => return Authorization::Broken,
        };
        match std::str::from_utf8(value) {
            Ok(value) => credential(value),
            Err(_) => {
                // Another scheme's credentials may have any bytes, and are ignored.
                let (bytes, blank) = (value.trim_ascii(), b' ');
                let ours =
                    is_bearer(bytes.get(..BEARER.len()).unwrap_or_default()) || !bytes.contains(&blank);
                if ours { Authorization::Broken } else { Authorization::None }
            }
        }
    }
}

/// Returns the token of the header, as [`AuthorizationHeader::parse`] does.
pub(crate) fn token(headers: &HeaderMap) -> Authorization<'_> {
    AuthorizationHeader::of(headers).parse()
}

fn credential(value: &str) -> Authorization<'_> {
    let value = value.trim_ascii();
    let (scheme, rest) = cut_text(value);
    match rest.map(|rest| cut_text(rest).0) {
        None | Some("") if scheme.is_empty() || is_bearer(scheme.as_bytes()) => Authorization::None,
        // Clerk's SDKs accept a token without a scheme.
        None | Some("") => Authorization::Token(scheme),
        Some(token) if is_bearer(scheme.as_bytes()) => Authorization::Token(token),
        Some(_) => Authorization::None,
    }
}

/// Splits at the first blank. Tokens are long, and this is faster than `split_once`.
fn cut_text(text: &str) -> (&str, Option<&str>) {
    match memchr::memchr(b' ', text.as_bytes()).and_then(|blank| text.split_at_checked(blank)) {
        Some((before, rest)) => (before, rest.strip_prefix(' ')),
        None => (text, None),
    }
}

const BEARER: &[u8] = b"bearer";

/// Schemes are case-insensitive (RFC 9110, section 11.1).
const fn is_bearer(scheme: &[u8]) -> bool {
    scheme.eq_ignore_ascii_case(BEARER)
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

    /// Proxies add a header whose name is there already, and HTTP/2 splits cookies.
    #[test]
    fn only_the_header_itself_must_not_occur_twice() {
        let mut headers = HeaderMap::new();
        for name in ["cookie", "authorization", "cookie", "x-forwarded-for", "x-forwarded-for"] {
            headers.append(name, HeaderValue::from_static("Bearer a.b.c"));
        }
        assert_eq!(format!("{:?}", token(&headers)), "Token(\"a.b.c\")");
        headers.append(AUTHORIZATION, HeaderValue::from_static("Bearer a.b.c"));
        assert_eq!(format!("{:?}", token(&headers)), "Broken");
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
