//! Users: find, create, change, ban, lock and delete them, and what belongs to them.
//!
//! ```
//! use clerk_core::{Nullable, Operation, api::users};
//!
//! let request = users::list().email_address(["ada@example.com"]).order_by("-created_at").limit(10).request().unwrap();
//! assert_eq!(request.uri(), "/users?email_address=ada%40example.com&limit=10&order_by=-created_at");
//!
//! // Setting a name, clearing another, keeping the rest.
//! let request = users::update("user_1").first_name("Ada").last_name(Nullable::Null).request().unwrap();
//! assert_eq!(request.body(), r#"{"first_name":"Ada","last_name":null}"#);
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use bytes::Bytes;
use http::{Method, Request, Response};

use crate::{
    Metadata, Nullable, Page, Timestamp, credential,
    decode::{self, ResponseError},
    encode::{BuildError, File, RequestBuilder},
    id::{Id, OrganizationId, UserId},
    model::{
        AffectedUser, BillingCreditAction, BillingCreditBalance, BillingCreditEntry, BillingSubscription,
        DeletedObject, IdentificationStatus, InvitationStatus, OAuthAccessToken, OrganizationInvitation,
        OrganizationMembership, PasswordVerification, TotalCount, TotpVerification, TrustedDevice, User,
    },
    opaque::opaque,
    operation::{Operation, OperationInfo, Retry},
    page::{self, Paged, Window},
};

/// Lists users. Filters narrow the list; a repeated filter takes at most 100 values.
///
/// `GET /users` ([reference](https://clerk.com/docs/reference/backend-api/tag/users)). Documented error
/// statuses: 400, 401, 422.
pub fn list() -> List {
    List {
        email_address: Vec::new(),
        phone_number: Vec::new(),
        external_id: Vec::new(),
        username: Vec::new(),
        web3_wallet: Vec::new(),
        user_id: Vec::new(),
        organization_id: Vec::new(),
        query: None,
        email_address_query: None,
        phone_number_query: None,
        username_query: None,
        name_query: None,
        banned: None,
        last_active_at_before: None,
        last_active_at_after: None,
        last_active_at_since: None,
        created_at_before: None,
        created_at_after: None,
        last_sign_in_at_before: None,
        last_sign_in_at_after: None,
        provider: None,
        provider_user_id: Vec::new(),
        limit: None,
        offset: None,
        starting_after: None,
        order_by: None,
    }
}

/// The operation that [`list`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct List {
    email_address: Vec<String>,
    phone_number: Vec<String>,
    external_id: Vec<String>,
    username: Vec<String>,
    web3_wallet: Vec<String>,
    user_id: Vec<UserId>,
    organization_id: Vec<OrganizationId>,
    query: Option<String>,
    email_address_query: Option<String>,
    phone_number_query: Option<String>,
    username_query: Option<String>,
    name_query: Option<String>,
    banned: Option<bool>,
    last_active_at_before: Option<Timestamp>,
    last_active_at_after: Option<Timestamp>,
    last_active_at_since: Option<Timestamp>,
    created_at_before: Option<Timestamp>,
    created_at_after: Option<Timestamp>,
    last_sign_in_at_before: Option<Timestamp>,
    last_sign_in_at_after: Option<Timestamp>,
    provider: Option<String>,
    provider_user_id: Vec<String>,
    limit: Option<u32>,
    offset: Option<u32>,
    starting_after: Option<UserId>,
    order_by: Option<String>,
}

opaque!(List);

impl List {
    /// Only users with one of these e-mail addresses. At most 100.
    pub fn email_address(mut self, email_address: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.email_address = email_address.into_iter().map(Into::into).collect();
        self
    }

    /// Only users with one of these phone numbers. At most 100.
    pub fn phone_number(mut self, phone_number: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.phone_number = phone_number.into_iter().map(Into::into).collect();
        self
    }

    /// Only users with one of these identifiers of the application's own. At most 100.
    pub fn external_id(mut self, external_id: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.external_id = external_id.into_iter().map(Into::into).collect();
        self
    }

    /// Only users with one of these user names. At most 100.
    pub fn username(mut self, username: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.username = username.into_iter().map(Into::into).collect();
        self
    }

    /// Only users with one of these Web3 wallets. At most 100.
    pub fn web3_wallet(mut self, web3_wallet: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.web3_wallet = web3_wallet.into_iter().map(Into::into).collect();
        self
    }

    /// Only these users; with a `-` before the id, all but it. At most 100.
    pub fn user_id(mut self, user_id: impl IntoIterator<Item = impl Into<UserId>>) -> Self {
        self.user_id = user_id.into_iter().map(Into::into).collect();
        self
    }

    /// Only those of these organizations; with a `-` before the id, only those outside it. At most 100.
    pub fn organization_id(
        mut self,
        organization_id: impl IntoIterator<Item = impl Into<OrganizationId>>,
    ) -> Self {
        self.organization_id = organization_id.into_iter().map(Into::into).collect();
        self
    }

    /// Only those in which one of the searched fields contains this text.
    pub fn query(mut self, query: impl Into<String>) -> Self {
        self.query = Some(query.into());
        self
    }

    /// Only users with an e-mail address that contains this text.
    pub fn email_address_query(mut self, email_address_query: impl Into<String>) -> Self {
        self.email_address_query = Some(email_address_query.into());
        self
    }

    /// Only users with a phone number that contains this text.
    pub fn phone_number_query(mut self, phone_number_query: impl Into<String>) -> Self {
        self.phone_number_query = Some(phone_number_query.into());
        self
    }

    /// Only users with a user name that contains this text.
    pub fn username_query(mut self, username_query: impl Into<String>) -> Self {
        self.username_query = Some(username_query.into());
        self
    }

    /// Only users with a name that contains this text.
    pub fn name_query(mut self, name_query: impl Into<String>) -> Self {
        self.name_query = Some(name_query.into());
        self
    }

    /// Only users who are banned, or only those who are not.
    pub fn banned(mut self, banned: bool) -> Self {
        self.banned = Some(banned);
        self
    }

    /// Only those last active before this time.
    pub fn last_active_at_before(mut self, last_active_at_before: impl Into<Timestamp>) -> Self {
        self.last_active_at_before = Some(last_active_at_before.into());
        self
    }

    /// Only those last active after this time.
    pub fn last_active_at_after(mut self, last_active_at_after: impl Into<Timestamp>) -> Self {
        self.last_active_at_after = Some(last_active_at_after.into());
        self
    }

    /// Only those active since this time.
    #[deprecated(note = "use `last_active_at_after`")]
    pub fn last_active_at_since(mut self, last_active_at_since: impl Into<Timestamp>) -> Self {
        self.last_active_at_since = Some(last_active_at_since.into());
        self
    }

    /// Only those created before this time.
    pub fn created_at_before(mut self, created_at_before: impl Into<Timestamp>) -> Self {
        self.created_at_before = Some(created_at_before.into());
        self
    }

    /// Only those created after this time.
    pub fn created_at_after(mut self, created_at_after: impl Into<Timestamp>) -> Self {
        self.created_at_after = Some(created_at_after.into());
        self
    }

    /// Only those whose last sign-in is before this time.
    pub fn last_sign_in_at_before(mut self, last_sign_in_at_before: impl Into<Timestamp>) -> Self {
        self.last_sign_in_at_before = Some(last_sign_in_at_before.into());
        self
    }

    /// Only those whose last sign-in is after this time.
    pub fn last_sign_in_at_after(mut self, last_sign_in_at_after: impl Into<Timestamp>) -> Self {
        self.last_sign_in_at_after = Some(last_sign_in_at_after.into());
        self
    }

    /// Only users with an account at this provider, such as `oauth_google`.
    pub fn provider(mut self, provider: impl Into<String>) -> Self {
        self.provider = Some(provider.into());
        self
    }

    /// Only users with one of these identifiers at the provider; needs the provider. At most 100.
    pub fn provider_user_id(mut self, provider_user_id: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.provider_user_id = provider_user_id.into_iter().map(Into::into).collect();
        self
    }

    /// How many to give at most, 1 to 500; 10 when left out.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// How many to skip.
    pub fn offset(mut self, offset: u32) -> Self {
        self.offset = Some(offset);
        self
    }

    /// Only users after this one: the last of the page before. Needs an order by `created_at` and no
    /// offset.
    pub fn starting_after(mut self, starting_after: impl Into<UserId>) -> Self {
        self.starting_after = Some(starting_after.into());
        self
    }

    /// What to order by: a field's name, after `-` for descending order.
    pub fn order_by(mut self, order_by: impl Into<String>) -> Self {
        self.order_by = Some(order_by.into());
        self
    }
}

