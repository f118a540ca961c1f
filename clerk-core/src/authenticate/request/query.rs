//! Clerk's parameters in the query of a request.

use std::borrow::Cow;

/// Clerk's parameters. The first one of a name wins, and an empty one counts as missing.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Query<'a> {
    pub(crate) handshake: Option<Cow<'a, str>>,
    pub(crate) nonce: Option<Cow<'a, str>>,
    pub(crate) dev_browser: Option<Cow<'a, str>>,
    /// Whether the parameter of the dev-browser token is present, even if it is empty.
    pub(crate) has_dev_browser: bool,
    /// `Some(false)` requests a sync with the primary domain, `Some(true)` means that it is complete.
    pub(crate) synced: Option<bool>,
    pub(crate) redirect_url: Option<Cow<'a, str>>,
}

/// The prefix of all of Clerk's parameters.
const PREFIX: &str = "__clerk_";

impl<'a> Query<'a> {
    pub(crate) fn read(query: Option<&'a str>) -> Self {
        Self::find(query).unwrap_or_default()
    }

    /// As [`read`](Self::read). `None` if the query has none of Clerk's parameters, as most have.
    pub(crate) fn find(query: Option<&'a str>) -> Option<Self> {
        // Most queries have neither, and are not parsed. A name may be percent-encoded, although no client does that.
        let may_name = |query: &&str| {
            query.bytes().any(|byte| matches!(byte, b'_' | b'%'))
                && (query.contains(PREFIX) || query.contains('%'))
        };
        let query = query.filter(may_name)?;
        let (mut found, mut synced) = (Self::default(), None);
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let place = match &*name {
                "__clerk_handshake" => &mut found.handshake,
                "__clerk_handshake_nonce" => &mut found.nonce,
                "__clerk_db_jwt" => {
                    found.has_dev_browser = true;
                    &mut found.dev_browser
                }
                "__clerk_synced" => &mut synced,
                "__clerk_redirect_url" => &mut found.redirect_url,
                _ => continue,
            };
            place.get_or_insert(value);
        }
        for place in [&mut found.handshake, &mut found.nonce, &mut found.dev_browser, &mut found.redirect_url]
        {
            if place.as_deref() == Some("") {
                *place = None;
            }
        }
        found.synced = match synced.as_deref() {
            Some("true") => Some(true),
            Some("false") => Some(false),
            _ => None,
        };
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_a_name_wins() {
        let query = Query::read(Some(
            "a=b&__clerk_handshake_nonce=n+1&__clerk_handshake_nonce=two&__clerk_synced=false&__clerk_synced=true",
        ));
        assert_eq!(query.nonce.as_deref(), Some("n 1"));
        assert_eq!(query.synced, Some(false));
        assert_eq!(query.handshake, None);
    }

    #[test]
    fn empty_parameters_count_as_missing() {
        let query =
            Query::read(Some("__clerk_db_jwt=&__clerk_db_jwt=x&__clerk_handshake=&__clerk_synced=maybe"));
        assert!(query.has_dev_browser);
        assert_eq!((query.dev_browser, query.handshake, query.synced), (None, None, None));
        assert_eq!(Query::read(None), Query::default());
        assert_eq!(Query::read(Some("x=__clerk")), Query::default());
        assert_eq!(Query::read(Some("%5F_clerk_synced=true")).synced, Some(true));
    }
}
