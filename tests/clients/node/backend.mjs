// Calls every method of @clerk/backend that has an operation, against a server.
//
//     node backend.mjs BASE_URL SECRET_KEY
//
// Prints one line for each call that went wrong, and a summary. The exit code is 1 if anything went wrong, if a method was not
// called, or if a call took longer than ten seconds.

import { createHmac } from 'node:crypto';
import { createClerkClient } from '@clerk/backend';

// Long enough for any answer, short enough to notice that an error is sent again and again.
const SLOW = 10_000;
const TOTP_SECRET = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';
// Not operations of the Backend API.
const OTHERS = new Set(['telemetry', '__experimental_accountlessApplications']);
const INTERNAL = new Set(['constructor', 'request', 'requireId', 'deprecated']);

const [apiUrl, secretKey] = process.argv.slice(2);
const clerk = createClerkClient({ secretKey, apiUrl });
const called = new Set();
let wrong = 0;

// Calls `section.method(...args)`; an error is expected if its status is one of `statuses`.
async function call(name, args = [], statuses = [], client = clerk) {
  const [section, method] = name.split('.');
  called.add(name);
  const started = Date.now();
  let answer;
  try {
    answer = await client[section][method](...args);
  } catch (error) {
    if (!statuses.includes(error.status)) {
      report(name, `${error.status ?? ''} ${error.message} ${JSON.stringify(error.errors ?? '')}`.slice(0, 300));
    }
  }
  if (Date.now() - started > SLOW) report(name, `took ${Date.now() - started} ms`);
  return answer ?? {};
}

function report(name, problem) {
  wrong += 1;
  console.log(`${name}\t${problem}`);
}

const id = (found) => found.id ?? 'none_id';
const first = (found) => (found.data ?? found)[0] ?? {};
const picture = () => new Blob([Uint8Array.from(atob('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='), (c) => c.charCodeAt(0))], { type: 'image/png' });
const person = (name, more = {}) =>
  call('users.createUser', [{ firstName: name, emailAddress: [`${name.toLowerCase()}@node.test`], ...more }]);

function totp(secret) {
  const bits = [...secret].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const digest = createHmac('sha1', key).update(counter).digest();
  return String((digest.readUInt32BE(digest.at(-1) & 15) & 0x7fffffff) % 1e6).padStart(6, '0');
}

async function people() {
  const ann = await person('Ann', { username: 'ann_node', password: 'correct horse battery', totpSecret: TOTP_SECRET, backupCodes: ['first-code'] });
  const user = id(ann);
  await call('users.getUserList', [{ query: 'ann' }]);
  await call('users.getUser', [user]);
  await call('users.getCount', [{ query: 'ann' }]);
  await call('users.updateUser', [user, { lastName: 'Node' }]);
  await call('users.updateUserMetadata', [user, { publicMetadata: { plan: 'pro' } }]);
  await call('users.replaceUserMetadata', [user, { privateMetadata: { note: 1 } }]);
  await call('users.updateUserProfileImage', [user, { file: picture() }]);
  await call('users.deleteUserProfileImage', [user]);
  await call('users.verifyPassword', [{ userId: user, password: 'correct horse battery' }]);
  await call('users.verifyTOTP', [{ userId: user, code: totp(TOTP_SECRET) }]);
  await call('users.setPasswordCompromised', [user, { revokeAllSessions: false }]);
  await call('users.unsetPasswordCompromised', [user]);
  await call('users.deleteUserBackupCodes', [user]);
  await call('users.deleteUserTOTP', [user]);
  const bob = id(await person('Bob', { totpSecret: TOTP_SECRET, password: 'another long secret' }));
  await call('users.disableUserMFA', [bob]);
  await call('users.removePassword', [bob]);
  await call('users.banUser', [user]);
  await call('users.unbanUser', [user]);
  await call('users.lockUser', [user]);
  await call('users.unlockUser', [user]);
  await call('users.getUserOauthAccessToken', [user, 'google']);
  await call('users.getOrganizationMembershipList', [{ userId: user }]);
  await call('users.getOrganizationInvitationList', [{ userId: user }]);
  await call('users.replaceUserEmailAddress', [user, { emailAddress: 'ann2@node.test' }]);
  await call('users.replaceUserPhoneNumber', [user, { phoneNumber: '+15555550111' }]);
  await call('users.deleteUserPasskey', [{ userId: user, passkeyIdentificationId: 'idn_none' }], [404]);
  await call('users.deleteUserWeb3Wallet', [{ userId: user, web3WalletIdentificationId: 'idn_none' }], [404]);
  await call('users.deleteUserExternalAccount', [{ userId: user, externalAccountId: 'eac_none' }], [404]);
  await call('users.deleteUser', [bob]);
  const address = id(await call('emailAddresses.createEmailAddress', [{ userId: user, emailAddress: 'ann3@node.test', verified: true }]));
  await call('emailAddresses.getEmailAddress', [address]);
  await call('emailAddresses.updateEmailAddress', [address, { primary: true }]);
  await call('emailAddresses.deleteEmailAddress', [address]);
  const number = id(await call('phoneNumbers.createPhoneNumber', [{ userId: user, phoneNumber: '+15555550112', verified: true }]));
  await call('phoneNumbers.getPhoneNumber', [number]);
  await call('phoneNumbers.updatePhoneNumber', [number, { primary: true }]);
  await call('phoneNumbers.deletePhoneNumber', [number]);
}

