//! The data of an instance, and its JSON form in the Backend API.

pub(crate) mod billing;
pub(crate) mod checkout;
pub(crate) mod clients;
mod contact;
mod device;
mod domain;
mod enrollment;
pub(crate) mod enterprise;
mod external_account;
mod hasher;
mod image;
mod invitation;
mod jwt_template;
mod mfa;
pub(crate) mod oauth;
mod organization;
mod organization_domain;
mod organization_invitation;
mod outbox;
mod password;
mod proof;
mod redirect_url;
mod restrictions;
mod roles;
mod session;
mod settings;
mod sign_in;
mod sign_up;
mod template;
mod ticket;
mod user;
mod verification;
mod waitlist;

use std::time::Duration;

use clerk_core::{
    Timestamp,
    id::{OrganizationId, UserId},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    credentials::Credentials,
    error::ApiError,
    kept::kept_by_field,
    table::{Row as _, Table},
};

pub(crate) use self::{
    clients::Clients,
    contact::{Contact, ContactKind, Standing, Strategy},
    device::{Passkey, TrustedDevice},
    domain::{Domain, PRIMARY_DOMAIN},
    enrollment::MembershipRequest,
    external_account::ExternalAccount,
    image::Image,
    invitation::{Invitation, NewInvitation},
    jwt_template::{ALGORITHMS as JWT_ALGORITHMS, CustomKey, JwtTemplate},
    mfa::Totp,
    oauth::{OAuthApplication, OAuthCode, OAuthGrant},
    organization::{Membership, Organization},
    organization_domain::OrganizationDomain,
    organization_invitation::OrganizationInvitation,
    outbox::{Message, OwnEmail, Purpose},
    password::{CredentialRefused, Lock, Password},
    proof::{Link, Progress, Proof, Social},
    redirect_url::RedirectUrl,
    restrictions::{ListedIdentifier, is_wallet},
    roles::{Permission, Role, RoleSet, Roles},
    session::{Reverification, Session, SessionEnd},
    settings::{Attribute, Attributes, ENROLLMENT_MODES, Settings, SignUpMode},
    sign_in::{SignIn, SignInStep},
    sign_up::{Claim, SignUp},
    template::{BuiltIn as BuiltInTemplate, EMAILS as EMAIL_TEMPLATES, MESSAGES as SMS_TEMPLATES, Template},
    ticket::{Impersonation, SignInToken, Ticket, TicketStatus},
    user::User,
    verification::{CodeStrategy, Verification},
    waitlist::WaitlistEntry,
};

/// The identifier of every local instance.
pub(crate) const INSTANCE_ID: &str = "ins_LocalClerk00000000000000000";

/// The application's metadata of a user, an organization or a membership.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Metadata {
    pub(crate) public: Value,
    pub(crate) private: Value,
    pub(crate) unsafe_: Value,
}

impl Default for Metadata {
    fn default() -> Self {
        let empty = || Value::Object(Map::new());
        Self { public: empty(), private: empty(), unsafe_: empty() }
    }
}

/// Adds the fields of one object to another one.
pub(crate) fn extended(mut object: Value, more: Value) -> Value {
    if let (Value::Object(object), Value::Object(more)) = (&mut object, more) {
        object.extend(more);
    }
    object
}

/// Everything in an instance. Clones are cheap, and are snapshots.
///
/// A kind that a saved file of an older version does not have is empty.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    /// The `iss` of tokens: `https://` and the host of the publishable key.
    #[serde(skip)]
    pub(crate) issuer: String,
    pub(crate) settings: Settings,
    /// When the state was locked, which is the time of everything that is seen of it.
    #[serde(skip)]
    pub(crate) now: Timestamp,
    /// How far the time of the state is ahead of the clock's.
    pub(crate) ahead: Duration,
    pub(crate) roles: Roles,
    pub(crate) users: Table<User>,
    pub(crate) organizations: Table<Organization>,
    pub(crate) memberships: Table<Membership>,
    pub(crate) organization_invitations: Table<OrganizationInvitation>,
    pub(crate) organization_domains: Table<OrganizationDomain>,
    pub(crate) membership_requests: Table<MembershipRequest>,
    pub(crate) jwt_templates: Table<JwtTemplate>,
    pub(crate) redirect_urls: Table<RedirectUrl>,
    pub(crate) domains: Table<Domain>,
    pub(crate) templates: Table<Template>,
    pub(crate) sessions: Table<Session>,
    pub(crate) sign_ups: Table<SignUp>,
    pub(crate) credentials: Credentials,
    pub(crate) clients: Clients,
    pub(crate) verifications: Table<Verification>,
    pub(crate) outbox: Table<Message>,
    pub(crate) enterprise_connections: Table<enterprise::EnterpriseConnection>,
    pub(crate) directories: Table<enterprise::Directory>,
    pub(crate) admin_portal_tokens: Table<enterprise::AdminPortalToken>,
    pub(crate) agent_tasks: Table<enterprise::AgentTask>,
    pub(crate) plans: Table<billing::Plan>,
    pub(crate) prices: Table<billing::Price>,
    pub(crate) subscription_items: Table<billing::SubscriptionItem>,
    pub(crate) discounts: Table<billing::Discount>,
    pub(crate) credit_entries: Table<billing::CreditEntry>,
    pub(crate) payment_attempts: Table<billing::PaymentAttempt>,
    pub(crate) payment_methods: Table<checkout::PaymentMethod>,
    pub(crate) checkouts: Table<checkout::Checkout>,
    pub(crate) allowlist: Table<ListedIdentifier>,
    pub(crate) blocklist: Table<ListedIdentifier>,
    pub(crate) oauth_applications: Table<OAuthApplication>,
    #[serde(skip)]
    pub(crate) oauth_codes: Table<OAuthCode>,
    pub(crate) invitations: Table<Invitation>,
    pub(crate) sign_in_tokens: Table<SignInToken>,
    pub(crate) waitlist: Table<WaitlistEntry>,
    pub(crate) images: Table<Image>,
}

