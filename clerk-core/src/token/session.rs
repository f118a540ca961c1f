//! The claims of session tokens.

use std::{fmt, sync::Arc, time::Duration};

use super::{
    Token,
    payload::{Ages, OrganizationClaims, Payload},
    permissions::Permissions,
    scopes::{Owner, items},
};
use crate::{
    Timestamp,
    id::{OrganizationId, SessionId, UserId},
};

/// Claims of a session token, in version 1 or 2 of Clerk's format. Cloning them increments a reference count.
///
/// Trust them only if the token was verified. `Debug` shows none of them.
#[derive(Clone)]
pub struct SessionClaims {
    user_id: UserId,
    claims: Arc<Payload>,
}

/// The active organization of a session, and the user's role in it.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Organization<'a> {
    /// The organization's identifier.
    pub id: &'a OrganizationId,
    /// The organization's name in URLs.
    pub slug: Option<&'a str>,
    /// The user's role, such as `org:admin`.
    pub role: Option<&'a str>,
}

impl fmt::Debug for Organization<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Organization").finish_non_exhaustive()
    }
}

/// The actor of an impersonated session: the claim `act` (RFC 8693, section 4.1).
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Actor {
    /// The acting user.
    pub user_id: Option<UserId>,
    /// The issuer that identifies the actor.
    pub issuer: Option<Box<str>>,
    /// The actor's own session.
    pub session_id: Option<SessionId>,
    /// The type of the actor: `agent` for software that acts for a user.
    pub kind: Option<Box<str>>,
}

impl fmt::Debug for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Actor").finish_non_exhaustive()
    }
}

/// How long before the token was issued the user verified each factor.
#[derive(Clone, Copy, PartialEq)]
pub struct FactorAges([f64; 2]);

impl FactorAges {
    /// Returns the age of the first factor; `None` if the user does not have one.
    #[must_use]
    pub fn first(&self) -> Option<Duration> {
        let [first, _] = self.0;
        age(first)
    }

    /// Returns the age of the second factor; `None` if the user does not have one.
    #[must_use]
    pub fn second(&self) -> Option<Duration> {
        let [_, second] = self.0;
        age(second)
    }

    pub(super) const fn minutes(self) -> [f64; 2] {
        self.0
    }
}

fn age(minutes: f64) -> Option<Duration> {
    (minutes >= 0.0).then(|| Duration::try_from_secs_f64(minutes * 60.0).unwrap_or(Duration::MAX))
}

impl fmt::Debug for FactorAges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FactorAges").finish_non_exhaustive()
    }
}

impl SessionClaims {
    /// Reads the claims of a token. Trust them only if the token was verified.
    #[must_use]
    pub fn of(token: &Token) -> Self {
        // Verification requires `sub` to be a string; only an unverified token can lack it.
        let claims = Arc::clone(&token.payload);
        Self { user_id: claims.sub.valid().cloned().unwrap_or_else(|| "".into()), claims }
    }

    /// Returns the claim `o` of a token of version 2; `None` for version 1.
    ///
    /// Only one version's claims count: an instance's custom claims may use the names of the other.
    fn version_2(&self) -> Option<Option<&OrganizationClaims>> {
        #[allow(clippy::float_cmp, reason = "two is exact")]
        let is_v2 = self.claims.v.valid().is_some_and(|version| version.0 == 2.0);
        is_v2.then(|| self.claims.o.valid())
    }

    /// Returns the user (`sub`).
    #[must_use]
    pub const fn user_id(&self) -> &UserId {
        &self.user_id
    }

    /// Returns the session (`sid`).
    #[must_use]
    pub fn session_id(&self) -> Option<&SessionId> {
        self.claims.sid.non_empty()
    }

    /// Returns the session's status (`sts`), `active` or `pending`; `None` for older tokens.
    #[must_use]
    pub fn status(&self) -> Option<&str> {
        self.claims.sts.text()
    }