impl Operation for List {
    type Output = Page<User>;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new("GetUserList", Method::GET, "/users", "Users");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .query_each("email_address", &self.email_address, 100)
            .query_each("phone_number", &self.phone_number, 100)
            .query_each("external_id", &self.external_id, 100)
            .query_each("username", &self.username, 100)
            .query_each("web3_wallet", &self.web3_wallet, 100)
            .query_each("user_id", &self.user_id, 100)
            .query_each("organization_id", &self.organization_id, 100)
            .query_opt("query", self.query.as_ref())
            .query_opt("email_address_query", self.email_address_query.as_ref())
            .query_opt("phone_number_query", self.phone_number_query.as_ref())
            .query_opt("username_query", self.username_query.as_ref())
            .query_opt("name_query", self.name_query.as_ref())
            .query_opt("banned", self.banned.as_ref())
            .query_opt("last_active_at_before", self.last_active_at_before.as_ref())
            .query_opt("last_active_at_after", self.last_active_at_after.as_ref())
            .query_opt("last_active_at_since", self.last_active_at_since.as_ref())
            .query_opt("created_at_before", self.created_at_before.as_ref())
            .query_opt("created_at_after", self.created_at_after.as_ref())
            .query_opt("last_sign_in_at_before", self.last_sign_in_at_before.as_ref())
            .query_opt("last_sign_in_at_after", self.last_sign_in_at_after.as_ref())
            .query_opt("provider", self.provider.as_ref())
            .query_each("provider_user_id", &self.provider_user_id, 100)
            .query_opt("limit", self.limit.as_ref())
            .query_opt("offset", self.offset.as_ref())
            .query_opt("starting_after", self.starting_after.as_ref())
            .query_opt("order_by", self.order_by.as_ref())
            .number("limit", self.limit, 1..=500)
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

impl Paged for List {
    type Item = User;

    fn window(&self) -> Window {
        Window { offset: self.offset, limit: self.limit }
    }

    fn with_window(mut self, window: Window) -> Self {
        self.offset = window.offset;
        self.limit = window.limit;
        self
    }

    fn cursor<'a>(&self, item: &'a User) -> Option<&'a str> {
        page::has_cursor(self.order_by.as_deref()).then(|| item.id.as_str())
    }

    fn with_cursor(mut self, cursor: &str) -> Self {
        self.starting_after = Some(cursor.into());
        self.offset = None;
        self
    }
}

/// Creates a user. Which fields are needed depends on the instance's settings. Addresses and numbers
/// count as verified.
///
/// `POST /users` ([reference](https://clerk.com/docs/reference/backend-api/tag/users)). Documented
/// error statuses: 400, 401, 402, 403, 422.
pub fn create() -> Create {
    Create {
        external_id: Nullable::Absent,
        first_name: Nullable::Absent,
        last_name: Nullable::Absent,
        locale: Nullable::Absent,
        email_address: None,
        email_address_identification_status: None,
        phone_number: None,
        phone_number_identification_status: None,
        web3_wallet: None,
        username: Nullable::Absent,
        password: Nullable::Absent,
        password_digest: Nullable::Absent,
        password_hasher: None,
        skip_password_checks: Nullable::Absent,
        skip_password_requirement: Nullable::Absent,
        totp_secret: Nullable::Absent,
        backup_codes: None,
        public_metadata: None,
        private_metadata: None,
        unsafe_metadata: None,
        delete_self_enabled: Nullable::Absent,
        legal_accepted_at: Nullable::Absent,
        skip_legal_checks: Nullable::Absent,
        skip_user_requirement: Nullable::Absent,
        create_organization_enabled: Nullable::Absent,
        create_organizations_limit: Nullable::Absent,
        created_at: Nullable::Absent,
        bypass_client_trust: Nullable::Absent,
        banned: Nullable::Absent,
        locked: Nullable::Absent,
    }
}

/// The operation that [`create`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Create {
    external_id: Nullable<String>,
    first_name: Nullable<String>,
    last_name: Nullable<String>,
    locale: Nullable<String>,
    email_address: Option<Vec<String>>,
    email_address_identification_status: Option<Vec<IdentificationStatus>>,
    phone_number: Option<Vec<String>>,
    phone_number_identification_status: Option<Vec<IdentificationStatus>>,
    web3_wallet: Option<Vec<String>>,
    username: Nullable<String>,
    password: Nullable<String>,
    password_digest: Nullable<String>,
    password_hasher: Option<String>,
    skip_password_checks: Nullable<bool>,
    skip_password_requirement: Nullable<bool>,
    totp_secret: Nullable<String>,
    backup_codes: Option<Vec<String>>,
    public_metadata: Option<Metadata>,
    private_metadata: Option<Metadata>,
    unsafe_metadata: Option<Metadata>,
    delete_self_enabled: Nullable<bool>,
    legal_accepted_at: Nullable<String>,
    skip_legal_checks: Nullable<bool>,
    skip_user_requirement: Nullable<bool>,
    create_organization_enabled: Nullable<bool>,
    create_organizations_limit: Nullable<i64>,
    created_at: Nullable<String>,
    bypass_client_trust: Nullable<bool>,
    banned: Nullable<bool>,
    locked: Nullable<bool>,
}

opaque!(Create);

impl Create {
    /// The application's own identifier for it. Unique in the instance.
    pub fn external_id(mut self, external_id: impl Into<Nullable<String>>) -> Self {
        self.external_id = external_id.into();
        self
    }

    /// First name.
    pub fn first_name(mut self, first_name: impl Into<Nullable<String>>) -> Self {
        self.first_name = first_name.into();
        self
    }

    /// Last name.
    pub fn last_name(mut self, last_name: impl Into<Nullable<String>>) -> Self {
        self.last_name = last_name.into();
        self
    }

    /// The preferred language, as a BCP 47 tag.
    pub fn locale(mut self, locale: impl Into<Nullable<String>>) -> Self {
        self.locale = locale.into();
        self
    }

    /// E-mail addresses. The first is the primary one.
    pub fn email_address(mut self, email_address: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.email_address = Some(email_address.into_iter().map(Into::into).collect());
        self
    }

    /// How the e-mail addresses start out, in their order.
    pub fn email_address_identification_status(
        mut self,
        email_address_identification_status: impl IntoIterator<Item = impl Into<IdentificationStatus>>,
    ) -> Self {
        self.email_address_identification_status =
            Some(email_address_identification_status.into_iter().map(Into::into).collect());
        self
    }

    /// Phone numbers, as in E.164. The first is the primary one.
    pub fn phone_number(mut self, phone_number: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.phone_number = Some(phone_number.into_iter().map(Into::into).collect());
        self
    }

    /// How the phone numbers start out, in their order.
    pub fn phone_number_identification_status(
        mut self,
        phone_number_identification_status: impl IntoIterator<Item = impl Into<IdentificationStatus>>,
    ) -> Self {
        self.phone_number_identification_status =
            Some(phone_number_identification_status.into_iter().map(Into::into).collect());
        self
    }

    /// Addresses of Web3 wallets. The first is the primary one.
    pub fn web3_wallet(mut self, web3_wallet: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.web3_wallet = Some(web3_wallet.into_iter().map(Into::into).collect());
        self
    }

    /// The user name. Unique in the instance.
    pub fn username(mut self, username: impl Into<Nullable<String>>) -> Self {
        self.username = username.into();
        self
    }

    /// The password in plain text.
    pub fn password(mut self, password: impl Into<Nullable<String>>) -> Self {
        self.password = password.into();
        self
    }

    /// The password as a digest; needs `password_hasher`.
    pub fn password_digest(mut self, password_digest: impl Into<Nullable<String>>) -> Self {
        self.password_digest = password_digest.into();
        self
    }

    /// How the digest was made, such as `bcrypt` or `argon2id`.
    pub fn password_hasher(mut self, password_hasher: impl Into<String>) -> Self {
        self.password_hasher = Some(password_hasher.into());
        self
    }

    /// Whether the password may be a weak one.
    pub fn skip_password_checks(mut self, skip_password_checks: impl Into<Nullable<bool>>) -> Self {
        self.skip_password_checks = skip_password_checks.into();
        self
    }

    /// Whether the user needs no password even if the instance requires one.
    pub fn skip_password_requirement(mut self, skip_password_requirement: impl Into<Nullable<bool>>) -> Self {
        self.skip_password_requirement = skip_password_requirement.into();
        self
    }

    /// The secret of an authenticator app, base32.
    pub fn totp_secret(mut self, totp_secret: impl Into<Nullable<String>>) -> Self {
        self.totp_secret = totp_secret.into();
        self
    }

    /// Backup codes, together with `totp_secret`.
    pub fn backup_codes(mut self, backup_codes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.backup_codes = Some(backup_codes.into_iter().map(Into::into).collect());
        self
    }

