//! The emails and SMS messages that Clerk would have sent. They never leave the process.
//!
//! ```
//! use clerk_core::api::invitations;
//! use clerk_local::LocalClerk;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let local = LocalClerk::new();
//! local.client().send(invitations::create("ada@example.com")).await?;
//!
//! let message = local.last_message_to("ada@example.com").unwrap();
//! assert_eq!(message.slug, "invitation");
//! assert!(message.link.unwrap().contains("/v1/tickets/accept?ticket="));
//! # Ok(())
//! # }
//! ```
//!
//! Addresses such as `ada+clerk_test@example.com` and numbers from `+1 (XXX) 555-0100` to `+1 (XXX) 555-0199` get no
//! codes, but take `424242`, as at Clerk.

use std::fmt;

use crate::{LocalClerk, state::Message};

/// An email or an SMS message.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LocalMessage {
    /// The email address or the phone number that it goes to.
    pub to: String,
    /// The slug of Clerk's template, for example `verification_code` or `invitation`.
    pub slug: &'static str,
    /// The subject of an email, or the text of an SMS message.
    pub subject: String,
    /// The body. It follows the template, if the application has changed it with `PUT /templates/{template_type}/{slug}`.
    pub body: String,
    /// The code in it.
    pub code: Option<String>,
    /// The link in it.
    pub link: Option<String>,
    /// Whether Clerk would deliver it. Otherwise the application has turned that off for the template, and delivers it when
    /// it gets the webhook.
    pub delivered_by_clerk: bool,
}

impl From<&Message> for LocalMessage {
    fn from(message: &Message) -> Self {
        Self {
            to: message.to.clone(),
            slug: message.purpose.slug(),
            subject: message.subject.clone(),
            body: message.text(),
            code: message.code.clone(),
            link: message.link.clone(),
            delivered_by_clerk: message.is_delivered_by_clerk(),
        }
    }
}

impl fmt::Debug for LocalMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalMessage").field("slug", &self.slug).finish_non_exhaustive()
    }
}

impl LocalClerk {
    /// Returns the last 1,000 messages, the oldest first.
    #[must_use]
    pub fn messages(&self) -> Vec<LocalMessage> {
        self.state().outbox.iter().map(LocalMessage::from).collect()
    }

    /// Returns the last message to an email address or a phone number.
    #[must_use]
    pub fn last_message_to(&self, to: impl AsRef<str>) -> Option<LocalMessage> {
        let state = self.state();
        let message = state.outbox.iter().rfind(|message| message.to.eq_ignore_ascii_case(to.as_ref()));
        message.map(LocalMessage::from)
    }
}
