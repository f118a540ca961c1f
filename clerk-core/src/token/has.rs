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
        !self.user_id().as_str().is_empty()
            && !check.0.is_empty()
            && check.0.iter().all(|part| self.has_part(part))
    }

    fn has_part(&self, part: &Part) -> bool {
        match part {
            Part::Role(asked) => self
                .organization()
                .and_then(|organization| organization.role)
                .is_some_and(|role| bare(role) == bare(asked) && !asked.is_empty()),
            Part::Permission(asked) => {
                self.organization().is_some() && self.permissions_ref().contains(bare(asked))
            }
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
