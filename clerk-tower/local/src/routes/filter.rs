//! Filters and orders that the lists of users and memberships share.

use super::super::{
    error::ApiError,
    query::{IncludeExclude, Query, SortKey, TimeRange},
    state::{Contact, User},
};

/// A filter for users. All of its conditions must be met, each by any one of its values.
pub(super) struct UserFilter {
    emails: Vec<String>,
    phones: Vec<String>,
    usernames: Vec<String>,
    wallets: Vec<String>,
    ids: IncludeExclude,
    query: Option<String>,
    email_query: Option<String>,
    phone_query: Option<String>,
    username_query: Option<String>,
    name_query: Option<String>,
    active: TimeRange,
}

impl UserFilter {
    pub(super) fn new(query: &Query) -> Result<Self, ApiError> {
        let part = |name| query.first(name).map(str::to_lowercase);
        Ok(Self {
            emails: query.all("email_address")?,
            phones: query.all("phone_number")?,
            usernames: query.all("username")?,
            wallets: query.all("web3_wallet")?,
            ids: query.include_exclude("user_id")?,
            query: part("query"),
            email_query: part("email_address_query"),
            phone_query: part("phone_number_query"),
            username_query: part("username_query"),
            name_query: part("name_query"),
            active: query.time_range("last_active_at")?,
        })
    }

    pub(super) fn admits(&self, user: &User) -> bool {
        let one_of = |wanted: &[String], contacts: &[Contact]| {
            let has = |value: &String| contacts.iter().any(|one| one.value.eq_ignore_ascii_case(value));
            wanted.is_empty() || wanted.iter().any(has)
        };
        let username = user.username.as_deref().unwrap_or_default();
        let contains = |wanted: &Option<String>, texts: &[&str]| {
            wanted.as_deref().is_none_or(|part| texts.iter().any(|text| text.to_lowercase().contains(part)))
        };
        let emails: Vec<_> = user.emails.iter().map(|contact| contact.value.as_str()).collect();
        let phones: Vec<_> = user.phones.iter().map(|contact| contact.value.as_str()).collect();
        let name = user.name();
        let everything = [&emails[..], &phones[..], &[username, &name, user.id.as_str()]].concat();

        one_of(&self.emails, &user.emails)
            && one_of(&self.phones, &user.phones)
            && (self.usernames.is_empty()
                || self.usernames.iter().any(|one| one.eq_ignore_ascii_case(username)))
            && one_of(&self.wallets, &user.wallets)
            && self.ids.admits(|id| user.id == id)
            && contains(&self.query, &everything)
            && contains(&self.email_query, &emails)
            && contains(&self.phone_query, &phones)
            && contains(&self.username_query, &[username])
            && contains(&self.name_query, &[&name])
            && self.active.admits(user.last_active_at)
    }
}

/// Returns the value of `field`, to sort users by.
pub(super) fn sort_key(user: &User, field: &str) -> SortKey {
    match field {
        "updated_at" => user.updated_at.into(),
        "last_active_at" => user.last_active_at.into(),
        "last_sign_in_at" => user.last_sign_in_at.into(),
        "email_address" => user.email().into(),
        "phone_number" => user.phone().into(),
        "username" => user.username.as_deref().into(),
        "first_name" => user.first_name.as_deref().into(),
        "last_name" => user.last_name.as_deref().into(),
        "web3wallet" => user.wallets.first().map(|wallet| wallet.value.as_str()).into(),
        _ => user.created_at.into(),
    }
}
