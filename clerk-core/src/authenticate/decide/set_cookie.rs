//! The cookies of a handshake or a refresh, each as a `Set-Cookie` value.

use http::{HeaderName, HeaderValue, header::SET_COOKIE};

/// Upper bound on the number of cookies. Clerk sets a handful.
///
/// The limits keep a response from growing beyond what servers and proxies accept.
const MAX_LINES: usize = 64;
/// Upper bound on the length of one cookie in bytes. Browsers ignore cookies of more than 4 KiB.
const MAX_LENGTH: usize = 16 * 1024;

pub(super) struct SetCookies<'a> {
    lines: &'a [String],
    beyond: usize,
}

impl<'a> SetCookies<'a> {
    pub(super) fn read(lines: &'a [String]) -> Self {
        let (lines, beyond) = lines.split_at(lines.len().min(MAX_LINES));
        Self { lines, beyond: beyond.len() }
    }

    /// Returns the session token among them. The last one wins, and an empty one counts as missing.
    pub(super) fn session(&self) -> Option<&'a str> {
        let mut values = self.lines.iter().rev().filter_map(|line| {
            let pair = line.split_once(';').map_or(&**line, |(pair, _)| pair);
            let (name, value) = pair.split_once('=')?;
            // Clerk's SDK splits at every `=`. A JWT contains none.
            let value = value.split_once('=').map_or(value, |(value, _)| value);
            name.starts_with("__session").then_some(value)
        });
        values.next().filter(|value| !value.is_empty())
    }

    /// Appends every line unchanged. Returns how many were dropped because there are too many, or because they are too
    /// long or not valid header values, such as lines with a line break (response splitting).
    pub(super) fn append_to(&self, headers: &mut Vec<(HeaderName, HeaderValue)>) -> usize {
        let mut dropped = self.beyond;
        for line in self.lines {
            match HeaderValue::from_str(line) {
                Ok(value) if value.len() <= MAX_LENGTH => {
                    headers.push((SET_COOKIE, value));
                }
                _ => dropped = dropped.saturating_add(1),
            }
        }
        dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(lines: &[&str]) -> Vec<String> {
        lines.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_last_session_cookie_wins() {
        for (given, expected) in [
            (&["__session=a.b.c; Path=/"][..], Some("a.b.c")),
            (&["__session_naoXFJnI=a; Path=/", "__session=b"], Some("b")),
            (&["__session=a", "__session_naoXFJnI=b"], Some("b")),
            (&["__session=a=b; Path=/"], Some("a")),
            (&["__session=; Path=/"], None),
            (&["__session=a", "__session="], None),
            (&["__client_uat=1", "x__session=a", "__session"], None),
            (&["x=1; __session=a"], None),
            (&[], None),
        ] {
            assert_eq!(SetCookies::read(&lines(given)).session(), expected, "{given:?}");
        }
    }

    #[test]
    fn invalid_header_values_are_dropped_and_counted() {
        let [longest, too_long] = [16 * 1024, 16 * 1024 + 1].map(|length| "x".repeat(length));
        let given = lines(&["a=1", "b=2\r\nx: y", "c=3\0", "", &too_long, &longest, "e=5"]);
        let mut headers = Vec::new();
        assert_eq!(SetCookies::read(&given).append_to(&mut headers), 3);
        let kept =
            ["a=1", "", &longest, "e=5"].map(|line| (SET_COOKIE, HeaderValue::from_str(line).unwrap()));
        assert_eq!(headers, kept);
        let many = vec!["a=1".to_owned(); 100];
        assert_eq!(SetCookies::read(&many).append_to(&mut Vec::new()), 36);
    }
}
