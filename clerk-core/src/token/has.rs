//! What a session is asked for: roles, permissions, features, plans, and how fresh its factors are.

use std::borrow::Cow;

use serde::{Serialize, Serializer, ser::SerializeStruct};

use super::{
    scopes,
    session::{FactorAges, SessionClaims},
};

/// A question to ask of a session. All its parts must hold; a question without parts is answered no.
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
pub struct Check(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Role(Cow<'static, str>),
    Permission(Cow<'static, str>),
    Feature(Cow<'static, str>),
    Plan(Cow<'static, str>),
    Reverification(Reverification),
}

impl Part {
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
    /// A question without parts yet.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// The member's role in the active organization, `org:admin`; `org:` may be left out.
    pub fn role(self, role: impl Into<Cow<'static, str>>) -> Self {
        self.and(Part::Role(role.into()))
    }

    /// A permission in the active organization, `org:documents:read`; the first `org:` may be left out.
    /// Clerk's system permissions (`org:sys_…`) are not part of tokens, so asking for one is answered no.
    pub fn permission(self, permission: impl Into<Cow<'static, str>>) -> Self {
        self.and(Part::Permission(permission.into()))
    }

    /// A feature of the active organization's or the user's plan; `org:name` or `user:name` asks one of
    /// them.
    pub fn feature(self, feature: impl Into<Cow<'static, str>>) -> Self {
        self.and(Part::Feature(feature.into()))
    }

    /// A plan of the active organization or the user; `org:name` or `user:name` asks one of them.
    pub fn plan(self, plan: impl Into<Cow<'static, str>>) -> Self {
        self.and(Part::Plan(plan.into()))
    }

    /// That the user has proven who they are recently.
    pub fn reverification(self, reverification: Reverification) -> Self {
        self.and(Part::Reverification(reverification))
    }

    fn and(mut self, part: Part) -> Self {
        self.0.push(part);
        self
    }

    /// The reverification that is asked for: what a front end needs to know to ask its user.
    #[must_use]
    pub fn asked_reverification(&self) -> Option<Reverification> {
        self.0.iter().find_map(|part| match part {
            Part::Reverification(asked) => Some(*asked),
            _ => None,
        })
    }
}

/// What a session lacks of a [`Check`].
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
    /// A recent proof of who the user is. Nothing else is missing.
    Reverification(Reverification),
    /// Whatever would make the answer a yes: the question has no parts, asks for a proof that is no minute old, or
    /// the session has no user.
    Anything,
}

/// Which factors count for a [`Reverification`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ReverificationLevel {
    /// The first factor, such as a password.
    FirstFactor,
    /// The second factor; of users who have only one, that one.
    SecondFactor,
    /// Both factors; of users who have no second one, the first.
    MultiFactor,
}

/// How recently a user must have proven who they are: Clerk's reverification.
///
/// It serializes the way Clerk's front ends read it: presets as their name, others as an object.
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

    /// A level and the age in minutes from which on a factor is stale. Zero minutes are answered no.
    #[must_use]
    pub const fn new(level: ReverificationLevel, after_minutes: u32) -> Self {
        Self { level, after_minutes, preset: None }
    }

    fn is_met(self, ages: FactorAges) -> bool {
        let [first, second] = ages.minutes();
        let enrolled = |age: f64| age >= 0.0;
        let fresh = |age: f64| enrolled(age) && f64::from(self.after_minutes) > age;
        match (self.level, enrolled(first), enrolled(second)) {
            (_, false, false) => false,
            (ReverificationLevel::SecondFactor, _, true) => fresh(second),
            (ReverificationLevel::MultiFactor, true, true) => fresh(first) && fresh(second),
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
    /// Whether the session has everything that is asked for. What a token says in a way that cannot be
    /// understood, it does not have.
    ///
    /// A pending session is asked like any other here; see [`SessionClaims::is_pending`].
    #[must_use]
    pub fn has(&self, check: &Check) -> bool {
        self.lacks(check).is_none()
    }

    /// What the session lacks of all that is asked for: the first part that does not hold. Reverification comes last,
    /// wherever it stands, so that nobody proves who they are in vain.
    #[must_use]
    pub fn lacks(&self, check: &Check) -> Option<Lack> {
        if self.user_id().as_str().is_empty() || check.0.is_empty() {
            return Some(Lack::Anything);
        }
        let lacking = || check.0.iter().filter(|part| !self.has_part(part)).map(Part::lack);
        lacking().find(|lack| !matches!(lack, Lack::Reverification(_))).or_else(|| lacking().next())
    }

    fn has_part(&self, part: &Part) -> bool {
        match part {
            Part::Role(asked) => self
                .organization()
                .and_then(|organization| organization.role)
                .is_some_and(|role| bare(role) == bare(asked) && !asked.is_empty()),
            Part::Permission(asked) => self.organization().is_some() && self.granted().contains(bare(asked)),
            Part::Feature(asked) => scopes::has(self.features_claim(), asked),
            Part::Plan(asked) => scopes::has(self.plans_claim(), asked),
            Part::Reverification(asked) => self.factor_ages().is_some_and(|ages| asked.is_met(ages)),
        }
    }
}

/// Without the `org:` in front, however often it stands there.
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
    fn all_parts_must_hold() {
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
    fn claims_that_cannot_be_understood_grant_nothing() {
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
    fn the_version_says_where_the_organization_stands() {
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
    fn what_is_lacking_is_named_and_reverification_last() {
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
    fn presets_are_clerks() {
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
