"""A day in the life of an instance: calls every operation of the Backend API once or more, with values that exist.

`tell` gets a function `call(operation, path=, query=, body=, files=, key=, status=)`, which returns what the operation
answered as a dict or a list. What an operation answered is used by later ones, so that the order matters.
"""

import base64
import hashlib
import hmac
import struct
import time

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def totp(secret, at=None):
    """The code of RFC 6238 with SHA-1, 30 seconds and six digits."""
    counter = struct.pack(">Q", int(at if at is not None else time.time()) // 30)
    digest = hmac.new(base64.b32decode(secret), counter, hashlib.sha1).digest()
    start = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[start:start + 4])[0] & 0x7FFFFFFF) % 10**6:06}"


def first(found):
    """The first row of a list, whatever its envelope; an empty row if there is none."""
    rows = found.get("data", []) if isinstance(found, dict) else found
    return rows[0] if rows else {}


def tell(call):
    people(call)
    identifiers(call)
    tickets(call)
    organizations(call)
    sessions(call)
    settings(call)
    machines(call)
    oauth(call)
    enterprise(call)
    billing(call)


def make_user(call, name, **more):
    return call("CreateUser", body={"first_name": name, "email_address": [f"{name.lower()}@story.test"], **more})


def people(call):
    ann = make_user(
        call,
        "Ann",
        username="ann_story",
        external_id="story-1",
        password="correct horse battery",
        totp_secret=TOTP_SECRET,
        backup_codes=["first-code", "second-code"],
        phone_number=["+15555550101"],
        public_metadata={"plan": "free"},
        private_metadata={"note": 1},
        unsafe_metadata={"color": "green"},
    )
    user = {"user_id": ann["id"]}
    call("GetUserList", query={"query": "ann", "limit": 5})
    call("GetUsersCount", query={"query": "ann"})
    call("GetUser", path=user)
    call("UpdateUser", path=user, body={"first_name": "Anna", "last_name": "Story"})
    call("UpdateUserMetadata", path=user, body={"public_metadata": {"plan": "pro"}})
    call("ReplaceUserMetadata", path=user, body={"unsafe_metadata": {"color": "blue"}})
    call("SetUserProfileImage", path=user, files={"file": ("face.png", PNG, "image/png")})
    call("DeleteUserProfileImage", path=user)
    call("VerifyPassword", path=user, body={"password": "correct horse battery"})
    call("VerifyTOTP", path=user, body={"code": totp(TOTP_SECRET)})
    call("SetUserPasswordCompromised", path=user, body={"revoke_all_sessions": False})
    call("UnsetUserPasswordCompromised", path=user)
    call("DeleteBackupCode", path=user)
    call("DeleteTOTP", path=user)
    other = make_user(call, "Bob", totp_secret=TOTP_SECRET, password="another long secret")
    call("DisableMFA", path={"user_id": other["id"]})
    call("RemoveUserPassword", path={"user_id": other["id"]}, body={})
    call("BanUser", path=user)
    call("UnbanUser", path=user)
    call("UsersBan", body={"user_ids": [ann["id"], other["id"]]})
    call("UsersUnban", body={"user_ids": [ann["id"], other["id"]]})
    call("LockUser", path=user)
    call("UnlockUser", path=user)
    call("GetOAuthAccessToken", path={**user, "provider": "oauth_google"})
    call("UsersGetOrganizationMemberships", path=user)
    call("UsersGetOrganizationInvitations", path=user)
    call("ListUserTrustedDevices", path=user)
    call("RevokeUserTrustedDevice", path={**user, "trusted_device_id": "trdev_none"}, status=404)
    call("UserPasskeyDelete", path={**user, "passkey_identification_id": "idn_none"}, status=404)
    wallet = make_user(call, "Wally", web3_wallet=["0x71C7656EC7ab88b098defB751B7401B5f6d8976F"])
    wallets = wallet.get("web3_wallets") or [{}]
    call(
        "UserWeb3WalletDelete",
        path={"user_id": wallet["id"], "web3_wallet_identification_id": wallets[0].get("id", "idn_none")},
    )
    call("DeleteExternalAccount", path={**user, "external_account_id": "eac_none"}, status=404)
    call("DeleteUser", path={"user_id": other["id"]})


