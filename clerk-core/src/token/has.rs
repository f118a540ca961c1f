//! Authorization checks on a session: role, permission, feature, plan and reverification.

use std::borrow::Cow;

use serde::{Serialize, Serializer, ser::SerializeStruct};

use super::{
    scopes,
    session::{FactorAges, SessionClaims},
};

/// Conditions that a session has to meet, for [`SessionClaims::has`]. All of them must hold.
///
/// A check without conditions is never met, so that a condition left out by mistake does not grant access.
///
/// ```
/// use clerk_core::token::{Check, Reverification};
///
/// let may_delete = Check::new()
///     .permission("org:documents:delete")
///     .reverification(Reverification::STRICT);
/// # let _ = may_delete;
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Check(Vec<Condition>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Condition {
    Role(Cow<'static, str>),
    Permission(Cow<'static, str>),
    Feature(Cow<'static, str>),
    Plan(Cow<'static, str>),
    Reverification(Reverification),
}

impl Condition {
    fn lack(&self) -> Lack {
        match self {
            Self::Role(_) => Lack::Role,
            Self::Permission(_) => Lack::Permission,
            Self::Feature(_) => Lack::Feature,
            Self::Plan(_) => Lack::Plan,
            Self::Reverification(asked) if asked.after_minutes == 0 => Lack::Anything,
            Self::Reverification(asked) => Lack::Reverification(*asked),
        }
    }
}

impl Check {
    /// Creates a check without conditions.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Requires a role in the active organization, such as `org:admin`. The prefix `org:` is optional.
    pub fn role(self, role: impl Into<Cow<'static, str>>) -> Self {
        self.with(Condition::Role(role.into()))
    }

    /// Requires a permission in the active organization, such as `org:documents:read`. The prefix `org:` is optional.
    ///
    /// Session tokens do not contain Clerk's system permissions (`org:sys_…`), so a check for one is never met.
    pub fn permission(self, permission: impl Into<Cow<'static, str>>) -> Self {
        self.with(Condition::Permission(permission.into()))
    }

    /// Requires a feature of a plan: of the active organization's (`org:name`), the user's (`user:name`) or either
    /// (`name`).
    pub fn feature(self, feature: impl Into<Cow<'static, str>>) -> Self {
        self.with(Condition::Feature(feature.into()))
    }

    /// Requires a plan of the active organization (`org:name`), the user (`user:name`) or either (`name`).
    pub fn plan(self, plan: impl Into<Cow<'static, str>>) -> Self {
        self.with(Condition::Plan(plan.into()))
    }

    /// Requires that the user verified their factors recently.
    pub fn reverification(self, reverification: Reverification) -> Self {
        self.with(Condition::Reverification(reverification))
    }

    fn with(mut self, part: Condition) -> Self {
        self.0.push(part);
        self
    }

    /// Returns the required reverification, which a front end needs to prompt its user.
    #[must_use]
    pub fn asked_reverification(&self) -> Option<Reverification> {
        self.0.iter().find_map(|part| match part {
            Condition::Reverification(asked) => Some(*asked),
            _ => None,
        })
    }
}

/// The condition of a [`Check`] that a session does not meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lack {
    /// The role.
    Role,
    /// A permission.
    Permission,
    /// A feature.
    Feature,
    /// A plan.
    Plan,
    /// A recent verification of the user's factors. All other conditions hold.
    Reverification(Reverification),
    /// The check can never be met: it has no conditions, it requires a verification within zero minutes, or the session
    /// has no user.
    Anything,
}

/// Which factors count for a [`Reverification`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ReverificationLevel {
    /// The first factor, such as a password.
    FirstFactor,
    /// The second factor, or the first if the user has only that one.
    SecondFactor,
    /// Both factors, or the first if the user has only that one.
    MultiFactor,
}

/// How recently a user must have verified their factors: Clerk's
/// [reverification](https://clerk.com/docs/guides/secure/reverification).
///
/// Serializes as Clerk's front ends expect it: a preset as its name, anything else as an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reverification {
    level: ReverificationLevel,
    after_minutes: u32,
    preset: Option<&'static str>,
}

impl Reverification {
    /// Both factors within ten minutes.
    pub const STRICT_MFA: Self = Self::preset("strict_mfa", ReverificationLevel::MultiFactor, 10);
    /// The second factor within ten minutes.
    pub const STRICT: Self = Self::preset("strict", ReverificationLevel::SecondFactor, 10);
    /// The second factor within an hour.
    pub const MODERATE: Self = Self::preset("moderate", ReverificationLevel::SecondFactor, 60);
    /// The second factor within a day.
    pub const LAX: Self = Self::preset("lax", ReverificationLevel::SecondFactor, 1440);

    const fn preset(name: &'static str, level: ReverificationLevel, after_minutes: u32) -> Self {
        Self { level, after_minutes, preset: Some(name) }
    }

    /// Creates a requirement from a level and an age in minutes: a factor of that age is stale. Zero minutes are never
    /// met.
    #[must_use]
    pub const fn new(level: ReverificationLevel, after_minutes: u32) -> Self {
        Self { level, after_minutes, preset: None }
    }

    fn is_met(self, ages: FactorAges) -> bool {
        let [first, second] = ages.minutes();
        // An age of -1 means that the user does not have this factor.
        let enrolled = |age: f64| age >= 0.0;
        let fresh = |age: f64| enrolled(age) && f64::from(self.after_minutes) > age;
        match (self.level, enrolled(first), enrolled(second)) {
            (_, false, false) => false,
            (ReverificationLevel::SecondFactor, _, true) => fresh(second),
            (ReverificationLevel::MultiFactor, true, true) => fresh(first) && fresh(second),
            // The levels of users without a second factor fall back to the first one: otherwise they could never pass.
            (_, true, _) => fresh(first),
            (_, false, true) => false,
        }
    }
}

impl Serialize for Reverification {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Some(name) = self.preset {
            return serializer.serialize_str(name);
        }
        let mut object = serializer.serialize_struct("Reverification", 2)?;
        object.serialize_field("level", &self.level)?;
        object.serialize_field("afterMinutes", &self.after_minutes)?;
        object.end()
    }
}

impl SessionClaims {
    /// Whether the session meets all conditions of a check. A malformed claim grants nothing.
    ///
    /// Pending sessions are treated like any other here: see [`SessionClaims::is_pending`].
    #[must_use]
    pub fn has(&self, check: &Check) -> bool {
        self.lacks(check).is_none()
    }

    /// Returns the first condition that the session does not meet.
    ///
    /// Reverification comes last, wherever it is in the check: a user who lacks a role would otherwise verify their
    /// factors and be rejected all the same.
    #[must_use]
    pub fn lacks(&self, check: &Check) -> Option<Lack> {
        if self.user_id().as_str().is_empty() || check.0.is_empty() {
            return Some(Lack::Anything);
        }
        let mut lacking = check.0.iter().filter(|part| !self.meets(part)).map(Condition::lack);
        let first = lacking.next()?;
        let is_final = |lack: &Lack| !matches!(lack, Lack::Reverification(_));
        if is_final(&first) { Some(first) } else { lacking.find(is_final).or(Some(first)) }
    }

    fn meets(&self, part: &Condition) -> bool {
        match part {
            Condition::Role(asked) => self
                .organization()
                .and_then(|organization| organization.role)
                .is_some_and(|role| bare(role) == bare(asked) && !asked.is_empty()),
            Condition::Permission(asked) => {
                self.organization_id().is_some() && self.granted().contains(bare(asked))
            }
            Condition::Feature(asked) => scopes::has(self.features_claim(), asked),
            Condition::Plan(asked) => scopes::has(self.plans_claim(), asked),
            Condition::Reverification(asked) => self.factor_ages().is_some_and(|ages| asked.is_met(ages)),
        }
    }
}

/// Removes all leading `org:` prefixes, since Clerk's SDK accepts any number of them.
fn bare(mut text: &str) -> &str {
    while let Some(rest) = text.strip_prefix("org:") {
        text = rest;
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::token::{
        Token,
        testing::{claims, header, sign},
    };

    fn session(changes: Value) -> SessionClaims {
        SessionClaims::of(&Token::decode(&sign(&header(json!({})), &claims(changes))).unwrap())
    }

    fn member() -> Value {
        json!({
            "fva": [0, -1], "pla": "u:free_user,o:pro", "fea": "o:app,u:lite",
            "o": {"id": "org_1", "slg": "acme", "rol": "admin", "per": "read,manage", "fpm": "3"},
        })
    }

    #[test]
    fn all_conditions_must_hold() {
        let session = session(member());
        let check = Check::new;
        for (asked, expected) in [
            (check(), false),
            (check().role("org:admin"), true),
            (check().role("admin"), true),
            (check().role("org:org:admin"), true),
            (check().role("org:member"), false),
            (check().role("Admin"), false),
            (check().role(""), false),
            (check().role("org:"), false),
            (check().permission("org:app:read"), true),
            (check().permission("app:manage"), true),
            (check().permission("org:app:write"), false),
            (check().permission("org:app"), false),
            (check().permission(""), false),
            (check().feature("app"), true),
            (check().feature("o:app"), true),
            (check().feature("u:app"), false),
            (check().feature("lite"), true),
            (check().plan("pro"), true),
            (check().plan("user:pro"), false),
            (check().plan("free_user"), true),
            (check().role("admin").permission("org:app:read"), true),
            (check().role("admin").permission("org:app:write"), false),
            (check().role("member").permission("org:app:read"), false),
            (check().role("admin").feature("app").plan("pro"), true),
            (check().role("admin").feature("nope"), false),
            (check().role("admin").role("member"), false),
            (check().permission("app:read").permission("app:manage"), true),
            (check().role("admin").reverification(Reverification::LAX), true),
            (check().role("member").reverification(Reverification::LAX), false),
        ] {
            assert_eq!(session.has(&asked), expected, "{asked:?}");
        }
    }

    #[test]
    fn malformed_claims_grant_nothing() {
        for (changes, asked) in [
            (json!({"sub": ""}), Check::new().plan("pro")),
            (json!({"o": {"slg": "acme", "rol": "admin"}}), Check::new().role("admin")),
            (json!({"o": {"id": "", "rol": "admin"}}), Check::new().role("admin")),
            (json!({"o": {"id": "org_1", "rol": ""}}), Check::new().role("org:")),
            (json!({"o": {"id": "org_1", "rol": 5}}), Check::new().role("5")),
            (json!({"o": "org_1"}), Check::new().role("admin")),
            (json!({"o": {"per": "read", "fpm": "1"}}), Check::new().permission("app:read")),
            (json!({"o": {"id": "org_1", "per": "read", "fpm": 1}}), Check::new().permission("app:read")),
            (json!({"fea": "app"}), Check::new().feature("app")),
            (json!({"fea": "o:app,x"}), Check::new().feature("app")),
            (json!({"fea": ["o:app"]}), Check::new().feature("app")),
            (json!({"pla": "null"}), Check::new().plan("pro")),
            (json!({"pla": ""}), Check::new().plan("pro")),
        ] {
            let mut all = member();
            for (name, value) in changes.as_object().unwrap() {
                all[name] = value.clone();
            }
            assert!(!session(all).has(&asked), "{changes}");
        }
    }

    #[test]
    fn the_version_selects_the_organization_claims() {
        let v1 = json!({
            "v": null, "org_id": "org_1", "org_slug": "acme", "org_role": "admin",
            "org_permissions": ["org:app:read"], "o": {"id": "org_2", "rol": "owner"},
        });
        let both = |version: Value| {
            let mut all = v1.clone();
            all["v"] = version;
            session(all)
        };
        for version in [Value::Null, json!(1), json!(3), json!("2"), json!("null")] {
            let session = both(version);
            assert_eq!(session.organization().unwrap().id, "org_1");
            assert_eq!(session.organization().unwrap().role, Some("admin"));
            assert_eq!(session.permissions(), ["org:app:read"]);
            assert!(session.has(&Check::new().role("org:admin").permission("app:read")));
        }
        for version in [json!(2), json!(2.0)] {
            let session = both(version);
            assert_eq!(session.organization().unwrap().id, "org_2");
            assert_eq!(session.organization().unwrap().role, Some("org:owner"));
            assert!(session.permissions().is_empty());
        }
        // Version 2 without `o` has no organization, whatever version 1 says.
        let mut all = v1;
        all["v"] = json!(2);
        all["o"] = Value::Null;
        assert!(session(all).organization().is_none());
    }

    #[test]
    fn reverification_follows_clerks_table() {
        use ReverificationLevel::{FirstFactor, MultiFactor, SecondFactor};
        let ten = |level| Reverification::new(level, 10);
        for (fva, first, second, multi) in [
            (json!([0, 0]), true, true, true),
            (json!([9, 9]), true, true, true),
            (json!([9.9, 9.9]), true, true, true),
            (json!([10, 0]), false, true, false),
            (json!([0, 10]), true, false, false),
            (json!([0, -1]), true, true, true),
            (json!([10, -1]), false, false, false),
            (json!([-1, 0]), false, true, false),
            (json!([-1, 10]), false, false, false),
            (json!([-1, -1]), false, false, false),
            (json!([0]), false, false, false),
            (json!([0, 0, 0]), false, false, false),
            (json!(["0", "0"]), false, false, false),
            (json!([null, 0]), false, false, false),
            (json!([-2, 0]), false, false, false),
            (json!([-0.5, 0]), false, false, false),
            (json!([0, 1e300]), true, false, false),
            (json!(0), false, false, false),
            (json!({"0": 0, "1": 0}), false, false, false),
            (Value::Null, false, false, false),
        ] {
            let session = session(json!({"fva": fva}));
            let has = |level| session.has(&Check::new().reverification(ten(level)));
            assert_eq!(
                (has(FirstFactor), has(SecondFactor), has(MultiFactor)),
                (first, second, multi),
                "{fva}"
            );
        }
        let fresh = session(json!({"fva": [0, 0]}));
        assert!(!fresh.has(&Check::new().reverification(Reverification::new(FirstFactor, 0))));
    }

    #[test]
    fn the_first_unmet_condition_is_returned_and_reverification_last() {
        let session = session(json!({"fva": [20, -1], "o": {"id": "org_1", "rol": "admin"}}));
        let check = Check::new;
        let (strict, lax) = (Reverification::STRICT, Reverification::LAX);
        let never = Reverification::new(ReverificationLevel::FirstFactor, 0);
        for (asked, lack) in [
            (check(), Some(Lack::Anything)),
            (check().role("admin"), None),
            (check().role("member"), Some(Lack::Role)),
            (check().permission("app:read"), Some(Lack::Permission)),
            (check().feature("app"), Some(Lack::Feature)),
            (check().plan("pro"), Some(Lack::Plan)),
            (check().plan("pro").role("member"), Some(Lack::Plan)),
            (check().reverification(lax), None),
            (check().reverification(strict), Some(Lack::Reverification(strict))),
            (check().reverification(strict).role("admin"), Some(Lack::Reverification(strict))),
            (check().reverification(strict).role("member"), Some(Lack::Role)),
            (check().reverification(strict).reverification(never), Some(Lack::Anything)),
        ] {
            assert_eq!(session.lacks(&asked), lack, "{asked:?}");
            assert_eq!(session.has(&asked), lack.is_none(), "{asked:?}");
        }
        let nobody = SessionClaims::of(
            &Token::decode(&sign(&header(json!({})), &claims(json!({"sub": ""})))).unwrap(),
        );
        assert_eq!(nobody.lacks(&check().role("admin")), Some(Lack::Anything));
    }

    #[test]
    fn presets_match_clerks() {
        let ages = |fva: Value| session(json!({"fva": fva}));
        for (preset, level, minutes) in [
            (Reverification::STRICT_MFA, "multi", 10),
            (Reverification::STRICT, "second", 10),
            (Reverification::MODERATE, "second", 60),
            (Reverification::LAX, "second", 1440),
        ] {
            let asked = Check::new().reverification(preset);
            assert!(ages(json!([minutes - 1, minutes - 1])).has(&asked), "{preset:?}");
            assert!(!ages(json!([minutes, minutes])).has(&asked), "{preset:?}");
            assert_eq!(ages(json!([minutes, 0])).has(&asked), level == "second", "{preset:?}");
        }
    }

    #[test]
    fn reverification_serializes_for_front_ends() {
        assert_eq!(serde_json::to_value(Reverification::STRICT_MFA).unwrap(), json!("strict_mfa"));
        let own = Reverification::new(ReverificationLevel::FirstFactor, 5);
        assert_eq!(serde_json::to_value(own).unwrap(), json!({"level": "first_factor", "afterMinutes": 5}));
        assert_eq!(Check::new().reverification(own).asked_reverification(), Some(own));
        assert_eq!(Check::new().role("admin").asked_reverification(), None);
    }
}
