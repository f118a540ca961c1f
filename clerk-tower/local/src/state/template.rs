//! Templates of emails and SMS messages.

use clerk_core::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::INSTANCE_ID;
use crate::table::Row;

/// A template that every instance has.
pub(crate) struct BuiltIn {
    pub(crate) slug: &'static str,
    pub(crate) name: &'static str,
    subject: &'static str,
    body: &'static str,
    /// The variable that the body must contain.
    pub(crate) required: Option<&'static str>,
}

const fn built_in(
    slug: &'static str,
    name: &'static str,
    subject: &'static str,
    body: &'static str,
    required: Option<&'static str>,
) -> BuiltIn {
    BuiltIn { slug, name, subject, body, required }
}

const CODE: Option<&str> = Some("otp_code");
const LINK: Option<&str> = Some("magic_link");
const ACTION: Option<&str> = Some("action_url");

/// The templates of emails, in their order.
pub(crate) const EMAILS: &[BuiltIn] = &[
    built_in(
        "verification_code",
        "Verification code",
        "{{otp_code}} is your verification code",
        "Your code: {{otp_code}}",
        CODE,
    ),
    built_in(
        "reset_password_code",
        "Reset password code",
        "{{otp_code}} is your code to reset your password",
        "Your code: {{otp_code}}",
        CODE,
    ),
    built_in(
        "magic_link_sign_in",
        "Sign-in link",
        "Sign in to {{app.name}}",
        "Sign in: {{magic_link}}",
        LINK,
    ),
    built_in(
        "magic_link_sign_up",
        "Sign-up link",
        "Verify your email for {{app.name}}",
        "Sign up: {{magic_link}}",
        LINK,
    ),
    built_in(
        "magic_link_user_profile",
        "Verification link",
        "Verify your email for {{app.name}}",
        "Verify: {{magic_link}}",
        LINK,
    ),
    built_in("invitation", "Invitation", "Your invitation to {{app.name}}", "Accept: {{action_url}}", ACTION),
    built_in(
        "organization_invitation",
        "Organization invitation",
        "You are invited to join {{org.name}}",
        "Join: {{action_url}}",
        ACTION,
    ),
    built_in(
        "waitlist_confirmation",
        "Waitlist confirmation",
        "You are on the waitlist of {{app.name}}",
        "We will write to you.",
        None,
    ),
    built_in(
        "waitlist_invitation",
        "Waitlist invitation",
        "You can join {{app.name}}",
        "Join: {{action_url}}",
        ACTION,
    ),
    built_in(
        "affiliation_code",
        "Affiliation code",
        "{{otp_code}} is your verification code",
        "Your code: {{otp_code}}",
        CODE,
    ),
    built_in(
        "password_changed",
        "Password changed",
        "Your password was changed",
        "Your password was changed.",
        None,
    ),
    built_in(
        "password_removed",
        "Password removed",
        "Your password was removed",
        "Your password was removed.",
        None,
    ),
    built_in("passkey_removed", "Passkey removed", "A passkey was removed", "A passkey was removed.", None),
    built_in(
        "primary_email_address_changed",
        "Primary email address changed",
        "Your primary email address was changed",
        "Your primary email address was changed.",
        None,
    ),
];

/// The templates of SMS messages, in their order.
pub(crate) const MESSAGES: &[BuiltIn] = &[
    built_in("verification_code", "Verification code", "", "{{otp_code}} is your verification code", CODE),
    built_in(
        "reset_password_code",
        "Reset password code",
        "",
        "{{otp_code}} is your code to reset your password",
        CODE,
    ),
];

/// A template, as the application changed it.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Template {
    /// The type and the slug: `email/verification_code`.
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) subject: Option<String>,
    pub(crate) markup: String,
    pub(crate) body: String,
    pub(crate) from_email_name: String,
    pub(crate) reply_to_email_name: String,
    pub(crate) delivered_by_clerk: bool,
    pub(crate) updated_at: Timestamp,
}

impl Row for Template {
    const NAME: &'static str = "template";

    fn id(&self) -> &str {
        &self.id
    }
}

impl Template {
    /// Returns a built-in template of a type.
    pub(crate) fn new(kind: &str, built_in: &BuiltIn, sender: &str, now: Timestamp) -> Self {
        Self {
            id: format!("{kind}/{}", built_in.slug),
            name: built_in.name.to_owned(),
            subject: (kind == "email").then(|| built_in.subject.to_owned()),
            markup: String::new(),
            body: built_in.body.to_owned(),
            from_email_name: sender.to_owned(),
            reply_to_email_name: String::new(),
            delivered_by_clerk: true,
            updated_at: now,
        }
    }

    pub(crate) fn render(&self, built_in: &BuiltIn, position: usize, is_changed: bool) -> Value {
        let kind = self.id.split('/').next().unwrap_or_default();
        json!({
            "object": "template",
            "id": format!("tmpl_{kind}_{}", built_in.slug),
            "instance_id": is_changed.then_some(INSTANCE_ID),
            "resource_type": if is_changed { "user" } else { "system" },
            "template_type": kind,
            "name": self.name,
            "slug": built_in.slug,
            "position": position,
            "can_revert": is_changed,
            "can_delete": false,
            "can_edit_body": true,
            "can_toggle": true,
            "subject": self.subject,
            "markup": self.markup,
            "body": self.body,
            "available_variables": ["app.name", "otp_code", "magic_link", "action_url", "org.name"],
            "required_variables": built_in.required.into_iter().collect::<Vec<_>>(),
            "from_email_name": self.from_email_name,
            "reply_to_email_name": self.reply_to_email_name,
            "delivered_by_clerk": self.delivered_by_clerk,
            "enabled": true,
            "flagged_as_suspicious": false,
            "created_at": self.updated_at,
            "updated_at": self.updated_at,
        })
    }
}
