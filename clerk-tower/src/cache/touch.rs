//! What a read depends on, and what a write touches, by the operation's path.
//!
//! The rules are generous: forgetting too much costs a call, forgetting too little shows what is no longer so.

use clerk_core::OperationInfo;
use http::Method;

use super::generations::{Depends, Tag};

/// The first segments of the API's paths. A write below any other one touches everything.
#[rustfmt::skip]
pub(super) const SECTIONS: &[&str] = &[
    "actor_tokens", "admin_portal_link_tokens", "agents", "allowlist_identifiers", "api_keys", "beta_features",
    "billing", "blocklist_identifiers", "clients", "directories", "domains", "email_addresses",
    "enterprise_connections", "instance", "invitations", "jwks", "jwt_templates", "m2m_tokens", "machines",
    "oauth_applications", "organization_domains", "organization_invitations", "organization_memberships",
    "organization_permissions", "organization_roles", "organizations", "phone_numbers", "proxy_checks", "public",
    "redirect_urls", "role_sets", "saml_connections", "scim_directories", "sessions", "sign_in_tokens", "sign_ups",
    "templates", "testing_tokens", "users", "waitlist_entries", "webhooks",
];

/// The sections whose things are told apart, and how their ids begin. Anything else in that place of a path, such as
/// an organization's slug, is some name of a thing, and changes with each of them.
const TOLD_APART: &[(&str, &str)] = &[("users", "user_"), ("organizations", "org_")];

/// What an answer shows of other sections: the path's beginning, and the section whose lists it changes with.
const SHOWS: &[(&str, &str)] = &[
    // Users may come with their memberships, and those with their organizations.
    ("/users", "organizations"),
    // Who the members and the invited are.
    ("/organizations/{organization_id}/memberships", "users"),
    ("/organizations/{organization_id}/invitations", "users"),
    // What is bought through the section `billing`.
    ("/users/{user_id}/billing", "billing"),
    ("/organizations/{organization_id}/billing", "billing"),
];

/// What a write touches beside its own section.
struct Rule {
    /// Any method unless set.
    method: Option<Method>,
    path: &'static str,
    /// The path alone, and not what is below it.
    exact: bool,
    touches: &'static [Tag<'static>],
}

