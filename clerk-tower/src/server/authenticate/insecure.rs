use std::{env, fmt, sync::Arc, time::Duration};

use clerk_core::{
    Timestamp,
    authenticate::{AuthenticateOptions, Authenticator, Outcome, RequestHead, Step},
    id::{OrganizationId, SessionId, UserId},
    keys::InstanceType,
    model::{Organization, User},
    token::{KeySet, SessionAuth},
};
use http::{HeaderMap, Method, Uri, Version};
use serde_json::{Map, Value, json};

use super::{Auth, auth::Target, driver::Driver};
use crate::{Clerk, ClerkBuilder, ConfigError, client::with_live_key, telemetry};

/// The setting that errors name.
const SETTING: &str = "insecure_identity";

/// How long the session of an identity lasts: longer than any process, so that nothing has to renew it.
const LIFETIME: Duration = Duration::from_secs(100 * 365 * 86_400);

/// One configured identity, in place of authentication by Clerk: a user, who may be active in an organization.
///
/// Insecure: nothing about a request is verified. It is for self-hosted editions and local modes of an application, in which
/// [a layer](super::AuthenticateLayer::insecure_identity) gives it to every request, and for [unit tests](Auth::insecure).
///
/// ```
/// use clerk_core::token::Check;
/// use clerk_tower::server::authenticate::{Auth, InsecureIdentity};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let owner = InsecureIdentity::new("user_owner")
///     .organization("org_home", "org:admin")
///     .permissions(["org:reports:read"])
///     .claim("pla", "u:gold"); // the user has the plan `gold`
/// let auth = Auth::insecure(&owner)?;
/// let claims = auth.require_session()?.claims();
/// assert_eq!(claims.user_id(), "user_owner");
/// assert!(claims.has(&Check::new().role("org:admin").permission("org:reports:read").plan("gold")));
/// # Ok(()) }
/// ```
#[derive(Clone)]
#[must_use]
pub struct InsecureIdentity {
    /// `None` for a visitor who is not signed in.
    user_id: Option<UserId>,
    claims: Map<String, Value>,
    user: Option<User>,
    organization: Option<Organization>,
    clerk: Option<Clerk>,
    is_beside_live_key: bool,
}

impl InsecureIdentity {
    /// Creates the identity of a signed-in user with this ID, in a personal account. The first factor counts as verified
    /// just now, so that guards which require a reverification let the user through.
    pub fn new(user: impl Into<UserId>) -> Self {
        let claims = [("sid", json!("sess_insecure")), ("sts", json!("active")), ("fva", json!([0, -1]))];
        let claims = claims.map(|(name, value)| (name.to_owned(), value)).into_iter().collect();
        Self { user_id: Some(user.into()), claims, ..Self::nobody() }
    }

    /// Creates the identity of a visitor who is not signed in.
    pub fn nobody() -> Self {
        Self {
            user_id: None,
            claims: Map::new(),
            user: None,
            organization: None,
            clerk: None,
            is_beside_live_key: false,
        }
    }

    /// Sets the session's ID. Defaults to `sess_insecure`.
    pub fn session_id(self, id: impl Into<SessionId>) -> Self {
        let id: SessionId = id.into();
        self.claim("sid", id.as_str())
    }

    /// Sets the active organization, and the user's role in it, such as `org:admin`.
    pub fn organization(self, id: impl Into<OrganizationId>, role: impl Into<String>) -> Self {
        let id: OrganizationId = id.into();
        self.claim("org_id", id.as_str()).claim("org_role", role.into())
    }

    /// Sets the permissions in the active organization, such as `org:reports:read`.
    pub fn permissions<T: Into<String>>(self, permissions: impl IntoIterator<Item = T>) -> Self {
        let permissions: Vec<String> = permissions.into_iter().map(Into::into).collect();
        self.claim("org_permissions", permissions)
    }