def identifiers(call):
    cat = make_user(call, "Cat")
    address = call(
        "CreateEmailAddress",
        body={"user_id": cat["id"], "email_address": "cat+clerk_test@story.test", "verified": False},
    )
    one = {"email_address_id": address["id"]}
    call("GetEmailAddress", path=one)
    prepared = call("PrepareEmailAddressVerification", path=one)
    verification = prepared["id"]
    call("AttemptEmailAddressVerification", path=one, body={"verification_id": verification, "code": "424242"})
    call("UpdateEmailAddress", path=one, body={"verified": True, "primary": True})
    call("ReplaceUserEmailAddress", path={"user_id": cat["id"]}, body={"email_address": "cat2@story.test"})
    extra = call("CreateEmailAddress", body={"user_id": cat["id"], "email_address": "cat3@story.test", "verified": True})
    call("DeleteEmailAddress", path={"email_address_id": extra["id"]})

    number = call("CreatePhoneNumber", body={"user_id": cat["id"], "phone_number": "+15555550102", "verified": False})
    one = {"phone_number_id": number["id"]}
    call("GetPhoneNumber", path=one)
    prepared = call("PreparePhoneNumberVerification", path=one)
    verification = prepared["id"]
    call("AttemptPhoneNumberVerification", path=one, body={"verification_id": verification, "code": "424242"})
    call("UpdatePhoneNumber", path=one, body={"verified": True, "primary": True})
    call("ReplaceUserPhoneNumber", path={"user_id": cat["id"]}, body={"phone_number": "+15555550103"})
    extra = call("CreatePhoneNumber", body={"user_id": cat["id"], "phone_number": "+15555550104", "verified": True})
    call("DeletePhoneNumber", path={"phone_number_id": extra["id"]})


def tickets(call):
    dan = make_user(call, "Dan")
    invitation = call("CreateInvitation", body={"email_address": "guest@story.test", "public_metadata": {"from": "dan"}})
    call("ListInvitations", query={"status": "pending"})
    call("CreateBulkInvitations", body=[{"email_address": "guest2@story.test"}, {"email_address": "guest3@story.test"}])
    call("RevokeInvitation", path={"invitation_id": invitation["id"]})
    allowed = call("CreateAllowlistIdentifier", body={"identifier": "*@story.test", "notify": False})
    call("ListAllowlistIdentifiers")
    call("DeleteAllowlistIdentifier", path={"identifier_id": allowed["id"]})
    blocked = call("CreateBlocklistIdentifier", body={"identifier": "mallory@story.test"})
    call("ListBlocklistIdentifiers")
    call("DeleteBlocklistIdentifier", path={"identifier_id": blocked["id"]})
    entry = call("CreateWaitlistEntry", body={"email_address": "wait@story.test"})
    call("ListWaitlistEntries", query={"order_by": "-created_at"})
    many = call("CreateBulkWaitlistEntries", body=[{"email_address": "wait2@story.test"}, {"email_address": "wait3@story.test"}])
    call("InviteWaitlistEntry", path={"waitlist_entry_id": entry["id"]}, body={})
    call("RejectWaitlistEntry", path={"waitlist_entry_id": first(many).get("id", "waitlist_none")})
    last = call("CreateWaitlistEntry", body={"email_address": "wait4@story.test"})
    call("DeleteWaitlistEntry", path={"waitlist_entry_id": last["id"]})
    token = call("CreateSignInToken", body={"user_id": dan["id"], "expires_in_seconds": 600})
    call("RevokeSignInToken", path={"sign_in_token_id": token["id"]})
    actor = call("CreateActorToken", body={"user_id": dan["id"], "actor": {"sub": "user_support"}})
    call("RevokeActorToken", path={"actor_token_id": actor["id"]})
    call("CreateTestingToken")
    call("GetSignUp", path={"id": "sua_none"}, status=404)
    call("UpdateSignUp", path={"id": "sua_none"}, body={"external_id": "x"}, status=404)
    task = call(
        "CreateAgentTask",
        body={
            "on_behalf_of": {"user_id": dan["id"]},
            "permissions": "*",
            "agent_name": "story",
            "task_description": "reads a page",
            "redirect_url": "http://localhost:3000/",
        },
    )
    call("RevokeAgentTask", path={"agent_task_id": task["agent_task_id"]})


