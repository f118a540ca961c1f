use std::{borrow::Cow, sync::Arc};

use clerk_core::token::{Check, Reverification, TokenKind};
use tower_layer::Layer;

use super::{Require, rule::Rule, sign_in::SignIn};

/// Layer of [`Require`]. See the [module docs](super) for an example.
#[derive(Clone, Debug)]
#[must_use]
pub struct RequireLayer {
    rule: Arc<Rule>,
    sign_in: Option<SignIn>,
}

impl RequireLayer {
    fn new(rule: Rule) -> Self {
        Self { rule: Arc::new(rule), sign_in: None }
    }

    /// The request must be signed in.
    pub fn signed_in() -> Self {
        Self::new(Rule::SignedIn)
    }

    /// The active organization must grant this permission, for example `org:reports:read`.
    pub fn permission(permission: impl Into<Cow<'static, str>>) -> Self {
        Self::has(Check::new().permission(permission))
    }

    /// The session must have this role in the active organization, for example `org:admin`.
    pub fn role(role: impl Into<Cow<'static, str>>) -> Self {
        Self::has(Check::new().role(role))
    }

    /// The active organization's or the user's plan must have this feature; `org:name` or `user:name` asks one of
    /// them.
    pub fn feature(feature: impl Into<Cow<'static, str>>) -> Self {
        Self::has(Check::new().feature(feature))
    }

    /// The active organization or the user must have this plan; `org:name` or `user:name` asks one of them.
    pub fn plan(plan: impl Into<Cow<'static, str>>) -> Self {
        Self::has(Check::new().plan(plan))
    }

    /// The user must have proven recently who they are. Otherwise the answer is the one that makes Clerk's front ends
    /// ask for the proof and send the request again.
    pub fn reverification(reverification: Reverification) -> Self {
        Self::has(Check::new().reverification(reverification))
    }

    /// The session must pass every part of `check`; the answer names the first that it does not pass, a missing
    /// reverification only when nothing else is missing. An empty check passes nobody.
    pub fn has(check: Check) -> Self {
        Self::new(Rule::Has(check))
    }

    /// The request must carry a good token of one of these kinds, a session's among them or not. The layer has to
    /// accept all of them. Without any kind it passes nobody.
    pub fn token(kinds: impl IntoIterator<Item = TokenKind>) -> Self {
        Self::new(Rule::Token(kinds.into_iter().collect()))
    }

    /// The request must carry a machine's token of this kind: an API key, an M2M or an OAuth token. The layer has
    /// to accept it.
    pub fn machine(kind: TokenKind) -> Self {
        Self::new(Rule::Machine(kind))
    }

    /// The request must carry a machine's token of this kind that has this scope.
    pub fn scope(kind: TokenKind, scope: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Rule::Scope(kind, scope.into()))
    }

    /// A guard that passes what both pass. Guards around each other do the same, the outer one answering first.
    ///
    /// Both judge every request. When both turn it away, the graver answer goes out: 500, then 503, 403, 401; the left
    /// one on a tie, and a missing reverification after everything else that is 403.
    pub fn and(self, other: Self) -> Self {
        self.with(other, Rule::And)
    }

    /// A guard that passes what one of the two passes.
    ///
    /// Both judge every request. When both turn it away, the graver answer goes out: 500, then 503, 403, 401; the left
    /// one on a tie, and a missing reverification before everything else that is 403, because the user can help that.
    /// What one of them cannot judge, only the other can pass.
    ///
    /// ```
    /// use clerk_tower::require::RequireLayer;
    ///
    /// let guard = RequireLayer::permission("org:reports:read").or(RequireLayer::role("org:admin"));
    /// # let _ = guard;
    /// ```
    pub fn or(self, other: Self) -> Self {
        self.with(other, Rule::Or)
    }

    fn with(self, other: Self, combine: fn(Arc<Rule>, Arc<Rule>) -> Rule) -> Self {
        let rule = Arc::new(combine(self.rule, other.rule));
        Self { rule, sign_in: self.sign_in.or(other.sign_in) }
    }

    /// Sends those who ask for a page and are not signed in to the sign-in page, and from there back. Sessions with
    /// tasks to complete go to the page for these.
    ///
    /// A page is what a browser asks for with GET, and by `Sec-Fetch-Dest` as a document, or, where it does not send
    /// this header, by `Accept` as `text/html` before all else. Everything else is answered as without this, and so
    /// are 403, 500 and 503, and what another sign-in would not cure: a machine's token, a token for another site
    /// (`token-invalid-authorized-parties`), and a browser that was sent away three times within a few seconds: it comes
    /// back with what is refused again. Of a combination, it covers the whole.
    ///
    /// The page is known from the client's publishable key; an instance behind a proxy needs
    /// [`sign_in_url`](clerk_core::authenticate::AuthenticateOptions::sign_in_url) too. Where it is not known the
    /// answer stays 401, and one warning is logged that says what to set.
    pub fn redirect_to_sign_in(self) -> Self {
        Self { sign_in: Some(self.sign_in.unwrap_or_default()), ..self }
    }
}

impl<S> Layer<S> for RequireLayer {
    type Service = Require<S>;

    fn layer(&self, inner: S) -> Require<S> {
        Require { inner, rule: self.rule.clone(), sign_in: self.sign_in.clone() }
    }
}
