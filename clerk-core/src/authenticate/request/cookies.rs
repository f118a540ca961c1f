//! Cookies, parsed as in Clerk's SDKs.

use std::borrow::Cow;

use http::{HeaderMap, HeaderValue, header::COOKIE};
use percent_encoding::percent_decode_str;

use super::RedirectCount;

/// Clerk's cookies, under their plain names and under those with the instance's suffix. An empty cookie counts as missing.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Cookies<'a> {
    pub(crate) session: Option<Cow<'a, str>>,
    pub(crate) suffixed_session: Option<Cow<'a, str>>,
    pub(crate) client_uat: Option<Cow<'a, str>>,
    pub(crate) suffixed_client_uat: Option<Cow<'a, str>>,
    pub(crate) dev_browser: Option<Cow<'a, str>>,
    pub(crate) suffixed_dev_browser: Option<Cow<'a, str>>,
    /// Read only with the suffix.
    pub(crate) refresh: Option<Cow<'a, str>>,
    /// Read only without a suffix, like the next two.
    pub(crate) handshake: Option<Cow<'a, str>>,
    pub(crate) nonce: Option<Cow<'a, str>>,
    pub(crate) redirect_count: RedirectCount,
}

/// The value of a cookie while parsing. The first one of a name wins, even if it is empty.
#[derive(Default)]
struct First<'a>(Option<Cow<'a, str>>);

impl<'a> First<'a> {
    fn offer(&mut self, value: Cow<'a, str>) {
        self.0.get_or_insert(value);
    }

    fn value(self) -> Option<Cow<'a, str>> {
        self.0.filter(|value| !value.is_empty())
    }
}

impl<'a> Cookies<'a> {
    /// Parses all `Cookie` headers in one pass.
    pub(crate) fn read(headers: &'a HeaderMap, suffix: Option<&str>) -> Self {
        let (mut session, mut suffixed_session) = (First::default(), First::default());
        let (mut uat, mut suffixed_uat) = (First::default(), First::default());
        let (mut dev_browser, mut suffixed_dev_browser) = (First::default(), First::default());
        let (mut refresh, mut handshake, mut nonce, mut count) =
            (First::default(), First::default(), First::default(), First::default());
        let take = |name: &str, value: Cow<'a, str>| {
            let is_suffixed = |base: &str| {
                let end = name.strip_prefix(base).and_then(|rest| rest.strip_prefix('_'));
                end.is_some() && end == suffix
            };
            match name {
                "__session" => session.offer(value),
                "__client_uat" => uat.offer(value),
                "__clerk_db_jwt" => dev_browser.offer(value),
                "__clerk_handshake" => handshake.offer(value),
                "__clerk_handshake_nonce" => nonce.offer(value),
                RedirectCount::COOKIE => count.offer(value),
                _ if is_suffixed("__session") => suffixed_session.offer(value),
                _ if is_suffixed("__client_uat") => suffixed_uat.offer(value),
                _ if is_suffixed("__clerk_db_jwt") => suffixed_dev_browser.offer(value),
                _ if is_suffixed("__refresh") => refresh.offer(value),
                _ => {}
            }
        };
        each(headers.get_all(COOKIE), take);
        Self {
            session: session.value(),
            suffixed_session: suffixed_session.value(),
            client_uat: uat.value(),
            suffixed_client_uat: suffixed_uat.value(),
            dev_browser: dev_browser.value(),
            suffixed_dev_browser: suffixed_dev_browser.value(),
            refresh: refresh.value(),
            handshake: handshake.value(),
            nonce: nonce.value(),
            redirect_count: RedirectCount::parse(count.value().as_deref()),
        }
    }
}

