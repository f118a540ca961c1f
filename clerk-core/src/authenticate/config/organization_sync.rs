//! Which organization a URL asks for.

use super::pattern::{Pattern, PatternError};
use crate::token::SessionClaims;

/// URLs that belong to an organization, or to the personal account.
///
/// If a signed-in visitor navigates to such a URL while another organization is active, a handshake activates the right
/// one. Patterns are paths in the notation of path-to-regexp 6: `/orgs/:slug`,
/// `/orgs/:slug/(.*)`, `/o/:id`. The part named `id` or `slug` names the organization.
///
/// ```
/// use clerk_core::authenticate::OrganizationSync;
///
/// let sync = OrganizationSync::new()
///     .organization_patterns(["/orgs/:slug", "/orgs/:slug/(.*)"])
///     .personal_account_patterns(["/me", "/me/(.*)"]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct OrganizationSync {
    organization: Vec<String>,
    personal: Vec<String>,
}

impl OrganizationSync {
    /// Creates a set without patterns.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the paths that belong to an organization. They are tried in order.
    pub fn organization_patterns<T: Into<String>>(mut self, patterns: impl IntoIterator<Item = T>) -> Self {
        self.organization = patterns.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the paths that belong to the personal account. They are tried after those of organizations.
    pub fn personal_account_patterns<T: Into<String>>(
        mut self,
        patterns: impl IntoIterator<Item = T>,
    ) -> Self {
        self.personal = patterns.into_iter().map(Into::into).collect();
        self
    }

    pub(crate) fn compile(&self) -> Result<Routes, PatternError> {
        let compile = |patterns: &[String]| -> Result<Vec<_>, _> {
            patterns.iter().map(|pattern| Pattern::parse(pattern)).collect()
        };
        Ok(Routes { organization: compile(&self.organization)?, personal: compile(&self.personal)? })
    }
}

/// The patterns, compiled.
#[derive(Default)]
pub(crate) struct Routes {
    organization: Vec<Pattern>,
    personal: Vec<Pattern>,
}

/// What a URL asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target<'a> {
    Id(&'a str),
    Slug(&'a str),
    Personal,
}

impl Routes {
    pub(crate) const fn is_empty(&self) -> bool {
        self.organization.is_empty() && self.personal.is_empty()
    }

    pub(crate) fn target<'p>(&'p self, path: &'p str) -> Option<Target<'p>> {
        let organization =
            self.organization.iter().find_map(|pattern| pattern.captures(path)).and_then(|part| {
                let named = |name| part(name).filter(|text| !text.is_empty());
                named("id").map(Target::Id).or_else(|| named("slug").map(Target::Slug))
            });
        organization.or_else(|| {
            let is_personal = self.personal.iter().any(|pattern| pattern.captures(path).is_some());
            is_personal.then_some(Target::Personal)
        })
    }
}

impl<'a> Target<'a> {
    /// Whether the session has something else active.
    pub(crate) fn differs(self, claims: &SessionClaims) -> bool {
        match self {
            Self::Id(id) => claims.organization().is_none_or(|active| active.id.as_str() != id),
            Self::Slug(slug) => claims.organization_slug() != Some(slug),
            Self::Personal => claims.organization().is_some(),
        }
    }

    /// The target as a handshake's `organization_id`: an id, a slug, or nothing for the personal account.
    pub(crate) const fn as_str(self) -> &'a str {
        match self {
            Self::Id(text) | Self::Slug(text) => text,
            Self::Personal => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn organizations_come_before_the_personal_account() {
        let routes = OrganizationSync::new()
            .organization_patterns(["/orgs/:slug", "/orgs/:slug/(.*)", "/o/:id", "/all/(.*)"])
            .personal_account_patterns(["/me", "/me/(.*)", "/all/me"])
            .compile()
            .unwrap();
        for (path, expected) in [
            ("/orgs/acme", Some(Target::Slug("acme"))),
            ("/orgs/acme/settings", Some(Target::Slug("acme"))),
            ("/o/org_1", Some(Target::Id("org_1"))),
            ("/me", Some(Target::Personal)),
            ("/me/x", Some(Target::Personal)),
            ("/all/me", Some(Target::Personal)),
            ("/all/you", None),
            ("/other", None),
        ] {
            assert_eq!(routes.target(path), expected, "{path}");
        }
    }

    #[test]
    fn no_patterns_fit_nothing() {
        let routes = OrganizationSync::new().personal_account_patterns([""; 0]).compile().unwrap();
        assert!(routes.is_empty());
        assert_eq!(routes.target("/"), None);
    }

    #[test]
    fn a_broken_pattern_is_named() {
        let error =
            OrganizationSync::new().organization_patterns(["/ok", "/:"]).compile().map(drop).unwrap_err();
        assert!(error.to_string().contains("\"/:\""), "{error}");
    }
}
