//! The settings that Clerk's dashboard changes: what users have, and how they sign in and up.
//!
//! ```
//! use clerk_local::{LocalAttribute, LocalClerk, LocalRequirement, LocalSignUpMode};
//!
//! let local = LocalClerk::new();
//! local.set_attribute(LocalAttribute::Username, LocalRequirement::Required);
//! local.set_attribute(LocalAttribute::PhoneNumber, LocalRequirement::Off);
//! local.set_social_providers(["google", "github"]);
//! local.set_sign_up_mode(LocalSignUpMode::Restricted);
//! ```
//!
//! The section `[user_settings]` of a [seed](crate::LocalClerkBuilder::seed) has the same settings. Those for which the
//! Backend API has operations, such as the restrictions of sign-ups, are changed with these.

use std::time::Duration;

use crate::{
    LocalClerk,
    body::Body,
    error::ApiError,
    state::{Attribute, Attributes, Settings, SignUpMode},
};

/// Something that a user can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LocalAttribute {
    /// An email address.
    EmailAddress,
    /// A phone number.
    PhoneNumber,
    /// A username.
    Username,
    /// A first name.
    FirstName,
    /// A last name.
    LastName,
    /// A password.
    Password,
    /// An authenticator app (TOTP) as a second factor.
    AuthenticatorApp,
    /// Backup codes as a second factor.
    BackupCode,
}

impl LocalAttribute {
    /// All of them, with their names in Clerk's Frontend API.
    const ALL: [(&str, Self); 8] = [
        ("email_address", Self::EmailAddress),
        ("phone_number", Self::PhoneNumber),
        ("username", Self::Username),
        ("first_name", Self::FirstName),
        ("last_name", Self::LastName),
        ("password", Self::Password),
        ("authenticator_app", Self::AuthenticatorApp),
        ("backup_code", Self::BackupCode),
    ];

    const fn of(self, attributes: &mut Attributes) -> &mut Attribute {
        match self {
            Self::EmailAddress => &mut attributes.email_address,
            Self::PhoneNumber => &mut attributes.phone_number,
            Self::Username => &mut attributes.username,
            Self::FirstName => &mut attributes.first_name,
            Self::LastName => &mut attributes.last_name,
            Self::Password => &mut attributes.password,
            Self::AuthenticatorApp => &mut attributes.authenticator_app,
            Self::BackupCode => &mut attributes.backup_code,
        }
    }
}

/// Whether users can have something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LocalRequirement {
    /// Users cannot have it.
    Off,
    /// Users can have it.
    Optional,
    /// A sign-up needs it. A second factor cannot be required, and is optional then.
    Required,
}

impl LocalRequirement {
    const ALL: [(&str, Self); 3] =
        [("off", Self::Off), ("optional", Self::Optional), ("required", Self::Required)];
}

/// Who may sign up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LocalSignUpMode {
    /// Everyone.
    Public,
    /// People with an invitation.
    Restricted,
    /// People with an invitation; others can join the waitlist.
    Waitlist,
}

impl LocalSignUpMode {
    const ALL: [(&str, Self); 3] =
        [("public", Self::Public), ("restricted", Self::Restricted), ("waitlist", Self::Waitlist)];
}

impl From<LocalSignUpMode> for SignUpMode {
    fn from(mode: LocalSignUpMode) -> Self {
        match mode {
            LocalSignUpMode::Public => Self::Public,
            LocalSignUpMode::Restricted => Self::Restricted,
            LocalSignUpMode::Waitlist => Self::Waitlist,
        }
    }
}

/// The strategy of links in emails.
const EMAIL_LINK: &str = "email_link";

impl Settings {
    fn set_attribute(&mut self, attribute: LocalAttribute, requirement: LocalRequirement) {
        let attribute = attribute.of(&mut self.attributes);
        attribute.enabled = requirement != LocalRequirement::Off;
        attribute.required = requirement == LocalRequirement::Required;
    }
}

impl LocalClerk {
    /// Sets whether users can have something, and whether a sign-up needs it. By default, an email address and a password
    /// are required, and everything else is optional.
    ///
    /// ```
    /// use clerk_local::{LocalAttribute, LocalClerk, LocalRequirement};
    ///
    /// let local = LocalClerk::new();
    /// // People sign up with a phone number only.
    /// local.set_attribute(LocalAttribute::PhoneNumber, LocalRequirement::Required);
    /// local.set_attribute(LocalAttribute::EmailAddress, LocalRequirement::Off);
    /// local.set_attribute(LocalAttribute::Password, LocalRequirement::Off);
    /// ```
    pub fn set_attribute(&self, attribute: LocalAttribute, requirement: LocalRequirement) {
        self.state().settings.set_attribute(attribute, requirement);
    }

    /// Sets the social providers with which people sign in and up, such as `google` for the strategy `oauth_google`. The
    /// default is `custom_local`. Each is a page of this server, on which a person is chosen.
    ///
    /// Clerk's components load the icons of the providers that they know from Clerk's servers, but not those of
    /// `custom_…`.
    ///
    /// ```
    /// use clerk_local::LocalClerk;
    ///
    /// let local = LocalClerk::new();
    /// local.set_social_providers(["google", "github"]);
    /// local.user("Ada", "Lovelace").external_account("google", "ada@gmail.com", "ya29.token").create();
    /// ```
    pub fn set_social_providers<P: Into<String>>(&self, providers: impl IntoIterator<Item = P>) {
        self.state().settings.social = providers.into_iter().map(Into::into).collect();
    }