/// Returns the decoded value of one of Clerk's cookies, as decisions use it.
///
/// `fields` are the request's `Cookie` headers, of which HTTP/2 may send several. The first cookie of the name wins, and
/// an empty one counts as missing. Only names that start with two underscores are found. Other cookies may contain any
/// bytes.
///
/// ```
/// use clerk_core::authenticate::cookie;
/// use http::{Request, header::COOKIE};
///
/// let request = Request::get("/").header(COOKIE, "theme=dark; __client_uat=1700000000").body(())?;
/// let fields = request.headers().get_all(COOKIE);
/// assert_eq!(cookie(&fields, "__client_uat").as_deref(), Some("1700000000"));
/// assert_eq!(cookie(&fields, "__session"), None);
/// # Ok::<(), http::Error>(())
/// ```
pub fn cookie<'a>(fields: impl IntoIterator<Item = &'a HeaderValue>, name: &str) -> Option<Cow<'a, str>> {
    let mut found = First::default();
    each(fields, |other, value| {
        if other == name {
            found.offer(value);
        }
    });
    found.value()
}

/// Calls `take` with each cookie that may be one of Clerk's, decoded.
fn each<'a>(fields: impl IntoIterator<Item = &'a HeaderValue>, mut take: impl FnMut(&str, Cow<'a, str>)) {
    for field in fields {
        match std::str::from_utf8(field.as_bytes()) {
            Ok(field) => pairs(field).for_each(|(name, value)| take(name, decode(value))),
            // Clerk's cookies are ASCII, but another one in the same header may not be.
            Err(_) => pairs(&String::from_utf8_lossy(field.as_bytes()))
                .for_each(|(name, value)| take(name, Cow::Owned(decode(value).into_owned()))),
        }
    }
}

/// Returns the pairs of one header that may be Clerk's, still encoded.
fn pairs(field: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = Some(field);
    let pairs = std::iter::from_fn(move || {
        let (pair, after) = cut(rest?, b';');
        rest = after;
        Some(pair)
    });
    pairs
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.trim_ascii(), value.trim_ascii()))
        .filter(|(name, _)| name.starts_with("__"))
}

/// Splits at the first occurrence of an ASCII character. Tokens are long, and this is faster than `split_once`.
pub(crate) fn cut(text: &str, at: u8) -> (&str, Option<&str>) {
    let found = memchr::memchr(at, text.as_bytes());
    match found.and_then(|position| text.split_at_checked(position)) {
        Some((before, rest)) => (before, rest.get(1..)),
        None => (text, None),
    }
}

/// Percent-decodes a value. If the result is not valid UTF-8, returns the value unchanged.
///
/// Call this after splitting the header: a decoded semicolon would otherwise forge another cookie.
fn decode(value: &str) -> Cow<'_, str> {
    if memchr::memchr(b'%', value.as_bytes()).is_none() || !has_valid_escapes(value) {
        return Cow::Borrowed(value);
    }
    percent_decode_str(value).decode_utf8().unwrap_or(Cow::Borrowed(value))
}

