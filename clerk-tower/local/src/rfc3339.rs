//! Points in time as requests write them, for example `2024-05-01T12:30:00.250Z`.

use clerk_core::Timestamp;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// Parses an RFC 3339 time. Digits beyond milliseconds are dropped.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    // `time` takes any character between the date and the time, as a note in section 5.6 allows.
    if !matches!(text.as_bytes().get(10), Some(b'T' | b't' | b' ')) {
        return None;
    }
    OffsetDateTime::parse(text, &Rfc3339).ok().map(Timestamp::from)
}

/// Formats a time in UTC, to the second.
pub(super) fn format(time: Timestamp) -> String {
    let time = OffsetDateTime::from_unix_timestamp(time.as_secs()).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let (year, month, day) = (time.year(), u8::from(time.month()), time.day());
    let (hour, minute, second) = time.to_hms();
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn times_are_read_to_the_millisecond() {
        for (text, millis) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1969-12-31T23:59:59.999Z", -1),
            ("2012-10-20T07:15:20.902Z", 1_350_717_320_902),
            ("2012-10-20T07:15:20.9029999Z", 1_350_717_320_902),
            ("2012-10-20T09:15:20.9+02:00", 1_350_717_320_900),
            ("2000-02-29T00:00:00-00:30", 951_784_200_000),
            ("2024-03-01t00:00:00z", 1_709_251_200_000),
        ] {
            assert_eq!(parse(text).map(|time| time.as_millis()), Some(millis), "{text}");
        }
        for text in [
            "",
            "2012-10-20",
            "2012-10-20T07:15Z",
            "2012-10-20T07:15:20",
            "2012-13-20T07:15:20Z",
            "2023-02-29T07:15:20Z",
            "2012-10-20T24:15:20Z",
            "2012-10-20T07:15:20.Z",
            "2012-10-20T07:15:20.x1Z",
            "2012-10-20T07:15:20:00Z",
            "2012-10-20T07:15:20+1:00",
            "1350717320902",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
