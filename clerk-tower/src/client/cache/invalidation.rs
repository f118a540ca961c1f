//! What a read depends on, and what a write, an event or a changed resource touches.
//!
//! The rules err on the safe side: invalidating too much costs a call, invalidating too little serves stale data.

use clerk_core::OperationInfo;
use http::Method;

use super::generations::{Depends, Tag};

/// The first segments of the API's paths. A write below any other segment touches everything.
#[rustfmt::skip]
pub(super) const SECTIONS: &[&str] = &[
    "actor_tokens", "admin_portal_link_tokens", "agents", "allowlist_identifiers", "api_keys", "beta_features",
    "billing", "blocklist_identifiers", "clients", "directories", "domains", "email", "email_addresses",
    "enterprise_connections", "instance", "invitations", "jwks", "jwt_templates", "m2m_tokens", "machines",
    "oauth_applications", "organization_domains", "organization_invitations", "organization_memberships",
    "organization_permissions", "organization_roles", "organizations", "phone_numbers", "proxy_checks", "public",
    "redirect_urls", "role_sets", "saml_connections", "scim_directories", "sessions", "sign_in_tokens", "sign_ups",
    "templates", "testing_tokens", "users", "waitlist_entries", "webhooks",
];

/// The sections whose resources are told apart, and the prefix of their ids. Anything else in that position of a path,
/// such as an organization's slug, may name any resource of the section, and so depends on each of them.
const TOLD_APART: &[(&str, &str)] = &[("users", "user_"), ("organizations", "org_")];

/// What a response shows of other sections: the start of the path, and the section whose lists it changes with.
const SHOWS: &[(&str, &str)] = &[
    // Users may include their memberships, and those their organizations.
    ("/users", "organizations"),
    // Memberships and invitations show the users.
    ("/organizations/{organization_id}/memberships", "users"),
    ("/organizations/{organization_id}/invitations", "users"),
    // Subscriptions and payments change through the section `billing`.
    ("/users/{user_id}/billing", "billing"),
    ("/organizations/{organization_id}/billing", "billing"),
];

/// What a write touches beside its own section.
struct Rule {
    /// `None` for any method.
    method: Option<Method>,
    path: &'static str,
    /// Whether paths below this one are excluded.
    exact: bool,
    touches: &'static [Tag<'static>],
}

/// Operations that only look something up, although their method is `POST`: the secret is in the body.
const LOOK_UPS: &[&str] = &[
    "/api_keys/verify",
    "/clients/verify",
    "/m2m_tokens/verify",
    "/oauth_applications/access_tokens/verify",
];

/// Writes that only move the time at which a session was last active. Requests of browsers cause them, once a minute for each
/// visitor, so the other processes of a fleet are not told.
const IN_PASSING: &[&str] = &[
    "/sessions/{session_id}/refresh",
    "/sessions/{session_id}/tokens",
    "/sessions/{session_id}/tokens/{template_name}",
];

