use std::time::Duration;

use crate::Timestamp;

/// Parses a `Retry-After` header (RFC 9110, section 10.2.3) into the time to wait, counted from `now`.
///
/// Accepts whole seconds or an HTTP date. A date in the past means zero. Returns `None` for any other value. The
/// result is at most one day, so that arithmetic on it cannot overflow.
///
/// ```
/// use std::time::Duration;
/// use clerk_core::{Timestamp, decode::retry_after};
///
/// let now = Timestamp::from_secs(784_111_770);
/// assert_eq!(retry_after("7", now), Some(Duration::from_secs(7)));
/// assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now), Some(Duration::from_secs(7)));
/// assert_eq!(retry_after("soon", now), None);
/// ```
#[must_use]
pub fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // A number that does not fit in 64 bits is still a valid, very long wait.
        return Some(value.parse().map_or(LONGEST, |secs| Duration::from_secs(secs).min(LONGEST)));
    }
    let date = Timestamp::from(httpdate::parse_http_date(value).ok()?);
    let wait = date.as_millis().saturating_sub(now.as_millis());
    Some(Duration::from_millis(u64::try_from(wait).unwrap_or(0)).min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn both_forms_and_their_edges() {
        let now = Timestamp::from_secs(784_111_777);
        let day = Some(Duration::from_secs(86_400));
        for (value, want) in [
            ("0", Some(Duration::ZERO)),
            (" 12 ", Some(Duration::from_secs(12))),
            ("1000000000000000000000000000000", day),
            ("Sun, 06 Nov 1994 08:49:30 GMT", Some(Duration::ZERO)),
            ("Sat, 06 Nov 2094 08:49:30 GMT", day),
            ("-1", None),
            ("1.5", None),
            ("", None),
            ("tomorrow", None),
        ] {
            assert_eq!(retry_after(value, now), want, "{value}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(value in "\\PC{0,40}", now in any::<i64>()) {
            let _ = retry_after(&value, Timestamp::from_millis(now));
        }
    }
}