    /// Sets a claim of the session, a custom one or one of Clerk's. Only the user (`sub`) cannot be set.
    ///
    /// The claims of the organization are those of version 1 of Clerk's format (`org_id`, `org_role`, `org_slug`,
    /// `org_permissions`).
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.claims.insert(name.into(), value.into());
        self
    }

    /// Sets what [`Auth::user`] returns. The user becomes that of the identity. Defaults to a user who has only an ID.
    ///
    /// ```
    /// use clerk_core::model::User;
    /// use clerk_tower::server::authenticate::InsecureIdentity;
    /// use serde_json::json;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let user = json!({"id": "user_owner", "first_name": "Ada", "banned": false, "locked": false});
    /// let owner = InsecureIdentity::new("user_owner").user_model(serde_json::from_value(user)?);
    /// # let _ = owner; Ok(()) }
    /// ```
    pub fn user_model(self, user: User) -> Self {
        Self { user_id: Some(user.id.clone()), user: Some(user), ..self }
    }

    /// Sets what [`Auth::organization`] returns. The organization becomes the active one. Defaults to an organization that
    /// has only an ID.
    pub fn organization_model(self, organization: Organization) -> Self {
        let (id, slug) = (organization.id.as_str().to_owned(), organization.slug.clone());
        let this = self.claim("org_id", id).claim("org_slug", slug);
        Self { organization: Some(organization), ..this }
    }

    /// Sets what [`Auth::clerk`] returns. By default there is no client, and it rejects with 500 `clerk-secret-key-missing`.
    pub fn clerk(self, clerk: &Clerk) -> Self {
        Self { clerk: Some(clerk.clone()), ..self }
    }

    /// Allows [the layer](super::AuthenticateLayer::insecure_identity) although the secret key of a production instance is
    /// configured.
    ///
    /// Insecure: a service that has such a key most probably serves users of that instance, and without authentication all
    /// of them, and everybody else, are this one.
    pub fn insecure_beside_live_key(self) -> Self {
        Self { is_beside_live_key: true, ..self }
    }

    fn refuse_live_keys(&self) -> Result<(), ConfigError> {
        let variable = with_live_key(env::vars_os());
        let key = self.clerk.as_ref().and_then(Clerk::secret_key);
        let is_live = key.is_some_and(|key| key.instance_type() == InstanceType::Production);
        let found = variable.or_else(|| is_live.then(|| "the client".to_owned()));
        match found {
            Some(found) if !self.is_beside_live_key => Err(ConfigError::new(
                SETTING,
                format_args!(
                    "refused, because {found} has the secret key of a production instance (sk_live_…), whose users would \
                     all be this identity; remove the key, or call insecure_beside_live_key too"
                ),
            )),
            _ => Ok(()),
        }
    }

    fn prepare(&self) -> Result<Prepared, ConfigError> {
        let clerk = self.clerk.clone().map_or_else(ClerkBuilder::offline, Ok)?;
        let authenticator = Authenticator::new(AuthenticateOptions::new());
        let authenticator = authenticator.map_err(|error| ConfigError::new(SETTING, error))?;
        let session = self.session(clerk.now())?;
        let profile = session.as_ref().map(|session| self.profile(session)).transpose()?;
        let outcome = match session {
            Some(session) => Outcome::insecure_signed_in(Arc::new(session)),
            None => signed_out(&authenticator, clerk.now())?,
        };
        Ok(Prepared { outcome, clerk, authenticator, profile })
    }

    fn session(&self, now: Timestamp) -> Result<Option<SessionAuth>, ConfigError> {
        let Some(user) = &self.user_id else { return Ok(None) };
        let (issued, expires) = (now.as_secs(), now.saturating_add(LIFETIME).as_secs());
        let mut claims = Map::new();
        for (name, time) in [("iat", issued), ("nbf", issued), ("exp", expires)] {
            claims.insert(name.to_owned(), time.into());
        }
        claims.extend(self.claims.clone());
        claims.insert("sub".to_owned(), user.as_str().into());
        let session = SessionAuth::insecure_from_claims(&Value::Object(claims));
        session.map(Some).map_err(|error| ConfigError::new(SETTING, error))
    }

    fn profile(&self, session: &SessionAuth) -> Result<Profile, ConfigError> {
        let invalid = |error: serde_json::Error| ConfigError::new(SETTING, error);
        let user = match &self.user {
            Some(user) => user.clone(),
            None => {
                let id = session.claims().user_id();
                serde_json::from_value(json!({"id": id, "banned": false, "locked": false}))
                    .map_err(invalid)?
            }
        };
        let organization = match (&self.organization, session.claims().organization()) {
            (Some(organization), Some(claims)) if organization.id == *claims.id => Some(organization.clone()),
            (Some(_), _) => {
                let problem = "organization_model is not that of the active organization; set it last";
                return Err(ConfigError::new(SETTING, problem));
            }
            (None, Some(claims)) => {
                let known = json!({"id": claims.id, "slug": claims.slug});
                Some(serde_json::from_value(known).map_err(invalid)?)
            }
            (None, None) => None,
        };
        Ok(Profile { user: Arc::new(user), organization: organization.map(Arc::new) })
    }
}

