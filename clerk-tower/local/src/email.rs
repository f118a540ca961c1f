//! Validation of email addresses.

/// Returns whether a string is an email address that people use. Clerk checks more, for example the top-level domain.
pub(crate) fn is_email(text: &str) -> bool {
    let Some((local, host)) = text.split_once('@') else { return false };
    let is_atom = |part: &str| {
        !part.is_empty()
            && part.chars().all(|letter| letter.is_alphanumeric() || "!#$%&'*+/=?^_`{|}~-".contains(letter))
    };
    let is_label = |part: &str| {
        !part.starts_with('-')
            && !part.ends_with('-')
            && !part.is_empty()
            && part.chars().all(|letter| letter.is_alphanumeric() || letter == '-')
    };
    local.len() <= 64 && host.len() <= 253 && local.split('.').all(is_atom) && host.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_people_use_are_told_from_mistakes_and_markup() {
        let (longest, too_long) =
            (format!("{}@a.example", "x".repeat(64)), format!("{}@a.example", "x".repeat(65)));
        for good in [
            "ada@example.com",
            "ada+clerk_test@example.com",
            "o'brien@mail.example.co.uk",
            "a.b_c-d@x-y.example",
            "ada@localhost",
            "zoë@bücher.example",
            &longest,
        ] {
            assert!(is_email(good), "{good}");
        }
        for bad in [
            "",
            "ada",
            "@example.com",
            "ada@",
            "ada@b@example.com",
            "a@example.com,b@example.com",
            "a;b@example.com",
            "<b>@example.com",
            "\"<script>\"@example.com",
            "a b@example.com",
            "a@exa mple.com",
            "a@example.com\n",
            "a\u{202e}@example.com",
            ".a@example.com",
            "a..b@example.com",
            "a@-x.example",
            "a@x..example",
            "a@x.example.",
            &too_long,
        ] {
            assert!(!is_email(bad), "{bad:?}");
        }
    }
}