    /// Whether the user has signed in but still has to complete a task, such as choosing an organization.
    ///
    /// Clerk treats such a session as signed out by default.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        self.status() == Some("pending")
    }

    /// Returns the actor, if the session is impersonated.
    #[must_use]
    pub fn actor(&self) -> Option<&Actor> {
        self.claims.act.valid()
    }

    /// Returns the active organization; `None` in a personal account.
    #[must_use]
    pub fn organization(&self) -> Option<Organization<'_>> {
        // An organization without an id does not count, even if the token has a slug and a role.
        let id = self.organization_id()?;
        Some(Organization { id, slug: self.organization_slug(), role: self.organization_role() })
    }

    pub(super) fn organization_id(&self) -> Option<&OrganizationId> {
        match self.version_2() {
            Some(organization) => organization?.id.non_empty(),
            None => self.claims.org_id.non_empty(),
        }
    }

    /// Returns the active organization's slug, even if the token does not contain the organization's id.
    #[must_use]
    pub fn organization_slug(&self) -> Option<&str> {
        match self.version_2() {
            Some(organization) => organization?.slg.text(),
            None => self.claims.org_slug.text(),
        }
    }

    /// Returns the role in the active organization, even if the token does not contain the organization's id.
    #[must_use]
    pub fn organization_role(&self) -> Option<&str> {
        match self.version_2() {
            Some(organization) => organization?.rol.text(),
            None => self.claims.org_role.text(),
        }
    }

    /// Returns the permissions in the active organization, as `org:<feature>:<permission>`.
    ///
    /// To check a single one, use [`SessionClaims::has`], which does not allocate.
    #[must_use]
    pub fn permissions(&self) -> Vec<String> {
        self.granted().to_vec()
    }

    pub(super) fn granted(&self) -> Permissions<'_> {
        let granted = || match self.version_2() {
            Some(organization) => Some(Permissions::Bitmaps {
                features: self.features_claim(),
                names: organization?.per.text()?,
                masks: organization?.fpm.text()?,
            }),
            None => Some(Permissions::List(self.claims.org_permissions.valid()?)),
        };
        granted().unwrap_or(Permissions::None)
    }

    /// Returns the features of the active organization, then those of the user.
    pub fn features(&self) -> impl Iterator<Item = &str> {
        items(self.features_claim(), Owner::Organization).chain(items(self.features_claim(), Owner::User))
    }

    /// Returns the plans of the active organization, then those of the user.
    pub fn plans(&self) -> impl Iterator<Item = &str> {
        items(self.plans_claim(), Owner::Organization).chain(items(self.plans_claim(), Owner::User))
    }

    pub(super) fn features_claim(&self) -> &str {
        self.claims.fea.text().unwrap_or_default()
    }

    pub(super) fn plans_claim(&self) -> &str {
        self.claims.pla.text().unwrap_or_default()
    }

    /// Returns how long before the token was issued the factors were verified (`fva`); `None` if the claim is missing or
    /// malformed.
    #[must_use]
    pub fn factor_ages(&self) -> Option<FactorAges> {
        self.claims.fva.valid().map(|Ages(minutes)| FactorAges(*minutes))
    }

    /// Returns the origin that the token was issued to (`azp`).
    #[must_use]
    pub fn authorized_party(&self) -> Option<&str> {
        self.claims.azp.text()
    }

    /// Returns when the token was issued (`iat`).
    #[must_use]
    pub fn issued_at(&self) -> Option<Timestamp> {
        self.claims.iat.valid().copied()
    }

    /// Returns when the token expires (`exp`), by default a minute after it was issued.
    ///
    /// A connection that stays open, such as a WebSocket, outlives its token.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        // Verification requires `exp`, so the default is returned for unverified tokens only: they count as expired.
        self.claims.exp.valid().copied().unwrap_or_default()
    }
}

