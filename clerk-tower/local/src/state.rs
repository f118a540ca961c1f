//! The data of an instance, and its JSON form in the Backend API.

use clerk_core::{
    Timestamp,
    id::{ClientId, OrganizationId, SessionId, UserId},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{credentials::Credentials, error::ApiError, frontend::clients::Clients, random};

/// The identifier of every local instance.
pub(super) const INSTANCE_ID: &str = "ins_local";

/// One day.
const DAY: std::time::Duration = std::time::Duration::from_secs(86_400);

/// A user.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct User {
    pub(super) id: UserId,
    pub(super) external_id: Option<String>,
    pub(super) username: Option<String>,
    pub(super) first_name: Option<String>,
    pub(super) last_name: Option<String>,
    pub(super) locale: Option<String>,
    pub(super) timezone: Option<String>,
    pub(super) emails: Vec<Contact>,
    pub(super) phones: Vec<Contact>,
    pub(super) primary_email: Option<String>,
    pub(super) primary_phone: Option<String>,
    pub(super) metadata: Metadata,
    pub(super) password_changed_at: Option<Timestamp>,
    pub(super) totp_enabled: bool,
    pub(super) backup_code_enabled: bool,
    pub(super) mfa_enabled_at: Option<Timestamp>,
    pub(super) banned: bool,
    /// Missing in states that were saved by older versions.
    #[serde(default)]
    pub(super) deprovisioned: bool,
    pub(super) locked: bool,
    pub(super) delete_self_enabled: bool,
    pub(super) create_organization_enabled: bool,
    pub(super) create_organizations_limit: Option<i64>,
    pub(super) legal_accepted_at: Option<Timestamp>,
    pub(super) bypass_client_trust: bool,
    pub(super) last_sign_in_at: Option<Timestamp>,
    pub(super) last_active_at: Option<Timestamp>,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
}

/// An email address or a phone number.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Contact {
    pub(super) id: String,
    pub(super) value: String,
    pub(super) reserved: bool,
    created_at: Timestamp,
}

impl Contact {
    pub(super) fn new(value: &str, reserved: bool, now: Timestamp) -> Self {
        Self { id: random::id("idn_"), value: value.to_owned(), reserved, created_at: now }
    }

    fn render(&self, object: &str) -> Value {
        let verification = json!({
            "object": "verification_admin",
            "status": "verified",
            "strategy": "admin",
            "attempts": null,
            "expire_at": null,
        });
        json!({
            "id": self.id,
            "object": object,
            object: self.value,
            "reserved": self.reserved,
            "verification": if self.reserved { Value::Null } else { verification },
            "linked_to": [],
            "created_at": self.created_at,
            "updated_at": self.created_at,
        })
    }
}

/// The application's metadata of a user, an organization or a membership.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Metadata {
    pub(super) public: Value,
    pub(super) private: Value,
    pub(super) unsafe_: Value,
}

impl Default for Metadata {
    fn default() -> Self {
        let empty = || Value::Object(Map::new());
        Self { public: empty(), private: empty(), unsafe_: empty() }
    }
}

impl User {
    pub(super) fn new(id: UserId, now: Timestamp) -> Self {
        Self {
            id,
            external_id: None,
            username: None,
            first_name: None,
            last_name: None,
            locale: None,
            timezone: None,
            emails: Vec::new(),
            phones: Vec::new(),
            primary_email: None,
            primary_phone: None,
            metadata: Metadata::default(),
            password_changed_at: None,
            totp_enabled: false,
            backup_code_enabled: false,
            mfa_enabled_at: None,
            banned: false,
            deprovisioned: false,
            locked: false,
            delete_self_enabled: true,
            create_organization_enabled: true,
            create_organizations_limit: None,
            legal_accepted_at: None,
            bypass_client_trust: false,
            last_sign_in_at: None,
            last_active_at: None,
            created_at: now,
            updated_at: now,
        }
    }

    /// Adds an email address. The first one becomes the primary one.
    pub(super) fn add_email(&mut self, value: &str, reserved: bool, now: Timestamp) {
        let contact = Contact::new(value, reserved, now);
        self.primary_email.get_or_insert_with(|| contact.id.clone());
        self.emails.push(contact);
    }

    /// Adds a phone number. The first one becomes the primary one.
    pub(super) fn add_phone(&mut self, value: &str, reserved: bool, now: Timestamp) {
        let contact = Contact::new(value, reserved, now);
        self.primary_phone.get_or_insert_with(|| contact.id.clone());
        self.phones.push(contact);
    }

    pub(super) fn email(&self) -> Option<&str> {
        primary(&self.emails, self.primary_email.as_deref())
    }

    pub(super) fn phone(&self) -> Option<&str> {
        primary(&self.phones, self.primary_phone.as_deref())
    }

