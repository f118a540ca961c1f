//! Sets up an instance: users, organizations and memberships.
//!
//! Unlike requests, setup is not validated: a test may want two users with the same email address, or a member with a
//! role that does not exist.
//!
//! ```
//! use clerk_local::LocalClerk;
//!
//! let local = LocalClerk::new();
//! let ada = local.user("Ada", "Lovelace").email("ada@example.com").create();
//! let acme = local
//!     .organization("Acme")
//!     .slug("acme")
//!     .role("org:admin", ["org:users:manage", "org:reports:read"])
//!     .create();
//! local.add_member(&acme, &ada, "org:admin");
//! assert!(ada.id.as_str().starts_with("user_"));
//! ```

use std::fmt;

use clerk_core::{
    Metadata, Timestamp,
    id::{OrganizationId, UserId},
};
use serde_json::Value;

use crate::{
    LocalClerk, random, routes,
    state::{
        Contact, ContactKind, ExternalAccount, Membership, Organization, Passkey, Password, Standing,
        TrustedDevice, User,
    },
};

/// A user of a [`LocalClerk`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct LocalUser {
    /// The user's identifier.
    pub id: UserId,
}

/// An organization of a [`LocalClerk`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct LocalOrganization {
    /// The organization's identifier.
    pub id: OrganizationId,
}

impl From<&LocalUser> for UserId {
    fn from(user: &LocalUser) -> Self {
        user.id.clone()
    }
}

impl From<&LocalOrganization> for OrganizationId {
    fn from(organization: &LocalOrganization) -> Self {
        organization.id.clone()
    }
}

impl LocalClerk {
    /// Starts a new user; [`LocalUserBuilder::create`] creates it.
    pub fn user(&self, first_name: impl Into<String>, last_name: impl Into<String>) -> LocalUserBuilder {
        let now = self.time();
        let mut user = User::new(random::id("user_").into(), now);
        user.first_name = Some(first_name.into());
        user.last_name = Some(last_name.into());
        LocalUserBuilder { local: self.clone(), user, now }
    }

    /// Starts a new organization; [`LocalOrganizationBuilder::create`] creates it.
    pub fn organization(&self, name: impl Into<String>) -> LocalOrganizationBuilder {
        let name = name.into();
        let id = OrganizationId::from(random::id("org_"));
        let organization = Organization::new(id, name, String::new(), self.time());
        LocalOrganizationBuilder { local: self.clone(), organization, roles: Vec::new() }
    }

    /// Creates a role of all organizations, or replaces the permissions of an existing one. The system permissions
    /// (`org:sys_…`) of an existing role stay. Permissions that do not exist are created.
    ///
    /// Every instance has the roles `org:admin`, with all system permissions, and `org:member`.
    ///
    /// ```
    /// use clerk_local::LocalClerk;
    ///
    /// let local = LocalClerk::seeded();
    /// local.role("org:editor", ["org:posts:write", "org:posts:publish"]);
    /// local.add_member("org_acme", "user_alan", "org:editor");
    /// let token = local.sign_in("user_alan").organization("org_acme").token();
    /// # drop(token);
    /// ```
    pub fn role<P: Into<String>>(&self, key: impl AsRef<str>, permissions: impl IntoIterator<Item = P>) {
        let permissions = permissions.into_iter().map(Into::into).collect();
        let state = &mut *self.state();
        state.roles.define(key.as_ref(), permissions, state.now);
    }

    /// Gives a user a passkey with this name.
    ///
    /// ```
    /// use clerk_local::LocalClerk;
    ///
    /// let local = LocalClerk::new();
    /// let ada = local.user("Ada", "Lovelace").create();
    /// local.add_passkey(&ada, "My laptop");
    /// // `GET /users/{user_id}` lists it, and `DELETE /users/{user_id}/passkeys/{id}` removes it.
    /// ```
    pub fn add_passkey(&self, user: impl Into<UserId>, name: impl AsRef<str>) {
        let (user, now) = (user.into(), self.time());
        if let Ok(user) = self.state().users.get_mut(user.as_str()) {
            user.passkeys.push(Passkey::new(name.as_ref(), now));
        }
    }

