//! Variables of the environment, and the mistakes that are made with them.

use std::{env, ffi::OsString, fmt};

use super::ConfigError;

/// Where variables are looked up, so that tests need not change the process.
pub(crate) struct Environment<'a>(&'a dyn Fn(&str) -> Option<OsString>);

/// Front ends get variables with one of these prefixes. Several of them are set to the same value as ours.
const PREFIXES: [&str; 9] = [
    "NEXT_PUBLIC_",
    "VITE_",
    "PUBLIC_",
    "NUXT_PUBLIC_",
    "NUXT_",
    "EXPO_PUBLIC_",
    "REACT_APP_",
    "GATSBY_",
    "PLASMO_PUBLIC_",
];

/// Names that Clerk's SDKs and pages had for a variable, or that are easily taken for it.
const OTHER_NAMES: [(&str, &[&str]); 4] = [
    ("CLERK_SECRET_KEY", &["CLERK_API_KEY", "CLERK_SECRET", "CLERK_API_SECRET_KEY", "CLERK_BACKEND_API_KEY"]),
    ("CLERK_PUBLISHABLE_KEY", &["CLERK_PUBLIC_KEY", "CLERK_PUBLISHABLE_API_KEY", "CLERK_FRONTEND_API"]),
    (
        "CLERK_WEBHOOK_SIGNING_SECRET",
        &[
            "CLERK_WEBHOOK_SECRET",
            "CLERK_SIGNING_SECRET",
            "CLERK_WEBHOOK_SIGNING_SECRETS",
            "CLERK_WEBHOOK_SECRET_KEY",
        ],
    ),
    ("CLERK_MACHINE_SECRET_KEY", &["CLERK_MACHINE_SECRET", "CLERK_MACHINE_KEY", "CLERK_M2M_SECRET_KEY"]),
];

/// Returns the name of a variable that has the secret key of a production instance, if any of Clerk's variables does: under
/// whatever name an application sets it, and however it is quoted.
pub(crate) fn with_live_key(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Option<String> {
    variables.into_iter().find_map(|(name, value)| {
        let name = name.to_string_lossy().into_owned();
        let is_live =
            name.to_ascii_uppercase().contains("CLERK") && value.to_string_lossy().contains("sk_live_");
        is_live.then_some(name)
    })
}

/// A variable that is set under a name that is not read, while the right name is unset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Misnamed {
    /// The setter that the variable stands for.
    setter: &'static str,
    name: &'static str,
    found: String,
}

impl fmt::Display for Misnamed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "found the variable {}, expected {}", self.found, self.name)
    }
}

/// All variables of this kind.
#[derive(Clone, Debug, Default)]
pub(crate) struct AllMisnamed(Vec<Misnamed>);

impl AllMisnamed {
    pub(crate) fn extend(&mut self, found: Option<Misnamed>) {
        self.0.extend(found);
    }

    /// Forgets the variable that a setter replaces.
    pub(crate) fn forget(&mut self, setter: &str) {
        self.0.retain(|misnamed| misnamed.setter != setter);
    }

    pub(crate) fn of(&self, setter: &str) -> Option<&Misnamed> {
        self.0.iter().find(|misnamed| misnamed.setter == setter)
    }

    /// Returns the problem of a setting that is not set: the name under which it was found, or else the advice.
    pub(crate) fn not_set(&self, setter: &str, advice: &str) -> String {
        match self.of(setter) {
            Some(misnamed) => format!("not set; {misnamed}"),
            None => format!("not set; {advice}"),
        }
    }
}

impl<'a> Environment<'a> {
    /// The environment of this process.
    pub(crate) fn of_process() -> Self {
        Self(&|name| env::var_os(name))
    }

    #[cfg(test)]
    pub(crate) fn new(find: &'a dyn Fn(&str) -> Option<OsString>) -> Self {
        Self(find)
    }

    /// Returns a variable's value. `None` if it is unset or blank: deployment tools often set a variable that has no value
    /// to the empty string.
    pub(crate) fn variable(&self, name: &'static str) -> Result<Option<String>, ConfigError> {
        let Some(value) = (self.0)(name) else { return Ok(None) };
        let text = value.into_string().map_err(|_| ConfigError::new(name, "not valid Unicode"))?;
        Ok(Some(text).filter(|text| !text.trim().is_empty()))
    }

    /// Looks for other names under which an unset variable may have been set.
    pub(crate) fn misnamed(&self, setter: &'static str, name: &'static str) -> Option<Misnamed> {
        let others = OTHER_NAMES.iter().filter(|(ours, _)| *ours == name).flat_map(|(_, others)| *others);
        let mut names = PREFIXES
            .iter()
            .map(|prefix| format!("{prefix}{name}"))
            .chain(others.map(|other| (*other).to_owned()));
        let found = names.find(|other| (self.0)(other).is_some_and(|value| !value.is_empty()))?;
        Some(Misnamed { setter, name, found })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn live_keys_are_found_under_every_name_of_clerks() {
        for (name, value, is_found) in [
            ("CLERK_SECRET_KEY", "sk_live_abc", true),
            ("CLERK_SECRET_KEY", " \"sk_live_abc\"\n", true),
            ("MY_CLERK_KEY", "sk_live_abc", true),
            ("clerk_secret_key", "sk_live_abc", true),
            ("CLERK_SECRET_KEY", "sk_test_abc", false),
            ("CLERK_SECRET_KEY", "", false),
            ("CLERK_PUBLISHABLE_KEY", "pk_live_abc", false),
            // Another service's keys look the same.
            ("STRIPE_SECRET_KEY", "sk_live_abc", false),
        ] {
            let variables =
                [("PATH", "/bin"), (name, value)].map(|(name, value)| (name.into(), value.into()));
            assert_eq!(with_live_key(variables).is_some(), is_found, "{name}={value:?}");
        }
    }
}