    /// Sets who may sign up. The default is everyone.
    ///
    /// ```
    /// use clerk_local::{LocalClerk, LocalSignUpMode};
    ///
    /// LocalClerk::new().set_sign_up_mode(LocalSignUpMode::Waitlist);
    /// ```
    pub fn set_sign_up_mode(&self, mode: LocalSignUpMode) {
        self.state().settings.sign_up.mode = mode.into();
    }

    /// Sets whether people can also sign in with a link in an email. The default is false, as at Clerk, where the dashboard
    /// turns it on.
    ///
    /// ```
    /// use clerk_local::LocalClerk;
    ///
    /// let local = LocalClerk::seeded();
    /// local.set_email_links(true);
    /// // The component `<SignIn/>` offers them now, and `last_message_to` returns the message with the link.
    /// ```
    pub fn set_email_links(&self, on: bool) {
        self.state().settings.attributes.email_address.set_first_factor(EMAIL_LINK, on);
    }

    /// Sets whether a sign-up has to accept the legal documents. The default is false.
    ///
    /// ```
    /// use clerk_local::LocalClerk;
    ///
    /// LocalClerk::new().set_legal_consent_required(true);
    /// ```
    pub fn set_legal_consent_required(&self, on: bool) {
        self.state().settings.sign_up.legal_consent_enabled = on;
    }

    /// Sets whether a browser has at most one session. The default is false: several people can be signed in.
    ///
    /// ```
    /// use clerk_local::LocalClerk;
    ///
    /// LocalClerk::new().set_single_session_mode(true);
    /// ```
    pub fn set_single_session_mode(&self, on: bool) {
        self.state().settings.single_session_mode = on;
    }

    /// Sets the minimum length of passwords, in characters. The default is 8.
    ///
    /// ```
    /// use clerk_local::LocalClerk;
    ///
    /// LocalClerk::new().set_password_min_length(12);
    /// ```
    pub fn set_password_min_length(&self, characters: usize) {
        self.state().settings.password.min_length = characters;
    }

    /// Sets after how many failed attempts a user is locked, and for how long, in whole minutes. The default is 100 attempts
    /// and an hour.
    ///
    /// ```
    /// use std::time::Duration;
    /// use clerk_local::LocalClerk;
    ///
    /// LocalClerk::new().set_user_lockout(3, Duration::from_secs(600));
    /// ```
    pub fn set_user_lockout(&self, max_attempts: u32, duration: Duration) {
        let lockout = &mut self.state().settings.user_lockout;
        lockout.max_attempts = max_attempts;
        lockout.duration_in_minutes = u32::try_from(duration.as_secs() / 60).unwrap_or(u32::MAX);
    }
}

/// The fields of `[user_settings]` in a seed.
pub(crate) const FIELDS: &[&str] = &[
    "attributes",
    "social_providers",
    "sign_up_mode",
    "email_links",
    "legal_consent_required",
    "single_session_mode",
    "password_min_length",
    "user_lockout",
];

/// Changes the settings that `[user_settings]` in a seed names.
pub(crate) fn seed(local: &LocalClerk, body: &Body) -> Result<(), ApiError> {
    let state = &mut *local.state();
    let mut settings = state.settings.clone();
    for (name, value) in body.object("attributes")?.into_iter().flatten() {
        let attribute = choice("attributes", name, &LocalAttribute::ALL)?;
        let requirement = value.as_str().unwrap_or_default();
        settings.set_attribute(attribute, choice("attributes", requirement, &LocalRequirement::ALL)?);
    }
    if let Some(providers) = body.strings_if_given("social_providers")? {
        settings.social = providers;
    }
    if let Some(mode) = body.string("sign_up_mode")? {
        settings.sign_up.mode = choice("sign_up_mode", mode, &LocalSignUpMode::ALL)?.into();
    }
    if let Some(on) = body.flag("email_links")? {
        settings.attributes.email_address.set_first_factor(EMAIL_LINK, on);
    }
    body.put_flag("legal_consent_required", &mut settings.sign_up.legal_consent_enabled)?;
    body.put_flag("single_session_mode", &mut settings.single_session_mode)?;
    if let Some(length) = body.count("password_min_length")? {
        settings.password.min_length = usize::try_from(length).unwrap_or(usize::MAX);
    }
    if let Some(lockout) = body.object("user_lockout")? {
        settings.user_lockout = serde_json::from_value(lockout.clone().into()).map_err(|_| {
            ApiError::bad_format("user_lockout", "a table with max_attempts, duration_in_minutes, enabled")
        })?;
    }
    state.settings = settings;
    Ok(())
}

/// Finds a value by its name.
fn choice<T: Copy>(field: &str, name: &str, all: &[(&str, T)]) -> Result<T, ApiError> {
    let found = all.iter().find(|(other, _)| *other == name).map(|(_, value)| *value);
    found.ok_or_else(|| {
        let names: Vec<_> = all.iter().map(|(name, _)| *name).collect();
        ApiError::bad_format(field, &format!("made of {}, and not `{name}`", names.join(", ")))
    })
}