    /// Gives a user a trusted device, as Clerk's mobile SDKs enroll it, and returns its identifier. `platform` is `ios` or
    /// `android`, and `app_identifier` the identifier of the app, for example `com.example.app`.
    ///
    /// ```
    /// use clerk_local::LocalClerk;
    ///
    /// let local = LocalClerk::new();
    /// let ada = local.user("Ada", "Lovelace").create();
    /// let device = local.add_trusted_device(&ada, "ios", "com.example.app", "My phone");
    /// // `DELETE /users/{user_id}/trusted_devices/{device}` revokes it.
    /// # drop(device);
    /// ```
    pub fn add_trusted_device(
        &self,
        user: impl Into<UserId>,
        platform: impl AsRef<str>,
        app_identifier: impl AsRef<str>,
        name: impl AsRef<str>,
    ) -> String {
        let (user, now) = (user.into(), self.time());
        let device = TrustedDevice::new(platform.as_ref(), app_identifier.as_ref(), name.as_ref(), now);
        let id = device.id.clone();
        if let Ok(user) = self.state().users.get_mut(user.as_str()) {
            user.trusted_devices.push(device);
        }
        id
    }

    /// Makes a user a member of an organization with the role `role`, for example `org:admin`. An existing member gets
    /// this role. A role that the organization does not have permits nothing.
    pub fn add_member(
        &self,
        organization: impl Into<OrganizationId>,
        user: impl Into<UserId>,
        role: impl AsRef<str>,
    ) {
        let (organization, user, now) = (organization.into(), user.into(), self.time());
        let state = &mut *self.state();
        if let Ok(membership) = state.membership_mut(organization.as_str(), user.as_str()) {
            role.as_ref().clone_into(&mut membership.role);
            membership.updated_at = now;
        } else {
            state.memberships.insert(Membership::new(&organization, &user, role.as_ref(), now));
        }
    }
}

/// Builder for a user, returned by [`LocalClerk::user`].
#[must_use = "nothing exists until `create`"]
pub struct LocalUserBuilder {
    local: LocalClerk,
    user: User,
    now: Timestamp,
}

impl LocalUserBuilder {
    /// Sets the identifier. The default is a random one. An existing user with this identifier is replaced.
    pub fn id(mut self, id: impl Into<UserId>) -> Self {
        self.user.id = id.into();
        self
    }

    /// Adds a verified email address. The first one is the primary one.
    pub fn email(mut self, address: impl AsRef<str>) -> Self {
        let contact = Contact::new(address.as_ref(), Standing::default(), self.now);
        self.user.add_contact(ContactKind::Email, contact);
        self
    }

    /// Adds a verified phone number, for example `+15555550100`. The first one is the primary one.
    pub fn phone(mut self, number: impl AsRef<str>) -> Self {
        let contact = Contact::new(number.as_ref(), Standing::default(), self.now);
        self.user.add_contact(ContactKind::Phone, contact);
        self
    }

    /// Sets the password. The default is none. It is not checked against the rules of the instance.
    ///
    /// ```
    /// use clerk_local::LocalClerk;
    ///
    /// let local = LocalClerk::new();
    /// local.user("Ada", "Lovelace").email("ada@example.com").password("correct horse").create();
    /// // `POST /users/{user_id}/verify_password` accepts it, and so does a sign-in.
    /// ```
    pub fn password(mut self, password: impl AsRef<str>) -> Self {
        self.user.set_password(Password::new(password.as_ref()), self.now);
        self
    }

    /// Adds an account at a social provider, for example `google`, with the access token that
    /// `GET /users/{user_id}/oauth_access_tokens/{provider}` returns.
    ///
    /// ```
    /// use clerk_local::LocalClerk;
    ///
    /// let local = LocalClerk::new();
    /// local.user("Ada", "Lovelace").external_account("google", "ada@gmail.com", "ya29.token").create();
    /// ```
    pub fn external_account(
        mut self,
        provider: impl AsRef<str>,
        email: impl AsRef<str>,
        access_token: impl Into<String>,
    ) -> Self {
        let name = |part: &Option<String>| part.clone().unwrap_or_default();
        let (first, last) = (name(&self.user.first_name), name(&self.user.last_name));
        let account = ExternalAccount::new(provider.as_ref(), email.as_ref(), &first, &last, self.now);
        self.user.external_accounts.push(ExternalAccount { access_token: access_token.into(), ..account });
        self
    }

    /// Sets the username. The default is none.
    pub fn username(mut self, username: impl Into<String>) -> Self {
        self.user.username = Some(username.into());
        self
    }