const fn below(path: &'static str, touches: &'static [Tag<'static>]) -> Rule {
    Rule { method: None, path, exact: false, touches }
}

const fn at(method: Method, path: &'static str, touches: &'static [Tag<'static>]) -> Rule {
    Rule { method: Some(method), path, exact: true, touches }
}

use Tag::{Each, Everything, Lists};

#[rustfmt::skip]
const RULES: &[Rule] = &[
    // Settings may change any answer, and change rarely.
    below("/instance", &[Everything]),
    below("/beta_features", &[Everything]),
    below("/domains", &[Everything]),
    below("/proxy_checks", &[Everything]),
    // A user's addresses, sessions, memberships and invitations show the user, or go with them.
    below("/users", &[
        Lists("email_addresses"), Lists("phone_numbers"), Lists("sessions"), Lists("clients"),
        Lists("organization_memberships"), Lists("organization_invitations"), Lists("invitations"),
        Lists("sign_ups"), Lists("waitlist_entries"), Lists("api_keys"),
    ]),
    // Organizations count their members; a verified domain takes new users in.
    at(Method::POST, "/users", &[Each("organizations")]),
    at(Method::DELETE, "/users/{user_id}", &[Each("organizations")]),
    below("/users/{user_id}/billing", &[Lists("billing")]),
    // Addresses are part of their user, whom the path does not name; a verified one may bring a membership.
    below("/email_addresses", &[
        Each("users"), Lists("users"), Each("organizations"), Lists("organizations"),
        Lists("organization_memberships"), Lists("invitations"),
    ]),
    below("/phone_numbers", &[Each("users"), Lists("users")]),
    // Signing in shows on the user; a client lists its sessions.
    at(Method::POST, "/sessions", &[Lists("clients"), Each("users"), Lists("users")]),
    at(Method::POST, "/sessions/{session_id}/revoke", &[Lists("clients")]),
    // A completed sign-up is a user.
    below("/sign_ups", &[Each("users"), Lists("users")]),
    // Lists of users and of memberships can be asked for by organization.
    below("/organizations", &[
        Lists("users"), Lists("organization_memberships"), Lists("organization_invitations"),
        Lists("organization_domains"), Lists("enterprise_connections"), Lists("saml_connections"),
        Lists("role_sets"),
    ]),
    below("/organizations/{organization_id}/billing", &[Lists("billing")]),
    // Roles, permissions and role sets hold each other, and memberships show their role.
    below("/organization_roles", ROLES),
    below("/organization_permissions", ROLES),
    below("/role_sets", ROLES),
    // The same connections and directories under two names; accounts of users and domains of organizations go
    // with them, and groups give roles.
    below("/saml_connections", CONNECTIONS),
    below("/enterprise_connections", CONNECTIONS),
    below("/scim_directories", CONNECTIONS),
    below("/directories", CONNECTIONS),
    // Each of these may make, or take back, one of the other.
    below("/invitations", &[Lists("allowlist_identifiers"), Lists("waitlist_entries")]),
    below("/allowlist_identifiers", &[Lists("invitations")]),
    below("/waitlist_entries", &[Lists("invitations"), Lists("allowlist_identifiers")]),
    // A machine's tokens go with it.
    below("/machines", &[Lists("m2m_tokens")]),
];

const ROLES: &[Tag<'_>] = &[
    Lists("organization_roles"),
    Lists("organization_permissions"),
    Lists("role_sets"),
    Lists("organization_memberships"),
    Each("organizations"),
    Lists("organizations"),
];

const CONNECTIONS: &[Tag<'_>] = &[
    Lists("saml_connections"),
    Lists("enterprise_connections"),
    Lists("scim_directories"),
    Lists("directories"),
    Lists("organization_domains"),
    Lists("organization_memberships"),
    Each("users"),
    Lists("users"),
    Each("organizations"),
    Lists("organizations"),
];

impl Rule {
    fn covers(&self, method: &Method, path: &str) -> bool {
        let below = path.strip_prefix(self.path);
        below.is_some_and(|rest| rest.is_empty() || !self.exact && rest.starts_with('/'))
            && self.method.as_ref().is_none_or(|wanted| wanted == method)
    }
}

/// The first segment of a path.
fn section(path: &str) -> &str {
    path.strip_prefix('/').unwrap_or(path).split('/').next().unwrap_or_default()
}

/// The one thing that a path is about, or stands below, if its template says that there is one.
fn thing<'a>(template: &str, path: &'a str) -> Option<Tag<'a>> {
    let mut names = path.strip_prefix('/')?.split('/');
    let (section, id) = (names.next()?, names.next()?);
    let is_named = template.split('/').nth(2).is_some_and(|segment| segment.starts_with('{'));
    let is_id = TOLD_APART.iter().any(|(name, prefix)| *name == section && id.starts_with(prefix));
    (is_named && is_id).then_some(Tag::Thing(section, id))
}

/// What the answer to a read of `path` depends on.
pub(super) fn depends(info: &OperationInfo, path: &str) -> Depends {
    let section = section(path);
    let own = thing(info.path, path).unwrap_or(Tag::Lists(section));
    let shown = SHOWS.iter().filter(|(begins, _)| info.path.starts_with(begins));
    let shown = shown.map(|(_, section)| Tag::Lists(section));
    [Tag::Everything, Tag::Each(section), own].into_iter().chain(shown).collect()
}

