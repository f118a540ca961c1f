"""A day in the life of some browsers: calls every operation of the Frontend API once or more, with values that exist.

`tell` gets the server, and a function that opens a browser. An operation that the server says it does not emulate is called
with `expect="not_emulated"`. What an operation answered is used by later ones, so that the order matters.
"""

import base64
import hashlib
import urllib.parse

import story
from document import Answer
from story import PNG, totp

PASSWORD = "correct horse battery"
BACK = "http://127.0.0.1:3000/back"
# Addresses and numbers that take this code, and to which nothing is sent.
CODE = "424242"
NOT_EMULATED = "not_emulated"


def email(name, domain="story.test"):
    return f"{name}+clerk_test@{domain}"


def first(found):
    """The first row of a list; what it lacks is a name that nothing has."""
    return Answer(story.first(found))


def tell(server, browser):
    public(server, browser())
    ann = browser()
    sign_up(ann)
    sessions(server, ann)
    profile(server, ann)
    contacts(ann)
    second_factors(server, ann, browser)
    social(server, ann)
    organization = organizations(server, ann, browser)
    enrolment(server, ann, browser, organization)
    domains(ann, organization)
    api_keys(ann, organization)
    enterprise(server, ann, organization)
    provider(server, ann)
    billing(server, ann, organization)
    devices(server, ann, browser)
    tickets(server, browser)
    goodbye(ann, browser)


def person(server, browser, name, domain="story.test", **more):
    """Somebody who has signed in with a ticket."""
    user = server.backend("POST", "/users", {"first_name": name, "email_address": [email(name.lower(), domain)], **more})
    ticket = server.backend("POST", "/sign_in_tokens", {"user_id": user["id"]})["token"]
    opened = browser()
    opened.token = opened("createDevBrowser").it["token"]
    opened("createSignIn", form={"strategy": "ticket", "ticket": ticket})
    return opened, user


def public(server, call):
    call("getJWKS")
    call("getAndroidAssetLinks")
    call("getAppleAppSiteAssociation")
    # Only with a setting that LocalClerk does not have.
    call("getWebAuthnRelatedOrigins", expect=404)
    call("getOpenIDConfiguration")
    call("getOAuth2AuthorizationServerMetadata")
    call("getHealth")
    domain = first(server.backend("GET", "/domains"))
    health = {"Clerk-Proxy-Url": server.url, "Clerk-Secret-Key": server.secret_key, "X-Forwarded-For": "127.0.0.1"}
    call("getProxyHealth", query={"domain_id": domain["id"]}, headers=health)
    call("getProxyHealth", query={"domain_id": "dmn_none"}, headers=health, expect=400)
    call("getEnvironment")
    call("updateEnvironment", form={"origin": BACK})
    call("getAccountPortal")
    call.token = call("createDevBrowser").it["token"]
    call("getDevBrowserInit", query={"origin": "http://127.0.0.1:3000"})
    call("postDevBrowserInitSetCookie", form={})
    call("getClient")
    call("postClient")
    call("putClient")
    call("deleteClientSessions")
    call("clearSiteData")
    call("redirectToUrl", query={"redirect_url": BACK}, expect=307)
    call("joinWaitlist", form={"email_address": email("wait")})
    # Satellite domains are a matter of production instances.
    call("syncClient", query={"link_domain": "satellite.test", "redirect_url": BACK}, expect=NOT_EMULATED)
    call("linkClient", query={"__clerk_token": "none"}, expect=NOT_EMULATED)
    call.navigate("handshakeClient", query={"redirect_url": BACK}, expect=307)
    # The built-in social provider needs no detour.
    call("getOauthCallback", query={"state": "none", "code": "none"}, expect=NOT_EMULATED)
    call("postOauthCallback", form={"state": "none", "code": "none"}, expect=NOT_EMULATED)


