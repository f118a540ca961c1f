//! Cookies, parsed as in Clerk's SDKs.

use std::{borrow::Cow, fmt};

use http::{HeaderMap, HeaderValue, header::COOKIE};
use percent_encoding::percent_decode_str;

use super::RedirectCount;

/// The value of a cookie as it arrived, with escapes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct CookieValue<'a>(&'a [u8]);

impl<'a> CookieValue<'a> {
    #[cfg(test)]
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    fn non_empty(self) -> Option<Self> {
        (!self.0.is_empty()).then_some(self)
    }

    pub(crate) fn is_zero(self) -> bool {
        self.0 == b"0" || (self.0.contains(&b'%') && self.text() == "0")
    }

    pub(crate) const fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// Returns the percent-decoded value. If that is not valid UTF-8, returns the value with its escapes.
    ///
    /// This comes after splitting the header: a decoded semicolon would otherwise forge another cookie.
    pub(crate) fn text(self) -> Cow<'a, str> {
        // Clerk's values are ASCII, but a browser sends back whatever somebody has set.
        let text =
            std::str::from_utf8(self.0).map_or_else(|_| String::from_utf8_lossy(self.0), Cow::Borrowed);
        if !text.as_bytes().contains(&b'%') || !has_valid_escapes(&text) {
            return text;
        }
        match percent_decode_str(&text).decode_utf8() {
            Ok(decoded) => Cow::Owned(decoded.into_owned()),
            Err(_) => text,
        }
    }
}

impl fmt::Debug for CookieValue<'_> {
    /// Shows nothing of the value, which may be a credential.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CookieValue(..)")
    }
}

/// Clerk's cookies, under their plain names and under those with the instance's suffix. An empty cookie counts as missing.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Cookies<'a> {
    pub(crate) session: Option<CookieValue<'a>>,
    pub(crate) suffixed_session: Option<CookieValue<'a>>,
    pub(crate) client_uat: Option<CookieValue<'a>>,
    pub(crate) suffixed_client_uat: Option<CookieValue<'a>>,
    pub(crate) dev_browser: Option<CookieValue<'a>>,
    pub(crate) suffixed_dev_browser: Option<CookieValue<'a>>,
    /// Read only with the suffix.
    pub(crate) refresh: Option<CookieValue<'a>>,
    /// Read only without a suffix, like the next two.
    pub(crate) handshake: Option<CookieValue<'a>>,
    pub(crate) nonce: Option<CookieValue<'a>>,
    pub(crate) redirect_count: RedirectCount,
}

impl<'a> Cookies<'a> {
    /// Parses all `Cookie` headers in one pass.
    pub(crate) fn read(headers: &'a HeaderMap, suffix: Option<&str>) -> Self {
        Self::find(headers, suffix).unwrap_or_default()
    }

    /// As [`read`](Self::read). `None` if there is none of Clerk's cookies, as in most requests of programs.
    pub(crate) fn find(headers: &'a HeaderMap, suffix: Option<&str>) -> Option<Self> {
        let (mut found, mut count, mut is_any) = (Self::default(), None, false);
        headers.get_all(COOKIE).iter().flat_map(pairs).for_each(|(name, value)| {
            let place = match name {
                b"__session" => &mut found.session,
                b"__client_uat" => &mut found.client_uat,
                b"__clerk_db_jwt" => &mut found.dev_browser,
                b"__clerk_handshake" => &mut found.handshake,
                b"__clerk_handshake_nonce" => &mut found.nonce,
                _ if name == RedirectCount::COOKIE.as_bytes() => &mut count,
                _ => match base_of(name, suffix) {
                    Some(b"__session") => &mut found.suffixed_session,
                    Some(b"__client_uat") => &mut found.suffixed_client_uat,
                    Some(b"__clerk_db_jwt") => &mut found.suffixed_dev_browser,
                    Some(b"__refresh") => &mut found.refresh,
                    _ => return,
                },
            };
            // The first one of a name wins, even if it is empty.
            place.get_or_insert(CookieValue(value));
            is_any = true;
        });
        if !is_any {
            return None;
        }
        for place in [
            &mut found.session,
            &mut found.suffixed_session,
            &mut found.client_uat,
            &mut found.suffixed_client_uat,
            &mut found.dev_browser,
            &mut found.suffixed_dev_browser,
            &mut found.refresh,
            &mut found.handshake,
            &mut found.nonce,
        ] {
            *place = place.and_then(CookieValue::non_empty);
        }
        found.redirect_count = count.map_or_else(RedirectCount::default, |count| {
            RedirectCount::parse(count.non_empty().map(CookieValue::text).as_deref())
        });
        Some(found)
    }
}