const fn below(path: &'static str, touches: &'static [Tag<'static>]) -> Rule {
    Rule { method: None, path, exact: false, touches }
}

const fn at(method: Method, path: &'static str, touches: &'static [Tag<'static>]) -> Rule {
    Rule { method: Some(method), path, exact: true, touches }
}

use Tag::{Each, Everything, Lists, MachineTokens};

#[rustfmt::skip]
const RULES: &[Rule] = &[
    // Settings may change any response, and rarely change.
    below("/instance", &[Everything]),
    below("/beta_features", &[Everything]),
    below("/domains", &[Everything]),
    below("/proxy_checks", &[Everything]),
    // A user's addresses, sessions, memberships and invitations show the user, or are deleted with the user.
    below("/users", &[
        Lists("email_addresses"), Lists("phone_numbers"), Lists("sessions"), Lists("clients"),
        Lists("organization_memberships"), Lists("organization_invitations"), Lists("invitations"),
        Lists("sign_ups"), Lists("waitlist_entries"), Lists("api_keys"),
    ]),
    // Organizations count their members; a verified domain adds new users.
    at(Method::POST, "/users", &[Each("organizations")]),
    at(Method::DELETE, "/users/{user_id}", &[Each("organizations")]),
    below("/users/{user_id}/billing", &[Lists("billing")]),
    // Addresses are part of a user that the path does not name; a verified address may add a membership.
    below("/email_addresses", &[
        Each("users"), Lists("users"), Each("organizations"), Lists("organizations"),
        Lists("organization_memberships"), Lists("invitations"),
    ]),
    below("/phone_numbers", &[Each("users"), Lists("users")]),
    // Signing in changes the user; a client lists its sessions.
    at(Method::POST, "/sessions", &[Lists("clients"), Each("users"), Lists("users")]),
    at(Method::POST, "/sessions/{session_id}/revoke", &[Lists("clients")]),
    // A completed sign-up creates a user.
    below("/sign_ups", &[Each("users"), Lists("users")]),
    // Lists of users and of memberships can be filtered by organization.
    below("/organizations", &[
        Lists("users"), Lists("organization_memberships"), Lists("organization_invitations"),
        Lists("organization_domains"), Lists("enterprise_connections"), Lists("saml_connections"),
        Lists("role_sets"),
    ]),
    below("/organizations/{organization_id}/billing", &[Lists("billing")]),
    // Roles, permissions and role sets contain each other, and memberships show their role.
    below("/organization_roles", ROLES),
    below("/organization_permissions", ROLES),
    below("/role_sets", ROLES),
    // The same connections and directories under two names. Users' accounts and organizations' domains are deleted
    // with them, and groups assign roles.
    below("/saml_connections", CONNECTIONS),
    below("/enterprise_connections", CONNECTIONS),
    below("/scim_directories", CONNECTIONS),
    below("/directories", CONNECTIONS),
    // Each of these may create or revoke one of the others.
    below("/invitations", &[Lists("allowlist_identifiers"), Lists("waitlist_entries")]),
    below("/allowlist_identifiers", &[Lists("invitations")]),
    below("/waitlist_entries", &[Lists("invitations"), Lists("allowlist_identifiers")]),
    // A machine's tokens are deleted with it.
    below("/machines", &[Lists("m2m_tokens")]),
    // What exists is revoked, deleted or changed. What is new has no verdict yet.
    below("/api_keys/{apiKeyID}", &[MachineTokens]),
    below("/m2m_tokens/{m2m_token_id}", &[MachineTokens]),
    below("/machines/{machine_id}", &[MachineTokens]),
    below("/oauth_applications/{oauth_application_id}", &[MachineTokens]),
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
fn section_of(path: &str) -> &str {
    path.strip_prefix('/').unwrap_or(path).split('/').next().unwrap_or_default()
}

/// A resource of a section whose resources are told apart, if `id` is an id of that section.
fn resource<'a>(section: &'a str, id: &'a str) -> Option<Tag<'a>> {
    let is_id = TOLD_APART.iter().any(|(name, prefix)| *name == section && id.starts_with(prefix));
    is_id.then_some(Tag::Resource(section, id))
}

/// The one resource that a path is about or stands below, if its template says that there is one.
fn resource_of<'a>(template: &str, path: &'a str) -> Option<Tag<'a>> {
    let mut segments = path.strip_prefix('/')?.split('/');
    let (section, id) = (segments.next()?, segments.next()?);
    let is_parameter = template.split('/').nth(2).is_some_and(|segment| segment.starts_with('{'));
    if is_parameter { resource(section, id) } else { None }
}

/// What the response to a read of `path` depends on.
pub(super) fn depends_on<'a>(info: &'a OperationInfo, path: &'a str) -> impl Iterator<Item = Tag<'a>> {
    let section = section_of(path);
    let own = resource_of(info.path, path).unwrap_or(Tag::Lists(section));
    let shown = SHOWS.iter().filter(|(start, _)| info.path.starts_with(start));
    let shown = shown.map(|(_, section)| Tag::Lists(section));
    [Tag::Everything, Tag::Each(section), own].into_iter().chain(shown)
}

/// The counters of it.
pub(super) fn depends(info: &OperationInfo, path: &str) -> Depends {
    depends_on(info, path).collect()
}

/// Whether an operation may change something.
pub(super) fn is_write(info: &OperationInfo) -> bool {
    !info.method.is_safe() && !LOOK_UPS.contains(&info.path)
}

/// Whether other processes are told of a write.
pub(super) fn is_told(info: &OperationInfo) -> bool {
    !IN_PASSING.contains(&info.path)
}

/// What Clerk's verdict about a machine token of this subject depends on. A user or an organization that is deleted takes
/// its tokens along, and nobody promises that one that is banned does not. An empty subject is one that is not known.
pub(super) fn machine_token_depends(subject: &str) -> Depends {
    let may_own = |prefix: &str| subject.is_empty() || subject.starts_with(prefix);
    let owners = TOLD_APART.iter().filter(|(_, prefix)| may_own(prefix));
    let owners = owners.flat_map(|(section, _)| [Some(Each(section)), resource(section, subject)]);
    [Everything, MachineTokens].into_iter().chain(owners.flatten()).collect()
}

/// What a change of one resource touches: the resource, the lists of its section, and what shows it elsewhere.
pub(super) fn touched<'a>(section: &'a str, id: &'a str, mut invalidate: impl FnMut(Tag<'a>)) {
    invalidate(Tag::Lists(section));
    invalidate(resource(section, id).unwrap_or(Tag::Each(section)));
    let rules =
        RULES.iter().filter(|rule| rule.method.is_none() && rule.path.strip_prefix('/') == Some(section));
    rules.flat_map(|rule| rule.touches).for_each(|tag| invalidate(*tag));
}

