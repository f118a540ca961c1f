//! Path patterns in the syntax of path-to-regexp 6, which Clerk's documentation uses for organization URLs.
//!
//! `:name` matches one segment, `(.*)` anything and `{…}` is a group; `?`, `*` and `+` follow what they repeat. A pattern
//! matches the whole path and ignores case; a `/` at the end is optional. Of several parameters with the same name, the
//! last one that matches counts. A repeated parameter has a list of values, and so none that identifies an organization.
//!
//! Patterns are compiled with `regex-lite`, whose matching time is linear: paths are untrusted, and a backtracking engine
//! could be stalled by one (ReDoS).

use regex_lite::{Regex, RegexBuilder};

/// A compiled pattern.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    regex: Regex,
    /// The names of the capture groups, in order; `None` for groups without a name.
    names: Vec<Option<Name>>,
}

/// The name of a parameter.
#[derive(Clone, Debug)]
struct Name {
    text: String,
    /// Whether it is repeated, and so has a list of values.
    is_list: bool,
}

/// Error when a pattern is not valid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the pattern {pattern:?} is not valid: {problem}")]
pub struct PatternError {
    pattern: String,
    problem: String,
}

/// Upper bound on the length of a pattern in bytes, since compiling one costs memory.
const MAX_LENGTH: usize = 1000;

impl Pattern {
    pub(super) fn parse(pattern: &str) -> Result<Self, PatternError> {
        let error = |problem: String| PatternError { pattern: pattern.to_owned(), problem };
        if pattern.len() > MAX_LENGTH {
            return Err(error("it is longer than 1000 bytes".to_owned()));
        }
        let mut compiler = Compiler {
            rest: pattern,
            regex: String::from("^"),
            names: Vec::new(),
            last: Last::Text(String::new()),
        };
        compiler.run().map_err(error)?;
        let Compiler { mut regex, names, .. } = compiler;
        regex.push_str("[/#?]?$");
        let regex = RegexBuilder::new(&regex).case_insensitive(true).build().map_err(|_| {
            error("one of its parts in parentheses is not a valid regular expression".to_owned())
        })?;
        Ok(Self { regex, names })
    }

    /// Matches a path and returns its parameters by name. They are not percent-decoded.
    pub(super) fn captures<'p>(&'p self, path: &'p str) -> Option<impl Fn(&str) -> Option<&'p str>> {
        let found = self.regex.captures(path)?;
        Some(move |wanted: &str| {
            // The first group is the whole match.
            let parts = self.names.iter().zip(found.iter().skip(1));
            let named = parts.filter_map(|(name, part)| Some((name.as_ref()?, part?)));
            let (name, part) = named.filter(|(name, _)| name.text == wanted).last()?;
            (!name.is_list).then(|| part.as_str())
        })
    }
}

struct Compiler<'a> {
    rest: &'a str,
    regex: String,
    names: Vec<Option<Name>>,
    last: Last,
}

/// What stands before the current position.
enum Last {
    /// Text since the last part, or since the start.
    Text(String),
    Part,
}

/// What `:name` matches unless a group in parentheses follows: one segment, without the character that separates the
/// parameter from the one before it.
fn segment(separator: &str) -> String {
    let separator = if separator.chars().count() == 1 { separator } else { "" };
    format!("[^/#?{}]+?", regex_lite::escape(separator))
}

/// A part of a pattern that captures something of the path.
struct Part {
    prefix: String,
    name: Option<String>,
    regex: Option<String>,
    suffix: String,
}

impl<'a> Compiler<'a> {
    fn run(&mut self) -> Result<(), String> {
        while let Some(next) = self.rest.chars().next() {
            match next {
                '{' => self.group()?,
                ':' | '(' => self.part(String::new())?,
                '}' | '*' | '+' | '?' => return Err(format!("{next:?} follows nothing")),
                _ => {
                    let is_plain = next != '\\';
                    let literal = self.literal()?;
                    // A slash or a dot before a part belongs to it: both are repeated or optional together.
                    if is_plain && matches!(next, '/' | '.') && self.rest.starts_with([':', '(']) {
                        self.part(literal)?;
                    } else {
                        self.text(&literal);
                    }
                }
            }
        }
        Ok(())
    }

    fn text(&mut self, literal: &str) {
        self.regex.push_str(&regex_lite::escape(literal));
        match &mut self.last {
            Last::Text(text) => text.push_str(literal),
            Last::Part => self.last = Last::Text(literal.to_owned()),
        }
    }

    /// Reads one character, which may be escaped with a backslash.
    fn literal(&mut self) -> Result<String, String> {
        let escaped = self.rest.strip_prefix('\\');
        let mut chars = escaped.unwrap_or(self.rest).chars();
        let literal = chars.next().ok_or("it ends with a backslash")?;
        self.rest = chars.as_str();
        Ok(literal.to_string())
    }

