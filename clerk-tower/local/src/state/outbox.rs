//! The emails and SMS messages that Clerk would send. They never leave this process.

use clerk_core::{Timestamp, id::UserId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{ContactKind, State, Template};
use crate::{random, table::Row};

/// How many messages are kept. Beyond that, the oldest ones are forgotten.
const MAX_MESSAGES: usize = 1_000;

/// Why a message is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Purpose {
    VerificationCode,
    ResetPasswordCode,
    MagicLink,
    Invitation,
    WaitlistConfirmation,
    WaitlistInvitation,
    OrganizationInvitation,
    OrganizationDomainVerification,
    PrimaryEmailAddressChanged,
    PasswordChanged,
    PasswordRemoved,
    PasskeyRemoved,
    /// The application sends it.
    Own,
}

impl Purpose {
    /// Returns the slug of Clerk's template.
    pub(crate) const fn slug(self) -> &'static str {
        match self {
            Self::VerificationCode => "verification_code",
            Self::ResetPasswordCode => "reset_password_code",
            Self::MagicLink => "magic_link_sign_in",
            Self::Invitation => "invitation",
            Self::WaitlistConfirmation => "waitlist_confirmation",
            Self::WaitlistInvitation => "waitlist_invitation",
            Self::OrganizationInvitation => "organization_invitation",
            Self::OrganizationDomainVerification => "affiliation_code",
            Self::PrimaryEmailAddressChanged => "primary_email_address_changed",
            Self::PasswordChanged => "password_changed",
            Self::PasswordRemoved => "password_removed",
            Self::PasskeyRemoved => "passkey_removed",
            Self::Own => "custom",
        }
    }
}

/// An email or an SMS message.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Message {
    pub(crate) id: String,
    pub(crate) purpose: Purpose,
    pub(crate) to: String,
    pub(crate) is_sms: bool,
    /// The first line: the subject of an email.
    pub(crate) subject: String,
    /// The code or the link in it.
    pub(crate) code: Option<String>,
    pub(crate) link: Option<String>,
    /// The name of the organization that it is about.
    #[serde(default)]
    pub(crate) organization: Option<String>,
    /// What a template that the application has changed makes of it.
    #[serde(default)]
    pub(crate) custom: Option<CustomText>,
    /// What else an email of the application has.
    #[serde(default)]
    pub(crate) own: Option<OwnEmail>,
    pub(crate) created_at: Timestamp,
}

/// What the application's template says about a message.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct CustomText {
    body: String,
    from_email_name: String,
    reply_to_email_name: String,
    delivered_by_clerk: bool,
}

/// What the application says about an email of its own.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct OwnEmail {
    pub(crate) from: String,
    pub(crate) reply_to: Option<String>,
    pub(crate) html: Option<String>,
    pub(crate) text: Option<String>,
    pub(crate) idempotency_key: Option<String>,
}

impl Row for Message {
    const NAME: &'static str = "message";

    fn id(&self) -> &str {
        &self.id
    }
}

impl Message {
    fn new(kind: ContactKind, purpose: Purpose, to: &str, subject: String, now: Timestamp) -> Self {
        let is_sms = kind == ContactKind::Phone;
        Self {
            id: random::id(if is_sms { "sms_" } else { "ema_" }),
            purpose,
            to: to.to_owned(),
            is_sms,
            subject,
            code: None,
            link: None,
            organization: None,
            custom: None,
            own: None,
            created_at: now,
        }
    }

    /// A message with a code.
    pub(crate) fn code(kind: ContactKind, purpose: Purpose, to: &str, code: &str, now: Timestamp) -> Self {
        let subject = match purpose {
            Purpose::ResetPasswordCode => format!("{code} is your code to reset your password"),
            _ => format!("{code} is your verification code"),
        };
        Self { code: Some(code.to_owned()), ..Self::new(kind, purpose, to, subject, now) }
    }

    /// An email with a link.
    pub(crate) fn link(purpose: Purpose, to: &str, subject: &str, link: &str, now: Timestamp) -> Self {
        let message = Self::new(ContactKind::Email, purpose, to, subject.to_owned(), now);
        Self { link: Some(link.to_owned()), ..message }
    }

    /// An email that tells its reader what happened.
    pub(crate) fn notice(purpose: Purpose, to: &str, subject: &str, now: Timestamp) -> Self {
        Self::new(ContactKind::Email, purpose, to, subject.to_owned(), now)
    }

    /// An email of the application.
    pub(crate) fn own(to: &str, subject: &str, own: OwnEmail, now: Timestamp) -> Self {
        Self { own: Some(own), ..Self::notice(Purpose::Own, to, subject, now) }
    }

    /// Returns whether two messages say the same to the same person.
    pub(crate) fn is_same_email(&self, other: &Self) -> bool {
        self.to == other.to && self.subject == other.subject && self.own == other.own
    }