def sign_up(call):
    call.token = call("createDevBrowser").it["token"]
    made = call("createSignUps", form={"email_address": email("ann"), "first_name": "Ann"}).it
    one = {"sign_up_id": made["id"]}
    call("getSignUps", path=one)
    call("updateSignUps", path=one, form={"password": PASSWORD, "last_name": "Story"})
    call("prepareSignUpsVerification", path=one, form={"strategy": "email_code"})
    call("attemptSignUpsVerification", path=one, form={"strategy": "email_code", "code": "000000"}, expect=422)
    call("attemptSignUpsVerification", path=one, form={"strategy": "email_code", "code": CODE})
    call("createSignUps", form={"email_address": email("ann")}, expect=422)


def active(call):
    return call("getClient").it["last_active_session_id"]


def sessions(server, call):
    one = {"session_id": active(call)}
    call("getSession", path=one)
    call("touchSession", path=one, form={"intent": "focus"})
    call("createSessionToken", path=one, form={"organization_id": ""})
    server.backend("POST", "/jwt_templates", {"name": "story", "claims": {"story": True}})
    call("createSessionTokenWithTemplate", path={**one, "template_name": "story"})
    call("createSessionTokenWithTemplate", path={**one, "template_name": "none"}, expect=404)
    call("createServiceToken", form={"service": "story"})
    call("startSessionReverification", path=one, form={"level": "first_factor"})
    call("prepareSessionReverificationFirstFactor", path=one, form={"strategy": "email_code"})
    call("attemptSessionReverificationFirstFactor", path=one, form={"strategy": "email_code", "code": CODE})
    call("getSessions")
    call("getUsersSessions")


def profile(server, call):
    call("getUser")
    call("patchUser", form={"username": "ann_story", "first_name": "Anna"})
    call("patchUserMetadata", form={"unsafe_metadata": '{"color": "green"}'})
    call("updateProfileImage", files={"file": ("face.png", PNG, "image/png")})
    call("deleteProfileImage")
    call("deleteProfileImage", expect=404)
    call("changePassword", form={"current_password": PASSWORD, "new_password": "another long secret"})
    call("removePassword", form={"current_password": "another long secret"})
    call("changePassword", form={"new_password": PASSWORD})
    call("getOrganizationCreationDefaults")


def contacts(call):
    call("getEmailAddresses")
    made = call("createEmailAddresses", form={"email_address": email("anna")}).it
    one = {"email_id": made["id"]}
    call("getEmailAddress", path=one)
    call("sendVerificationEmail", path=one, form={"strategy": "email_code"})
    call("verifyEmailAddress", path=one, form={"code": CODE})
    call("DeleteEmailAddress", path=one)
    call("getPhoneNumbers")
    made = call("postPhoneNumbers", form={"phone_number": "+12015550142"}).it
    one = {"phone_number_id": made["id"]}
    call("ReadPhoneNumber", path=one)
    call("sendVerificationSMS", path=one, form={"strategy": "phone_code"})
    call("verifyPhoneNumber", path=one, form={"code": CODE})
    call("DeletePhoneNumber", path=one)


def second_factors(server, call, browser):
    app = call("postTOTP").it
    call("verifyTOTP", form={"code": totp(app["secret"])})
    call("createBackupCodes")
    call("deleteTOTP")
    number = call("postPhoneNumbers", form={"phone_number": "+12015550143"}).it
    one = {"phone_number_id": number["id"]}
    call("sendVerificationSMS", path=one, form={"strategy": "phone_code"})
    call("verifyPhoneNumber", path=one, form={"code": CODE})
    call("UpdatePhoneNumber", path=one, form={"reserved_for_second_factor": "true"})
    session = {"session_id": active(call)}
    call("startSessionReverification", path=session, form={"level": "second_factor"})
    call("prepareSessionReverificationSecondFactor", path=session, form={"strategy": "phone_code"})
    call("attemptSessionReverificationSecondFactor", path=session, form={"strategy": "phone_code", "code": CODE})

    # Another browser, which is known by its cookies.
    other = browser(with_cookies=True)
    other("createDevBrowser")
    started = other("createSignIn", form={"identifier": email("ann")}).it
    one = {"sign_in_id": started["id"]}
    other("getSignIn", path=one)
    other("prepareSignInFactorOne", path=one, form={"strategy": "reset_password_email_code"})
    other("attemptSignInFactorOne", path=one, form={"strategy": "reset_password_email_code", "code": CODE})
    other("resetPassword", path=one, form={"password": PASSWORD})
    other("prepareSignInFactorTwo", path=one, form={"strategy": "phone_code"})
    other("attemptSignInFactorTwo", path=one, form={"strategy": "phone_code", "code": "000000"}, expect=422)
    other("attemptSignInFactorTwo", path=one, form={"strategy": "phone_code", "code": CODE})
    other("createSignIn", form={"identifier": "nobody@story.test"}, expect=422)
    # A session of the same user in another browser.
    call("revokeSession", path={"session_id": active(other)})
    other("createSignIn", form={"identifier": email("ann"), "password": PASSWORD})
    other("removeClientSessionsAndRetainCookie")
    call("UpdatePhoneNumber", path={"phone_number_id": number["id"]}, form={"reserved_for_second_factor": "false"})