async function tickets() {
  const dan = id(await person('Dan'));
  const invitation = id(await call('invitations.createInvitation', [{ emailAddress: 'guest@node.test' }]));
  await call('invitations.getInvitationList', [{}]);
  await call('invitations.createInvitationBulk', [[{ emailAddress: 'guest2@node.test' }]]);
  await call('invitations.revokeInvitation', [invitation]);
  await call('invitations.deleteInvitation', [invitation], [404, 405]);
  const allowed = id(await call('allowlistIdentifiers.createAllowlistIdentifier', [{ identifier: '*@node.test', notify: false }]));
  await call('allowlistIdentifiers.getAllowlistIdentifierList', [{}]);
  await call('allowlistIdentifiers.deleteAllowlistIdentifier', [allowed]);
  const blocked = id(await call('blocklistIdentifiers.createBlocklistIdentifier', [{ identifier: 'mallory@node.test' }]));
  await call('blocklistIdentifiers.getBlocklistIdentifierList', [{}]);
  await call('blocklistIdentifiers.deleteBlocklistIdentifier', [blocked]);
  const entry = id(await call('waitlistEntries.create', [{ emailAddress: 'wait@node.test' }]));
  await call('waitlistEntries.list', [{}]);
  await call('waitlistEntries.createBulk', [[{ emailAddress: 'wait2@node.test' }]]);
  await call('waitlistEntries.invite', [entry]);
  const other = id(await call('waitlistEntries.create', [{ emailAddress: 'wait3@node.test' }]));
  await call('waitlistEntries.reject', [other]);
  const last = id(await call('waitlistEntries.create', [{ emailAddress: 'wait4@node.test' }]));
  await call('waitlistEntries.delete', [last]);
  const token = id(await call('signInTokens.createSignInToken', [{ userId: dan, expiresInSeconds: 600 }]));
  await call('signInTokens.revokeSignInToken', [token]);
  const actor = id(await call('actorTokens.create', [{ userId: dan, actor: { sub: 'user_support' } }]));
  await call('actorTokens.revoke', [actor]);
  await call('testingTokens.createTestingToken');
  await call('signUps.get', ['sua_none'], [404]);
  await call('signUps.update', [{ signUpAttemptId: 'sua_none', externalId: 'x' }], [404]);
  const task = await call('agentTasks.create', [{ onBehalfOf: { userId: dan }, permissions: '*', agentName: 'node', taskDescription: 'reads', redirectUrl: 'http://localhost:3000/' }]);
  await call('agentTasks.revoke', [task.agentTaskId ?? id(task)]);
}

