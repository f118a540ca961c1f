use std::{borrow::Cow, sync::Arc};

use clerk_core::token::{Check, TokenKind};
use http::Extensions;
use tower_layer::Layer;

use super::Require;
use crate::{authenticate::Auth, reject::Rejection};

/// Layer of [`Require`]. See the [module docs](super) for an example.
#[derive(Clone, Debug)]
#[must_use]
pub struct RequireLayer(Arc<Rule>);

#[derive(Debug)]
pub(super) enum Rule {
    SignedIn,
    /// What the session must have, and the answer when it has not.
    Has(Check, Rejection),
    /// A machine's token.
    Machine(TokenKind),
    /// A machine's token with a scope.
    Scope(TokenKind, Cow<'static, str>),
}

impl RequireLayer {
    /// The request must be signed in.
    pub fn signed_in() -> Self {
        Self(Arc::new(Rule::SignedIn))
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
        Self(Arc::new(Rule::Has(check, missing)))
    }

    /// The request must carry a machine's token of this kind: an API key, an M2M or an OAuth token. The layer has
    /// to accept it.
    pub fn machine(kind: TokenKind) -> Self {
        Self(Arc::new(Rule::Machine(kind)))
    }

    /// The request must carry a machine's token of this kind that has this scope.
    pub fn scope(kind: TokenKind, scope: impl Into<Cow<'static, str>>) -> Self {
        Self(Arc::new(Rule::Scope(kind, scope.into())))
    }
}

impl Rule {
    /// Passes, or says how the request is turned away.
    pub(super) fn judge(&self, extensions: &Extensions) -> Result<(), Rejection> {
        let auth = Auth::from_extensions(extensions).ok_or_else(Rejection::layer_missing)?;
        match self {
            Self::SignedIn => auth.require_session().map(drop),
            Self::Has(check, missing) => {
                if auth.require_session()?.claims().has(check) {
                    Ok(())
                } else {
                    Err(missing.clone())
                }
            }
            Self::Machine(kind) => auth.require_machine(*kind).map(drop),
            Self::Scope(kind, scope) => {
                if auth.require_machine(*kind)?.has_scope(scope) {
                    Ok(())
                } else {
                    Err(Rejection::scope_missing())
                }
            }
        }
    }
}

impl<S> Layer<S> for RequireLayer {
    type Service = Require<S>;

    fn layer(&self, inner: S) -> Require<S> {
        Require { inner, rule: self.0.clone() }
    }
}