/// What a write to `path` touches.
pub(super) fn touched_by_write<'a>(info: &OperationInfo, path: &'a str, mut invalidate: impl FnMut(Tag<'a>)) {
    let section = section_of(path);
    if !SECTIONS.contains(&section) {
        return invalidate(Tag::Everything);
    }
    invalidate(Tag::Lists(section));
    invalidate(resource_of(info.path, path).unwrap_or(Tag::Each(section)));
    for rule in RULES.iter().filter(|rule| rule.covers(&info.method, info.path)) {
        rule.touches.iter().for_each(|tag| invalidate(*tag));
    }
}

/// Whether an event of this type lacks the id of what it is about, so that its resource cannot be told apart.
pub(super) fn is_nameless(kind: &str, has_user: bool, has_organization: bool) -> bool {
    match kind.split('.').next().unwrap_or_default() {
        "user" | "session" => !has_user,
        "organization" => !has_organization,
        "organizationMembership" => !has_user || !has_organization,
        _ => false,
    }
}

/// What an event touches beside the user and the organization that it names. A type that is not listed touches
/// everything.
pub(super) fn touched_by_event(kind: &str, invalidate: impl FnMut(Tag<'static>)) {
    let subject = kind.split('.').next().unwrap_or_default();
    let tags: &[Tag<'static>] = match subject {
        "user" if kind == "user.updated" => &[],
        // Organizations count their members.
        "user" => &[Each("organizations")],
        "organization" | "organizationMembership" => &[],
        // An e-mail or a text message that was created changes nothing else.
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
    tags.iter().copied().for_each(invalidate);
}

#[cfg(test)]
mod tests {
    use clerk_core::api::OPERATIONS;

    use super::{
        super::generations::{Generations, MAX_TAGS, Stamp},
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
        touched_by_write(write, written, |tag| generations.invalidate(tag));
        !generations.holds(&stamp)
    }

    #[test]
    fn what_a_write_invalidates() {
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

    /// Whatever sections there will be: a verdict is forgotten if a token, or what it belongs to, may have ended.
    #[test]
    fn what_makes_verdicts_about_machine_tokens_forgotten() {
        for info in OPERATIONS.iter().filter(|info| is_write(info)) {
            let section = section_of(info.path);
            let is_about_tokens =
                ["api_keys", "m2m_tokens", "machines", "oauth_applications"].contains(&section);
            let is_new = info.path == format!("/{section}");
            let generations = Generations::new();
            let before = generations.now();
            touched_by_write(info, &path(info, &["x_1"]), |tag| generations.invalidate(tag));
            let holds = generations.holds(&Stamp::of_machine_token("mch_1", before));
            assert!(!(is_about_tokens && !is_new && holds), "{}", info.id);
            assert!(holds || !is_about_tokens || !is_new, "{}", info.id);
        }
        for (kind, user, token, forgotten) in [
            ("DeleteUser", "user_1", "user_1", true),
            ("DeleteUser", "user_1", "mch_1", false),
            ("DeleteUser", "user_1", "org_1", true),
            ("BanUser", "user_1", "user_1", true),
            ("BanUser", "user_1", "user_2", false),
            ("UsersBan", "", "user_2", true),
            ("UpdateUser", "user_1", "user_1", true),
            ("UpdateUser", "user_1", "org_1", false),
            ("RevokeSession", "sess_1", "user_1", false),
            ("createM2MToken", "", "mch_1", false),
            ("DeleteOrganization", "org_1", "org_1", true),
        ] {
            let (generations, write) = (Generations::new(), info(kind));
            let before = generations.now();
            touched_by_write(write, &path(write, &[user]), |tag| generations.invalidate(tag));
            let holds = generations.holds(&Stamp::of_machine_token(token, before));
            assert_eq!(holds, !forgotten, "{kind} {token}");
        }
    }

    /// Beside the user and the organization that it names.
    #[test]
    fn what_an_event_invalidates() {
        for (kind, touched, untouched) in [
            ("user.created", &["GetOrganization"][..], "ListJWTTemplates"),
            ("user.updated", &[], "GetOrganization"),
            ("organization.updated", &[], "GetOrganization"),
            ("organizationMembership.created", &[], "GetOrganization"),
            ("email.failed", &[], "GetUser"),
            ("sms.failed", &[], "GetUser"),
            ("session.ended", &["GetSessionList", "GetClientList"], "GetUser"),
            (
                "organizationDomain.created",
                &["ListAllOrganizationDomains", "GetOrganization"],
                "ListJWTTemplates",
            ),
            (
                "organizationInvitation.accepted",
                &["ListOrganizationInvitations", "GetOrganization", "ListOrganizations", "GetUserList"],
                "ListJWTTemplates",
            ),
            ("role.updated", &["ListOrganizationMemberships", "ListOrganizationRoles"], "ListJWTTemplates"),
            ("permission.deleted", &["ListOrganizationPermissions"], "ListJWTTemplates"),
            ("waitlistEntry.created", &["ListWaitlistEntries", "ListInvitations"], "GetUser"),
            ("subscription.updated", &["GetUserBillingSubscription"], "ListJWTTemplates"),
            ("subscriptionItem.ended", &["GetUserBillingSubscription"], "ListJWTTemplates"),
            ("paymentAttempt.created", &["GetUserBillingSubscription"], "ListJWTTemplates"),
        ] {
            let forgets = |read: &str| {
                let read = info(read);
                let generations = Generations::new();
                let stamp = generations.stamp(depends(read, &path(read, &["x_1"])));
                touched_by_event(kind, |tag| generations.invalidate(tag));
                !generations.holds(&stamp)
            };
            assert!(touched.iter().all(|read| forgets(read)) && !forgets(untouched), "{kind}");
        }
    }

    #[test]
    fn no_read_depends_on_more_tags_than_fit() {
        for info in OPERATIONS {
            let shown = SHOWS.iter().filter(|(start, _)| info.path.starts_with(start)).count();
            assert!(shown + 3 <= MAX_TAGS, "{}", info.path);
        }
    }

    /// Whatever the tables say, these hold for all operations there are.
    #[test]
    fn every_write_invalidates_its_resource_what_is_below_it_and_the_lists_of_its_section() {
        for write in OPERATIONS.iter().filter(|info| !info.method.is_safe()) {
            assert!(SECTIONS.contains(&section_of(write.path)), "{}", write.path);
            for read in OPERATIONS.iter().filter(|info| info.method == Method::GET) {
                if section_of(read.path) != section_of(write.path) {
                    continue;
                }
                // With the same values in both, and names that are ids.
                let first = TOLD_APART.iter().find(|(name, _)| *name == section_of(read.path));
                let ids = first.map_or_else(|| "x_1".to_owned(), |(_, prefix)| format!("{prefix}1"));
                let (written, asked) = (path(write, &[&ids]), path(read, &[&ids]));
                assert!(forgets(write, &written, read, &asked), "{} {}", write.id, read.id);
            }
        }
    }

    #[test]
    fn a_write_outside_the_known_sections_invalidates_everything() {
        let unknown = OperationInfo::new("Rename", Method::POST, "/things/{id}/rename", "Things");
        let read = info("ListJWTTemplates");
        assert!(forgets(&unknown, "/things/1/rename", read, read.path));
        assert!(!forgets(info("CreateRedirectURL"), "/redirect_urls", read, read.path));
    }

    #[test]
    fn rules_name_sections_that_exist() {
        let tags = RULES.iter().flat_map(|rule| rule.touches);
        for tag in tags {
            if let Each(section) | Lists(section) = tag {
                assert!(SECTIONS.contains(section), "{section}");
            }
        }
        for rule in RULES {
            assert!(OPERATIONS.iter().any(|info| rule.covers(&info.method, info.path)), "{}", rule.path);
        }
        for path in LOOK_UPS {
            assert!(OPERATIONS.iter().any(|info| info.path == *path && !is_write(info)), "{path}");
        }
        for path in IN_PASSING {
            assert!(
                OPERATIONS.iter().any(|info| info.path == *path && is_write(info) && !is_told(info)),
                "{path}"
            );
        }
        assert!(is_told(info("UpdateUser")));
        for (start, _) in SHOWS {
            assert!(OPERATIONS.iter().any(|info| info.path.starts_with(start)), "{start}");
        }
    }

    #[test]
    fn an_event_without_the_id_of_what_it_is_about_is_nameless() {
        for (kind, has_user, has_organization, expected) in [
            ("user.updated", true, false, false),
            ("user.updated", false, true, true),
            ("session.created", false, true, true),
            ("organization.updated", false, true, false),
            ("organization.updated", true, false, true),
            ("organizationMembership.created", true, true, false),
            ("organizationMembership.created", true, false, true),
            ("organizationMembership.created", false, true, true),
            ("organizationMembership.created", false, false, true),
            ("email.created", false, false, false),
        ] {
            assert_eq!(is_nameless(kind, has_user, has_organization), expected, "{kind}");
        }
    }

    /// A resource that changed by other means is invalidated exactly as if this client had updated it.
    #[test]
    fn a_changed_resource_touches_what_its_update_touches() {
        for (section, update, id) in [
            ("users", "UpdateUser", "user_1"),
            ("organizations", "UpdateOrganization", "org_1"),
            ("organizations", "UpdateOrganization", "acme"),
        ] {
            let write = info(update);
            let written = path(write, &[id]);
            let (mut by_id, mut by_write) = (Vec::new(), Vec::new());
            touched(section, id, |tag| by_id.push(format!("{tag:?}")));
            touched_by_write(write, &written, |tag| by_write.push(format!("{tag:?}")));
            assert_eq!(by_id, by_write, "{section} {id}");
        }
    }
}