async function organizations() {
  const [eve, fay] = [id(await person('Eve')), id(await person('Fay'))];
  const permission = id(await call('organizationPermissions.createOrganizationPermission', [{ name: 'Read invoices', key: 'org:invoices:read' }]));
  await call('organizationPermissions.getOrganizationPermissionList', [{}]);
  await call('organizationPermissions.getOrganizationPermission', [permission]);
  await call('organizationPermissions.updateOrganizationPermission', [{ permissionId: permission, description: 'Reads invoices' }]);
  const role = id(await call('organizationRoles.createOrganizationRole', [{ name: 'Auditor', key: 'org:auditor', includeInInitialRoleSet: true }]));
  await call('organizationRoles.getOrganizationRoleList', [{}]);
  await call('organizationRoles.getOrganizationRole', [role]);
  await call('organizationRoles.updateOrganizationRole', [{ organizationRoleId: role, description: 'Looks' }]);
  await call('organizationRoles.assignPermissionToOrganizationRole', [{ organizationRoleId: role, permissionId: permission }]);
  await call('organizationRoles.removePermissionFromOrganizationRole', [{ organizationRoleId: role, permissionId: permission }]);
  const set = (key, roles) => call('roleSets.createRoleSet', [{ name: key, key, defaultRoleKey: 'org:member', creatorRoleKey: 'org:admin', roles }]);
  const small = id(await set('role_set:node', ['org:admin', 'org:member']));
  const spare = id(await set('role_set:node_spare', ['org:admin', 'org:member']));
  await call('roleSets.getRoleSetList', [{}]);
  await call('roleSets.getRoleSet', [small]);
  await call('roleSets.updateRoleSet', [{ roleSetKeyOrId: small, description: 'small' }]);
  await call('roleSets.addRolesToRoleSet', [{ roleSetKeyOrId: small, roleKeys: ['org:auditor'] }]);
  await call('roleSets.replaceRoleInRoleSet', [{ roleSetKeyOrId: small, roleKey: 'org:auditor', toRoleKey: 'org:member' }]);
  await call('roleSets.replaceRoleSet', [{ roleSetKeyOrId: spare, destRoleSetKey: 'role_set:node' }]);
  const organizationId = id(await call('organizations.createOrganization', [{ name: 'Node Inc', slug: 'node-inc', createdBy: eve }]));
  await call('organizations.getOrganizationList', [{ includeMembersCount: true }]);
  await call('organizations.getOrganization', [{ organizationId }]);
  await call('organizations.updateOrganization', [organizationId, { name: 'Node Limited' }]);
  await call('organizations.updateOrganizationMetadata', [organizationId, { publicMetadata: { size: 's' } }]);
  await call('organizations.replaceOrganizationMetadata', [organizationId, { privateMetadata: { note: 2 } }]);
  await call('organizations.updateOrganizationLogo', [organizationId, { file: picture(), uploaderUserId: eve }]);
  await call('organizations.deleteOrganizationLogo', [organizationId]);
  await call('organizations.createOrganizationMembership', [{ organizationId, userId: fay, role: 'org:member' }]);
  await call('organizations.getOrganizationMembershipList', [{ organizationId }]);
  await call('organizations.getInstanceOrganizationMembershipList', [{}]);
  await call('organizations.updateOrganizationMembership', [{ organizationId, userId: fay, role: 'org:admin' }]);
  await call('organizations.updateOrganizationMembershipMetadata', [{ organizationId, userId: fay, publicMetadata: { desk: 4 } }]);
  await call('organizations.deleteOrganizationMembership', [{ organizationId, userId: fay }]);
  const invitationId = id(await call('organizations.createOrganizationInvitation', [{ organizationId, emailAddress: 'new@node.test', inviterUserId: eve, role: 'org:member' }]));
  await call('organizations.createOrganizationInvitationBulk', [organizationId, [{ emailAddress: 'new2@node.test', inviterUserId: eve, role: 'org:member' }]]);
  await call('organizations.getOrganizationInvitationList', [{ organizationId }]);
  await call('organizations.getOrganizationInvitation', [{ organizationId, invitationId }]);
  await call('organizations.revokeOrganizationInvitation', [{ organizationId, invitationId, requestingUserId: eve }]);
  const domainId = id(await call('organizations.createOrganizationDomain', [{ organizationId, name: 'node-limited.test', enrollmentMode: 'manual_invitation', verified: true }]));
  await call('organizations.getOrganizationDomainList', [{ organizationId }]);
  await call('organizations.updateOrganizationDomain', [{ organizationId, domainId, enrollmentMode: 'automatic_suggestion' }]);
  await call('organizations.deleteOrganizationDomain', [{ organizationId, domainId }]);
  await call('organizations.deleteOrganization', [organizationId]);
  await call('organizationRoles.deleteOrganizationRole', [role]);
  await call('organizationPermissions.deleteOrganizationPermission', [permission]);
}