fn has_valid_escapes(value: &str) -> bool {
    value.split('%').skip(1).all(|rest| {
        matches!(rest.as_bytes(), [high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit())
    })
}

/// Parses `__client_uat`, the time of the client's last update: the integer at the start, or zero.
pub(crate) fn client_uat(cookie: Option<&str>) -> i64 {
    let text = cookie.unwrap_or_default().trim_start();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let value = digits.bytes().take_while(u8::is_ascii_digit).fold(0_i64, |value, digit| {
        value.saturating_mul(10).saturating_add(i64::from(digit.saturating_sub(b'0')))
    });
    if negative { -value } else { value }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(fields: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for field in fields {
            headers.append(COOKIE, HeaderValue::from_str(field).unwrap());
        }
        headers
    }

    fn session(fields: &[&str]) -> Option<String> {
        Cookies::read(&headers(fields), None).session.map(Cow::into_owned)
    }

    #[test]
    fn cookies_are_parsed_as_in_clerks_sdk() {
        for (fields, expected) in [
            (&["__session=a"][..], Some("a")),
            (&["x=1; __session=a; y=2"], Some("a")),
            (&["x=1;__session=a;y=2"], Some("a")),
            (&["__session=first; __session=second"], Some("first")),
            (&["__session=; __session=second"], None),
            (&["x=1", "__session=a"], Some("a")),
            (&["__session=a", "__session=b"], Some("a")),
            (&[" \t__session\t = a \t"], Some("a")),
            (&["__session=a=b=="], Some("a=b==")),
            (&["__session=\"a\""], Some("\"a\"")),
            (&["__session=a%2Eb"], Some("a.b")),
            (&["__session=a%3B__session%3Db"], Some("a;__session=b")),
            (&["x=%3B%20__session%3Dforged; __session=a"], Some("a")),
            (&["__session=a%zz%2E"], Some("a%zz%2E")),
            (&["__session=a%"], Some("a%")),
            (&["__session=%ff"], Some("%ff")),
            (&["__SESSION=a"], None),
            (&["__session"], None),
            (&["__session_abcdefgh=a"], None),
            (&["x__session=a"], None),
            (&["%5F_session=a"], None),
            (&[], None),
        ] {
            assert_eq!(session(fields).as_deref(), expected, "{fields:?}");
        }
    }

    #[test]
    fn suffixed_names_need_the_suffix() {
        let headers = headers(&[
            "__session=a; __session_abcdefgh=b; __session_ABCDEFGH=c; __refresh=no; __client_uat=1; \
             __client_uat_abcdefgh=2",
        ]);
        let cookies = Cookies::read(&headers, Some("abcdefgh"));
        assert_eq!(cookies.session.as_deref(), Some("a"));
        assert_eq!(cookies.suffixed_session.as_deref(), Some("b"));
        assert_eq!(cookies.client_uat.as_deref(), Some("1"));
        assert_eq!(cookies.suffixed_client_uat.as_deref(), Some("2"));
        assert_eq!(cookies.refresh, None);
        let cookies = Cookies::read(&headers, None);
        assert_eq!(cookies.suffixed_session, None);
    }

    #[test]
    fn the_first_of_many_cookies_wins() {
        let field = "__session=a; ".repeat(10_000);
        assert_eq!(session(&[&field]).as_deref(), Some("a"));
    }

    #[test]
    fn cookie_and_cookies_agree() {
        for (fields, expected) in [
            (&["theme=gr\u{f6}\u{df}e; __session=a"][..], Some("a")),
            (&["__sessions=b", "a=b;__session = c "], Some("c")),
            (&["__session=; __session=d"], None),
            (&["__session=%61%3Bx"], Some("a;x")),
            (&["x=__session=e; session=f"], None),
            (&[], None),
        ] {
            let headers = headers(fields);
            assert_eq!(cookie(headers.get_all(COOKIE), "__session").as_deref(), expected, "{fields:?}");
            assert_eq!(session(fields).as_deref(), expected, "{fields:?}");
        }
        let bytes = HeaderValue::from_bytes(b"theme=gr\xf6\xdfe; __session=a").unwrap();
        assert_eq!(cookie([&bytes], "__session").as_deref(), Some("a"));
    }

    #[test]
    fn some_cookies_are_read_only_with_or_without_a_suffix() {
        let headers = headers(&[
            "__refresh=a; __refresh_abcdefgh=b; __clerk_handshake_abcdefgh=c; __clerk_handshake_nonce=d; \
             __clerk_redirect_count=2; __clerk_redirect_count_abcdefgh=3; __clerk_db_jwt=e; __clerk_db_jwt_abcdefgh=f",
        ]);
        let cookies = Cookies::read(&headers, Some("abcdefgh"));
        assert_eq!(cookies.refresh.as_deref(), Some("b"));
        assert_eq!(cookies.handshake, None);
        assert_eq!(cookies.nonce.as_deref(), Some("d"));
        assert_eq!(cookies.redirect_count, RedirectCount::parse(Some("2")));
        assert_eq!(
            (cookies.dev_browser.as_deref(), cookies.suffixed_dev_browser.as_deref()),
            (Some("e"), Some("f"))
        );
    }

    #[test]
    fn client_uat_is_the_number_at_the_start() {
        for (text, expected) in [
            (None, 0),
            (Some(""), 0),
            (Some("0"), 0),
            (Some("12abc"), 12),
            (Some("-5"), -5),
            (Some("+7"), 7),
            (Some("abc"), 0),
            (Some("0x10"), 0),
            (Some("- 5"), 0),
            (Some("99999999999999999999"), i64::MAX),
        ] {
            assert_eq!(client_uat(text), expected, "{text:?}");
        }
    }
}