    /// Names the organization that the message is about.
    pub(crate) fn about(self, organization: &str) -> Self {
        Self { organization: Some(organization.to_owned()), ..self }
    }

    /// Whether Clerk would deliver it. Otherwise the application does, when it gets the webhook.
    pub(crate) fn is_delivered_by_clerk(&self) -> bool {
        self.custom.as_ref().is_none_or(|custom| custom.delivered_by_clerk)
    }

    /// Takes over what a template says.
    fn apply(&mut self, template: &Template) {
        if let Some(subject) = &template.subject {
            self.subject = self.expand(subject);
        }
        let body = self.expand(&template.body);
        if self.is_sms {
            self.subject.clone_from(&body);
        }
        self.custom = Some(CustomText {
            body,
            from_email_name: template.from_email_name.clone(),
            reply_to_email_name: template.reply_to_email_name.clone(),
            delivered_by_clerk: template.delivered_by_clerk,
        });
    }

    /// Replaces the variables of a template, such as `{{otp_code}}`. Unknown ones stay.
    fn expand(&self, template: &str) -> String {
        let mut expanded = String::new();
        let mut rest = template;
        while let Some((before, inside)) = rest.split_once("{{") {
            let Some((name, after)) = inside.split_once("}}") else { break };
            let value = match name.trim() {
                "app.name" => Some("LocalClerk"),
                "otp_code" => self.code.as_deref(),
                "magic_link" | "action_url" => self.link.as_deref(),
                "org.name" => self.organization.as_deref(),
                _ => None,
            };
            expanded.push_str(before);
            expanded.push_str(value.unwrap_or(&format!("{{{{{name}}}}}")));
            rest = after;
        }
        expanded.push_str(rest);
        expanded
    }

    /// Returns the whole text.
    pub(crate) fn text(&self) -> String {
        if let Some(custom) = &self.custom {
            return custom.body.clone();
        }
        if let Some(own) = &self.own {
            return own.text.as_ref().or(own.html.as_ref()).cloned().unwrap_or_default();
        }
        match &self.link {
            Some(link) => format!("{}: {link}", self.subject),
            None => self.subject.clone(),
        }
    }
}

impl State {
    /// Puts a message into the outbox.
    pub(crate) fn send(&mut self, mut message: Message) {
        let kind = if message.is_sms { "sms" } else { "email" };
        if let Ok(template) = self.templates.get(&format!("{kind}/{}", message.purpose.slug())) {
            message.apply(template);
        }
        self.outbox.insert(message);
        self.outbox.keep_newest(MAX_MESSAGES);
    }

    /// Returns the data of `email.created` or `sms.created`.
    pub(crate) fn render_message(&self, message: &Message) -> Value {
        let (user, contact) = self.recipient(&message.to).unzip();
        let mut data = Map::new();
        data.extend(message.code.clone().map(|code| ("otp_code".to_owned(), code.into())));
        data.extend(message.link.clone().map(|link| ("action_url".to_owned(), link.into())));
        if message.is_sms {
            return json!({
                "object": "sms_message",
                "id": message.id,
                "slug": message.purpose.slug(),
                "from_phone_number": "+15555550199",
                "to_phone_number": message.to,
                "phone_number_id": contact,
                "user_id": user,
                "message": message.text(),
                "status": "queued",
                "data": data,
                "delivered_by_clerk": message.is_delivered_by_clerk(),
                "created_at_ms": message.created_at,
            });
        }
        let (sender, reply_to) = match (&message.own, &message.custom) {
            (Some(own), _) => (local_part(&own.from), own.reply_to.as_deref().map(local_part)),
            (None, Some(custom)) => {
                let reply_to = Some(&*custom.reply_to_email_name).filter(|name| !name.is_empty());
                (&*custom.from_email_name, reply_to)
            }
            (None, None) => ("notifications", None),
        };
        json!({
            "object": "email",
            "id": message.id,
            "slug": message.purpose.slug(),
            "from_email_name": sender,
            "reply_to_email_name": reply_to,
            "to_email_address": message.to,
            "email_address_id": contact,
            "user_id": user,
            "subject": message.subject,
            "body": message.own.as_ref().and_then(|own| own.html.clone()).unwrap_or_else(|| message.text()),
            "body_plain": message.text(),
            "status": "queued",
            "data": data,
            "delivered_by_clerk": message.is_delivered_by_clerk(),
        })
    }

    /// Returns the user and the contact that a message goes to.
    fn recipient(&self, to: &str) -> Option<(UserId, String)> {
        self.users_with(to).find_map(|user| {
            let contact = user.emails.iter().chain(&user.phones).find(|contact| contact.is(to))?;
            Some((user.id.clone(), contact.id.clone()))
        })
    }
}

fn local_part(address: &str) -> &str {
    address.split('@').next().unwrap_or_default()
}