async function sessions() {
  const gus = id(await person('Gus'));
  const template = id(await call('jwtTemplates.create', [{ name: 'node', claims: { email: '{{user.primary_email_address}}' } }]));
  await call('jwtTemplates.list', [{}]);
  await call('jwtTemplates.get', [template]);
  await call('jwtTemplates.update', [{ templateId: template, name: 'node', claims: { who: '{{user.id}}' } }]);
  const session = await call('sessions.createSession', [{ userId: gus }]);
  await call('sessions.getSessionList', [{ userId: gus }]);
  await call('sessions.getSession', [id(session)]);
  const token = await call('sessions.getToken', [id(session)]);
  await call('sessions.getToken', [id(session), 'node']);
  await call('sessions.verifySession', [id(session), token.jwt ?? 'none'], [404, 405, 410]);
  await call('sessions.refreshSession', [id(session), { expiredToken: token.jwt ?? 'none', refreshToken: 'none', requestOrigin: 'http://localhost:3000' }], [400, 401]);
  await call('clients.getClientList', [{}]);
  await call('clients.getClient', [session.clientId ?? 'client_none']);
  await call('clients.verifyClient', [token.jwt ?? 'none'], [400, 401, 404]);
  await call('clients.getHandshakePayload', [{ nonce: 'none' }], [404]);
  await call('sessions.revokeSession', [id(session)]);
  await call('jwtTemplates.delete', [template]);
  await call('jwks.getJwks');
}

async function settings() {
  await call('instance.get');
  await call('instance.update', [{ supportEmail: 'help@node.test' }]);
  await call('instance.updateRestrictions', [{ blockEmailSubaddresses: false }]);
  await call('instance.getOrganizationSettings');
  await call('instance.updateOrganizationSettings', [{ enabled: true, maxAllowedMemberships: 50 }]);
  await call('betaFeatures.changeDomain', [{ homeUrl: 'https://node.test' }], [400, 403, 404, 422]);
  await call('domains.list');
  const domain = id(await call('domains.add', [{ name: 'satellite.node.test', isSatellite: true }]));
  await call('domains.update', [{ domainId: domain, name: 'moon.node.test' }]);
  await call('proxyChecks.verify', [{ domainId: domain, proxyUrl: 'https://moon.node.test/__clerk' }], [400, 422]);
  await call('domains.delete', [domain]);
  const again = id(await call('domains.add', [{ name: 'satellite2.node.test', isSatellite: true }]));
  await call('domains.deleteDomain', [again]);
  const url = id(await call('redirectUrls.createRedirectUrl', [{ url: 'https://node.test/done' }]));
  await call('redirectUrls.getRedirectUrlList', [{}]);
  await call('redirectUrls.getRedirectUrl', [url]);
  await call('redirectUrls.deleteRedirectUrl', [url]);
  await call('webhooks.createSvixApp');
  await call('webhooks.generateSvixAuthURL');
  await call('webhooks.deleteSvixApp');
  // Emails that an application sends itself; Clerk's document does not have them yet.
  const mail = { to: { address: 'ann@node.test' }, from: { address: 'hello@node.test' }, subject: 'Hello', text: 'Hello' };
  const sent = await call('emails.create', [mail]);
  await call('emails.createBatch', [[mail]]);
  await call('emails.get', [id(sent)]);
}

