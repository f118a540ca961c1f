//! The settings of an instance: what Clerk's dashboard and the section Instance Settings of the Backend API change.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::INSTANCE_ID;
use crate::kept::kept_whole;

/// The settings of an instance. The defaults are those of a new development instance at Clerk, except that everything that
/// LocalClerk can do is on: sign-in with usernames and phone numbers, organizations and their domains.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Settings {
    /// Whether `…+clerk_test@…` and `+1 (XXX) 555-01XX` take the code 424242.
    pub(crate) test_mode: bool,
    /// Whether passwords are compared with known leaks. LocalClerk calls nobody, so it only remembers this.
    pub(crate) hibp: bool,
    pub(crate) support_email: Option<String>,
    pub(crate) clerk_js_version: Option<String>,
    pub(crate) development_origin: Option<String>,
    pub(crate) allowed_origins: Option<Vec<String>>,
    pub(crate) url_based_session_syncing: bool,
    /// `password`, `otp` or empty.
    pub(crate) preferred_sign_in_strategy_when_password_required: String,
    /// The part of the sender's address before the `@`.
    pub(crate) from_email_address: String,
    pub(crate) progressive_sign_up: bool,
    pub(crate) attributes: Attributes,
    /// The social providers that Clerk's components show: `google` for the strategy `oauth_google`. The components load the
    /// icons of those that Clerk knows from Clerk's servers; the default one has none there.
    pub(crate) social: Vec<String>,
    pub(crate) sign_up: SignUpSettings,
    /// Whether every sign-in needs a second factor.
    pub(crate) second_factor_required: bool,
    /// Whether a browser has at most one session.
    pub(crate) single_session_mode: bool,
    pub(crate) restrictions: Restrictions,
    pub(crate) password: PasswordSettings,
    pub(crate) user_lockout: UserLockout,
    pub(crate) protect: Protect,
    /// ISO 3166-1 codes of the countries that get no SMS.
    pub(crate) blocked_country_codes: Vec<String>,
    pub(crate) oauth_applications: OAuthApplicationSettings,
    pub(crate) organizations: OrganizationSettings,
    /// Whether the application asked for the console of webhooks.
    pub(crate) svix_app: bool,
}

kept_whole!(Settings);

impl Default for Settings {
    fn default() -> Self {
        Self {
            test_mode: true,
            hibp: true,
            support_email: None,
            clerk_js_version: None,
            development_origin: None,
            allowed_origins: None,
            url_based_session_syncing: true,
            preferred_sign_in_strategy_when_password_required: "password".to_owned(),
            from_email_address: "noreply".to_owned(),
            progressive_sign_up: true,
            attributes: Attributes::default(),
            social: vec!["custom_local".to_owned()],
            sign_up: SignUpSettings::default(),
            second_factor_required: false,
            single_session_mode: false,
            restrictions: Restrictions::default(),
            password: PasswordSettings::default(),
            user_lockout: UserLockout::default(),
            protect: Protect::default(),
            blocked_country_codes: Vec::new(),
            oauth_applications: OAuthApplicationSettings::default(),
            organizations: OrganizationSettings::default(),
            svix_app: false,
        }
    }
}

/// What users can have, and what they can sign in with.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Attributes {
    pub(crate) email_address: Attribute,
    pub(crate) phone_number: Attribute,
    pub(crate) username: Attribute,
    pub(crate) web3_wallet: Attribute,
    pub(crate) first_name: Attribute,
    pub(crate) last_name: Attribute,
    pub(crate) password: Attribute,
    pub(crate) authenticator_app: Attribute,
    pub(crate) ticket: Attribute,
    pub(crate) backup_code: Attribute,
    pub(crate) passkey: Attribute,
}

impl Default for Attributes {
    fn default() -> Self {
        Self {
            email_address: Attribute::on().required().first(&["email_code"]).verified(&["email_code"]),
            phone_number: Attribute::on()
                .first(&["phone_code"])
                .second(&["phone_code"])
                .verified(&["phone_code"]),
            username: Attribute::on().first(&["password"]),
            web3_wallet: Attribute::default(),
            first_name: Attribute::on(),
            last_name: Attribute::on(),
            password: Attribute::on().required(),
            authenticator_app: Attribute::on().second(&["totp"]),
            ticket: Attribute::on().first(&["ticket"]),
            backup_code: Attribute::on().second(&["backup_code"]),
            passkey: Attribute::default(),
        }
    }
}