/// What a write of `path` touches.
pub(super) fn touched(info: &OperationInfo, path: &str, mut forget: impl FnMut(Tag<'_>)) {
    let section = section(path);
    if !SECTIONS.contains(&section) {
        return forget(Tag::Everything);
    }
    forget(Tag::Lists(section));
    forget(thing(info.path, path).unwrap_or(Tag::Each(section)));
    for rule in RULES.iter().filter(|rule| rule.covers(&info.method, info.path)) {
        rule.touches.iter().for_each(|tag| forget(*tag));
    }
}

/// What an event touches whose type begins so, beside the user and the organization it names. Types that are not
/// listed touch everything.
pub(super) fn touched_by_event(kind: &str, mut forget: impl FnMut(Tag<'_>)) {
    let subject = kind.split('.').next().unwrap_or_default();
    let tags: &[Tag<'_>] = match subject {
        "user" if kind == "user.updated" => &[],
        // Organizations count their members.
        "user" => &[Each("organizations")],
        "organization" | "organizationMembership" => &[],
        // A letter or a text message that was written changes nothing.
        "email" | "sms" => &[],
        "session" => &[Lists("sessions"), Lists("clients")],
        "organizationDomain" => {
            &[Lists("organization_domains"), Each("organizations"), Lists("organizations")]
        }
        "organizationInvitation" => &[
            Lists("organization_invitations"),
            Each("organizations"),
            Lists("organizations"),
            Lists("users"),
        ],
        "role" | "permission" => ROLES,
        "waitlistEntry" => &[Lists("waitlist_entries"), Lists("invitations")],
        "subscription" | "subscriptionItem" | "paymentAttempt" => &[Lists("billing")],
        _ => &[Everything],
    };
    tags.iter().for_each(|tag| forget(*tag));
}

#[cfg(test)]
mod tests {
    use clerk_core::api::OPERATIONS;

    use super::{
        super::generations::{Generations, MOST},
        *,
    };

    fn info(id: &str) -> &'static OperationInfo {
        OPERATIONS.iter().find(|info| info.id == id).unwrap()
    }

    /// The operation's path with these values.
    fn path(info: &OperationInfo, values: &[&str]) -> String {
        let mut values = values.iter();
        let segments = info.path.split('/').map(|segment| {
            if segment.starts_with('{') { values.next().copied().unwrap_or("x_1") } else { segment }
        });
        segments.collect::<Vec<_>>().join("/")
    }

    fn forgets(write: &OperationInfo, written: &str, read: &OperationInfo, path: &str) -> bool {
        let generations = Generations::new();
        let stamp = generations.stamp(depends(read, path));
        touched(write, written, |tag| generations.forget(tag));
        !generations.holds(&stamp)
    }

    #[test]
    fn what_a_write_forgets() {
        let (one, two) = (&["user_1"][..], &["user_2"][..]);
        let (org, other, slug) = (&["org_1"][..], &["org_2"][..], &["acme"][..]);
        for (write, written, read, of, forgotten) in [
            ("UpdateUser", one, "GetUser", one, true),
            ("UpdateUser", one, "GetUser", two, false),
            ("UpdateUser", one, "GetUserList", &[], true),
            ("UpdateUser", one, "GetUsersCount", &[], true),
            ("UpdateUser", one, "UsersGetOrganizationMemberships", one, true),
            ("UpdateUser", one, "UsersGetOrganizationMemberships", two, false),
            ("UpdateUser", one, "ListOrganizationMemberships", org, true),
            ("UpdateUser", one, "InstanceGetOrganizationMemberships", &[], true),
            ("UpdateUser", one, "GetOrganization", org, false),
            ("UpdateUser", one, "GetEmailAddress", &[], true),
            ("BanUser", one, "GetSessionList", &[], true),
            ("UsersBan", &[], "GetUser", one, true),
            ("UsersBan", &[], "GetUserList", &[], true),
            ("DeleteUser", one, "GetOrganization", org, true),
            ("CreateUser", &[], "GetUser", one, true),
            ("UpdateEmailAddress", &[], "GetUser", one, true),
            ("DeletePhoneNumber", &[], "GetUserList", &[], true),
            ("SetUserProfileImage", one, "GetUser", one, true),
            ("AdjustUserBillingCreditBalance", one, "GetUserBillingCreditBalance", one, true),
            ("CancelCommerceSubscriptionItem", &[], "GetUserBillingSubscription", one, true),
            ("CancelCommerceSubscriptionItem", &[], "GetUser", one, false),
            ("UpdateOrganization", org, "GetOrganization", org, true),
            ("UpdateOrganization", org, "GetOrganization", other, false),
            ("UpdateOrganization", org, "GetOrganization", slug, true),
            ("UpdateOrganization", slug, "GetOrganization", org, true),
            ("UpdateOrganization", org, "UsersGetOrganizationMemberships", one, true),
            ("UpdateOrganization", org, "GetUser", one, true),
            ("CreateInvitation", &[], "GetUser", one, false),
            ("DeleteUser", one, "GetUser", two, false),
            ("CreateOrganization", &[], "GetOrganization", slug, true),
            ("CreateOrganizationMembership", org, "GetOrganization", org, true),
            ("CreateOrganizationMembership", org, "GetUserList", &[], true),
            ("DeleteOrganizationMembership", org, "UsersGetOrganizationMemberships", one, true),
            ("UpdateOrganizationRole", &[], "ListOrganizationMemberships", org, true),
            ("UpdateOrganizationRole", &[], "UsersGetOrganizationMemberships", one, true),
            ("UpdateOrganizationRole", &[], "GetRoleSet", &[], true),
            ("CreateOrganizationDomain", org, "ListAllOrganizationDomains", &[], true),
            ("RefreshSession", &[], "GetSession", &[], true),
            ("RefreshSession", &[], "GetUser", one, false),
            ("CreateSessionToken", &[], "GetUser", one, false),
            ("verifyApiKey", &[], "GetUser", one, false),
            ("RotateMachineSecretKey", &[], "GetMachineSecretKey", &[], true),
            ("DeleteMachine", &[], "getM2MTokens", &[], true),
            ("DeleteSCIMDirectory", &[], "GetDirectory", &[], true),
            ("UpdateInstance", &[], "GetUser", one, true),
            ("UpdateInstance", &[], "ListJWTTemplates", &[], true),
            ("UpdateJWTTemplate", &[], "GetUser", one, false),
        ] {
            let (write, read) = (info(write), info(read));
            let got = forgets(write, &path(write, written), read, &path(read, of));
            assert_eq!(got, forgotten, "{} of {written:?}, {} of {of:?}", write.id, read.id);
        }
    }

    #[test]
    fn nothing_shows_more_than_there_is_room_for() {
        for info in OPERATIONS {
            let shown = SHOWS.iter().filter(|(begins, _)| info.path.starts_with(begins)).count();
            assert!(shown + 3 <= MOST, "{}", info.path);
        }
    }

    /// Whatever the tables say, these hold for all operations there are.
    #[test]
    fn every_write_forgets_the_same_thing_below_it_and_the_lists_of_its_section() {
        for write in OPERATIONS.iter().filter(|info| !info.method.is_safe()) {
            assert!(SECTIONS.contains(&section(write.path)), "{}", write.path);
            for read in OPERATIONS.iter().filter(|info| info.method == Method::GET) {
                if section(read.path) != section(write.path) {
                    continue;
                }
                // With the same values in both, and names that are ids.
                let first = TOLD_APART.iter().find(|(name, _)| *name == section(read.path));
                let ids = first.map_or_else(|| "x_1".to_owned(), |(_, prefix)| format!("{prefix}1"));
                let (written, asked) = (path(write, &[&ids]), path(read, &[&ids]));
                assert!(forgets(write, &written, read, &asked), "{} {}", write.id, read.id);
            }
        }
    }

    #[test]
    fn a_write_outside_of_the_known_sections_forgets_everything() {
        let unknown = OperationInfo::new("Rename", Method::POST, "/things/{id}/rename", "Things");
        let read = info("ListJWTTemplates");
        assert!(forgets(&unknown, "/things/1/rename", read, read.path));
        assert!(!forgets(info("CreateRedirectURL"), "/redirect_urls", read, read.path));
    }

    #[test]
    fn rules_name_sections_that_there_are() {
        let tags = RULES.iter().flat_map(|rule| rule.touches);
        for tag in tags {
            if let Each(section) | Lists(section) = tag {
                assert!(SECTIONS.contains(section), "{section}");
            }
        }
        for rule in RULES {
            assert!(OPERATIONS.iter().any(|info| rule.covers(&info.method, info.path)), "{}", rule.path);
        }
        for (begins, _) in SHOWS {
            assert!(OPERATIONS.iter().any(|info| info.path.starts_with(begins)), "{begins}");
        }
    }
}
