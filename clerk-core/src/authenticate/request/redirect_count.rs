//! The cookie that counts redirects, so that no browser goes in circles.

use http::HeaderValue;

/// How often a browser was redirected within the last few seconds: the value of the cookie
/// [`RedirectCount::COOKIE`].
///
/// The browser keeps the count, so the limit holds for browsers that keep cookies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RedirectCount(u32);

impl RedirectCount {
    /// The name of the cookie.
    pub const COOKIE: &'static str = "__clerk_redirect_count";
    /// How often a browser is redirected in a row.
    pub const LIMIT: u32 = 3;

    /// Parses the cookie's value: decimal digits, else zero.
    #[must_use]
    pub fn parse(cookie: Option<&str>) -> Self {
        let digits = cookie.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
        // A number that is too large is beyond the limit too.
        Self(digits.map_or(0, |digits| digits.parse().unwrap_or(u32::MAX)))
    }

    /// Whether the browser was not redirected yet.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Whether the browser must not be redirected again.
    #[must_use]
    pub const fn is_at_limit(self) -> bool {
        self.0 >= Self::LIMIT
    }

    /// Returns the `Set-Cookie` line that counts one more redirect, and is kept for `max_age` seconds.
    #[must_use]
    pub fn next_cookie(self, max_age: u32) -> Option<HeaderValue> {
        let (name, count) = (Self::COOKIE, self.0.saturating_add(1));
        HeaderValue::try_from(format!("{name}={count}; SameSite=Lax; HttpOnly; Max-Age={max_age}")).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_count_has_digits_only() {
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
    fn three_redirects_are_the_limit() {
        for (count, is_at_limit) in [("0", false), ("2", false), ("3", true), ("99999999999", true)] {
            assert_eq!(RedirectCount::parse(Some(count)).is_at_limit(), is_at_limit, "{count}");
        }
        let line = RedirectCount::default().next_cookie(2).unwrap();
        assert_eq!(line, "__clerk_redirect_count=1; SameSite=Lax; HttpOnly; Max-Age=2");
    }
}