    /// Sets the external ID, which is the application's ID of the user. The default is none.
    pub fn external_id(mut self, id: impl Into<String>) -> Self {
        self.user.external_id = Some(id.into());
        self
    }

    /// Sets the metadata that browsers may read. The default is empty.
    pub fn public_metadata(mut self, metadata: &Metadata) -> Self {
        self.user.metadata.public = Value::Object(metadata.to_object().unwrap_or_default());
        self
    }

    /// Sets the metadata that only backends may read. The default is empty.
    pub fn private_metadata(mut self, metadata: &Metadata) -> Self {
        self.user.metadata.private = Value::Object(metadata.to_object().unwrap_or_default());
        self
    }

    /// Sets the metadata that browsers may read and write. The default is empty.
    pub fn unsafe_metadata(mut self, metadata: &Metadata) -> Self {
        self.user.metadata.unsafe_ = Value::Object(metadata.to_object().unwrap_or_default());
        self
    }

    /// Sets whether the user is banned. The default is false.
    pub fn banned(mut self, banned: bool) -> Self {
        self.user.banned = banned;
        self
    }

    /// Sets whether a directory has deprovisioned the user. The default is false.
    pub fn deprovisioned(mut self, deprovisioned: bool) -> Self {
        self.user.deprovisioned = deprovisioned;
        self
    }

    /// Creates the user.
    pub fn create(self) -> LocalUser {
        let id = self.user.id.clone();
        self.local.state().users.insert(self.user);
        LocalUser { id }
    }
}

impl fmt::Debug for LocalUserBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalUserBuilder").field("id", &self.user.id).finish_non_exhaustive()
    }
}

/// Builder for an organization, returned by [`LocalClerk::organization`].
#[must_use = "nothing exists until `create`"]
pub struct LocalOrganizationBuilder {
    local: LocalClerk,
    organization: Organization,
    roles: Vec<(String, Vec<String>)>,
}

impl LocalOrganizationBuilder {
    /// Sets the identifier. The default is a random one. An existing organization with this identifier is replaced.
    pub fn id(mut self, id: impl Into<OrganizationId>) -> Self {
        self.organization.id = id.into();
        self
    }

    /// Sets the slug. The default is derived from the name.
    pub fn slug(mut self, slug: impl Into<String>) -> Self {
        self.organization.slug = slug.into();
        self
    }

    /// Adds a role, for example `org:admin`, with permissions such as `org:users:manage`. Roles belong to the whole
    /// instance, as at Clerk: this is the same as [`LocalClerk::role`].
    pub fn role<P: Into<String>>(
        mut self,
        key: impl Into<String>,
        permissions: impl IntoIterator<Item = P>,
    ) -> Self {
        let permissions = permissions.into_iter().map(Into::into).collect();
        self.roles.push((key.into(), permissions));
        self
    }

    /// Sets who created the organization. This does not make the user a member.
    pub fn created_by(mut self, user: impl Into<UserId>) -> Self {
        self.organization.created_by = Some(user.into());
        self
    }

    /// Sets the most members. The default, 0, means no limit.
    pub fn max_allowed_memberships(mut self, members: u32) -> Self {
        self.organization.max_allowed_memberships = members.into();
        self
    }

    /// Sets the metadata that browsers may read. The default is empty.
    pub fn public_metadata(mut self, metadata: &Metadata) -> Self {
        self.organization.metadata.public = Value::Object(metadata.to_object().unwrap_or_default());
        self
    }

    /// Sets the metadata that only backends may read. The default is empty.
    pub fn private_metadata(mut self, metadata: &Metadata) -> Self {
        self.organization.metadata.private = Value::Object(metadata.to_object().unwrap_or_default());
        self
    }

    /// Creates the organization.
    pub fn create(mut self) -> LocalOrganization {
        let now = self.local.time();
        let state = &mut *self.local.state();
        if self.organization.slug.is_empty() {
            self.organization.slug = routes::free_slug(state, &self.organization.name);
        }
        for (key, permissions) in self.roles {
            state.roles.define(&key, permissions, now);
        }
        self.organization.role_set_key = Some(state.roles.initial_set.clone());
        let id = self.organization.id.clone();
        state.organizations.insert(self.organization);
        LocalOrganization { id }
    }
}

impl fmt::Debug for LocalOrganizationBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalOrganizationBuilder").field("id", &self.organization.id).finish_non_exhaustive()
    }
}