impl fmt::Debug for SessionClaims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionClaims").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::token::testing::{NOW, claims, header, sign};

    fn session(changes: Value) -> SessionClaims {
        SessionClaims::of(&Token::decode(&sign(&header(json!({})), &claims(changes))).unwrap())
    }

    #[test]
    fn claims_are_read() {
        let session = session(json!({
            "fva": [3, -1], "fea": "o:app,uo:chat", "pla": "u:free",
            "act": {"sub": "user_admin", "iss": "x", "sid": "sess_2", "type": "agent"},
            "o": {"id": "org_1", "slg": "acme", "rol": "admin", "per": "read", "fpm": "1,1"},
        }));
        assert_eq!(session.user_id(), "user_1");
        assert_eq!(session.session_id().unwrap(), "sess_1");
        assert_eq!(session.status(), Some("active"));
        assert_eq!(session.authorized_party(), Some("https://app.example.com"));
        assert_eq!(session.issued_at(), Some(Timestamp::from_secs(NOW - 10)));
        assert_eq!(session.expires_at(), Timestamp::from_secs(NOW + 50));
        let organization = session.organization().unwrap();
        assert_eq!((organization.slug, organization.role), (Some("acme"), Some("org:admin")));
        assert_eq!(session.permissions(), ["org:app:read", "org:chat:read"]);
        assert_eq!(session.features().collect::<Vec<_>>(), ["app", "chat", "chat"]);
        assert_eq!(session.plans().collect::<Vec<_>>(), ["free"]);
        let ages = session.factor_ages().unwrap();
        assert_eq!((ages.first(), ages.second()), (Some(Duration::from_secs(180)), None));
        let ages = self::session(json!({"fva": [-1, 5]})).factor_ages().unwrap();
        assert_eq!((ages.first(), ages.second()), (None, Some(Duration::from_secs(300))));
        let actor = session.actor().unwrap();
        assert_eq!(actor.user_id.as_ref().unwrap(), "user_admin");
        assert_eq!(actor.kind.as_deref(), Some("agent"));
    }

    #[test]
    fn ages_of_any_size_are_read() {
        let ages = |fva: Value| session(json!({ "fva": fva })).factor_ages();
        let long = Duration::from_secs(u64::try_from(i32::MAX).unwrap() * 60);
        assert_eq!(ages(json!([i64::MAX, -1])).unwrap().first(), Some(long));
        assert!(ages(json!([3, i64::MIN])).is_none() && ages(json!([3, -2])).is_none());
    }

    #[test]
    fn an_issuer_is_missing_by_the_rules_of_javascript() {
        let issuer = |iss: Value| {
            let token = Token::decode(&sign(&header(json!({})), &claims(json!({ "iss": iss })))).unwrap();
            format!("{:?}", token.issuer())
        };
        for missing in
            [json!(0), json!(0.0), json!(-0.0), json!(false), json!(""), json!("null"), json!(null)]
        {
            assert_eq!(issuer(missing.clone()), "Missing", "{missing}");
        }
        for malformed in [json!(1), json!(-1), json!(0.5), json!(true), json!([]), json!({})] {
            assert_eq!(issuer(malformed.clone()), "Malformed", "{malformed}");
        }
        assert_eq!(issuer(json!("https://a.example.com")), r#"Text("https://a.example.com")"#);
    }

    #[test]
    fn unknown_statuses_are_preserved() {
        assert!(session(json!({"sts": "pending"})).is_pending());
        assert_eq!(session(json!({"sts": "zombie"})).status(), Some("zombie"));
        assert_eq!(session(json!({"sts": null})).status(), None);
        assert_eq!(session(json!({"sts": ""})).status(), None);
    }

    #[test]
    fn a_malformed_actor_is_still_an_actor() {
        for act in
            [json!("user_admin"), json!(5), json!(0.5), json!(false), json!([]), json!({}), json!({"sub": 5})]
        {
            let session = session(json!({"act": act}));
            assert_eq!(session.actor().unwrap().user_id, None, "{act}");
        }
        assert!(session(json!({"act": null})).actor().is_none());
        assert!(session(json!({"act": "null"})).actor().is_none());
    }

    #[test]
    fn debug_shows_no_claims() {
        let session =
            session(json!({"o": {"id": "org_1", "slg": "acme"}, "act": {"sub": "user_2"}, "fva": [7, 8]}));
        assert_eq!(format!("{session:?}"), "SessionClaims { .. }");
        assert_eq!(format!("{:?}", session.organization()), "Some(Organization { .. })");
        assert_eq!(format!("{:?}", session.actor()), "Some(Actor { .. })");
        assert_eq!(format!("{:?}", session.factor_ages()), "Some(FactorAges { .. })");
    }
}