def organizations(call):
    eve, fay = make_user(call, "Eve"), make_user(call, "Fay")
    permission = call("CreateOrganizationPermission", body={"name": "Read invoices", "key": "org:invoices:read"})
    one = {"permission_id": permission["id"]}
    call("ListOrganizationPermissions")
    call("GetOrganizationPermission", path=one)
    call("UpdateOrganizationPermission", path=one, body={"description": "Reads every invoice"})
    role = call("CreateOrganizationRole", body={"name": "Auditor", "key": "org:auditor", "include_in_initial_role_set": True})
    one_role = {"organization_role_id": role["id"]}
    call("ListOrganizationRoles")
    call("GetOrganizationRole", path=one_role)
    call("UpdateOrganizationRole", path=one_role, body={"description": "Looks at everything"})
    both = {**one_role, **one}
    call("AssignPermissionToOrganizationRole", path=both)
    call("RemovePermissionFromOrganizationRole", path=both)
    role_set = call(
        "CreateRoleSet",
        body={
            "name": "Small",
            "key": "role_set:small",
            "default_role_key": "org:member",
            "creator_role_key": "org:admin",
            "roles": ["org:admin", "org:member"],
        },
    )
    spare = call(
        "CreateRoleSet",
        body={
            "name": "Spare",
            "key": "role_set:spare",
            "default_role_key": "org:member",
            "creator_role_key": "org:admin",
            "roles": ["org:admin", "org:member", "org:auditor"],
        },
    )
    one_set = {"role_set_key_or_id": role_set["id"]}
    call("ListRoleSets")
    call("GetRoleSet", path=one_set)
    call("UpdateRoleSet", path=one_set, body={"description": "For small teams"})
    call("AddRolesToRoleSet", path=one_set, body={"role_keys": ["org:auditor"]})
    call("ReplaceRoleInRoleSet", path=one_set, body={"role_key": "org:auditor", "to_role_key": "org:member"})

    acme = call("CreateOrganization", body={"name": "Story Inc", "slug": "story-inc", "created_by": eve["id"]})
    one = {"organization_id": acme["id"]}
    call("ListOrganizations", query={"query": "story", "include_members_count": True})
    call("GetOrganization", path=one)
    call("UpdateOrganization", path=one, body={"name": "Story Limited"})
    call("MergeOrganizationMetadata", path=one, body={"public_metadata": {"size": "small"}})
    call("ReplaceOrganizationMetadata", path=one, body={"private_metadata": {"note": 2}})
    call("UploadOrganizationLogo", path=one, body={"uploader_user_id": eve["id"]}, files={"file": ("logo.png", PNG, "image/png")})
    call("DeleteOrganizationLogo", path=one)
    member = {**one, "user_id": fay["id"]}
    call("CreateOrganizationMembership", path=one, body={"user_id": fay["id"], "role": "org:member"})
    call("ListOrganizationMemberships", path=one)
    call("InstanceGetOrganizationMemberships")
    call("UpdateOrganizationMembership", path=member, body={"role": "org:admin"})
    call("UpdateOrganizationMembershipMetadata", path=member, body={"public_metadata": {"desk": 4}})
    call("DeleteOrganizationMembership", path=member)
    invitation = call(
        "CreateOrganizationInvitation",
        path=one,
        body={"email_address": "new@story.test", "inviter_user_id": eve["id"], "role": "org:member"},
    )
    call(
        "CreateOrganizationInvitationBulk",
        path=one,
        body=[{"email_address": "new2@story.test", "inviter_user_id": eve["id"], "role": "org:member"}],
    )
    call("ListOrganizationInvitations", path=one)
    call("ListPendingOrganizationInvitations", path=one)
    call("ListInstanceOrganizationInvitations")
    call("GetOrganizationInvitation", path={**one, "invitation_id": invitation["id"]})
    call(
        "RevokeOrganizationInvitation",
        path={**one, "invitation_id": invitation["id"]},
        body={"requesting_user_id": eve["id"]},
    )
    domain = call(
        "CreateOrganizationDomain",
        path=one,
        body={"name": "story-limited.test", "enrollment_mode": "manual_invitation", "verified": True},
    )
    one_domain = {**one, "domain_id": domain["id"]}
    call("ListOrganizationDomains", path=one)
    call("ListAllOrganizationDomains")
    call("UpdateOrganizationDomain", path=one_domain, body={"enrollment_mode": "automatic_suggestion"})
    call("VerifyOrganizationDomainOwnership", path=one_domain)
    call("DeleteOrganizationDomain", path=one_domain)
    call("DeleteOrganization", path=one)
    call("ReplaceRoleSet", path={"role_set_key_or_id": spare["id"]}, body={"dest_role_set_key": "role_set:small"})
    call("DeleteOrganizationRole", path=one_role)
    call("DeleteOrganizationPermission", path={"permission_id": permission["id"]})