    fn part(&mut self, prefix: String) -> Result<(), String> {
        let (name, regex) = (self.name()?, self.parentheses()?);
        self.emit(Part { prefix, name, regex, suffix: String::new() })
    }

    fn group(&mut self) -> Result<(), String> {
        self.rest = self.rest.strip_prefix('{').unwrap_or(self.rest);
        let prefix = self.plain()?;
        let (name, regex) = (self.name()?, self.parentheses()?);
        let suffix = self.plain()?;
        self.rest =
            self.rest.strip_prefix('}').ok_or("a group in braces is not closed, or contains two parts")?;
        self.emit(Part { prefix, name, regex, suffix })
    }

    /// Reads characters without a special meaning.
    fn plain(&mut self) -> Result<String, String> {
        let mut text = String::new();
        while self.rest.chars().next().is_some_and(|next| !"{}:(*+?".contains(next)) {
            text.push_str(&self.literal()?);
        }
        Ok(text)
    }

    fn name(&mut self) -> Result<Option<String>, String> {
        let Some(rest) = self.rest.strip_prefix(':') else { return Ok(None) };
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        let (name, rest) = rest.split_at(end);
        if name.is_empty() {
            return Err("a colon is not followed by a name".to_owned());
        }
        self.rest = rest;
        Ok(Some(name.to_owned()))
    }

    /// Reads a regular expression in parentheses.
    ///
    /// It must not contain capture groups, which would shift the positions in `names`.
    fn parentheses(&mut self) -> Result<Option<String>, String> {
        let Some(rest) = self.rest.strip_prefix('(') else { return Ok(None) };
        if rest.starts_with('?') {
            return Err("a part in parentheses starts with a question mark".to_owned());
        }
        let (mut depth, mut escaped, mut after_open) = (1_u32, false, false);
        for (at, next) in rest.char_indices() {
            if after_open && next != '?' {
                return Err(
                    "a part in parentheses contains a capture group; start inner groups with ?:".to_owned()
                );
            }
            after_open = false;
            match next {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '(' => {
                    depth = depth.saturating_add(1);
                    after_open = true;
                }
                ')' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                let (regex, rest) = rest.split_at(at);
                if regex.is_empty() {
                    return Err("a part in parentheses is empty".to_owned());
                }
                self.rest = rest.strip_prefix(')').unwrap_or(rest);
                return Ok(Some(regex.to_owned()));
            }
        }
        Err("a parenthesis is not closed".to_owned())
    }

