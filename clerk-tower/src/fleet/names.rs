//! The names of keys and channels in an engine.

use std::fmt::Display;

/// Names of one instance's keys and of its channel.
#[derive(Clone, Debug)]
pub(crate) struct Names(String);

impl Names {
    /// A prefix may have this many characters, and an instance too.
    pub(super) const MAX_LENGTH: usize = 64;

    /// `prefix` and `instance` are [valid](is_valid).
    pub(super) fn new(prefix: &str, instance: &str) -> Self {
        // Redis Cluster hashes only what is in braces, so all keys of an instance are on one node and a command may take
        // several of them. The number is the version of the layout: versions that differ do not see each other's keys.
        Self(format!("{{{prefix}:{instance}}}:1"))
    }

    /// Returns the key of a value. `rest` has visible ASCII characters.
    pub(crate) fn key(&self, kind: &str, rest: impl Display) -> String {
        format!("{}:{kind}:{rest}", self.0)
    }

    /// Returns the channel. It has no version: processes of another version have to notice each other.
    pub(super) fn channel(&self) -> String {
        let (instance, _) = self.0.rsplit_once(':').unwrap_or((&self.0, ""));
        format!("{instance}:notices")
    }
}

/// Whether this can be a part of a key: visible ASCII without braces.
pub(super) fn is_valid(part: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'{' | b'}');
    (1..=Names::MAX_LENGTH).contains(&part.len()) && part.bytes().all(is_allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_names_of_an_instance_have_one_hash_tag() {
        let names = Names::new("clerk", "clerk.example.com");
        assert_eq!(names.key("change", 7), "{clerk:clerk.example.com}:1:change:7");
        assert_eq!(names.channel(), "{clerk:clerk.example.com}:notices");
    }

    #[test]
    fn what_a_name_may_contain() {
        for (part, valid) in [
            ("clerk", true),
            ("a:b.c-d_1/2", true),
            ("", false),
            ("a b", false),
            ("a{b", false),
            ("a}b", false),
            ("ä", false),
            ("a\n", false),
        ] {
            assert_eq!(is_valid(part), valid, "{part}");
        }
        assert!(is_valid(&"x".repeat(64)) && !is_valid(&"x".repeat(65)));
    }
}