def sessions(call):
    gus = make_user(call, "Gus")
    template = call("CreateJWTTemplate", body={"name": "story", "claims": {"email": "{{user.primary_email_address}}"}, "lifetime": 90})
    one = {"template_id": template["id"]}
    call("ListJWTTemplates")
    call("GetJWTTemplate", path=one)
    call("UpdateJWTTemplate", path=one, body={"name": "story", "claims": {"who": "{{user.id}}"}})
    session = call("createSession", body={"user_id": gus["id"]})
    here = {"session_id": session["id"]}
    call("GetSessionList", query={"user_id": gus["id"]})
    call("GetSession", path=here)
    token = call("CreateSessionToken", path=here, body={"expires_in_seconds": 120})
    call("CreateSessionTokenFromTemplate", path={**here, "template_name": "story"}, body={})
    call("GetClientList", query={"limit": 5})
    call("GetClient", path={"client_id": session.get("client_id", "client_none")})
    call("VerifyClient", body={"token": token.get("jwt", "none")}, status=(200, 400, 401, 404))
    call(
        "RefreshSession",
        path=here,
        body={"expired_token": token.get("jwt", "x"), "refresh_token": "none", "request_origin": "http://localhost:3000"},
        status=(200, 400, 401),
    )
    call("RevokeSession", path=here)
    call("DeleteJWTTemplate", path=one)
    call("GetJWKS")


def settings(call):
    call("GetInstance")
    call("UpdateInstance", body={"support_email": "help@story.test", "test_mode": True})
    call("UpdateInstanceRestrictions", body={"block_email_subaddresses": False})
    call("GetInstanceProtect")
    call("UpdateInstanceProtect", body={"rules_enabled": True})
    call("GetInstanceCommunication")
    call("UpdateInstanceCommunication", body={"blocked_country_codes": ["AQ"]})
    call("GetInstanceOAuthApplicationSettings")
    call("UpdateInstanceOAuthApplicationSettings", body={"dynamic_oauth_client_registration": True})
    call("GetInstanceOrganizationSettings")
    call("UpdateInstanceOrganizationSettings", body={"enabled": True, "max_allowed_memberships": 50})
    call("UpdateInstanceAuthConfig", body={"test_mode": True, "progressive_sign_up": True})
    call("UpdateProductionInstanceDomain", body={"home_url": "https://story.test"}, status=(200, 202, 204, 400, 403, 404, 422))
    call("ChangeProductionInstanceDomain", body={"home_url": "https://story.test"}, status=(200, 202, 204, 400, 403, 404, 422))
    call("ListDomains")
    domain = call("AddDomain", body={"name": "satellite.story.test", "is_satellite": True})
    call("UpdateDomain", path={"domain_id": domain["id"]}, body={"name": "moon.story.test"})
    call("VerifyDomainProxy", body={"domain_id": domain["id"], "proxy_url": "https://moon.story.test/__clerk"}, status=(200, 400, 422))
    call("DeleteDomain", path={"domain_id": domain["id"]})
    url = call("CreateRedirectURL", body={"url": "https://story.test/done"})
    call("ListRedirectURLs")
    call("GetRedirectURL", path={"id": url["id"]})
    call("DeleteRedirectURL", path={"id": url["id"]})
    kind = {"template_type": "email"}
    slug = first(call("GetTemplateList", path=kind)).get("slug", "verification_code")
    one = {**kind, "slug": slug}
    call("GetTemplate", path=one)
    call("UpsertTemplate", path=one, body={"name": "Code", "subject": "Your code", "body": "<p>{{otp_code}}</p>", "markup": ""})
    call("PreviewTemplate", path=one, body={"subject": "Your code", "body": "<p>{{otp_code}}</p>"})
    call("ToggleTemplateDelivery", path=one, body={"delivered_by_clerk": True})
    call("RevertTemplate", path=one)
    call("CreateSvixApp")
    call("GenerateSvixAuthURL")
    call("DeleteSvixApp")
    # A page that no current SDK loads.
    call("GetPublicInterstitial", status=(200, 400, 401, 422))


