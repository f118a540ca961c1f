//! Points in time as requests write them, for example `2024-05-01T12:30:00.250Z`.

use clerk_core::Timestamp;

/// Reads a time; `None` where the text has another form or names no real day or hour. Digits beyond
/// milliseconds are dropped.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    let (date, rest) = text.split_once(['T', 't', ' '])?;
    let mut date = date.split('-');
    let (year, month, day) = (number(date.next()?, 4)?, number(date.next()?, 2)?, number(date.next()?, 2)?);
    if date.next().is_some() {
        return None;
    }
    let (time, offset) = match rest.strip_suffix(['Z', 'z']) {
        Some(time) => (time, 0),
        None => {
            let at = rest.rfind(['+', '-'])?;
            let (time, zone) = rest.split_at_checked(at)?;
            let sign = if zone.starts_with('-') { -1 } else { 1 };
            let (hours, minutes) = zone.get(1..)?.split_once(':')?;
            let (hours, minutes) = (number(hours, 2)?, number(minutes, 2)?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            (time, sign * (hours * 60 + minutes))
        }
    };
    let mut time = time.split(':');
    let (hour, minute) = (number(time.next()?, 2)?, number(time.next()?, 2)?);
    let last = time.next()?;
    let (second, fraction) = match last.split_once('.') {
        Some((second, fraction)) => (number(second, 2)?, millis(fraction)?),
        None => (number(last, 2)?, 0),
    };
    let real = time.next().is_none()
        && (1..=12).contains(&month)
        && (1..=days_in(year, month)).contains(&day)
        && hour <= 23
        && minute <= 59
        && second <= 60;
    real.then(|| {
        let seconds =
            days_since_1970(year, month, day) * 86_400 + (hour * 60 + minute - offset) * 60 + second;
        Timestamp::from_millis(seconds * 1000 + fraction)
    })
}

/// Exactly `digits` digits.
fn number(text: &str, digits: usize) -> Option<i64> {
    let plain = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// What stands behind the point of a second, as milliseconds.
fn millis(fraction: &str) -> Option<i64> {
    let plain = !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| format!("{fraction:0<3}").get(..3)?.parse().ok()).flatten()
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 in the Gregorian calendar, counted in years that begin in March.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month = (month + 9) % 12;
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year - 719_468
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