/// Shows nothing of the user.
impl fmt::Debug for InsecureIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InsecureIdentity").finish_non_exhaustive()
    }
}

/// What Clerk would return about an identity.
pub(super) struct Profile {
    pub(super) user: Arc<User>,
    pub(super) organization: Option<Arc<Organization>>,
}

/// An identity, ready for requests.
pub(super) struct Prepared {
    pub(super) outcome: Outcome,
    pub(super) clerk: Clerk,
    pub(super) authenticator: Authenticator,
    pub(super) profile: Option<Profile>,
}

impl Prepared {
    /// For a layer: refuses beside a live key, and logs that nothing is authenticated.
    pub(super) fn for_layer(identity: &InsecureIdentity) -> Result<Self, ConfigError> {
        identity.refuse_live_keys()?;
        let prepared = identity.prepare()?;
        telemetry::insecure_identity();
        Ok(prepared)
    }
}

impl fmt::Debug for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prepared").finish_non_exhaustive()
    }
}

/// Returns the head of a request that says nothing.
fn with_empty_head<T>(read: impl FnOnce(&RequestHead<'_>) -> T) -> T {
    let (uri, headers) = (Uri::default(), HeaderMap::new());
    read(&RequestHead::new(&Method::GET, &uri, Version::default(), &headers))
}

fn signed_out(authenticator: &Authenticator, now: Timestamp) -> Result<Outcome, ConfigError> {
    match with_empty_head(|head| authenticator.start(head, &KeySet::default(), now)) {
        Step::Done(outcome) => Ok(outcome),
        Step::Need(_) => Err(ConfigError::new(SETTING, "a request without a token needs Clerk")),
    }
}

impl Auth {
    /// Creates the result of authentication without a request, a layer or a client: for unit tests of functions that take
    /// an `Auth`. Put it into the extensions of a request to test a service that looks for it there.
    ///
    /// Insecure: every other `Auth` proves that a client has authenticated the request. In a service, use
    /// [the layer](super::AuthenticateLayer::insecure_identity), which is refused beside a live key and visible in the log.
    ///
    /// ```
    /// use clerk_tower::server::authenticate::{Auth, InsecureIdentity};
    ///
    /// fn greeting(auth: &Auth) -> String {
    ///     match auth.session() {
    ///         Some(session) => format!("hello {}", session.claims().user_id()),
    ///         None => "hello stranger".to_owned(),
    ///     }
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// assert_eq!(greeting(&Auth::insecure(&InsecureIdentity::new("user_ada"))?), "hello user_ada");
    /// assert_eq!(greeting(&Auth::insecure(&InsecureIdentity::nobody())?), "hello stranger");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// If the user's ID is empty, or the claims are too long for a token.
    pub fn insecure(identity: &InsecureIdentity) -> Result<Self, ConfigError> {
        let prepared = identity.prepare()?;
        let outcome = prepared.outcome.clone();
        Ok(Self::new(outcome, None, Arc::new(Driver::of_identity(prepared)), Target::of(&Uri::default())))
    }
}