    fn modifier(&mut self) -> &'a str {
        let is_modifier = self.rest.starts_with(['?', '*', '+']);
        let (modifier, rest) = self.rest.split_at(usize::from(is_modifier));
        self.rest = rest;
        modifier
    }

    fn emit(&mut self, part: Part) -> Result<(), String> {
        let modifier = self.modifier();
        let (prefix, suffix) = (regex_lite::escape(&part.prefix), regex_lite::escape(&part.suffix));
        let last = std::mem::replace(&mut self.last, Last::Part);
        if part.name.is_none() && part.regex.is_none() {
            self.regex.push_str(&format!("(?:{prefix}{suffix}){modifier}"));
            return Ok(());
        }
        let inner = match (part.regex, last) {
            (Some(regex), _) => regex,
            // Nothing would say where one ends and the other starts.
            (None, Last::Part) if part.prefix.is_empty() => {
                return Err("a parameter follows another one without text between them".to_owned());
            }
            (None, Last::Text(text)) if part.prefix.is_empty() => segment(&text),
            (None, _) => segment(&part.prefix),
        };
        let is_list = matches!(modifier, "*" | "+");
        self.names.push(part.name.map(|text| Name { text, is_list }));
        let regex = match (prefix.is_empty() && suffix.is_empty(), is_list) {
            (true, true) => {
                return Err(format!("{modifier:?} repeats a parameter without text before or after it"));
            }
            (true, false) => format!("({inner}){modifier}"),
            (false, true) => {
                let optional = if modifier == "*" { "?" } else { "" };
                format!("(?:{prefix}((?:{inner})(?:{suffix}{prefix}(?:{inner}))*){suffix}){optional}")
            }
            (false, false) => format!("(?:{prefix}({inner}){suffix}){modifier}"),
        };
        self.regex.push_str(&regex);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn slug(pattern: &str, path: &str) -> Option<String> {
        let pattern = Pattern::parse(pattern).unwrap();
        let captures = pattern.captures(path)?;
        Some(captures("slug").unwrap_or("-").to_owned())
    }

    #[test]
    fn patterns_match_as_in_path_to_regexp() {
        for (pattern, path, expected) in [
            ("/orgs/:slug", "/orgs/acme", Some("acme")),
            ("/orgs/:slug", "/orgs/acme/", Some("acme")),
            ("/orgs/:slug", "/ORGS/Acme", Some("Acme")),
            ("/orgs/:slug", "/orgs/a%20b", Some("a%20b")),
            ("/orgs/:slug", "/orgs/", None),
            ("/orgs/:slug", "/orgs/acme/x", None),
            ("/orgs/:slug", "/x/orgs/acme", None),
            ("/orgs/:slug/(.*)", "/orgs/acme/", Some("acme")),
            ("/orgs/:slug/(.*)", "/orgs/acme/x/y", Some("acme")),
            ("/orgs/:slug/(.*)", "/orgs/acme", None),
            ("/orgs/:slug?", "/orgs", Some("-")),
            ("/orgs/:slug?", "/orgs/acme", Some("acme")),
            // Repeated: a list of values.
            ("/orgs/:slug*", "/orgs/a/b", Some("-")),
            ("/orgs/:slug*", "/orgs", Some("-")),
            ("/orgs/:slug+", "/orgs", None),
            ("/orgs/:slug+", "/orgs/a/b/", Some("-")),
            ("/orgs/:slug+", "/orgs/a", Some("-")),
            // The last one of a name that matches counts.
            ("/:slug/:slug", "/a/b", Some("b")),
            ("/:slug/x/:slug?", "/a/x", Some("a")),
            ("/:slug/x/:slug?", "/a/x/b", Some("b")),
            ("/:slug/x/:slug*", "/a/x/b", Some("-")),
            ("/:id-:slug", "/a-b-c", Some("c")),
            ("/:id(a):slug(b)", "/ab", Some("b")),
            ("/{:id-}?:slug(b)", "/a-b", Some("b")),
            ("/{:slug/}*", "/a/b/", Some("-")),
            ("/orgs/:slug([a-z]+)", "/orgs/acme", Some("acme")),
            ("/orgs/:slug([a-z]+)", "/orgs/9", None),
            ("/o-:slug", "/o-acme", Some("acme")),
            ("/{org-:slug}?", "/org-acme", Some("acme")),
            ("/{org-:slug-x}?", "/", Some("-")),
            ("/a{/b}?/:slug", "/a/b/acme", Some("acme")),
            ("/a{/b}?/:slug", "/a/acme", Some("acme")),
            ("/a.:slug", "/a.acme", Some("acme")),
            ("/a.:slug", "/abacme", None),
            // A parameter does not contain the character before it.
            ("/a.:slug", "/a.b.c", None),
            ("/a-:slug", "/a-b-c", Some("b-c")),
            // Parentheses that are escaped do not count.
            ("/:slug(\\(a\\))", "/(a)", Some("(a)")),
            ("/:slug(\\\\)", "/\\", Some("\\")),
            ("/a\\:slug", "/a:slug", Some("-")),
        ] {
            assert_eq!(slug(pattern, path).as_deref(), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn errors_say_what_is_wrong() {
        for (pattern, says) in [
            ("/:", "not followed by a name"),
            ("/(", "not closed"),
            ("/()", "empty"),
            ("/(?:a)", "question mark"),
            ("/(a(b))", "capture group"),
            ("/{a", "not closed"),
            ("/{:a:b}", "two parts"),
            ("/a*", "follows nothing"),
            ("}", "follows nothing"),
            ("/a\\", "backslash"),
            ("/:id:slug", "without text between them"),
            ("/:id(a):slug", "without text between them"),
            ("/{:id}{:slug}", "without text between them"),
            ("/{/b}?:slug", "without text between them"),
            ("/{:slug}*", "without text before or after"),
            ("/{:slug}+", "without text before or after"),
            ("/a:slug*", "without text before or after"),
            ("/a(.*)*", "without text before or after"),
            ("/([)", "not a valid regular expression"),
            ("/(a{9999999})", "not a valid regular expression"),
        ] {
            let error = Pattern::parse(pattern).map(drop).unwrap_err().to_string();
            assert!(error.contains(says), "{pattern}: {error}");
        }
        for (length, is_good) in [(1000, true), (1001, false)] {
            assert_eq!(Pattern::parse(&"a".repeat(length)).is_ok(), is_good, "{length}");
        }
    }

    proptest! {
        #[test]
        fn patterns_never_panic(pattern in "[/a:(){}?*+.\\\\\\[\\]^$|-]{0,24}", path in "[/a-c:#?.%]{0,24}") {
            if let Ok(pattern) = Pattern::parse(&pattern) {
                let _ = pattern.captures(&path).map(|captures| captures("a").map(str::len));
            }
        }
    }
}
