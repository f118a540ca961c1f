//! Sample strings that match formats, patterns and lengths.

use crate::ir::Valid;

/// The number of repetitions for an unbounded part of a pattern.
const TIMES: usize = 3;

/// A sample string for a field of this name, the `at`th of several distinct ones.
pub(crate) fn text(wire: &str, valid: &Valid, at: usize) -> String {
    if let Some(value) = valid.values.get(at % valid.values.len().max(1)) {
        return value.clone();
    }
    if let Some(pattern) = &valid.pattern {
        return Matching { rest: pattern, letter: at }.alternatives();
    }
    let number = at + 1;
    let most = valid.length.1.unwrap_or(usize::MAX);
    let mut text = match valid.format.as_deref() {
        Some("email") => format!("ada+{number}@example.com"),
        Some("uri") => format!("https://example.com/{number}?from=clerk"),
        Some("date-time") => format!("2030-01-0{number}T00:00:00Z"),
        Some("date") => format!("2030-01-0{number}"),
        _ if wire.contains("email_address") => format!("ada+{number}@example.com"),
        _ if wire.contains("phone_number") => format!("+1555555010{number}"),
        _ if wire.contains("url") => format!("https://example.com/{number}?from=clerk"),
        _ => {
            let words = wire.replace('_', " ");
            let words: String = words.chars().take(most.saturating_sub(2)).collect();
            format!("{words} {number}")
        }
    };
    while text.chars().count() < valid.length.0 {
        text.push('x');
    }
    text.chars().take(most).collect()
}

/// Builds a string that a pattern matches. Supports the constructs of Clerk's patterns: groups, alternatives,
/// classes, repetitions and anchors.
struct Matching<'a> {
    rest: &'a str,
    /// The index of the next character to take from a class.
    letter: usize,
}

impl Matching<'_> {
    fn next(&mut self) -> Option<char> {
        let letter = self.rest.chars().next()?;
        self.rest = self.rest.get(letter.len_utf8()..).unwrap_or_default();
        Some(letter)
    }

    /// Matches the first alternative, up to the end of the group.
    fn alternatives(&mut self) -> String {
        let (mut out, mut skipped) = (String::new(), false);
        while let Some(letter) = self.next() {
            let choices: Vec<char> = match letter {
                ')' => break,
                '|' => {
                    skipped = true;
                    continue;
                }
                '^' | '$' => continue,
                '(' => {
                    self.rest = self.rest.strip_prefix("?:").unwrap_or(self.rest);
                    let inner = self.alternatives();
                    let times = self.times();
                    if !skipped {
                        out.push_str(&inner.repeat(times));
                    }
                    continue;
                }
                '[' => self.class(),
                '\\' => match self.next() {
                    Some('w' | 'S') => ('0'..='9').chain('a'..='z').collect(),
                    Some('d') => ('0'..='9').collect(),
                    other => other.into_iter().collect(),
                },
                '.' => vec!['a'],
                other => vec![other],
            };
            for _ in 0..self.times() {
                let letter = choices.get(self.letter % choices.len().max(1));
                self.letter += usize::from(choices.len() > 1);
                if !skipped {
                    out.extend(letter);
                }
            }
        }
        out
    }

    /// The characters of a class, after its opening bracket.
    fn class(&mut self) -> Vec<char> {
        let (mut out, mut negated) = (Vec::new(), false);
        while let Some(letter) = self.next() {
            match letter {
                ']' => break,
                '^' if out.is_empty() => negated = true,
                '-' if !out.is_empty() && !self.rest.starts_with(']') => {
                    let from = out.pop().unwrap_or(letter);
                    out.extend(from..=self.next().unwrap_or(from));
                }
                other => out.push(other),
            }
        }
        if negated { ('a'..='z').filter(|letter| !out.contains(letter)).collect() } else { out }
    }

    /// The number of repetitions of the part that was just read.
    fn times(&mut self) -> usize {
        match self.rest.chars().next() {
            Some('?') => self.next().map_or(1, |_| 1),
            Some('*' | '+') => self.next().map_or(1, |_| TIMES),
            Some('{') => {
                let (times, rest) = self.rest.split_once('}').unwrap_or_default();
                self.rest = rest;
                let least = times.trim_start_matches('{').split(',').next().unwrap_or_default();
                least.parse().unwrap_or(1)
            }
            _ => 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_of_the_document() {
        for (pattern, want) in [
            (r"^user_\w{27}$", "user_0123456789abcdefghijklmnopq"),
            (r"^(user|org|mch)_\w{3}$", "user_012"),
            ("^ak_[0-9A-Fa-f]{12}$", "ak_0123456789AB"),
            ("^[A-Z]{2}$", "AB"),
            ("^[^_][A-Za-z0-9_-]*$", "aBCD"),
            (r"^(\S(.*\S)?)?$", "0aaa1"),
            ("^oauth_(?:(?:token_)|(?:custom_))?[a-z]+$", "oauth_token_abc"),
        ] {
            let valid = Valid { pattern: Some(pattern.to_owned()), ..Valid::default() };
            assert_eq!(text("any", &valid, 0), want, "{pattern}");
        }
    }

    #[test]
    fn lengths() {
        let valid = Valid { length: (0, Some(4)), ..Valid::default() };
        assert_eq!(text("key", &valid, 0), "ke 1");
        let valid = Valid { length: (8, None), ..Valid::default() };
        assert_eq!(text("key", &valid, 1), "key 2xxx");
    }
}
