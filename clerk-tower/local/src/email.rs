//! Validation of email addresses.

/// Returns whether a string looks like an email address. Only catches typos; Clerk checks more.
pub(crate) fn is_email(text: &str) -> bool {
    let plain = !text.contains(|letter: char| letter.is_whitespace() || letter.is_control());
    plain && text.rsplit_once('@').is_some_and(|(local, host)| !local.is_empty() && !host.is_empty())
}