    /// Returns the first and the last name, as far as they are set.
    pub(super) fn name(&self) -> String {
        [&self.first_name, &self.last_name]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(" ")
    }
}

/// Adds the fields of one object to another one.
pub(super) fn extended(mut object: Value, more: Value) -> Value {
    if let (Value::Object(object), Value::Object(more)) = (&mut object, more) {
        object.extend(more);
    }
    object
}

fn primary<'a>(contacts: &'a [Contact], id: Option<&str>) -> Option<&'a str> {
    contacts.iter().find(|contact| Some(contact.id.as_str()) == id).map(|contact| contact.value.as_str())
}

/// An organization and its roles.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Organization {
    pub(super) id: OrganizationId,
    pub(super) name: String,
    pub(super) slug: String,
    pub(super) roles: Vec<Role>,
    pub(super) metadata: Metadata,
    pub(super) created_by: Option<UserId>,
    pub(super) max_allowed_memberships: i64,
    pub(super) admin_delete_enabled: bool,
    pub(super) role_set_key: Option<String>,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
}

impl Organization {
    pub(super) fn new(id: OrganizationId, name: String, slug: String, now: Timestamp) -> Self {
        Self {
            id,
            name,
            slug,
            roles: Role::defaults(),
            metadata: Metadata::default(),
            created_by: None,
            max_allowed_memberships: 0,
            admin_delete_enabled: true,
            role_set_key: None,
            created_at: now,
            updated_at: now,
        }
    }

    pub(super) fn role(&self, key: &str) -> Option<&Role> {
        self.roles.iter().find(|role| role.key == key)
    }
}

/// A role and its permissions.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Role {
    pub(super) key: String,
    pub(super) permissions: Vec<String>,
}

impl Role {
    /// Returns the default roles: Clerk's two, with Clerk's system permissions.
    pub(super) fn defaults() -> Vec<Self> {
        let role = |key: &str, permissions: &[&str]| Self {
            key: key.to_owned(),
            permissions: permissions.iter().map(|permission| (*permission).to_owned()).collect(),
        };
        vec![
            role(
                "org:admin",
                &[
                    "org:sys_profile:manage",
                    "org:sys_profile:delete",
                    "org:sys_memberships:read",
                    "org:sys_memberships:manage",
                    "org:sys_domains:read",
                    "org:sys_domains:manage",
                ],
            ),
            role("org:member", &["org:sys_memberships:read"]),
        ]
    }

    /// Returns the display name: `Team lead` for the key `org:team_lead`.
    pub(super) fn name(&self) -> String {
        let words = self.key.strip_prefix("org:").unwrap_or(&self.key).replace('_', " ");
        let mut letters = words.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    }
}

/// A user's membership in an organization.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Membership {
    pub(super) id: String,
    pub(super) organization: OrganizationId,
    pub(super) user: UserId,
    pub(super) role: String,
    pub(super) metadata: Metadata,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
}

impl Membership {
    pub(super) fn new(organization: &OrganizationId, user: &UserId, role: &str, now: Timestamp) -> Self {
        Self {
            id: random::id("orgmem_"),
            organization: organization.clone(),
            user: user.clone(),
            role: role.to_owned(),
            metadata: Metadata::default(),
            created_at: now,
            updated_at: now,
        }
    }
}

/// How a session ended before it expired.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum SessionEnd {
    /// The application revoked it.
    Revoked,
    /// The user ended this session only.
    Ended,
    /// The user signed out, or signed in again with the same browser.
    Removed,
}

impl SessionEnd {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Revoked => "revoked",
            Self::Ended => "ended",
            Self::Removed => "removed",
        }
    }
}

/// A session.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Session {
    pub(super) id: SessionId,
    pub(super) user: UserId,
    pub(super) client: ClientId,
    pub(super) organization: Option<OrganizationId>,
    pub(super) pending: bool,
    pub(super) over: Option<SessionEnd>,
    pub(super) last_active_at: Timestamp,
    pub(super) expire_at: Timestamp,
    pub(super) abandon_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) created_at: Timestamp,
}

impl Session {
    /// Creates an active session that expires in a week.
    pub(super) fn new(user: UserId, now: Timestamp) -> Self {
        Self {
            id: random::id("sess_").into(),
            user,
            client: random::id("client_").into(),
            organization: None,
            pending: false,
            over: None,
            last_active_at: now,
            expire_at: now.saturating_add(DAY * 7),
            abandon_at: now.saturating_add(DAY * 30),
            updated_at: now,
            created_at: now,
        }
    }