def machines(call):
    other = call("CreateMachine", body={"name": "store"})
    machine = call("CreateMachine", body={"name": "courier", "default_token_ttl": 600})
    one = {"machine_id": machine["id"]}
    call("ListMachines")
    call("GetMachine", path=one)
    call("UpdateMachine", path=one, body={"name": "carrier"})
    call("CreateMachineScope", path=one, body={"to_machine_id": other["id"]})
    secret = call("GetMachineSecretKey", path=one)
    token = call("createM2MToken", body={"seconds_until_expiration": 300}, key=secret.get("secret"))
    call("getM2MTokens", query={"subject": machine["id"]})
    call("verifyM2MToken", body={"token": token["token"]})
    call("revokeM2MToken", path={"m2m_token_id": token["id"]}, body={"revocation_reason": "the story goes on"})
    call("RotateMachineSecretKey", path=one, body={"previous_token_ttl": 0})
    call("DeleteMachineScope", path={**one, "other_machine_id": other["id"]})
    call("DeleteMachine", path=one)
    ike = make_user(call, "Ike")
    key = call("createApiKey", body={"name": "story", "subject": ike["id"], "scopes": ["read"]})
    one = {"apiKeyID": key["id"]}
    call("getApiKeys", query={"subject": ike["id"]})
    call("getApiKey", path=one)
    call("updateApiKey", path=one, body={"description": "for the story", "subject": ike["id"]})
    found = call("getApiKeySecret", path=one)
    call("verifyApiKey", body={"secret": found["secret"]})
    call("revokeApiKey", path=one, body={"revocation_reason": "over"})
    call("deleteApiKey", path=one)


def oauth(call):
    app = call("CreateOAuthApplication", body={"name": "Story app", "redirect_uris": ["http://localhost:8080/callback"], "scopes": "profile email"})
    one = {"oauth_application_id": app["id"]}
    call("ListOAuthApplications")
    call("GetOAuthApplication", path=one)
    call("UpdateOAuthApplication", path=one, body={"name": "Story application"})
    jo = make_user(call, "Jo")
    call("UploadOAuthApplicationLogo", path=one, body={"uploader_user_id": jo["id"]}, files={"file": ("logo.png", PNG, "image/png")})
    call("RotateOAuthApplicationSecret", path=one)
    call("RevokeOAuthApplicationToken", path=one, body={"token": "none"}, status=(200, 204, 404))
    call("verifyOAuthAccessToken", body={"access_token": "oat_none"}, status=404)
    call("DeleteOAuthApplication", path=one)