    /// Metadata the frontend can read and only the backend can write.
    pub fn public_metadata(mut self, public_metadata: impl Into<Metadata>) -> Self {
        self.public_metadata = Some(public_metadata.into());
        self
    }

    /// Metadata only the backend can read and write.
    pub fn private_metadata(mut self, private_metadata: impl Into<Metadata>) -> Self {
        self.private_metadata = Some(private_metadata.into());
        self
    }

    /// Metadata the frontend can read and write.
    pub fn unsafe_metadata(mut self, unsafe_metadata: impl Into<Metadata>) -> Self {
        self.unsafe_metadata = Some(unsafe_metadata.into());
        self
    }

    /// Whether the user may delete the account.
    pub fn delete_self_enabled(mut self, delete_self_enabled: impl Into<Nullable<bool>>) -> Self {
        self.delete_self_enabled = delete_self_enabled.into();
        self
    }

    /// When the legal terms were accepted, as an RFC 3339 text.
    pub fn legal_accepted_at(mut self, legal_accepted_at: impl Into<Nullable<String>>) -> Self {
        self.legal_accepted_at = legal_accepted_at.into();
        self
    }

    /// Whether the legal terms need not be accepted.
    pub fn skip_legal_checks(mut self, skip_legal_checks: impl Into<Nullable<bool>>) -> Self {
        self.skip_legal_checks = skip_legal_checks.into();
        self
    }

    /// Whether the user needs none of the fields the instance requires.
    pub fn skip_user_requirement(mut self, skip_user_requirement: impl Into<Nullable<bool>>) -> Self {
        self.skip_user_requirement = skip_user_requirement.into();
        self
    }

    /// Whether the user may create organizations.
    pub fn create_organization_enabled(
        mut self,
        create_organization_enabled: impl Into<Nullable<bool>>,
    ) -> Self {
        self.create_organization_enabled = create_organization_enabled.into();
        self
    }

    /// How many organizations the user may create; 0 is no limit.
    pub fn create_organizations_limit(
        mut self,
        create_organizations_limit: impl Into<Nullable<i64>>,
    ) -> Self {
        self.create_organizations_limit = create_organizations_limit.into();
        self
    }

    /// When it was created, as an RFC 3339 text. For moving here from elsewhere.
    pub fn created_at(mut self, created_at: impl Into<Nullable<String>>) -> Self {
        self.created_at = created_at.into();
        self
    }

    /// Whether sign-ins on new devices skip the extra check.
    pub fn bypass_client_trust(mut self, bypass_client_trust: impl Into<Nullable<bool>>) -> Self {
        self.bypass_client_trust = bypass_client_trust.into();
        self
    }

    /// Whether the user starts out banned.
    pub fn banned(mut self, banned: impl Into<Nullable<bool>>) -> Self {
        self.banned = banned.into();
        self
    }

    /// Whether the user starts out locked.
    pub fn locked(mut self, locked: impl Into<Nullable<bool>>) -> Self {
        self.locked = locked.into();
        self
    }
}