    pub(super) fn status(&self, now: Timestamp) -> &'static str {
        if let Some(over) = self.over {
            return over.as_str();
        }
        match () {
            () if now >= self.expire_at => "expired",
            () if self.pending => "pending",
            () => "active",
        }
    }

    /// Revokes the session, unless it has ended already.
    pub(super) fn revoke(&mut self, now: Timestamp) {
        self.end(SessionEnd::Revoked, now);
    }

    /// Ends the session, unless it has ended already.
    pub(super) fn end(&mut self, over: SessionEnd, now: Timestamp) {
        if matches!(self.status(now), "active" | "pending") {
            self.over = Some(over);
            self.updated_at = now;
        }
    }

    pub(super) fn render(&self, now: Timestamp) -> Value {
        let tasks = if self.pending { json!([{ "key": "choose-organization" }]) } else { Value::Null };
        json!({
            "object": "session",
            "id": self.id,
            "user_id": self.user,
            "client_id": self.client,
            "actor": null,
            "status": self.status(now),
            "last_active_organization_id": self.organization,
            "last_active_at": self.last_active_at,
            "latest_activity": null,
            "expire_at": self.expire_at,
            "abandon_at": self.abandon_at,
            "updated_at": self.updated_at,
            "created_at": self.created_at,
            "tasks": tasks,
        })
    }
}

/// Everything in an instance, each kind in the order of creation.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct State {
    /// The `iss` of tokens: `https://` and the host of the publishable key.
    #[serde(skip)]
    pub(super) issuer: String,
    pub(super) users: Vec<User>,
    pub(super) organizations: Vec<Organization>,
    pub(super) memberships: Vec<Membership>,
    pub(super) sessions: Vec<Session>,
    pub(super) credentials: Credentials,
    pub(super) clients: Clients,
}

impl State {
    pub(super) fn user(&self, id: &str) -> Result<&User, ApiError> {
        self.users.iter().find(|user| user.id == id).ok_or_else(|| ApiError::not_found("user"))
    }

    pub(super) fn user_mut(&mut self, id: &str) -> Result<&mut User, ApiError> {
        self.users.iter_mut().find(|user| user.id == id).ok_or_else(|| ApiError::not_found("user"))
    }

    pub(super) fn organization(&self, id: &str) -> Result<&Organization, ApiError> {
        let found = self.organizations.iter().find(|organization| organization.id == id);
        found.ok_or_else(|| ApiError::not_found("organization"))
    }

    pub(super) fn organization_mut(&mut self, id: &str) -> Result<&mut Organization, ApiError> {
        let found = self.organizations.iter_mut().find(|organization| organization.id == id);
        found.ok_or_else(|| ApiError::not_found("organization"))
    }

    pub(super) fn membership(&self, organization: &str, user: &str) -> Result<&Membership, ApiError> {
        let found = self.memberships.iter().find(|one| one.organization == organization && one.user == user);
        found.ok_or_else(|| ApiError::not_found("organization membership"))
    }

    pub(super) fn membership_mut(
        &mut self,
        organization: &str,
        user: &str,
    ) -> Result<&mut Membership, ApiError> {
        let found =
            self.memberships.iter_mut().find(|one| one.organization == organization && one.user == user);
        found.ok_or_else(|| ApiError::not_found("organization membership"))
    }

    pub(super) fn session(&self, id: &str) -> Result<&Session, ApiError> {
        self.sessions.iter().find(|session| session.id == id).ok_or_else(|| ApiError::not_found("session"))
    }

    pub(super) fn session_mut(&mut self, id: &str) -> Result<&mut Session, ApiError> {
        self.sessions
            .iter_mut()
            .find(|session| session.id == id)
            .ok_or_else(|| ApiError::not_found("session"))
    }

    /// Starts a session, and updates the user's times of sign-in and activity.
    pub(super) fn sign_in(&mut self, user: UserId, now: Timestamp) -> Session {
        if let Ok(user) = self.user_mut(user.as_str()) {
            user.last_sign_in_at = Some(now);
            user.last_active_at = Some(now);
        }
        let session = Session::new(user, now);
        self.sessions.push(session.clone());
        session
    }

    /// Ends all sessions of a user.
    pub(super) fn revoke_sessions(&mut self, user: &str, now: Timestamp) {
        self.sessions
            .iter_mut()
            .filter(|session| session.user == user)
            .for_each(|session| session.revoke(now));
    }

    /// Returns the permissions of a membership's role.
    pub(super) fn permissions(&self, membership: &Membership) -> &[String] {
        self.organization(membership.organization.as_str())
            .ok()
            .and_then(|organization| organization.role(&membership.role))
            .map_or(&[], |role| &role.permissions)
    }

    pub(super) fn members(&self, organization: &OrganizationId) -> usize {
        self.memberships.iter().filter(|membership| membership.organization == *organization).count()
    }

    /// Returns the URL of the image of `id`. It works only while the instance is served.
    fn image_url(&self, id: &str) -> String {
        format!("{}/images/{id}", self.clients.address.as_ref().unwrap_or(&self.issuer))
    }

