use std::{borrow::Cow, sync::Arc};

use clerk_core::token::Check;
use http::Extensions;
use tower_layer::Layer;

use super::Require;
use crate::{authenticate::Auth, reject::Rejection};

/// Layer of [`Require`]. See the [module docs](super) for an example.
#[derive(Clone, Debug)]
#[must_use]
pub struct RequireLayer(Arc<Rule>);

#[derive(Debug)]
pub(super) struct Rule {
    /// What the session must have; `None` when being signed in is enough.
    check: Option<Check>,
    missing: Rejection,
}

impl RequireLayer {
    /// The request must be signed in.
    pub fn signed_in() -> Self {
        Self(Arc::new(Rule { check: None, missing: Rejection::check_failed() }))
    }

    /// The active organization must grant this permission, for example `org:reports:read`.
    pub fn permission(permission: impl Into<Cow<'static, str>>) -> Self {
        Self::with(Check::new().permission(permission), Rejection::permission_missing())
    }

    /// The session must have this role in the active organization, for example `org:admin`.
    pub fn role(role: impl Into<Cow<'static, str>>) -> Self {
        Self::with(Check::new().role(role), Rejection::role_missing())
    }

    /// The session must pass every part of `check`. An empty one passes nobody.
    pub fn has(check: Check) -> Self {
        Self::with(check, Rejection::check_failed())
    }

    fn with(check: Check, missing: Rejection) -> Self {
        Self(Arc::new(Rule { check: Some(check), missing }))
    }
}

impl Rule {
    /// Passes, or says how the request is turned away.
    pub(super) fn judge(&self, extensions: &Extensions) -> Result<(), Rejection> {
        let auth = Auth::from_extensions(extensions).ok_or_else(Rejection::layer_missing)?;
        let session = auth.require_session()?;
        match &self.check {
            Some(check) if !session.claims().has(check) => Err(self.missing.clone()),
            _ => Ok(()),
        }
    }
}

impl<S> Layer<S> for RequireLayer {
    type Service = Require<S>;

    fn layer(&self, inner: S) -> Require<S> {
        Require { inner, rule: self.0.clone() }
    }
}