/// Whether users can have something, and what it is good for. The default is off.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Attribute {
    pub(crate) enabled: bool,
    /// Whether a sign-up needs it.
    pub(crate) required: bool,
    /// The strategies with which it is a first factor.
    pub(crate) first_factors: Vec<String>,
    /// The strategies with which it is a second factor.
    pub(crate) second_factors: Vec<String>,
    /// The strategies that verify it at sign-up; without any, it needs no verification.
    pub(crate) verifications: Vec<String>,
}

impl Attribute {
    fn on() -> Self {
        Self { enabled: true, ..Self::default() }
    }

    fn required(self) -> Self {
        Self { required: true, ..self }
    }

    fn first(self, strategies: &[&str]) -> Self {
        Self { first_factors: strategies.iter().map(|&it| it.to_owned()).collect(), ..self }
    }

    /// Adds a strategy with which it is a first factor, or removes it.
    pub(crate) fn set_first_factor(&mut self, strategy: &str, on: bool) {
        self.first_factors.retain(|known| known != strategy);
        if on {
            self.first_factors.push(strategy.to_owned());
        }
    }

    pub(crate) fn has_first_factor(&self, strategy: &str) -> bool {
        self.first_factors.iter().any(|known| known == strategy)
    }

    fn second(self, strategies: &[&str]) -> Self {
        Self { second_factors: strategies.iter().map(|&it| it.to_owned()).collect(), ..self }
    }

    fn verified(self, strategies: &[&str]) -> Self {
        Self { verifications: strategies.iter().map(|&it| it.to_owned()).collect(), ..self }
    }
}

/// Who may sign up.
#[derive(Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SignUpMode {
    #[default]
    Public,
    /// Only people with an invitation.
    Restricted,
    /// Only people whom the waitlist let in.
    Waitlist,
}

/// How people sign up.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct SignUpSettings {
    pub(crate) mode: SignUpMode,
    /// Whether a sign-up has to accept the legal documents.
    pub(crate) legal_consent_enabled: bool,
}

/// Which identifiers may sign up. The default is all.
#[expect(clippy::struct_excessive_bools, reason = "the settings of Clerk's document")]
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Restrictions {
    /// Whether only identifiers on the allow-list may sign up.
    pub(crate) allowlist: bool,
    /// Whether identifiers on the block-list may not sign up.
    pub(crate) blocklist: bool,
    /// Whether both lists count at sign-up only.
    pub(crate) allowlist_blocklist_disabled_on_sign_in: bool,
    /// Whether addresses with `+`, `=` or `#` before the `@` are refused.
    pub(crate) block_email_subaddresses: bool,
    pub(crate) block_disposable_email_domains: bool,
}

/// What a password must be.
#[expect(clippy::struct_excessive_bools, reason = "the settings of Clerk's document")]
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct PasswordSettings {
    pub(crate) min_length: usize,
    pub(crate) max_length: usize,
    pub(crate) require_special_char: bool,
    pub(crate) require_numbers: bool,
    pub(crate) require_uppercase: bool,
    pub(crate) require_lowercase: bool,
}

impl Default for PasswordSettings {
    fn default() -> Self {
        Self {
            min_length: 8,
            max_length: 72,
            require_special_char: false,
            require_numbers: false,
            require_uppercase: false,
            require_lowercase: false,
        }
    }
}

/// After how many failed attempts a user is locked, and for how long.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct UserLockout {
    pub(crate) enabled: bool,
    pub(crate) max_attempts: u32,
    pub(crate) duration_in_minutes: u32,
}

impl Default for UserLockout {
    fn default() -> Self {
        Self { enabled: true, max_attempts: 100, duration_in_minutes: 60 }
    }
}

/// The settings of Clerk's protection against bots and fraud, which LocalClerk only remembers.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Protect {
    pub(crate) rules_enabled: bool,
    pub(crate) specter_enabled: bool,
}