async function machines() {
  const other = id(await call('machines.create', [{ name: 'store' }]));
  const machine = id(await call('machines.create', [{ name: 'courier' }]));
  await call('machines.list', [{}]);
  await call('machines.get', [machine]);
  await call('machines.update', [{ machineId: machine, name: 'carrier' }]);
  await call('machines.createScope', [machine, other]);
  const secret = (await call('machines.getSecretKey', [machine])).secret;
  const token = await call('m2m.createToken', [{ machineSecretKey: secret, secondsUntilExpiration: 300 }]);
  await call('m2m.list', [{ subject: machine }]);
  await call('m2m.verify', [{ token: token.token }]);
  await call('m2m.revokeToken', [{ m2mTokenId: id(token) }]);
  await call('machines.rotateSecretKey', [{ machineId: machine, previousTokenTtl: 0 }]);
  await call('machines.deleteScope', [machine, other]);
  await call('machines.delete', [machine]);
  const ike = id(await person('Ike'));
  const key = id(await call('apiKeys.create', [{ name: 'node', subject: ike }]));
  await call('apiKeys.list', [{ subject: ike }]);
  await call('apiKeys.get', [key]);
  await call('apiKeys.update', [{ apiKeyId: key, description: 'for node', subject: ike }]);
  const found = await call('apiKeys.getSecret', [key]);
  await call('apiKeys.verify', [found.secret ?? 'none']);
  await call('apiKeys.revoke', [{ apiKeyId: key }]);
  await call('apiKeys.delete', [key]);
}

async function applications() {
  const app = id(await call('oauthApplications.create', [{ name: 'Node app', redirectUris: ['http://localhost:8080/callback'], scopes: 'profile' }]));
  await call('oauthApplications.list', [{}]);
  await call('oauthApplications.get', [app]);
  await call('oauthApplications.update', [{ oauthApplicationId: app, name: 'Node application' }]);
  await call('oauthApplications.rotateSecret', [app]);
  await call('oauthApplications.revokeToken', [{ oauthApplicationId: app, token: 'none' }], [404]);
  await call('oauthApplications.delete', [app]);
  await call('idPOAuthAccessToken.verify', ['oat_none'], [404]);
  const saml = id(await call('samlConnections.createSamlConnection', [{ name: 'Node SAML', domains: ['saml.node.test'], domain: 'saml.node.test', provider: 'saml_custom' }]));
  await call('samlConnections.getSamlConnectionList', [{}]);
  await call('samlConnections.getSamlConnection', [saml]);
  await call('samlConnections.updateSamlConnection', [saml, { name: 'Node sign-on' }]);
  await call('samlConnections.deleteSamlConnection', [saml]);
  const connection = id(await call('enterpriseConnections.createEnterpriseConnection', [{ name: 'Node at work', provider: 'saml_okta', domains: ['okta.node.test'] }]));
  await call('enterpriseConnections.getEnterpriseConnectionList', [{}]);
  await call('enterpriseConnections.getEnterpriseConnection', [connection]);
  await call('enterpriseConnections.updateEnterpriseConnection', [connection, { name: 'Node at large' }]);
  await call('enterpriseConnections.deleteEnterpriseConnection', [connection]);
}

async function billing() {
  const lee = id(await person('Lee'));
  const firm = id(await call('organizations.createOrganization', [{ name: 'Lee & Sons', createdBy: lee }]));
  await call('billing.getPlanList', [{}]);
  await call('billing.getUserBillingSubscription', [lee], [404]);
  await call('billing.getOrganizationBillingSubscription', [firm], [404]);
  await call('billing.extendSubscriptionItemFreeTrial', ['csub_item_none', { extendTo: new Date(Date.now() + 864e5) }], [404]);
  await call('billing.cancelSubscriptionItem', ['csub_item_none', {}], [404]);
}

function methods() {
  const found = [];
  for (const [section, api] of Object.entries(clerk)) {
    if (!api || typeof api !== 'object' || OTHERS.has(section)) continue;
    for (let type = api; type && type !== Object.prototype; type = Object.getPrototypeOf(type)) {
      for (const name of Object.getOwnPropertyNames(type)) {
        if (typeof api[name] === 'function' && !INTERNAL.has(name)) found.push(`${section}.${name}`);
      }
    }
  }
  return [...new Set(found)];
}

for (const part of [people, tickets, organizations, sessions, settings, machines, applications, billing]) await part();
const missing = methods().filter((name) => !called.has(name));
for (const name of missing) console.log(`${name}\tnot called`);
console.log(`${called.size} of ${methods().length} methods called, ${wrong} problems`);
process.exitCode = missing.length || wrong ? 1 : 0;