impl Operation for Create {
    type Output = User;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new("CreateUser", Method::POST, "/users", "Users");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .json(|body| {
                body.nullable("external_id", &self.external_id)
                    .nullable("first_name", &self.first_name)
                    .nullable("last_name", &self.last_name)
                    .nullable("locale", &self.locale)
                    .optional("email_address", &self.email_address)
                    .optional(
                        "email_address_identification_status",
                        &self.email_address_identification_status,
                    )
                    .optional("phone_number", &self.phone_number)
                    .optional("phone_number_identification_status", &self.phone_number_identification_status)
                    .optional("web3_wallet", &self.web3_wallet)
                    .nullable("username", &self.username)
                    .nullable("password", &self.password)
                    .nullable("password_digest", &self.password_digest)
                    .optional("password_hasher", &self.password_hasher)
                    .nullable("skip_password_checks", &self.skip_password_checks)
                    .nullable("skip_password_requirement", &self.skip_password_requirement)
                    .nullable("totp_secret", &self.totp_secret)
                    .optional("backup_codes", &self.backup_codes)
                    .optional("public_metadata", &self.public_metadata)
                    .optional("private_metadata", &self.private_metadata)
                    .optional("unsafe_metadata", &self.unsafe_metadata)
                    .nullable("delete_self_enabled", &self.delete_self_enabled)
                    .nullable("legal_accepted_at", &self.legal_accepted_at)
                    .nullable("skip_legal_checks", &self.skip_legal_checks)
                    .nullable("skip_user_requirement", &self.skip_user_requirement)
                    .nullable("create_organization_enabled", &self.create_organization_enabled)
                    .nullable("create_organizations_limit", &self.create_organizations_limit)
                    .nullable("created_at", &self.created_at)
                    .nullable("bypass_client_trust", &self.bypass_client_trust)
                    .nullable("banned", &self.banned)
                    .nullable("locked", &self.locked);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Counts the users that [`list`] with the same filters would give.
///
/// `GET /users/count` ([reference](https://clerk.com/docs/reference/backend-api/tag/users)). Documented
/// error status: 422.
pub fn count() -> Count {
    Count {
        email_address: Vec::new(),
        phone_number: Vec::new(),
        external_id: Vec::new(),
        username: Vec::new(),
        web3_wallet: Vec::new(),
        user_id: Vec::new(),
        organization_id: Vec::new(),
        query: None,
        email_address_query: None,
        phone_number_query: None,
        username_query: None,
        name_query: None,
        banned: None,
        last_active_at_before: None,
        last_active_at_after: None,
        last_active_at_since: None,
        created_at_before: None,
        created_at_after: None,
        last_sign_in_at_before: None,
        last_sign_in_at_after: None,
        provider: None,
        provider_user_id: Vec::new(),
    }
}

/// The operation that [`count`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Count {
    email_address: Vec<String>,
    phone_number: Vec<String>,
    external_id: Vec<String>,
    username: Vec<String>,
    web3_wallet: Vec<String>,
    user_id: Vec<UserId>,
    organization_id: Vec<OrganizationId>,
    query: Option<String>,
    email_address_query: Option<String>,
    phone_number_query: Option<String>,
    username_query: Option<String>,
    name_query: Option<String>,
    banned: Option<bool>,
    last_active_at_before: Option<Timestamp>,
    last_active_at_after: Option<Timestamp>,
    last_active_at_since: Option<Timestamp>,
    created_at_before: Option<Timestamp>,
    created_at_after: Option<Timestamp>,
    last_sign_in_at_before: Option<Timestamp>,
    last_sign_in_at_after: Option<Timestamp>,
    provider: Option<String>,
    provider_user_id: Vec<String>,
}

opaque!(Count);

impl Count {
    /// Only users with one of these e-mail addresses. At most 100.
    pub fn email_address(mut self, email_address: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.email_address = email_address.into_iter().map(Into::into).collect();
        self
    }

    /// Only users with one of these phone numbers. At most 100.
    pub fn phone_number(mut self, phone_number: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.phone_number = phone_number.into_iter().map(Into::into).collect();
        self
    }

    /// Only users with one of these identifiers of the application's own. At most 100.
    pub fn external_id(mut self, external_id: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.external_id = external_id.into_iter().map(Into::into).collect();
        self
    }

    /// Only users with one of these user names. At most 100.
    pub fn username(mut self, username: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.username = username.into_iter().map(Into::into).collect();
        self
    }

    /// Only users with one of these Web3 wallets. At most 100.
    pub fn web3_wallet(mut self, web3_wallet: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.web3_wallet = web3_wallet.into_iter().map(Into::into).collect();
        self
    }

    /// Only these users; with a `-` before the id, all but it. At most 100.
    pub fn user_id(mut self, user_id: impl IntoIterator<Item = impl Into<UserId>>) -> Self {
        self.user_id = user_id.into_iter().map(Into::into).collect();
        self
    }

    /// Only those of these organizations; with a `-` before the id, only those outside it. At most 100.
    pub fn organization_id(
        mut self,
        organization_id: impl IntoIterator<Item = impl Into<OrganizationId>>,
    ) -> Self {
        self.organization_id = organization_id.into_iter().map(Into::into).collect();
        self
    }

    /// Only those in which one of the searched fields contains this text.
    pub fn query(mut self, query: impl Into<String>) -> Self {
        self.query = Some(query.into());
        self
    }

    /// Only users with an e-mail address that contains this text.
    pub fn email_address_query(mut self, email_address_query: impl Into<String>) -> Self {
        self.email_address_query = Some(email_address_query.into());
        self
    }

    /// Only users with a phone number that contains this text.
    pub fn phone_number_query(mut self, phone_number_query: impl Into<String>) -> Self {
        self.phone_number_query = Some(phone_number_query.into());
        self
    }

    /// Only users with a user name that contains this text.
    pub fn username_query(mut self, username_query: impl Into<String>) -> Self {
        self.username_query = Some(username_query.into());
        self
    }

    /// Only users with a name that contains this text.
    pub fn name_query(mut self, name_query: impl Into<String>) -> Self {
        self.name_query = Some(name_query.into());
        self
    }

    /// Only users who are banned, or only those who are not.
    pub fn banned(mut self, banned: bool) -> Self {
        self.banned = Some(banned);
        self
    }

    /// Only those last active before this time.
    pub fn last_active_at_before(mut self, last_active_at_before: impl Into<Timestamp>) -> Self {
        self.last_active_at_before = Some(last_active_at_before.into());
        self
    }

    /// Only those last active after this time.
    pub fn last_active_at_after(mut self, last_active_at_after: impl Into<Timestamp>) -> Self {
        self.last_active_at_after = Some(last_active_at_after.into());
        self
    }

    /// Only those active since this time.
    #[deprecated(note = "use `last_active_at_after`")]
    pub fn last_active_at_since(mut self, last_active_at_since: impl Into<Timestamp>) -> Self {
        self.last_active_at_since = Some(last_active_at_since.into());
        self
    }

    /// Only those created before this time.
    pub fn created_at_before(mut self, created_at_before: impl Into<Timestamp>) -> Self {
        self.created_at_before = Some(created_at_before.into());
        self
    }

    /// Only those created after this time.
    pub fn created_at_after(mut self, created_at_after: impl Into<Timestamp>) -> Self {
        self.created_at_after = Some(created_at_after.into());
        self
    }

    /// Only those whose last sign-in is before this time.
    pub fn last_sign_in_at_before(mut self, last_sign_in_at_before: impl Into<Timestamp>) -> Self {
        self.last_sign_in_at_before = Some(last_sign_in_at_before.into());
        self
    }

    /// Only those whose last sign-in is after this time.
    pub fn last_sign_in_at_after(mut self, last_sign_in_at_after: impl Into<Timestamp>) -> Self {
        self.last_sign_in_at_after = Some(last_sign_in_at_after.into());
        self
    }

    /// Only users with an account at this provider, such as `oauth_google`.
    pub fn provider(mut self, provider: impl Into<String>) -> Self {
        self.provider = Some(provider.into());
        self
    }

    /// Only users with one of these identifiers at the provider; needs the provider. At most 100.
    pub fn provider_user_id(mut self, provider_user_id: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.provider_user_id = provider_user_id.into_iter().map(Into::into).collect();
        self
    }
}

impl Operation for Count {
    type Output = TotalCount;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("GetUsersCount", Method::GET, "/users/count", "Users");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .query_each("email_address", &self.email_address, 100)
            .query_each("phone_number", &self.phone_number, 100)
            .query_each("external_id", &self.external_id, 100)
            .query_each("username", &self.username, 100)
            .query_each("web3_wallet", &self.web3_wallet, 100)
            .query_each("user_id", &self.user_id, 100)
            .query_each("organization_id", &self.organization_id, 100)
            .query_opt("query", self.query.as_ref())
            .query_opt("email_address_query", self.email_address_query.as_ref())
            .query_opt("phone_number_query", self.phone_number_query.as_ref())
            .query_opt("username_query", self.username_query.as_ref())
            .query_opt("name_query", self.name_query.as_ref())
            .query_opt("banned", self.banned.as_ref())
            .query_opt("last_active_at_before", self.last_active_at_before.as_ref())
            .query_opt("last_active_at_after", self.last_active_at_after.as_ref())
            .query_opt("last_active_at_since", self.last_active_at_since.as_ref())
            .query_opt("created_at_before", self.created_at_before.as_ref())
            .query_opt("created_at_after", self.created_at_after.as_ref())
            .query_opt("last_sign_in_at_before", self.last_sign_in_at_before.as_ref())
            .query_opt("last_sign_in_at_after", self.last_sign_in_at_after.as_ref())
            .query_opt("provider", self.provider.as_ref())
            .query_each("provider_user_id", &self.provider_user_id, 100)
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// One user.
///
/// `GET /users/{user_id}` ([reference](https://clerk.com/docs/reference/backend-api/tag/users)).
/// Documented error statuses: 400, 401, 404.
pub fn get(user_id: impl Into<UserId>) -> Get {
    Get { user_id: user_id.into() }
}

/// The operation that [`get`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Get {
    user_id: UserId,
}

opaque!(Get);

impl Operation for Get {
    type Output = User;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("GetUser", Method::GET, "/users/{user_id}", "Users");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).path("user_id", &self.user_id).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Changes a user. Metadata has operations of its own, [`update_metadata`] and [`replace_metadata`].
///
/// `PATCH /users/{user_id}` ([reference](https://clerk.com/docs/reference/backend-api/tag/users)).
/// Documented error statuses: 400, 401, 404, 409, 422.
pub fn update(user_id: impl Into<UserId>) -> Update {
    Update {
        user_id: user_id.into(),
        external_id: Nullable::Absent,
        first_name: Nullable::Absent,
        last_name: Nullable::Absent,
        locale: Nullable::Absent,
        primary_email_address_id: Nullable::Absent,
        notify_primary_email_address_changed: Nullable::Absent,
        primary_phone_number_id: Nullable::Absent,
        primary_web3_wallet_id: Nullable::Absent,
        username: Nullable::Absent,
        profile_image_id: Nullable::Absent,
        password: Nullable::Absent,
        password_digest: None,
        password_hasher: None,
        skip_password_checks: Nullable::Absent,
        sign_out_of_other_sessions: Nullable::Absent,
        totp_secret: Nullable::Absent,
        backup_codes: None,
        delete_self_enabled: Nullable::Absent,
        create_organization_enabled: Nullable::Absent,
        legal_accepted_at: Nullable::Absent,
        skip_legal_checks: Nullable::Absent,
        create_organizations_limit: Nullable::Absent,
        created_at: Nullable::Absent,
        bypass_client_trust: Nullable::Absent,
    }
}

/// The operation that [`update`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Update {
    user_id: UserId,
    external_id: Nullable<String>,
    first_name: Nullable<String>,
    last_name: Nullable<String>,
    locale: Nullable<String>,
    primary_email_address_id: Nullable<Id>,
    notify_primary_email_address_changed: Nullable<bool>,
    primary_phone_number_id: Nullable<Id>,
    primary_web3_wallet_id: Nullable<Id>,
    username: Nullable<String>,
    profile_image_id: Nullable<Id>,
    password: Nullable<String>,
    password_digest: Option<String>,
    password_hasher: Option<String>,
    skip_password_checks: Nullable<bool>,
    sign_out_of_other_sessions: Nullable<bool>,
    totp_secret: Nullable<String>,
    backup_codes: Option<Vec<String>>,
    delete_self_enabled: Nullable<bool>,
    create_organization_enabled: Nullable<bool>,
    legal_accepted_at: Nullable<String>,
    skip_legal_checks: Nullable<bool>,
    create_organizations_limit: Nullable<i64>,
    created_at: Nullable<String>,
    bypass_client_trust: Nullable<bool>,
}

opaque!(Update);

impl Update {
    /// The application's own identifier for it. Unique in the instance.
    pub fn external_id(mut self, external_id: impl Into<Nullable<String>>) -> Self {
        self.external_id = external_id.into();
        self
    }

    /// First name.
    pub fn first_name(mut self, first_name: impl Into<Nullable<String>>) -> Self {
        self.first_name = first_name.into();
        self
    }

    /// Last name.
    pub fn last_name(mut self, last_name: impl Into<Nullable<String>>) -> Self {
        self.last_name = last_name.into();
        self
    }

    /// The preferred language, as a BCP 47 tag.
    pub fn locale(mut self, locale: impl Into<Nullable<String>>) -> Self {
        self.locale = locale.into();
        self
    }

    /// Which verified e-mail address becomes the primary one.
    pub fn primary_email_address_id(mut self, primary_email_address_id: impl Into<Nullable<Id>>) -> Self {
        self.primary_email_address_id = primary_email_address_id.into();
        self
    }

    /// Whether to tell the old primary address that it was replaced.
    pub fn notify_primary_email_address_changed(
        mut self,
        notify_primary_email_address_changed: impl Into<Nullable<bool>>,
    ) -> Self {
        self.notify_primary_email_address_changed = notify_primary_email_address_changed.into();
        self
    }

    /// Which verified phone number becomes the primary one.
    pub fn primary_phone_number_id(mut self, primary_phone_number_id: impl Into<Nullable<Id>>) -> Self {
        self.primary_phone_number_id = primary_phone_number_id.into();
        self
    }

