// Clerk's own components, on a page without a framework.
import { test } from './clerk.mjs';
import { backend, expect, person } from './support.mjs';

test('SignIn with a password, a token, and sign-out', async ({ page, site, origin }) => {
  const { emailAddress } = await person('Password');
  await site.begin(emailAddress);
  await site.password();
  await site.signedIn();
  const claims = await site.claims();
  expect(claims.azp).toBe(origin);
  await site.open();
  expect(await page.evaluate(() => Clerk.user.fullName)).toBe('Password Web');
  await page.evaluate(() => Clerk.signOut({ redirectUrl: location.href }).catch(() => {}));
  await page.waitForFunction(() => window.Clerk?.loaded && !Clerk.user);
  const [session] = (await backend.sessions.getSessionList({ userId: claims.sub })).data;
  expect(session.status).not.toBe('active');
});

test('SignIn with an email code', async ({ page, site }) => {
  const { emailAddress } = await person('Code');
  await site.begin(emailAddress);
  await page.getByText('Use another method').click();
  await page.getByRole('button', { name: /email code/i }).click();
  await site.code();
  await site.signedIn();
});

test('SignIn with the built-in social provider', async ({ page, site, version }) => {
  await site.mount('SignIn', { routing: 'hash' });
  await page.getByRole('button', { name: /local/i }).click();
  await page.getByLabel('Email address').fill(`social${version}.${process.pid}@example.com`);
  await page.getByLabel('Name').fill('Mary Shelley');
  await site.next();
  // Nobody has this account yet: the component goes on as a sign-up.
  await page.waitForURL(/sso-callback/);
  await site.loaded();
  await site.mount('SignIn', { routing: 'hash' });
  await site.signedIn();
  expect(await page.evaluate(() => Clerk.user.fullName)).toBe('Mary Shelley');
});

test('SignUp', async ({ page, site, version }) => {
  await site.mount('SignUp', { routing: 'hash' });
  await page.locator('input[name=emailAddress]').fill(`new${version}.${process.pid}+clerk_test@example.com`);
  await site.password();
  await site.code();
  await site.signedIn();
});

test('UserProfile changes the name', async ({ page, site }) => {
  const { id, emailAddress } = await person('Profile');
  await site.signIn(emailAddress);
  await site.mount('UserProfile', { routing: 'hash' });
  await page.getByRole('button', { name: 'Update profile' }).click();
  await page.locator('input[name=firstName]').fill('Changed');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.waitForFunction(() => Clerk.user.firstName === 'Changed');
  expect((await backend.users.getUser(id)).firstName).toBe('Changed');
});

test('OrganizationSwitcher creates an organization and switches back', async ({ page, site, version }) => {
  await site.signIn((await person('Member')).emailAddress);
  await site.mount('OrganizationSwitcher');
  await page.locator('.cl-organizationSwitcherTrigger').click();
  await page.getByText('Create organization').first().click();
  await page.locator('input[name=name]').fill(`Web ${version} Inc`);
  await page.getByRole('button', { name: 'Create organization', exact: true }).click();
  await page.waitForFunction(() => window.Clerk?.organization?.name?.startsWith('Web'));
  expect((await site.claims({})).o.rol).toBe('admin');
  await page.evaluate(() => Clerk.setActive({ organization: null }));
  expect(await page.evaluate(() => Clerk.organization)).toBeNull();
});

test('OrganizationProfile changes a role and invites', { tag: '@6' }, async ({ page, site }) => {
  const [owner, member] = [await person('Owner'), await person('Colleague')];
  const { id } = await backend.organizations.createOrganization({ name: 'Profile Inc', createdBy: owner.id });
  await backend.organizations.createOrganizationMembership({ organizationId: id, userId: member.id, role: 'org:member' });
  await site.signIn(owner.emailAddress);
  await page.evaluate((organization) => Clerk.setActive({ organization }), id);
  await site.mount('OrganizationProfile', { routing: 'hash' });

  await page.getByRole('button', { name: 'Members' }).click();
  const row = page.getByRole('row', { name: member.emailAddress });
  await row.getByRole('button', { name: 'Member' }).click();
  await page.getByRole('option', { name: 'Admin' }).click();
  const roles = async () => {
    const { data } = await backend.organizations.getOrganizationMembershipList({ organizationId: id });
    return data.map(({ role }) => role);
  };
  await expect.poll(roles).toEqual(['org:admin', 'org:admin']);

  await page.getByRole('button', { name: 'Invite' }).click();
  await page.getByTestId('tag-input').pressSequentially('guest@example.com,');
  await page.getByRole('button', { name: 'Send invitations' }).click();
  const invited = async () => {
    const { data } = await backend.organizations.getOrganizationInvitationList({ organizationId: id });
    return data.map(({ emailAddress, status }) => [emailAddress, status]);
  };
  await expect.poll(invited).toEqual([['guest@example.com', 'pending']]);
});

test('OrganizationProfile adds a domain, with a code to an address there', { tag: '@6' }, async ({ page, site }) => {
  const owner = await person('Host');
  const { id } = await backend.organizations.createOrganization({ name: 'Domain Inc', createdBy: owner.id });
  await site.signIn(owner.emailAddress);
  await page.evaluate((organization) => Clerk.setActive({ organization }), id);
  await site.mount('OrganizationProfile', { routing: 'hash' });
  const name = `inc-${process.pid}.com`;
  await page.getByRole('button', { name: 'Add domain' }).click();
  await page.locator('input[name=name]').fill(name);
  await page.getByRole('button', { name: 'Save' }).click();
  await page.locator('input[name=affiliationEmailAddress]').fill('host+clerk_test');
  await page.getByRole('button', { name: 'Save' }).click();
  await site.code();
  await expect(page.getByText(name).first()).toBeVisible();
  const domains = async () => {
    const { data } = await backend.organizations.getOrganizationDomainList({ organizationId: id });
    return data.map(({ name, verification }) => [name, verification?.status]);
  };
  await expect.poll(domains).toEqual([[name, 'verified']]);
});

test('Waitlist', async ({ page, site, version }) => {
  const emailAddress = `waiting${version}.${process.pid}@example.com`;
  await site.mount('Waitlist');
  await page.locator('input[name=emailAddress]').fill(emailAddress);
  await page.getByRole('button', { name: 'Join the waitlist' }).click();
  const waiting = async () => (await backend.waitlistEntries.list({ query: emailAddress })).data.map(({ status }) => status);
  await expect.poll(waiting).toEqual(['pending']);
});