def visit(server, proof):
    """Chooses somebody at the built-in social provider."""
    url = proof["external_verification_redirect_url"]
    state = urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)["state"][0]
    server.page(url.split("?")[0], form={"state": state, "email": "social@story.test", "name": "So Cial"})


def social(server, call):
    form = {"strategy": "oauth_google", "redirect_url": BACK, "action_complete_redirect_url": BACK}
    begun = call("postOAuthAccounts", form=form).it
    visit(server, begun["verification"])
    account = first(call("getUser").it["external_accounts"])
    one = {"external_account_id": account["id"]}
    again = call("reauthorizeExternalAccount", path=one, form={"redirect_url": BACK}).it
    visit(server, again["verification"])
    call("revokeExternalAccountTokens", path=one)
    call("deleteExternalAccount", path=one)


def organizations(server, call, browser):
    made = call("createOrganization", form={"name": "Story Inc", "slug": "story-inc"}).it
    one = {"organization_id": made["id"]}
    call("getOrganization", path=one)
    call("updateOrganization", path=one, form={"name": "Story Limited"})
    call("updateOrganizationLogo", path=one, files={"file": ("logo.png", PNG, "image/png")})
    call("deleteOrganizationLogo", path=one)
    call("ListOrganizationRoles", path=one)
    _, bob = person(server, browser, "Bob")
    member = {**one, "user_id": bob["id"]}
    call("CreateOrganizationMembership", path=one, form={"user_id": bob["id"], "role": "org:member"})
    call("ListOrganizationMemberships", path=one, query={"paginated": "true", "role": "org:member"})
    call("ListOrganizationMemberships", path=one, query={"paginated": "false"})
    call("UpdateOrganizationMembership", path=member, form={"role": "org:admin"})
    call("removeOrganizationMember", path=member)
    invitation = call("createOrganizationInvitations", path=one, form={"email_address": email("cat"), "role": "org:member"}).it
    many = {"email_address": [email("dan"), email("eve")], "role": "org:member"}
    call("bulkCreateOrganizationInvitations", path=one, form=many)
    call("getOrganizationInvitations", path=one, query={"status": "pending"})
    call("getAllPendingOrganizationInvitations", path=one)
    call("revokePendingOrganizationInvitation", path={**one, "invitation_id": invitation["id"]})
    dan, _ = person(server, browser, "Dan")
    own = dan("getUsersOrganizationInvitations", query={"status": "pending"}).it
    dan("acceptOrganizationInvitation", path={"invitation_id": first(own)["id"]})
    dan("getOrganizationMemberships", query={"paginated": "true"})
    dan("getOrganizationMemberships")
    dan("deleteOrganizationMemberships", path=one)
    dan("getOrganization", path=one, expect=404)
    call("touchSession", path={"session_id": active(call)}, form={"active_organization_id": made["id"]})
    return one