    /// Which verified wallet becomes the primary one.
    pub fn primary_web3_wallet_id(mut self, primary_web3_wallet_id: impl Into<Nullable<Id>>) -> Self {
        self.primary_web3_wallet_id = primary_web3_wallet_id.into();
        self
    }

    /// The user name. Unique in the instance.
    pub fn username(mut self, username: impl Into<Nullable<String>>) -> Self {
        self.username = username.into();
        self
    }

    /// An uploaded image that becomes the user's.
    pub fn profile_image_id(mut self, profile_image_id: impl Into<Nullable<Id>>) -> Self {
        self.profile_image_id = profile_image_id.into();
        self
    }

    /// The password in plain text.
    pub fn password(mut self, password: impl Into<Nullable<String>>) -> Self {
        self.password = password.into();
        self
    }

    /// The password as a digest; needs `password_hasher`.
    pub fn password_digest(mut self, password_digest: impl Into<String>) -> Self {
        self.password_digest = Some(password_digest.into());
        self
    }

    /// How the digest was made, such as `bcrypt` or `argon2id`.
    pub fn password_hasher(mut self, password_hasher: impl Into<String>) -> Self {
        self.password_hasher = Some(password_hasher.into());
        self
    }

    /// Whether the password may be a weak one.
    pub fn skip_password_checks(mut self, skip_password_checks: impl Into<Nullable<bool>>) -> Self {
        self.skip_password_checks = skip_password_checks.into();
        self
    }

    /// Whether to end all of the user's sessions.
    pub fn sign_out_of_other_sessions(
        mut self,
        sign_out_of_other_sessions: impl Into<Nullable<bool>>,
    ) -> Self {
        self.sign_out_of_other_sessions = sign_out_of_other_sessions.into();
        self
    }

    /// The secret of an authenticator app, base32.
    pub fn totp_secret(mut self, totp_secret: impl Into<Nullable<String>>) -> Self {
        self.totp_secret = totp_secret.into();
        self
    }

    /// Backup codes, together with `totp_secret`.
    pub fn backup_codes(mut self, backup_codes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.backup_codes = Some(backup_codes.into_iter().map(Into::into).collect());
        self
    }

    /// Whether the user may delete the account.
    pub fn delete_self_enabled(mut self, delete_self_enabled: impl Into<Nullable<bool>>) -> Self {
        self.delete_self_enabled = delete_self_enabled.into();
        self
    }

    /// Whether the user may create organizations.
    pub fn create_organization_enabled(
        mut self,
        create_organization_enabled: impl Into<Nullable<bool>>,
    ) -> Self {
        self.create_organization_enabled = create_organization_enabled.into();
        self
    }

    /// When the legal terms were accepted, as an RFC 3339 text.
    pub fn legal_accepted_at(mut self, legal_accepted_at: impl Into<Nullable<String>>) -> Self {
        self.legal_accepted_at = legal_accepted_at.into();
        self
    }

    /// Whether the legal terms need not be accepted.
    pub fn skip_legal_checks(mut self, skip_legal_checks: impl Into<Nullable<bool>>) -> Self {
        self.skip_legal_checks = skip_legal_checks.into();
        self
    }

    /// How many organizations the user may create; 0 is no limit.
    pub fn create_organizations_limit(
        mut self,
        create_organizations_limit: impl Into<Nullable<i64>>,
    ) -> Self {
        self.create_organizations_limit = create_organizations_limit.into();
        self
    }

    /// When it was created, as an RFC 3339 text. For moving here from elsewhere.
    pub fn created_at(mut self, created_at: impl Into<Nullable<String>>) -> Self {
        self.created_at = created_at.into();
        self
    }

    /// Whether sign-ins on new devices skip the extra check.
    pub fn bypass_client_trust(mut self, bypass_client_trust: impl Into<Nullable<bool>>) -> Self {
        self.bypass_client_trust = bypass_client_trust.into();
        self
    }
}

impl Operation for Update {
    type Output = User;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("UpdateUser", Method::PATCH, "/users/{user_id}", "Users");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("user_id", &self.user_id)
            .json(|body| {
                body.nullable("external_id", &self.external_id)
                    .nullable("first_name", &self.first_name)
                    .nullable("last_name", &self.last_name)
                    .nullable("locale", &self.locale)
                    .nullable("primary_email_address_id", &self.primary_email_address_id)
                    .nullable(
                        "notify_primary_email_address_changed",
                        &self.notify_primary_email_address_changed,
                    )
                    .nullable("primary_phone_number_id", &self.primary_phone_number_id)
                    .nullable("primary_web3_wallet_id", &self.primary_web3_wallet_id)
                    .nullable("username", &self.username)
                    .nullable("profile_image_id", &self.profile_image_id)
                    .nullable("password", &self.password)
                    .optional("password_digest", &self.password_digest)
                    .optional("password_hasher", &self.password_hasher)
                    .nullable("skip_password_checks", &self.skip_password_checks)
                    .nullable("sign_out_of_other_sessions", &self.sign_out_of_other_sessions)
                    .nullable("totp_secret", &self.totp_secret)
                    .optional("backup_codes", &self.backup_codes)
                    .nullable("delete_self_enabled", &self.delete_self_enabled)
                    .nullable("create_organization_enabled", &self.create_organization_enabled)
                    .nullable("legal_accepted_at", &self.legal_accepted_at)
                    .nullable("skip_legal_checks", &self.skip_legal_checks)
                    .nullable("create_organizations_limit", &self.create_organizations_limit)
                    .nullable("created_at", &self.created_at)
                    .nullable("bypass_client_trust", &self.bypass_client_trust);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Deletes a user.
///
/// `DELETE /users/{user_id}` ([reference](https://clerk.com/docs/reference/backend-api/tag/users)).
/// Documented error statuses: 400, 401, 404.
pub fn delete(user_id: impl Into<UserId>) -> Delete {
    Delete { user_id: user_id.into() }
}

/// The operation that [`delete`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Delete {
    user_id: UserId,
}

opaque!(Delete);

impl Operation for Delete {
    type Output = DeletedObject;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("DeleteUser", Method::DELETE, "/users/{user_id}", "Users");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).path("user_id", &self.user_id).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Bans a user: all sessions end, and signing in is refused.
///
/// `POST /users/{user_id}/ban` ([reference](https://clerk.com/docs/reference/backend-api/tag/users)).
/// Documented error status: 402.
pub fn ban(user_id: impl Into<UserId>) -> Ban {
    Ban { user_id: user_id.into() }
}

/// The operation that [`ban`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Ban {
    user_id: UserId,
}

opaque!(Ban);

impl Operation for Ban {
    type Output = User;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("BanUser", Method::POST, "/users/{user_id}/ban", "Users").retry(Retry::Safe);

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).path("user_id", &self.user_id).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Lifts a user's ban.
///
/// `POST /users/{user_id}/unban` ([reference](https://clerk.com/docs/reference/backend-api/tag/users)).
/// Documented error status: 402.
pub fn unban(user_id: impl Into<UserId>) -> Unban {
    Unban { user_id: user_id.into() }
}

/// The operation that [`unban`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Unban {
    user_id: UserId,
}

opaque!(Unban);

impl Operation for Unban {
    type Output = User;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("UnbanUser", Method::POST, "/users/{user_id}/unban", "Users").retry(Retry::Safe);

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).path("user_id", &self.user_id).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Bans 1 to 50 users at once.
///
/// `POST /users/ban` ([reference](https://clerk.com/docs/reference/backend-api/tag/users)). Documented
/// error statuses: 400, 402.
pub fn bulk_ban(user_ids: impl IntoIterator<Item = impl Into<UserId>>) -> BulkBan {
    BulkBan { user_ids: user_ids.into_iter().map(Into::into).collect() }
}

/// The operation that [`bulk_ban`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct BulkBan {
    user_ids: Vec<UserId>,
}

opaque!(BulkBan);