kept_by_field!(State {
    settings,
    ahead,
    roles,
    users,
    organizations,
    memberships,
    organization_invitations,
    organization_domains,
    membership_requests,
    jwt_templates,
    redirect_urls,
    domains,
    templates,
    sessions,
    sign_ups,
    credentials,
    clients,
    verifications,
    outbox,
    enterprise_connections,
    directories,
    admin_portal_tokens,
    agent_tasks,
    plans,
    prices,
    subscription_items,
    discounts,
    credit_entries,
    payment_attempts,
    payment_methods,
    checkouts,
    allowlist,
    blocklist,
    oauth_applications,
    invitations,
    sign_in_tokens,
    waitlist,
    images,
} without { issuer, now, oauth_codes });

impl State {
    /// Returns the time of this state at a time of the clock.
    pub(crate) fn own_time(&self, time: Timestamp) -> Timestamp {
        time.saturating_add(self.ahead)
    }

    /// Returns a time of this state by the clock: for everything that others check by a clock of their own, such as the
    /// times in signed tokens.
    pub(crate) fn clock_time(&self, time: Timestamp) -> Timestamp {
        time.saturating_sub(self.ahead)
    }

    /// Returns the memberships of a user.
    pub(crate) fn memberships_of(&self, user: &str) -> impl Iterator<Item = &Membership> {
        self.memberships.having(user).filter(move |membership| membership.user == user)
    }

    /// Returns the memberships in an organization.
    pub(crate) fn members_of(&self, organization: &str) -> impl Iterator<Item = &Membership> {
        self.memberships
            .having(organization)
            .filter(move |membership| membership.organization == organization)
    }

    pub(crate) fn membership(&self, organization: &str, user: &str) -> Result<&Membership, ApiError> {
        let found = self.memberships_of(user).find(|one| one.organization == organization);
        found.ok_or_else(|| ApiError::not_found(Membership::NAME))
    }

    pub(crate) fn membership_mut(
        &mut self,
        organization: &str,
        user: &str,
    ) -> Result<&mut Membership, ApiError> {
        let id = self.membership(organization, user)?.id.clone();
        self.memberships.get_mut(&id)
    }

    /// Starts a session, and updates the user's times of sign-in and activity.
    pub(crate) fn sign_in(&mut self, user: UserId, now: Timestamp) -> Session {
        if let Ok(user) = self.users.get_mut(user.as_str()) {
            user.last_sign_in_at = Some(now);
            user.last_active_at = Some(now);
        }
        let session = Session::new(user, now);
        self.sessions.insert(session.clone());
        session
    }

    /// Deletes a user, with everything that belongs to it.
    pub(crate) fn delete_user(&mut self, id: &str, now: Timestamp) {
        // It may not exist.
        let _ = self.users.remove(id);
        let memberships: Vec<_> = self.memberships_of(id).map(|membership| membership.id.clone()).collect();
        for membership in memberships {
            // Impossible to fail: it is there.
            let _ = self.memberships.remove(&membership);
        }
        self.membership_requests.retain(|request| request.user != id);
        self.credentials.forget(id);
        self.forget_payer(id);
        self.sign_in_tokens.retain(|token| token.user != id);
        self.images.retain(|image| image.id != id);
        self.revoke_sessions(id, now);
    }

    /// Ends all sessions of a user.
    pub(crate) fn revoke_sessions(&mut self, user: &str, now: Timestamp) {
        let sessions = self.sessions.having(user).filter(|session| session.user == user);
        let sessions: Vec<_> = sessions.map(|session| session.id.clone()).collect();
        for session in sessions {
            if let Ok(session) = self.sessions.get_mut(session.as_str()) {
                session.revoke(now);
            }
        }
    }

    /// Returns the permissions of a membership's role.
    pub(crate) fn permissions(&self, membership: &Membership) -> &[String] {
        self.roles.role(&membership.role).map_or(&[], |role| &role.permissions)
    }

    pub(crate) fn members(&self, organization: &OrganizationId) -> usize {
        self.members_of(organization.as_str()).count()
    }

    /// Returns the URL of the image of `id`. It works only while the instance is served.
    pub(crate) fn image_url(&self, id: &str) -> String {
        format!("{}/images/{id}", self.clients.address.as_ref().unwrap_or(&self.issuer))
    }
}