/// The settings of the OAuth provider.
#[expect(clippy::struct_excessive_bools, reason = "the settings of Clerk's document")]
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct OAuthApplicationSettings {
    pub(crate) dynamic_oauth_client_registration: bool,
    /// `None` stands for Clerk's own default scopes.
    pub(crate) default_scopes: Option<Vec<String>>,
    /// Whether access tokens are JWTs, rather than opaque.
    pub(crate) oauth_jwt_access_tokens: bool,
    pub(crate) client_id_metadata_documents_advertised: bool,
    pub(crate) client_id_metadata_documents_only_allow_pre_registered_clients: bool,
    pub(crate) client_id_metadata_documents_block_implicitly_allowed_clients: bool,
}

/// The settings of organizations. Roles are named by their keys.
#[expect(clippy::struct_excessive_bools, reason = "the settings of Clerk's document")]
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct OrganizationSettings {
    pub(crate) enabled: bool,
    /// The most members of a new organization; 0 means no limit.
    pub(crate) max_allowed_memberships: i64,
    /// Whether the admins of a new organization may delete it.
    pub(crate) admin_delete_enabled: bool,
    pub(crate) domains_enabled: bool,
    pub(crate) slug_disabled: bool,
    pub(crate) domains_enrollment_modes: Vec<String>,
    pub(crate) domains_default_role: String,
}

impl Default for OrganizationSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            max_allowed_memberships: 0,
            admin_delete_enabled: true,
            domains_enabled: true,
            slug_disabled: false,
            domains_enrollment_modes: ENROLLMENT_MODES.map(str::to_owned).to_vec(),
            domains_default_role: "org:member".to_owned(),
        }
    }
}

/// How members of a verified domain can enroll.
pub(crate) const ENROLLMENT_MODES: [&str; 3] =
    ["manual_invitation", "automatic_invitation", "automatic_suggestion"];

impl Settings {
    pub(crate) fn render_instance(&self) -> Value {
        json!({
            "object": "instance",
            "id": INSTANCE_ID,
            "environment_type": "development",
            "allowed_origins": self.allowed_origins,
            "workspace_id": null,
        })
    }

    /// Returns the settings in the form of the beta features.
    pub(crate) fn render_beta(&self) -> Value {
        json!({
            "object": "instance_settings",
            "id": INSTANCE_ID,
            "restricted_to_allowlist": self.restrictions.allowlist,
            "from_email_address": self.from_email_address,
            "progressive_sign_up": self.progressive_sign_up,
            "enhanced_email_deliverability": false,
        })
    }

    pub(crate) fn render_restrictions(&self) -> Value {
        let Restrictions {
            allowlist,
            blocklist,
            allowlist_blocklist_disabled_on_sign_in,
            block_email_subaddresses,
            block_disposable_email_domains,
        } = self.restrictions;
        json!({
            "object": "instance_restrictions",
            "allowlist": allowlist,
            "blocklist": blocklist,
            "allowlist_blocklist_disabled_on_sign_in": allowlist_blocklist_disabled_on_sign_in,
            "block_email_subaddresses": block_email_subaddresses,
            "block_disposable_email_domains": block_disposable_email_domains,
        })
    }

    pub(crate) fn render_protect(&self) -> Value {
        json!({
            "object": "instance_protect",
            "rules_enabled": self.protect.rules_enabled,
            "specter_enabled": self.protect.specter_enabled,
            "checks_bypassed": false,
        })
    }

    pub(crate) fn render_communication(&self) -> Value {
        json!({ "object": "instance_communication", "blocked_country_codes": self.blocked_country_codes })
    }

    pub(crate) fn render_oauth_applications(&self) -> Value {
        let settings = &self.oauth_applications;
        json!({
            "object": "oauth_application_settings",
            "dynamic_oauth_client_registration": settings.dynamic_oauth_client_registration,
            "default_scopes": settings.default_scopes,
            "oauth_jwt_access_tokens": settings.oauth_jwt_access_tokens,
            "client_id_metadata_documents_advertised": settings.client_id_metadata_documents_advertised,
            "client_id_metadata_documents_only_allow_pre_registered_clients":
                settings.client_id_metadata_documents_only_allow_pre_registered_clients,
            "client_id_metadata_documents_block_implicitly_allowed_clients":
                settings.client_id_metadata_documents_block_implicitly_allowed_clients,
        })
    }
}
