use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::Problem;

/// All characters except the unreserved ones of RFC 3986 are encoded.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The maximum length of a segment in bytes. Clerk's IDs, slugs and names are shorter.
const MAX: usize = 512;

/// A path template whose parameters are set from left to right.
pub(super) struct Template {
    done: String,
    rest: &'static str,
}

impl Template {
    pub(super) fn new(template: &'static str) -> Self {
        Self { done: String::with_capacity(template.len() + 32), rest: template }
    }

    /// Sets the next parameter, `{name}`. A rejected value is also inserted, so that the next value goes to
    /// the next parameter; the error prevents the path from being used.
    pub(super) fn fill(&mut self, name: &'static str, value: &str) -> Result<(), Problem> {
        let checked = check(value);
        if let Some((before, after)) = self.rest.split_once('{')
            && let Some((place, rest)) = after.split_once('}')
        {
            debug_assert_eq!(place, name);
            self.done.push_str(before);
            self.done.extend(utf8_percent_encode(value, SEGMENT));
            self.rest = rest;
        }
        checked
    }

    /// Returns the path, if every parameter is set.
    pub(super) fn finish(mut self) -> Result<String, (&'static str, Problem)> {
        if let Some((_, after)) = self.rest.split_once('{') {
            return Err((after.split('}').next().unwrap_or(after), Problem::Empty));
        }
        self.done.push_str(self.rest);
        Ok(self.done)
    }
}

fn check(value: &str) -> Result<(), Problem> {
    match value {
        "" => Err(Problem::Empty),
        "." => Err(Problem::DotSegment(".")),
        ".." => Err(Problem::DotSegment("..")),
        // A server or proxy that decodes the path a second time would see a dot segment.
        _ if is_encoded_dots(value) => Err(Problem::DotSegment("an encoded dot segment")),
        _ if value.len() > MAX => Err(Problem::TooLong { len: value.len(), max: MAX }),
        _ => Ok(()),
    }
}

fn is_encoded_dots(value: &str) -> bool {
    if !value.contains('%') {
        return false;
    }
    let mut text = value.to_ascii_lowercase();
    loop {
        let next = text.replace("%25", "%").replace("%2e", ".");
        if next == text {
            return text == "." || text == "..";
        }
        text = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn filled(value: &str) -> Result<String, String> {
        let mut template = Template::new("/users/{user_id}/ban");
        template.fill("user_id", value).map_err(|p| p.to_string())?;
        template.finish().map_err(|(_, p)| p.to_string())
    }

    #[test]
    fn segments() {
        let cases = [
            ("user_1", Ok("/users/user_1/ban")),
            ("a/b?c#d", Ok("/users/a%2Fb%3Fc%23d/ban")),
            ("a b+c", Ok("/users/a%20b%2Bc/ban")),
            ("../organizations", Ok("/users/..%2Forganizations/ban")),
            ("é", Ok("/users/%C3%A9/ban")),
            ("a.b", Ok("/users/a.b/ban")),
            ("...", Ok("/users/.../ban")),
            ("", Err("empty")),
            (".", Err("\".\"")),
            ("..", Err("\"..\"")),
            ("%2e%2E", Err("dot segment")),
            ("%252e.", Err("dot segment")),
        ];
        for (value, want) in cases {
            match (filled(value), want) {
                (Ok(got), Ok(want)) => assert_eq!(got, want, "{value}"),
                (Err(got), Err(want)) => assert!(got.contains(want), "{value}: {got}"),
                (got, want) => panic!("{value}: {got:?} instead of {want:?}"),
            }
        }
        assert!(filled(&"x".repeat(MAX + 1)).is_err());
    }

    #[test]
    fn a_place_left_open_is_an_error() {
        let mut template = Template::new("/a/{one}/{two}");
        template.fill("one", "1").unwrap();
        assert_eq!(template.finish().unwrap_err().0, "two");
    }

    #[test]
    fn what_is_refused_in_one_place_is_not_taken_for_the_next() {
        let mut template = Template::new("/a/{one}/{two}");
        assert!(template.fill("one", "..").is_err());
        assert!(template.fill("two", "2").is_ok());
    }

    proptest! {
        /// Whatever is put in, the path keeps its number of segments and decodes to what was put in.
        #[test]
        fn a_value_stays_one_segment(value in "\\PC{1,40}") {
            if let Ok(path) = filled(&value) {
                let segments: Vec<_> = path.split('/').collect();
                prop_assert_eq!(segments.len(), 4);
                let back = percent_encoding::percent_decode_str(segments[2]).decode_utf8().unwrap();
                prop_assert_eq!(back, value);
                prop_assert!(http::Uri::try_from(path).is_ok());
            }
        }
    }
}
