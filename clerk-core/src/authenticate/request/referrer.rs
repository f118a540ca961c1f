//! Referrers that are Clerk's own pages.

use url::Url;

use crate::authenticate::config::Instance;

/// Whether the referring page is one of Clerk's own.
///
/// A browser that returns from there has current cookies already, so it does not need a handshake.
pub(crate) fn is_clerk_page(referrer: &Url, page: &Url, instance: &Instance) -> bool {
    let Some(host) = referrer.host_str() else { return false };
    let frontend = instance.frontend_url(page);
    if frontend.as_ref().and_then(Url::host_str) == Some(host) {
        return true;
    }
    // In development only: anyone can create a development instance, and with it such a portal.
    if !instance.is_production && is_development_portal(host) {
        return true;
    }
    instance.referring_url().is_some_and(|accounts| accounts.origin() == referrer.origin())
}

/// Whether this is the Account Portal of a development instance.
fn is_development_portal(host: &str) -> bool {
    let ends_with = |ends: &[&str]| ends.iter().any(|end| host.ends_with(end));
    if host.starts_with("accounts.") && ends_with(&[".lcl.dev", ".lclstage.dev", ".lclclerk.com"]) {
        return true;
    }
    // The Frontend API is on the same domain, as `<name>.clerk.accounts.dev`, and is not a portal.
    [".accounts.dev", ".accountsstage.dev", ".accounts.lclclerk.com"]
        .iter()
        .any(|end| host.strip_suffix(end).is_some_and(|application| !application.ends_with(".clerk")))
}