/// Returns the name without the instance's suffix, if it has that.
fn base_of<'n>(name: &'n [u8], suffix: Option<&str>) -> Option<&'n [u8]> {
    name.strip_suffix(suffix?.as_bytes())?.strip_suffix(b"_")
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
    let mut pairs = fields.into_iter().flat_map(pairs);
    let (_, value) = pairs.find(|(other, _)| *other == name.as_bytes())?;
    CookieValue(value).non_empty().map(CookieValue::text)
}

/// Returns the pairs of one header that may be Clerk's, still encoded.
fn pairs(field: &HeaderValue) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut rest = Some(field.as_bytes());
    let pairs = std::iter::from_fn(move || {
        let (pair, after) = cut(rest?, b';');
        rest = after;
        Some(pair.trim_ascii())
    });
    pairs.filter(|pair| pair.starts_with(b"__")).filter_map(|pair| {
        let (name, value) = cut(pair, b'=');
        Some((name.trim_ascii_end(), value?.trim_ascii_start()))
    })
}

/// Splits at the first occurrence of a byte. Tokens are long, and this is faster than `split`.
pub(crate) fn cut(bytes: &[u8], at: u8) -> (&[u8], Option<&[u8]>) {
    let found = memchr::memchr(at, bytes);
    match found.and_then(|position| bytes.split_at_checked(position)) {
        Some((before, rest)) => (before, rest.get(1..)),
        None => (bytes, None),
    }
}

fn has_valid_escapes(value: &str) -> bool {
    value.split('%').skip(1).all(|rest| {
        matches!(rest.as_bytes(), [high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit())
    })
}

/// Parses `__client_uat`, the time of the client's last update: the integer at the start, or zero.
pub(crate) fn client_uat(cookie: Option<CookieValue<'_>>) -> i64 {
    let Some(CookieValue(bytes)) = cookie else { return 0 };
    // Clerk's is nothing else.
    let digit = |byte: &u8| byte.is_ascii_digit().then(|| i64::from(byte & 0xf));
    let short = bytes.get(..10).unwrap_or(bytes);
    let time = short.iter().try_fold(0, |value: i64, byte| Some(value * 10 + digit(byte)?));
    if let Some(time) = time.filter(|_| short.len() == bytes.len()) {
        return time;
    }
    let text = CookieValue(bytes).text();
    let text = text.trim_start();
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

    fn text(value: Option<CookieValue<'_>>) -> Option<&str> {
        value.map(|value| std::str::from_utf8(value.0).unwrap())
    }

    fn session(fields: &[&str]) -> Option<String> {
        Cookies::read(&headers(fields), None).session.map(|value| value.text().into_owned())
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
        assert_eq!(text(cookies.session), Some("a"));
        assert_eq!(text(cookies.suffixed_session), Some("b"));
        assert_eq!(text(cookies.client_uat), Some("1"));
        assert_eq!(text(cookies.suffixed_client_uat), Some("2"));
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
        assert_eq!(text(cookies.refresh), Some("b"));
        assert_eq!(cookies.handshake, None);
        assert_eq!(text(cookies.nonce), Some("d"));
        assert_eq!(cookies.redirect_count, RedirectCount::parse(Some("2")));
        assert_eq!((text(cookies.dev_browser), text(cookies.suffixed_dev_browser)), (Some("e"), Some("f")));
    }

    #[test]
    fn zero_may_be_escaped() {
        for (text, is_zero) in [
            ("0", true),
            ("%30", true),
            ("%31", false),
            ("1", false),
            ("00", false),
            ("0%", false),
            ("", false),
        ] {
            assert_eq!(CookieValue::new(text.as_bytes()).is_zero(), is_zero, "{text}");
        }
    }

    #[test]
    fn client_uat_is_the_number_at_the_start() {
        for (text, expected) in [
            (None, 0),
            (Some(""), 0),
            (Some("0"), 0),
            (Some("12"), 12),
            (Some("%312"), 12),
            (Some("1987654320"), 1_987_654_320),
            (Some("19876543210"), 19_876_543_210),
            (Some("1987654320;"), 1_987_654_320),
            (Some("12abc"), 12),
            (Some("-5"), -5),
            (Some("+7"), 7),
            (Some("abc"), 0),
            (Some("0x10"), 0),
            (Some("- 5"), 0),
            (Some("99999999999999999999"), i64::MAX),
        ] {
            let cookie = text.filter(|text| !text.is_empty()).map(|text: &str| CookieValue(text.as_bytes()));
            assert_eq!(client_uat(cookie), expected, "{text:?}");
        }
    }
}
