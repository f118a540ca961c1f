//! URLs that activate an organization.

use super::pattern::{Pattern, PatternError};
use crate::token::SessionClaims;

/// URL patterns of organizations and of the personal account.
///
/// If a signed-in user navigates to such a URL while another organization is active, a handshake activates the right one.
/// Patterns are paths in the syntax of path-to-regexp 6, such as `/orgs/:slug`, `/orgs/:slug/(.*)` or `/o/:id`. The
/// parameter `id` or `slug` identifies the organization; if it occurs twice, the last value counts.
///
/// A parameter may be optional (`:slug?`) or repeated (`:slug*`, `:slug+`). A repeated one matches several segments, and
/// does not identify an organization, also if it matches a single one. As in path-to-regexp, two parameters need text
/// between them, and a repeated one needs text before or after it, such as the slash in `/:slug+`.
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
    /// Creates a set without patterns, which matches no URL.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the patterns of organizations. They are tried in order.
    pub fn organization_patterns<T: Into<String>>(mut self, patterns: impl IntoIterator<Item = T>) -> Self {
        self.organization = patterns.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the patterns of the personal account. They are tried after those of organizations.
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

/// The compiled patterns.
#[derive(Default)]
pub(crate) struct Routes {
    organization: Vec<Pattern>,
    personal: Vec<Pattern>,
}

/// The organization or account that a URL belongs to.
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
    /// Whether another organization or account is active in the session.
    pub(crate) fn differs(self, claims: &SessionClaims) -> bool {
        match self {
            Self::Id(id) => claims.organization().is_none_or(|active| active.id.as_str() != id),
            Self::Slug(slug) => claims.organization_slug() != Some(slug),
            Self::Personal => claims.organization().is_some(),
        }
    }

    /// Returns the value of a handshake's `organization_id`: an id, a slug, or an empty string for the personal account.
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
    fn organization_patterns_take_precedence() {
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
    fn without_patterns_no_url_matches() {
        let routes = OrganizationSync::new().personal_account_patterns([""; 0]).compile().unwrap();
        assert!(routes.is_empty());
        assert_eq!(routes.target("/"), None);
    }

    #[test]
    fn errors_name_the_pattern() {
        let error =
            OrganizationSync::new().organization_patterns(["/ok", "/:"]).compile().map(drop).unwrap_err();
        assert!(error.to_string().contains("\"/:\""), "{error}");
    }
}
