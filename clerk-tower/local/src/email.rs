//! Email addresses, as far as they are checked.

/// Returns whether a string looks like an email address. Clerk checks more; here only a typo must not pass.
pub(crate) fn is_email(text: &str) -> bool {
    let plain = !text.contains(|letter: char| letter.is_whitespace() || letter.is_control());
    plain && text.rsplit_once('@').is_some_and(|(local, host)| !local.is_empty() && !host.is_empty())
}