    pub(super) fn render_user(&self, user: &User) -> Value {
        let emails: Vec<_> = user.emails.iter().map(|contact| contact.render("email_address")).collect();
        let second_factor = json!({
            "reserved_for_second_factor": false,
            "default_second_factor": false,
            "backup_codes": null,
        });
        let phone = |contact: &Contact| extended(contact.render("phone_number"), second_factor.clone());
        let phones: Vec<_> = user.phones.iter().map(phone).collect();
        let image_url = self.image_url(user.id.as_str());
        let identity = json!({
            "id": user.id,
            "object": "user",
            "external_id": user.external_id,
            "primary_email_address_id": user.primary_email,
            "primary_phone_number_id": user.primary_phone,
            "primary_web3_wallet_id": null,
            "username": user.username,
            "first_name": user.first_name,
            "last_name": user.last_name,
            "locale": user.locale,
            "timezone": user.timezone,
            "profile_image_url": image_url,
            "image_url": image_url,
            "has_image": false,
            "public_metadata": user.metadata.public,
            "private_metadata": user.metadata.private,
            "unsafe_metadata": user.metadata.unsafe_,
            "email_addresses": emails,
            "phone_numbers": phones,
            "web3_wallets": [],
            "passkeys": [],
            "external_accounts": [],
            "saml_accounts": [],
            "enterprise_accounts": [],
        });
        let standing = json!({
            "password_enabled": user.password_changed_at.is_some(),
            "two_factor_enabled": user.totp_enabled || user.backup_code_enabled,
            "totp_enabled": user.totp_enabled,
            "backup_code_enabled": user.backup_code_enabled,
            "mfa_enabled_at": user.mfa_enabled_at,
            "mfa_disabled_at": null,
            "password_last_updated_at": user.password_changed_at,
            "last_sign_in_at": user.last_sign_in_at,
            "banned": user.banned,
            "locked": user.locked,
            "deprovisioned": user.deprovisioned,
            "lockout_expires_in_seconds": null,
            "verification_attempts_remaining": 100,
            "updated_at": user.updated_at,
            "created_at": user.created_at,
            "delete_self_enabled": user.delete_self_enabled,
            "create_organization_enabled": user.create_organization_enabled,
            "create_organizations_limit": user.create_organizations_limit,
            "last_active_at": user.last_active_at,
            "legal_accepted_at": user.legal_accepted_at,
            "bypass_client_trust": user.bypass_client_trust,
        });
        extended(identity, standing)
    }

    /// Returns an organization, with the number of its members if requested.
    pub(super) fn render_organization(&self, organization: &Organization, with_members: bool) -> Value {
        let mut rendered = json!({
            "object": "organization",
            "id": organization.id,
            "name": organization.name,
            "slug": organization.slug,
            "image_url": self.image_url(organization.id.as_str()),
            "has_image": false,
            "max_allowed_memberships": organization.max_allowed_memberships,
            "admin_delete_enabled": organization.admin_delete_enabled,
            "public_metadata": organization.metadata.public,
            "private_metadata": organization.metadata.private,
            "created_at": organization.created_at,
            "updated_at": organization.updated_at,
            "role_set_key": organization.role_set_key,
        });
        if with_members {
            let members = self.members(&organization.id);
            rendered =
                extended(rendered, json!({ "members_count": members, "pending_invitations_count": 0 }));
        }
        if let Some(user) = &organization.created_by {
            rendered = extended(rendered, json!({ "created_by": user }));
        }
        rendered
    }

    pub(super) fn render_membership(&self, membership: &Membership) -> Value {
        let organization = self.organization(membership.organization.as_str()).ok();
        let role = organization.and_then(|organization| organization.role(&membership.role));
        let user = self.user(membership.user.as_str()).ok();
        let image_url = self.image_url(membership.user.as_str());
        json!({
            "id": membership.id,
            "object": "organization_membership",
            "role": membership.role,
            "role_name": role.map(Role::name).unwrap_or_default(),
            "permissions": self.permissions(membership),
            "public_metadata": membership.metadata.public,
            "private_metadata": membership.metadata.private,
            "organization": organization.map(|organization| self.render_organization(organization, false)),
            "public_user_data": {
                "user_id": membership.user,
                "first_name": user.and_then(|user| user.first_name.as_deref()),
                "last_name": user.and_then(|user| user.last_name.as_deref()),
                "profile_image_url": image_url,
                "image_url": image_url,
                "has_image": false,
                "identifier": user.and_then(|user| user.email().or(user.phone()).or(user.username.as_deref())),
                "username": user.and_then(|user| user.username.as_deref()),
                "banned": user.is_some_and(|user| user.banned),
                "deprovisioned": user.is_some_and(|user| user.deprovisioned),
            },
            "created_at": membership.created_at,
            "updated_at": membership.updated_at,
        })
    }
}