def enrolment(server, call, browser, one):
    for name, mode in [("invited.test", "automatic_invitation"), ("suggested.test", "automatic_suggestion")]:
        domain = {**one, "domain_id": call("CreateOrganizationDomain", path=one, form={"name": name}).it["id"]}
        address = {"affiliation_email_address": email("ann", name)}
        call("prepareOrganizationDomainVerification", path=domain, form=address)
        call("attemptOrganizationDomainVerification", path=domain, form={"code": CODE})
        call("UpdateOrganizationDomainEnrollmentMode", path=domain, form={"enrollment_mode": mode})
    fay, _ = person(server, browser, "Fay", "invited.test")
    own = fay("getUsersOrganizationInvitations", query={"status": "pending"}).it
    fay("acceptOrganizationInvitation", path={"invitation_id": first(own)["id"]})
    for name, decision in [("Gil", "accept"), ("Hal", "reject")]:
        browser_of, _ = person(server, browser, name, "suggested.test")
        own = browser_of("getOrganizationSuggestions", query={"status": ["pending", "accepted"]}).it
        suggestion = {"suggestion_id": first(own)["id"]}
        browser_of("acceptOrganizationSuggestion", path=suggestion)
        browser_of("acceptOrganizationSuggestion", path=suggestion, expect=400)
        asked = first(call("listOrganizationMembershipRequests", path=one, query={"status": "pending"}).it)
        request = {**one, "request_id": asked["id"]}
        call(f"{decision}OrganizationMembershipRequest", path=request)


def domains(call, one):
    call("ListOrganizationDomains", path=one, query={"verified": "true"})
    call("createOrganizationDomainsBulk", path=one, form={"names": ["one.test", "two.test", "gmail.com"]})
    made = call("CreateOrganizationDomain", path=one, form={"name": "three.test"}).it
    domain = {**one, "domain_id": made["id"]}
    call("GetOrganizationDomain", path=domain)
    # LocalClerk does not ask the DNS.
    ids = {"organization_domain_ids": [made["id"]]}
    call("prepareOrganizationDomainOwnershipVerification", path=domain, expect=NOT_EMULATED)
    call("attemptOrganizationDomainOwnershipVerification", path=domain, expect=NOT_EMULATED)
    call("prepareOrganizationDomainsOwnershipVerification", path=one, form=ids, expect=NOT_EMULATED)
    call("attemptOrganizationDomainsOwnershipVerification", path=one, form=ids, expect=NOT_EMULATED)
    call("deleteOrganizationDomain", path=domain)


def api_keys(call, one):
    user = call("getUser").it["id"]
    token = call("createSessionToken", path={"session_id": active(call)}).it["jwt"]
    # As Clerk's JavaScript does.
    bearer = {"Authorization": f"Bearer {token}"}
    made = call("createApiKey", json={"name": "story", "subject": user, "seconds_until_expiration": 60}, headers=bearer, expect=201)
    key = {"apiKeyID": made.it["id"]}
    call("createApiKey", json={"name": "x", "subject": user}, headers=bearer, expect=400)
    call("createApiKey", json={"name": "team", "subject": one["organization_id"]}, headers=bearer, expect=201)
    call("getApiKeys", query={"subject": user, "limit": "10"}, headers=bearer)
    call("updateApiKey", path=key, json={"description": "for the story"}, headers=bearer)
    call("revokeApiKey", path=key, json={"revocation_reason": "over"}, headers=bearer)


def enterprise(server, call, one):
    """Connections to identity providers: seen, but not set up, and nobody signs in with them."""
    made = {"provider": "saml_okta", "name": "Okta", "domains": ["story.test"], "active": True}
    connection = server.backend("POST", "/enterprise_connections", {**made, "organization_id": one["organization_id"]})
    organization = {"organizationID": one["organization_id"]}
    call("listOrganizationEnterpriseConnections", path=organization)
    call("getMeEnterpriseConnections")
    named = {"enterprise_connection_id": connection["id"]}
    form = {"provider": "saml_okta", "domains": "more.test"}
    for kind, path in [("Organization", organization), ("Me", {})]:
        call(f"create{kind}EnterpriseConnection", path=path, form=form, expect=NOT_EMULATED)
        path = {**path, **named}
        call(f"update{kind}EnterpriseConnection", path=path, form={"name": "x"}, expect=NOT_EMULATED)
        call(f"delete{kind}EnterpriseConnection", path=path, expect=NOT_EMULATED)
        call(f"list{kind}EnterpriseConnectionTestRuns", path=path, expect=NOT_EMULATED)
        call(f"create{kind}EnterpriseConnectionTestRun", path=path, expect=NOT_EMULATED)
    run = {"enterpriseConnectionID": connection["id"], "testRunID": "entrun_none"}
    call("initEnterpriseConnectionTestRun", path=run, query={"ticket": "none"}, expect=NOT_EMULATED)
    call("getEnterpriseConnectionTestRunResult", path=run, expect=NOT_EMULATED)
    call("samlMetadata", path={"saml_connection_id": "samlc_none"}, expect=NOT_EMULATED)
    call("acs", path={"saml_connection_id": "samlc_none"}, form={}, expect=NOT_EMULATED)