def enterprise(call):
    saml = call("CreateSAMLConnection", body={"name": "Story SAML", "domains": ["saml.story.test"], "provider": "saml_custom"})
    one = {"saml_connection_id": saml["id"]}
    call("ListSAMLConnections")
    call("GetSAMLConnection", path=one)
    call("UpdateSAMLConnection", path=one, body={"name": "Story sign-on"})
    call("DeleteSAMLConnection", path=one)
    connection = call("CreateEnterpriseConnection", body={"name": "Story enterprise", "provider": "saml_okta", "domains": ["okta.story.test"]})
    one = {"enterprise_connection_id": connection["id"]}
    call("ListEnterpriseConnections")
    call("GetEnterpriseConnection", path=one)
    call("UpdateEnterpriseConnection", path=one, body={"name": "Story at work"})
    call("CreateEnterpriseConnectionTestRun", path=one)
    call("ListEnterpriseConnectionTestRuns", path=one)
    role = first(call("ListOrganizationRoles")).get("id", "role_none")
    directory(call, connection["id"], role, "SCIMDirectory", "SCIMDirectories", "scim_directory_id", "SCIMGroupRoleMapping")
    connection2 = call("CreateEnterpriseConnection", body={"name": "Story two", "provider": "saml_okta", "domains": ["two.story.test"]})
    directory(call, connection2["id"], role, "Directory", "Directories", "directory_id", "DirectoryGroupRoleMapping")
    call("DeleteEnterpriseConnection", path=one)
    kim = call("CreateOrganization", body={"name": "Kim & Co"})
    link = call("createAdminPortalLinkToken", body={"organization_id": kim["id"], "scopes": []}, status=(200, 201))
    call("revokeAdminPortalLinkToken", path={"adminPortalLinkTokenID": link["id"]}, body={"revocation_reason": "over"})


def directory(call, connection, role, kind, kinds, id_name, mapping_kind):
    made = call(f"Create{kind}", body={"enterprise_connection_id": connection, "name": "People", "provider": "okta"})
    one = {id_name: made["id"]}
    call(f"List{kinds}")
    call(f"Get{kind}", path=one)
    call(f"Update{kind}", path=one, body={"name": "Everybody", "group_role_mapping_enabled": True})
    call(f"Rotate{kind}APIKey", path=one)
    group = {"scim_group_id": "group_1", "role_id": role}
    mapping = call(f"Create{mapping_kind}", path=one, body=group, status=(200, 201, 404, 422))
    call(f"List{mapping_kind}s", path=one)
    call(f"Replace{mapping_kind}s", path=one, body={"mappings": []})
    call(f"Delete{mapping_kind}", path={**one, "mapping_id": mapping.get("id", "map_none")}, status=(200, 204, 404))
    call(f"Delete{kind}", path=one)


def billing(call):
    lee = make_user(call, "Lee")
    firm = call("CreateOrganization", body={"name": "Lee & Sons", "created_by": lee["id"]})
    user, organization = {"user_id": lee["id"]}, {"organization_id": firm["id"]}
    plan = first(call("GetCommercePlanList", query={"limit": 10}))
    none = (200, 201, 400, 404, 409, 422)
    call("GetBillingPriceList", query={"plan_id": plan.get("id", "cplan_none")}, status=none)
    call("CreateBillingPrice", body={"plan_id": plan.get("id", "cplan_none"), "amount": 500, "currency": "USD"}, status=none)
    call("GetUserBillingSubscription", path=user, status=none)
    call("GetOrganizationBillingSubscription", path=organization, status=none)
    credit = {"amount": 100, "action": "increase", "currency": "USD", "idempotency_key": "story-1", "note": "hello"}
    call("GetUserBillingCreditBalance", path=user)
    call("AdjustUserBillingCreditBalance", path=user, body=credit)
    call("GetOrganizationBillingCreditBalance", path=organization)
    call("AdjustOrganizationBillingCreditBalance", path=organization, body={**credit, "idempotency_key": "story-2"})
    item = first(call("GetCommerceSubscriptionItemList", query={"limit": 10})).get("id", "csub_item_none")
    one = {"subscription_item_id": item}
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 30 * 86400))
    call("ExtendBillingSubscriptionItemFreeTrial", path=one, body={"extend_to": soon}, status=none)
    call("CreateBillingPriceTransition", path=one, body={"from_price_id": "cprice_1", "to_price_id": "cprice_2"}, status=none)
    call("ApplyBillingSubscriptionItemDiscount", path=one, body={"discount_id": "disc_none"}, status=none)
    call("RemoveBillingSubscriptionItemDiscount", path={**one, "discount_id": "disc_none"}, status=none)
    call("CancelCommerceSubscriptionItem", path=one, status=none)
    statement = first(call("GetBillingStatementList", query={"limit": 5})).get("id", "stmt_none")
    call("GetBillingStatement", path={"statementID": statement}, status=none)
    call("GetBillingStatementPaymentAttempts", path={"statementID": statement}, status=none)
