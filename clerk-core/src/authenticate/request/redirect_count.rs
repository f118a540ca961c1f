//! The cookie that counts redirects, to stop redirect loops.

use http::HeaderValue;

/// Number of times that a browser was redirected within the last seconds: the value of the cookie
/// [`RedirectCount::COOKIE`].
///
/// The browser stores the count, so the limit works only for browsers that store cookies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RedirectCount(u32);

impl RedirectCount {
    /// The name of the cookie.
    pub const COOKIE: &'static str = "__clerk_redirect_count";
    /// The maximum number of redirects in a row, as in Clerk's SDK.
    pub const LIMIT: u32 = 3;

    /// Parses the cookie's value. Anything but decimal digits counts as zero.
    #[must_use]
    pub fn parse(cookie: Option<&str>) -> Self {
        let digits = cookie.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
        // A number that is too large is above the limit as well.
        Self(digits.map_or(0, |digits| digits.parse().unwrap_or(u32::MAX)))
    }

    /// Whether the browser was not redirected yet.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Whether the browser was redirected more than once.
    pub(crate) const fn is_repeated(self) -> bool {
        self.0 > 1
    }

    /// Whether the browser must not be redirected again.
    #[must_use]
    pub const fn is_at_limit(self) -> bool {
        self.0 >= Self::LIMIT
    }

    /// Returns the `Set-Cookie` value that counts one more redirect. The cookie expires after `max_age` seconds.
    #[must_use]
    pub fn next_cookie(self, max_age: u32) -> Option<HeaderValue> {
        // `SameSite=Lax` cookies are sent when the browser returns from Clerk. Without `Secure`, the limit also works for
        // development over plain HTTP.
        let (name, count) = (Self::COOKIE, self.0.saturating_add(1));
        HeaderValue::try_from(format!("{name}={count}; SameSite=Lax; HttpOnly; Max-Age={max_age}")).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_digits_are_parsed() {
        for (text, expected) in [
            (None, 0),
            (Some("3"), 3),
            (Some("007"), 7),
            (Some("3.0"), 0),
            (Some("0x3"), 0),
            (Some("-1"), 0),
            (Some(" 3"), 0),
            (Some("99999999999"), u32::MAX),
        ] {
            assert_eq!(RedirectCount::parse(text).0, expected, "{text:?}");
        }
    }

    #[test]
    fn the_limit_is_three_redirects() {
        for (text, is_repeated, is_at_limit) in [
            ("0", false, false),
            ("1", false, false),
            ("2", true, false),
            ("3", true, true),
            ("99999999999", true, true),
        ] {
            let count = RedirectCount::parse(Some(text));
            assert_eq!((count.is_repeated(), count.is_at_limit()), (is_repeated, is_at_limit), "{text}");
        }
        let line = RedirectCount::default().next_cookie(2).unwrap();
        assert_eq!(line, "__clerk_redirect_count=1; SameSite=Lax; HttpOnly; Max-Age=2");
    }
}