def provider(server, call):
    """The OAuth provider: an application of the instance, and one that registers itself."""
    made = {"name": "Story app", "redirect_uris": [BACK], "scopes": "openid profile email offline_access"}
    app = server.backend("POST", "/oauth_applications", {**made, "consent_screen_enabled": True})
    server.backend("PATCH", "/instance/oauth_application_settings", {"dynamic_oauth_client_registration": True})
    call("registerOAuthClient", json={"redirect_uris": [BACK], "client_name": "Itself"}, expect=201)
    consent = {"client_id": app["client_id"]}
    call("getOAuthConsent", path=consent, query={"scope": "profile", "redirect_uri": BACK})
    verifier = "v" * 43
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    asked = {
        "response_type": "code",
        "client_id": app["client_id"],
        "redirect_uri": BACK,
        "scope": "openid profile offline_access",
        "state": "a-long-state",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    call("requestOAuthAuthorize", query={**asked, "__clerk_db_jwt": call.token, "prompt": "none"}, expect=303)
    call("requestOAuthAuthorizePOST", form={**asked, "prompt": "none"}, expect=303)
    granted = call("submitOAuthConsent", path=consent, form={**asked, "consented": "true"}, expect=303)
    secret = base64.b64encode(f"{app['client_id']}:{app['client_secret']}".encode()).decode()
    client = {"Authorization": f"Basic {secret}"}
    form = {"grant_type": "authorization_code", "code": granted.query("code"), "redirect_uri": BACK}
    tokens = call("getOAuthToken", form={**form, "code_verifier": verifier}, headers=client).it
    call("getOAuthToken", form={**form, "code": "none"}, headers=client, expect=400)
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    call("getOAuthUserInfo", headers=bearer)
    call("getOAuthUserInfoPOST", headers=bearer)
    call("getOAuthTokenInfo", form={"token": tokens["access_token"]}, headers=client)
    call("revokeOAuthToken", form={"token": tokens["refresh_token"]}, headers=client)


def billing(server, call, one):
    user, organization = {}, {"organizationID": one["organization_id"]}
    plans = call("GetBillingPlanList", query={"payer_type": "user"}).it
    plan = first(plans)
    call("GetBillingPlan", path={"planIdOrSlug": plan["slug"]})
    for kind, path, payer in [("User", user, "user"), ("Organization", organization, "org")]:
        plan = first(call("GetBillingPlanList", query={"payer_type": payer}).it)
        subscription = "GetUserMainBillingSubscription" if kind == "User" else "GetOrganizationBillingSubscription"
        call(subscription, path=path, expect=404)
        call(f"Initialize{kind}PaymentMethod", path=path, expect=NOT_EMULATED)
        call(f"Create{kind}PaymentMethod", path=path, form={"gateway": "stripe", "payment_token": "x"}, expect=NOT_EMULATED)
        form = {"plan_id": plan["id"], "plan_period": "month"}
        checkout = call(f"Create{kind}BillingCheckout", path=path, form=form).it
        one_checkout = {**path, "checkoutID": checkout["id"]}
        call(f"Get{kind}BillingCheckout", path=one_checkout)
        call(f"Update{kind}BillingCheckout", path=one_checkout, form={"promo_code": ""})
        call(f"Confirm{kind}BillingCheckout", path=one_checkout, form={"gateway": "stripe", "use_test_card": "true"})
        call(subscription, path=path)
        method = first(call(f"Get{kind}PaymentMethods", path=path).it)
        default = {"payment_method_id": method["id"]}
        call(f"Set{kind}DefaultPaymentMethod", path=path, form=default)
        items = call(f"Get{kind}BillingSubscriptionItems", path=path).it
        statement = first(call(f"Get{kind}Statements", path=path).it)
        call(f"Get{kind}Statement", path={**path, "statementID": statement["id"]})
        if kind == "User":
            attempt = first(call("GetUserPaymentAttempts").it)
            call("GetUserPaymentAttempt", path={"paymentAttemptID": attempt["id"]})
        item = {**path, "subscriptionItemID": first(items)["id"]}
        call(f"Delete{kind}BillingSubscriptionItem", path=item)
        call(f"Delete{kind}PaymentMethod", path={**path, "paymentMethodID": method["id"]})


def devices(server, call, browser):
    wally, user = person(server, browser, "Wally", web3_wallet=["0x71C7656EC7ab88b098defB751B7401B5f6d8976F"])
    wallet = {"web3_wallet_id": first(user["web3_wallets"])["id"]}
    wally("getWeb3Wallets")
    wally("readWeb3Wallet", path=wallet)
    call("readWeb3Wallet", path=wallet, expect=404)
    wally("deleteWeb3Wallet", path=wallet)
    # LocalClerk checks no signatures of wallets, passkeys and phones.
    call("postWeb3Wallets", form={"web3_wallet": "0x71C7656EC7ab88b098defB751B7401B5f6d8976F"}, expect=NOT_EMULATED)
    call("prepareWeb3WalletVerification", path=wallet, form={"strategy": "web3_metamask_signature"}, expect=NOT_EMULATED)
    call("attemptWeb3WalletVerification", path=wallet, form={"signature": "0x"}, expect=NOT_EMULATED)
    passkey = {"passkey_id": "idn_none"}
    call("readPasskey", path=passkey, expect=404)
    call("patchPasskey", path=passkey, form={"name": "mine"}, expect=404)
    call("deletePasskey", path=passkey, expect=404)
    call("postPasskey", expect=NOT_EMULATED)
    call("attemptPasskeyVerification", path=passkey, form={}, expect=NOT_EMULATED)
    call("listTrustedDevices")
    call("revokeTrustedDevice", path={"trusted_device_id": "trdev_none"}, expect=404)
    call("prepareTrustedDevice", form={"platform": "ios"}, expect=NOT_EMULATED)
    call("attemptTrustedDevice", form={}, expect=NOT_EMULATED)
    call("validateTrustedDevice", form={"trusted_device_id": "trdev_none"}, expect=NOT_EMULATED)


def tickets(server, browser):
    invitation = server.backend("POST", "/invitations", {"email_address": email("ida"), "redirect_url": BACK})
    ida = browser(with_cookies=True)
    ida("createDevBrowser")
    link = ida.navigate("acceptTicket", url=invitation["url"])
    form = {"strategy": "ticket", "ticket": link.query("__clerk_ticket"), "password": PASSWORD}
    ida("createSignUps", form=form)
    ida("createSignUps", form=form, expect=400)
    ida("verify", query={"token": "none"}, expect=400)
    user = ida("getUser").it["id"]
    task = {
        "on_behalf_of": {"user_id": user},
        "permissions": "*",
        "agent_name": "story",
        "task_description": "reads a page",
        "redirect_url": BACK,
        "session_max_duration_in_seconds": 600,
    }
    url = server.backend("POST", "/agents/tasks", task)["url"]
    agent = browser(with_cookies=True)
    agent("createDevBrowser")
    agent.navigate("createAgentTask", url=url, expect=307)
    agent("getClient")
    agent("endSession", path={"session_id": active(agent)})
    ida("removeSession", path={"session_id": active(ida)})


def goodbye(call, browser):
    made = call("createOrganization", form={"name": "Short-lived"}).it
    call("deleteOrganization", path={"organization_id": made["id"]})
    call("deleteUser")
    call("getUser", expect=401)