impl Operation for BulkBan {
    type Output = Vec<User>;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("UsersBan", Method::POST, "/users/ban", "Users").retry(Retry::Safe);

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .items("user_ids", self.user_ids.len(), 1, 50)
            .json(|body| {
                body.required("user_ids", &self.user_ids);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Lifts the bans of 1 to 50 users at once.
///
/// `POST /users/unban` ([reference](https://clerk.com/docs/reference/backend-api/tag/users)).
/// Documented error statuses: 400, 402.
pub fn bulk_unban(user_ids: impl IntoIterator<Item = impl Into<UserId>>) -> BulkUnban {
    BulkUnban { user_ids: user_ids.into_iter().map(Into::into).collect() }
}

/// The operation that [`bulk_unban`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct BulkUnban {
    user_ids: Vec<UserId>,
}

opaque!(BulkUnban);

impl Operation for BulkUnban {
    type Output = Vec<User>;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("UsersUnban", Method::POST, "/users/unban", "Users").retry(Retry::Safe);

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .items("user_ids", self.user_ids.len(), 1, 50)
            .json(|body| {
                body.required("user_ids", &self.user_ids);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Locks a user, who cannot sign in until the lock is lifted or runs out.
///
/// `POST /users/{user_id}/lock` ([reference](https://clerk.com/docs/reference/backend-api/tag/users)).
/// Documented error status: 403.
pub fn lock(user_id: impl Into<UserId>) -> Lock {
    Lock { user_id: user_id.into() }
}

/// The operation that [`lock`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Lock {
    user_id: UserId,
}

opaque!(Lock);

impl Operation for Lock {
    type Output = User;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("LockUser", Method::POST, "/users/{user_id}/lock", "Users").retry(Retry::Safe);

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).path("user_id", &self.user_id).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Lifts a user's lock.
///
/// `POST /users/{user_id}/unlock`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/users)). Documented error status: 403.
pub fn unlock(user_id: impl Into<UserId>) -> Unlock {
    Unlock { user_id: user_id.into() }
}

/// The operation that [`unlock`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Unlock {
    user_id: UserId,
}

opaque!(Unlock);

impl Operation for Unlock {
    type Output = User;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("UnlockUser", Method::POST, "/users/{user_id}/unlock", "Users")
            .retry(Retry::Safe);

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).path("user_id", &self.user_id).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Sets a user's image: JPEG, PNG, GIF or WebP, at most 10 MB.
///
/// `POST /users/{user_id}/profile_image`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/users)). Documented error statuses:
/// 400, 401, 404.
pub fn set_profile_image(user_id: impl Into<UserId>, file: File) -> SetProfileImage {
    SetProfileImage { user_id: user_id.into(), file }
}

/// The operation that [`set_profile_image`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct SetProfileImage {
    user_id: UserId,
    file: File,
}

opaque!(SetProfileImage);

impl Operation for SetProfileImage {
    type Output = User;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("SetUserProfileImage", Method::POST, "/users/{user_id}/profile_image", "Users");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("user_id", &self.user_id)
            .multipart(|body| {
                body.file("file", &self.file);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Removes a user's image.
///
/// `DELETE /users/{user_id}/profile_image`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/users)). Documented error status: 404.
pub fn delete_profile_image(user_id: impl Into<UserId>) -> DeleteProfileImage {
    DeleteProfileImage { user_id: user_id.into() }
}

/// The operation that [`delete_profile_image`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct DeleteProfileImage {
    user_id: UserId,
}

opaque!(DeleteProfileImage);

impl Operation for DeleteProfileImage {
    type Output = User;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "DeleteUserProfileImage",
        Method::DELETE,
        "/users/{user_id}/profile_image",
        "Users",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).path("user_id", &self.user_id).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Replaces a user's metadata. Each field that is given is replaced as a whole. To keep the rest of it,
/// use [`update_metadata`].
///
/// `PUT /users/{user_id}/metadata`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/users)). Documented error statuses:
/// 400, 401, 404, 422.
pub fn replace_metadata(user_id: impl Into<UserId>) -> ReplaceMetadata {
    ReplaceMetadata {
        user_id: user_id.into(),
        public_metadata: Nullable::Absent,
        private_metadata: Nullable::Absent,
        unsafe_metadata: Nullable::Absent,
    }
}

/// The operation that [`replace_metadata`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct ReplaceMetadata {
    user_id: UserId,
    public_metadata: Nullable<Metadata>,
    private_metadata: Nullable<Metadata>,
    unsafe_metadata: Nullable<Metadata>,
}

opaque!(ReplaceMetadata);

impl ReplaceMetadata {
    /// Metadata the frontend can read and only the backend can write. An empty object clears it.
    pub fn public_metadata(mut self, public_metadata: impl Into<Nullable<Metadata>>) -> Self {
        self.public_metadata = public_metadata.into();
        self
    }

    /// Metadata only the backend can read and write. An empty object clears it.
    pub fn private_metadata(mut self, private_metadata: impl Into<Nullable<Metadata>>) -> Self {
        self.private_metadata = private_metadata.into();
        self
    }

    /// Metadata the frontend can read and write. An empty object clears it.
    pub fn unsafe_metadata(mut self, unsafe_metadata: impl Into<Nullable<Metadata>>) -> Self {
        self.unsafe_metadata = unsafe_metadata.into();
        self
    }
}

impl Operation for ReplaceMetadata {
    type Output = User;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("ReplaceUserMetadata", Method::PUT, "/users/{user_id}/metadata", "Users");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("user_id", &self.user_id)
            .json(|body| {
                body.nullable("public_metadata", &self.public_metadata)
                    .nullable("private_metadata", &self.private_metadata)
                    .nullable("unsafe_metadata", &self.unsafe_metadata);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Merges into a user's metadata, at every depth; a key set to `null` is deleted. To replace it, use
/// [`replace_metadata`]; [`metadata`](crate::metadata) has examples of both.
///
/// `PATCH /users/{user_id}/metadata`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/users)). Documented error statuses:
/// 400, 401, 404, 422.
pub fn update_metadata(user_id: impl Into<UserId>) -> UpdateMetadata {
    UpdateMetadata {
        user_id: user_id.into(),
        public_metadata: None,
        private_metadata: None,
        unsafe_metadata: None,
    }
}

/// The operation that [`update_metadata`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct UpdateMetadata {
    user_id: UserId,
    public_metadata: Option<Metadata>,
    private_metadata: Option<Metadata>,
    unsafe_metadata: Option<Metadata>,
}

opaque!(UpdateMetadata);

impl UpdateMetadata {
    /// Metadata the frontend can read and only the backend can write.
    pub fn public_metadata(mut self, public_metadata: impl Into<Metadata>) -> Self {
        self.public_metadata = Some(public_metadata.into());
        self
    }

    /// Metadata only the backend can read and write.
    pub fn private_metadata(mut self, private_metadata: impl Into<Metadata>) -> Self {
        self.private_metadata = Some(private_metadata.into());
        self
    }

    /// Metadata the frontend can read and write.
    pub fn unsafe_metadata(mut self, unsafe_metadata: impl Into<Metadata>) -> Self {
        self.unsafe_metadata = Some(unsafe_metadata.into());
        self
    }
}

impl Operation for UpdateMetadata {
    type Output = User;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("UpdateUserMetadata", Method::PATCH, "/users/{user_id}/metadata", "Users")
            .retry(Retry::Safe);

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("user_id", &self.user_id)
            .json(|body| {
                body.optional("public_metadata", &self.public_metadata)
                    .optional("private_metadata", &self.private_metadata)
                    .optional("unsafe_metadata", &self.unsafe_metadata);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// A user's billing subscription.
///
/// `GET /users/{user_id}/billing/subscription`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/users)). Documented error statuses:
/// 400, 401, 403, 404, 422, 500.
pub fn get_billing_subscription(user_id: impl Into<UserId>) -> GetBillingSubscription {
    GetBillingSubscription { user_id: user_id.into() }
}

/// The operation that [`get_billing_subscription`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct GetBillingSubscription {
    user_id: UserId,
}

opaque!(GetBillingSubscription);

impl Operation for GetBillingSubscription {
    type Output = BillingSubscription;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "GetUserBillingSubscription",
        Method::GET,
        "/users/{user_id}/billing/subscription",
        "Users",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).path("user_id", &self.user_id).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// The credit a user has.
///
/// `GET /users/{user_id}/billing/credits`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/users)). Documented error statuses:
/// 400, 401, 403, 404, 422, 500.
pub fn get_billing_credit_balance(user_id: impl Into<UserId>) -> GetBillingCreditBalance {
    GetBillingCreditBalance { user_id: user_id.into() }
}

/// The operation that [`get_billing_credit_balance`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct GetBillingCreditBalance {
    user_id: UserId,
}

opaque!(GetBillingCreditBalance);

impl Operation for GetBillingCreditBalance {
    type Output = BillingCreditBalance;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "GetUserBillingCreditBalance",
        Method::GET,
        "/users/{user_id}/billing/credits",
        "Users",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).path("user_id", &self.user_id).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Raises or lowers a user's credit by an amount in the currency's smallest unit. A repetition with the
/// same idempotency key has no further effect.
///
/// `POST /users/{user_id}/billing/credits`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/users)). Documented error statuses:
/// 400, 401, 403, 404, 409, 422, 500.
pub fn adjust_billing_credit_balance(
    user_id: impl Into<UserId>,
    amount: i64,
    action: impl Into<BillingCreditAction>,
    idempotency_key: impl Into<String>,
) -> AdjustBillingCreditBalance {
    AdjustBillingCreditBalance {
        user_id: user_id.into(),
        amount,
        action: action.into(),
        currency: None,
        idempotency_key: idempotency_key.into(),
        note: None,
    }
}

/// The operation that [`adjust_billing_credit_balance`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct AdjustBillingCreditBalance {
    user_id: UserId,
    amount: i64,
    action: BillingCreditAction,
    currency: Option<String>,
    idempotency_key: String,
    note: Option<String>,
}

opaque!(AdjustBillingCreditBalance);

impl AdjustBillingCreditBalance {
    /// The currency's code, such as `USD`.
    pub fn currency(mut self, currency: impl Into<String>) -> Self {
        self.currency = Some(currency.into());
        self
    }

    /// A remark.
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }
}

impl Operation for AdjustBillingCreditBalance {
    type Output = BillingCreditEntry;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "AdjustUserBillingCreditBalance",
        Method::POST,
        "/users/{user_id}/billing/credits",
        "Users",
    )
    .retry(Retry::Safe);

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("user_id", &self.user_id)
            .json(|body| {
                body.required("amount", &self.amount)
                    .required("action", &self.action)
                    .optional("currency", &self.currency)
                    .required("idempotency_key", &self.idempotency_key)
                    .optional("note", &self.note);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// The OAuth access tokens that a user granted for a provider, such as `oauth_google`.
///
/// `GET /users/{user_id}/oauth_access_tokens/{provider}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/users)). Documented error statuses:
/// 400, 404, 422.
pub fn get_oauth_access_tokens(
    user_id: impl Into<UserId>,
    provider: impl Into<String>,
) -> GetOAuthAccessTokens {
    GetOAuthAccessTokens { user_id: user_id.into(), provider: provider.into(), limit: None, offset: None }
}

/// The operation that [`get_oauth_access_tokens`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct GetOAuthAccessTokens {
    user_id: UserId,
    provider: String,
    limit: Option<u32>,
    offset: Option<u32>,
}

opaque!(GetOAuthAccessTokens);

impl GetOAuthAccessTokens {
    /// How many to give at most, 1 to 500; 10 when left out.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// How many to skip.
    pub fn offset(mut self, offset: u32) -> Self {
        self.offset = Some(offset);
        self
    }
}

impl Operation for GetOAuthAccessTokens {
    type Output = Page<OAuthAccessToken>;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "GetOAuthAccessToken",
        Method::GET,
        "/users/{user_id}/oauth_access_tokens/{provider}",
        "Users",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("user_id", &self.user_id)
            .path("provider", &self.provider)
            .query("paginated", true)
            .query_opt("limit", self.limit.as_ref())
            .query_opt("offset", self.offset.as_ref())
            .number("limit", self.limit, 1..=500)
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

impl Paged for GetOAuthAccessTokens {
    type Item = OAuthAccessToken;

    fn window(&self) -> Window {
        Window { offset: self.offset, limit: self.limit }
    }

    fn with_window(mut self, window: Window) -> Self {
        self.offset = window.offset;
        self.limit = window.limit;
        self
    }
}

/// Lists a user's memberships.
///
/// `GET /users/{user_id}/organization_memberships`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/users)). Documented error status: 403.
pub fn get_organization_memberships(user_id: impl Into<UserId>) -> GetOrganizationMemberships {
    GetOrganizationMemberships { user_id: user_id.into(), limit: None, offset: None }
}

/// The operation that [`get_organization_memberships`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct GetOrganizationMemberships {
    user_id: UserId,
    limit: Option<u32>,
    offset: Option<u32>,
}

opaque!(GetOrganizationMemberships);

impl GetOrganizationMemberships {
    /// How many to give at most, 1 to 500; 10 when left out.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// How many to skip.
    pub fn offset(mut self, offset: u32) -> Self {
        self.offset = Some(offset);
        self
    }
}

impl Operation for GetOrganizationMemberships {
    type Output = Page<OrganizationMembership>;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "UsersGetOrganizationMemberships",
        Method::GET,
        "/users/{user_id}/organization_memberships",
        "Users",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("user_id", &self.user_id)
            .query_opt("limit", self.limit.as_ref())
            .query_opt("offset", self.offset.as_ref())
            .number("limit", self.limit, 1..=500)
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

impl Paged for GetOrganizationMemberships {
    type Item = OrganizationMembership;

    fn window(&self) -> Window {
        Window { offset: self.offset, limit: self.limit }
    }

    fn with_window(mut self, window: Window) -> Self {
        self.offset = window.offset;
        self.limit = window.limit;
        self
    }
}

/// Lists the invitations a user has to organizations.
///
/// `GET /users/{user_id}/organization_invitations`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/users)). Documented error statuses:
/// 400, 403, 404.
pub fn get_organization_invitations(user_id: impl Into<UserId>) -> GetOrganizationInvitations {
    GetOrganizationInvitations { user_id: user_id.into(), limit: None, offset: None, status: None }
}

/// The operation that [`get_organization_invitations`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct GetOrganizationInvitations {
    user_id: UserId,
    limit: Option<u32>,
    offset: Option<u32>,
    status: Option<InvitationStatus>,
}

opaque!(GetOrganizationInvitations);

impl GetOrganizationInvitations {
    /// How many to give at most, 1 to 500; 10 when left out.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// How many to skip.
    pub fn offset(mut self, offset: u32) -> Self {
        self.offset = Some(offset);
        self
    }

    /// Only invitations that stand so.
    pub fn status(mut self, status: impl Into<InvitationStatus>) -> Self {
        self.status = Some(status.into());
        self
    }
}

impl Operation for GetOrganizationInvitations {
    type Output = Page<OrganizationInvitation>;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "UsersGetOrganizationInvitations",
        Method::GET,
        "/users/{user_id}/organization_invitations",
        "Users",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("user_id", &self.user_id)
            .query_opt("limit", self.limit.as_ref())
            .query_opt("offset", self.offset.as_ref())
            .query_opt("status", self.status.as_ref())
            .number("limit", self.limit, 1..=500)
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

impl Paged for GetOrganizationInvitations {
    type Item = OrganizationInvitation;

    fn window(&self) -> Window {
        Window { offset: self.offset, limit: self.limit }
    }

    fn with_window(mut self, window: Window) -> Self {
        self.offset = window.offset;
        self.limit = window.limit;
        self
    }
}

/// Removes a user's password, when there is another way to sign in.
///
/// `POST /users/{user_id}/remove_password`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/users)). Documented error statuses:
/// 400, 401, 403, 404, 500.
pub fn remove_password(user_id: impl Into<UserId>) -> RemovePassword {
    RemovePassword { user_id: user_id.into(), sign_out_of_other_sessions: None }
}

/// The operation that [`remove_password`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct RemovePassword {
    user_id: UserId,
    sign_out_of_other_sessions: Option<bool>,
}

opaque!(RemovePassword);

impl RemovePassword {
    /// Whether to end all of the user's sessions.
    pub fn sign_out_of_other_sessions(mut self, sign_out_of_other_sessions: bool) -> Self {
        self.sign_out_of_other_sessions = Some(sign_out_of_other_sessions);
        self
    }
}

impl Operation for RemovePassword {
    type Output = User;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("RemoveUserPassword", Method::POST, "/users/{user_id}/remove_password", "Users");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("user_id", &self.user_id)
            .json(|body| {
                body.optional("sign_out_of_other_sessions", &self.sign_out_of_other_sessions);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Checks a user's password. A wrong one is an answer with status 422.
///
/// `POST /users/{user_id}/verify_password`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/users)). Documented error statuses:
/// 400, 404, 422, 500.
pub fn verify_password(user_id: impl Into<UserId>, password: impl Into<String>) -> VerifyPassword {
    VerifyPassword { user_id: user_id.into(), password: password.into() }
}

/// The operation that [`verify_password`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct VerifyPassword {
    user_id: UserId,
    password: String,
}

opaque!(VerifyPassword);

impl Operation for VerifyPassword {
    type Output = PasswordVerification;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("VerifyPassword", Method::POST, "/users/{user_id}/verify_password", "Users");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("user_id", &self.user_id)
            .json(|body| {
                body.required("password", &self.password);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Checks a user's one-time code or backup code. A backup code is used up by it. A wrong code is an
/// answer with status 422.
///
/// `POST /users/{user_id}/verify_totp`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/users)). Documented error statuses:
/// 400, 404, 422, 500.
pub fn verify_totp(user_id: impl Into<UserId>, code: impl Into<String>) -> VerifyTotp {
    VerifyTotp { user_id: user_id.into(), code: code.into() }
}

/// The operation that [`verify_totp`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct VerifyTotp {
    user_id: UserId,
    code: String,
}

opaque!(VerifyTotp);

impl Operation for VerifyTotp {
    type Output = TotpVerification;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("VerifyTOTP", Method::POST, "/users/{user_id}/verify_totp", "Users");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("user_id", &self.user_id)
            .json(|body| {
                body.required("code", &self.code);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Switches off all of a user's second factors.
///
/// `DELETE /users/{user_id}/mfa` ([reference](https://clerk.com/docs/reference/backend-api/tag/users)).
/// Documented error statuses: 404, 500.
pub fn disable_mfa(user_id: impl Into<UserId>) -> DisableMfa {
    DisableMfa { user_id: user_id.into() }
}

/// The operation that [`disable_mfa`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct DisableMfa {
    user_id: UserId,
}

opaque!(DisableMfa);

impl Operation for DisableMfa {
    type Output = AffectedUser;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("DisableMFA", Method::DELETE, "/users/{user_id}/mfa", "Users");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).path("user_id", &self.user_id).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Deletes all of a user's backup codes.
///
/// `DELETE /users/{user_id}/backup_code`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/users)). Documented error statuses:
/// 404, 500.
pub fn delete_backup_codes(user_id: impl Into<UserId>) -> DeleteBackupCodes {
    DeleteBackupCodes { user_id: user_id.into() }
}

/// The operation that [`delete_backup_codes`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct DeleteBackupCodes {
    user_id: UserId,
}

opaque!(DeleteBackupCodes);

impl Operation for DeleteBackupCodes {
    type Output = AffectedUser;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("DeleteBackupCode", Method::DELETE, "/users/{user_id}/backup_code", "Users");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).path("user_id", &self.user_id).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Deletes a user's passkey.
///
/// `DELETE /users/{user_id}/passkeys/{passkey_identification_id}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/users)). Documented error statuses:
/// 403, 404, 500.
pub fn delete_passkey(user_id: impl Into<UserId>, passkey_identification_id: impl Into<Id>) -> DeletePasskey {
    DeletePasskey { user_id: user_id.into(), passkey_identification_id: passkey_identification_id.into() }
}

/// The operation that [`delete_passkey`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct DeletePasskey {
    user_id: UserId,
    passkey_identification_id: Id,
}

opaque!(DeletePasskey);

impl Operation for DeletePasskey {
    type Output = DeletedObject;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "UserPasskeyDelete",
        Method::DELETE,
        "/users/{user_id}/passkeys/{passkey_identification_id}",
        "Users",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("user_id", &self.user_id)
            .path("passkey_identification_id", &self.passkey_identification_id)
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Lists the devices a user trusts.
///
/// `GET /users/{user_id}/trusted_devices`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/users)). Documented error statuses:
/// 403, 404, 500.
pub fn list_trusted_devices(user_id: impl Into<UserId>) -> ListTrustedDevices {
    ListTrustedDevices { user_id: user_id.into() }
}

/// The operation that [`list_trusted_devices`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct ListTrustedDevices {
    user_id: UserId,
}

opaque!(ListTrustedDevices);

impl Operation for ListTrustedDevices {
    type Output = Page<TrustedDevice>;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "ListUserTrustedDevices",
        Method::GET,
        "/users/{user_id}/trusted_devices",
        "Users",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).path("user_id", &self.user_id).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Revokes a device a user trusted.
///
/// `DELETE /users/{user_id}/trusted_devices/{trusted_device_id}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/users)). Documented error statuses:
/// 403, 404, 500.
pub fn revoke_trusted_device(
    user_id: impl Into<UserId>,
    trusted_device_id: impl Into<Id>,
) -> RevokeTrustedDevice {
    RevokeTrustedDevice { user_id: user_id.into(), trusted_device_id: trusted_device_id.into() }
}

/// The operation that [`revoke_trusted_device`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct RevokeTrustedDevice {
    user_id: UserId,
    trusted_device_id: Id,
}

opaque!(RevokeTrustedDevice);

impl Operation for RevokeTrustedDevice {
    type Output = TrustedDevice;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "RevokeUserTrustedDevice",
        Method::DELETE,
        "/users/{user_id}/trusted_devices/{trusted_device_id}",
        "Users",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("user_id", &self.user_id)
            .path("trusted_device_id", &self.trusted_device_id)
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Deletes a user's Web3 wallet.
///
/// `DELETE /users/{user_id}/web3_wallets/{web3_wallet_identification_id}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/users)). Documented error statuses:
/// 400, 403, 404, 500.
pub fn delete_web3_wallet(
    user_id: impl Into<UserId>,
    web3_wallet_identification_id: impl Into<Id>,
) -> DeleteWeb3Wallet {
    DeleteWeb3Wallet {
        user_id: user_id.into(),
        web3_wallet_identification_id: web3_wallet_identification_id.into(),
    }
}

/// The operation that [`delete_web3_wallet`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct DeleteWeb3Wallet {
    user_id: UserId,
    web3_wallet_identification_id: Id,
}

opaque!(DeleteWeb3Wallet);

impl Operation for DeleteWeb3Wallet {
    type Output = DeletedObject;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "UserWeb3WalletDelete",
        Method::DELETE,
        "/users/{user_id}/web3_wallets/{web3_wallet_identification_id}",
        "Users",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("user_id", &self.user_id)
            .path("web3_wallet_identification_id", &self.web3_wallet_identification_id)
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Deletes a user's authenticator app.
///
/// `DELETE /users/{user_id}/totp`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/users)). Documented error statuses:
/// 404, 500.
pub fn delete_totp(user_id: impl Into<UserId>) -> DeleteTotp {
    DeleteTotp { user_id: user_id.into() }
}

/// The operation that [`delete_totp`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct DeleteTotp {
    user_id: UserId,
}

opaque!(DeleteTotp);

impl Operation for DeleteTotp {
    type Output = AffectedUser;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("DeleteTOTP", Method::DELETE, "/users/{user_id}/totp", "Users");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).path("user_id", &self.user_id).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Deletes an account at a provider that a user has connected. Takes the account's
/// `external_account_id`, where there is one, else its `id`.
///
/// `DELETE /users/{user_id}/external_accounts/{external_account_id}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/users)). Documented error statuses:
/// 400, 403, 404, 500.
pub fn delete_external_account(
    user_id: impl Into<UserId>,
    external_account_id: impl Into<Id>,
) -> DeleteExternalAccount {
    DeleteExternalAccount { user_id: user_id.into(), external_account_id: external_account_id.into() }
}

/// The operation that [`delete_external_account`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct DeleteExternalAccount {
    user_id: UserId,
    external_account_id: Id,
}

opaque!(DeleteExternalAccount);

impl Operation for DeleteExternalAccount {
    type Output = DeletedObject;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "DeleteExternalAccount",
        Method::DELETE,
        "/users/{user_id}/external_accounts/{external_account_id}",
        "Users",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("user_id", &self.user_id)
            .path("external_account_id", &self.external_account_id)
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Marks a user's password as compromised: a new one must be set at the next sign-in.
///
/// `POST /users/{user_id}/password/set_compromised`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/users)). Documented error statuses:
/// 400, 401, 403, 404, 422.
pub fn set_password_compromised(user_id: impl Into<UserId>) -> SetPasswordCompromised {
    SetPasswordCompromised { user_id: user_id.into(), revoke_all_sessions: Nullable::Absent }
}

/// The operation that [`set_password_compromised`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct SetPasswordCompromised {
    user_id: UserId,
    revoke_all_sessions: Nullable<bool>,
}

opaque!(SetPasswordCompromised);

impl SetPasswordCompromised {
    /// Whether to end all of the user's sessions.
    pub fn revoke_all_sessions(mut self, revoke_all_sessions: impl Into<Nullable<bool>>) -> Self {
        self.revoke_all_sessions = revoke_all_sessions.into();
        self
    }
}

impl Operation for SetPasswordCompromised {
    type Output = User;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "SetUserPasswordCompromised",
        Method::POST,
        "/users/{user_id}/password/set_compromised",
        "Users",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("user_id", &self.user_id)
            .json(|body| {
                body.nullable("revoke_all_sessions", &self.revoke_all_sessions);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Takes back the mark that a user's password is compromised.
///
/// `POST /users/{user_id}/password/unset_compromised`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/users)). Documented error statuses:
/// 400, 401, 403, 404, 422.
pub fn unset_password_compromised(user_id: impl Into<UserId>) -> UnsetPasswordCompromised {
    UnsetPasswordCompromised { user_id: user_id.into() }
}

/// The operation that [`unset_password_compromised`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct UnsetPasswordCompromised {
    user_id: UserId,
}

opaque!(UnsetPasswordCompromised);

impl Operation for UnsetPasswordCompromised {
    type Output = User;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "UnsetUserPasswordCompromised",
        Method::POST,
        "/users/{user_id}/password/unset_compromised",
        "Users",
    )
    .retry(Retry::Safe);

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).path("user_id", &self.user_id).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}
