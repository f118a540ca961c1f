// The instance's own pages and those of the quickstart: what they look like, and that everybody can use them.
import axe from 'axe-core';
import path from 'node:path';
import { test } from './clerk.mjs';
import { PASSWORD, apiUrl, backend, call, expect, person } from './support.mjs';

// People choose their names themselves.
const NAME = '<script>window.wasRun = 1</script>';
const ORGANIZATION = '"><img src=x onerror=window.wasRun=1>';
const LONG = 'Wolfeschlegelsteinhausenbergerdorff-Featherstonehaugh-Cholmondeley';
const ME = `Looks${process.pid}`;
const EVE = `${NAME} ${process.pid}`;
const LOOKS = [
  ['light', 1280],
  ['dark', 1280],
  ['light', 360],
  ['dark', 360],
];
// On localhost, where LocalClerk is not, as in production.
const QUICKSTART = process.env.API_URL.replace('127.0.0.1', 'localhost');
const titles = new Map();
let ada;

test.beforeAll(async () => {
  ada = await person(ME);
  const eve = await person('Eve', { firstName: EVE });
  await person(LONG);
  await backend.users.banUser((await person(`Banned${process.pid}`)).id);
  const organization = await backend.organizations.createOrganization({ name: ORGANIZATION, createdBy: ada.id });
  await backend.organizations.createOrganizationMembership({
    organizationId: organization.id,
    userId: eve.id,
    role: 'org:member',
  });
  await backend.invitations.createInvitation({ emailAddress: `${LONG.slice(0, 40)}.${process.pid}@example.com` });
  const [to, from] = [ada.emailAddress, 'team@example.com'].map((address) => ({ address }));
  await call('POST', '/email', { to, from, subject: NAME, text: 'Hello' });
});

// Opens nothing: checks the page that is open, in each look.
async function check(page, name, footer = 'not for production') {
  await expect(page.locator('main')).toHaveCount(1);
  await expect(page.locator('footer')).toContainText(footer);
  const title = await page.title();
  expect(titles.get(title) ?? name, `two pages have the title ${title}`).toBe(name);
  titles.set(title, name);
  expect(await page.evaluate(() => [document.scripts.length, window.wasRun])).toEqual([0, undefined]);
  for (const [colorScheme, width] of LOOKS) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 800 });
    const look = `${name}, ${colorScheme}, ${width} px`;
    if (process.env.SHOTS) {
      const file = path.join(process.env.SHOTS, `${look.replaceAll(/\W+/g, '-')}.png`);
      await page.screenshot({ path: file, fullPage: true });
    }
    expect(await page.evaluate(() => document.documentElement.scrollWidth), look).toBeLessThanOrEqual(width);
    await page.evaluate(axe.source);
    const { violations } = await page.evaluate(() => window.axe.run());
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`);
    expect(found, look).toEqual([]);
  }
  await page.setViewportSize({ width: 1280, height: 800 });
}

// Presses Tab until all controls had the focus, and checks that each shows it.
async function walk(page) {
  const controls = await page.evaluate(() => {
    const all = document.querySelectorAll('a[href], button, input:not([type=hidden]), select, summary');
    return [...all].filter((one) => one.checkVisibility()).length;
  });
  await page.evaluate(() => document.activeElement.blur());
  for (let at = 0; at < controls; at += 1) {
    await page.keyboard.press('Tab');
    const { tag, outline } = await page.evaluate(() => {
      const { tagName: tag } = document.activeElement;
      return { tag, outline: getComputedStyle(document.activeElement).outlineStyle };
    });
    expect(tag).not.toBe('BODY');
    expect(outline, `the focus on ${tag} is visible`).not.toBe('none');
  }
  return controls;
}

async function signIn(page, name) {
  await page.goto(`${apiUrl}/sign-in`);
  await page.getByRole('button', { name }).click();
}

test('the page of the instance', async ({ page }) => {
  // The receiver fails once for the organization.
  await expect(async () => {
    await page.goto(apiUrl);
    await expect(page.locator('#webhooks')).toContainText(' 0 waiting', { timeout: 100 });
  }).toPass();
  await expect(page.locator('#people')).toContainText(NAME);
  await expect(page.locator('#organizations')).toContainText(ORGANIZATION);
  await expect(page.locator('#messages')).toContainText(NAME);
  const webhook = page.locator('#webhooks li', { hasText: 'organization.created' }).first();
  await webhook.locator('summary').click();
  await expect(webhook.locator('ol')).toContainText(': 500');
  await expect(webhook.locator('pre')).toContainText(ORGANIZATION.slice(2));
  await check(page, 'overview');
  await webhook.getByRole('button', { name: 'Send again organization.created' }).click();
  await expect(async () => {
    await page.goto(apiUrl);
    await expect(webhook.locator('ol li')).toHaveCount(3, { timeout: 100 });
  }).toPass();
});

test('the keyboard reaches and shows every control', async ({ page }) => {
  await page.goto(apiUrl);
  expect(await walk(page)).toBeGreaterThan(20);
  const button = (name) => page.getByRole('button', { name: `${name} ${ME} Web`, exact: true });
  await button('Ban').focus();
  await page.keyboard.press('Enter');
  await button('Unban').focus();
  await page.keyboard.press('Space');
  await expect(button('Ban')).toBeVisible();

  await page.goto(`${apiUrl}/sign-in`);
  await walk(page);
  await page.getByLabel('Email address').focus();
  await page.keyboard.type('keyboard@example.com');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'You are signed in' })).toBeVisible();
  await walk(page);
});

test('the pages to sign in and up', async ({ page }) => {
  await page.goto(`${apiUrl}/sign-in`);
  await expect(page.getByRole('button', { name: EVE })).toBeVisible();
  await check(page, 'sign-in');
  await page.getByRole('button', { name: `Banned${process.pid} Web` }).click();
  await expect(page.getByRole('alert')).toContainText('is banned');
  await check(page, 'sign-in with a problem');
  await page.goto(`${apiUrl}/sign-up`);
  await check(page, 'sign-up');
  for (const number of ['first', 'second']) {
    await page.goto(`${apiUrl}/sign-up`);
    await page.getByLabel('Email address').fill(`${number}.${process.pid}@example.com`);
    await page.getByRole('button', { name: 'Continue' }).click();
    await expect(page.getByRole('status')).toHaveText('An account was created for this address.');
    await expect(page.locator('.row').first()).toContainText(`${number}.${process.pid}@example.com`);
  }
  await check(page, 'account created');
  await page.goto(`${apiUrl}/sign-up`);
  await check(page, 'another sign-up');
  await page.getByRole('button', { name: 'Sign out' }).click();

  await signIn(page, `${ME} Web`);
  await expect(page.getByRole('button', { name: ORGANIZATION })).toBeVisible();
  await check(page, 'organizations');
  await page.getByRole('button', { name: ORGANIZATION }).click();
  await page.locator('summary').click();
  await check(page, 'signed in');
  await page.goto(`${apiUrl}/sign-up?redirect_url=nowhere`);
  await check(page, 'error');
});

test('the consent page', async ({ page }) => {
  const body = { name: NAME, consent_screen_enabled: true, redirect_uris: ['http://localhost:9/done'], scopes: 'openid profile email offline_access user:org:read' };
  const { client_id: clientId } = await call('POST', '/oauth_applications', body);
  const query = new URLSearchParams({
    client_id: clientId,
    response_type: 'code',
    redirect_uri: body.redirect_uris[0],
    scope: body.scopes,
    state: 'state-of-the-client',
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    code_challenge_method: 'S256',
  });
  await signIn(page, `${ME} Web`);
  await page.goto(`${apiUrl}/oauth/authorize?${query}`);
  await expect(page.getByRole('heading', { level: 1 })).toContainText(NAME);
  await expect(page.getByLabel('Organization')).toBeVisible();
  await walk(page);
  await check(page, 'consent');
});

test('the page of the social provider', async ({ page }) => {
  const api = `${apiUrl}/v1`;
  const { token } = await (await page.request.post(`${api}/dev_browser`)).json();
  const form = { strategy: 'oauth_google', redirect_url: `${apiUrl}/sign-in` };
  const response = await page.request.post(`${api}/client/sign_ins?__clerk_db_jwt=${token}`, { form });
  const { first_factor_verification: verification } = (await response.json()).response;
  await page.goto(verification.external_verification_redirect_url);
  await expect(page.getByRole('button', { name: EVE })).toBeVisible();
  await walk(page);
  await check(page, 'social provider');
});

test('the quickstart', async ({ page }) => {
  // Six pages in four looks each.
  test.slow();
  const look = (name) => check(page, `quickstart, ${name}`, 'Clerk for Rust');
  await page.goto(QUICKSTART);
  await expect(page.locator('#request')).toContainText('signed-out');
  await walk(page);
  await look('signed out');
  await page.goto(`${QUICKSTART}/api/me`);
  await look('401');

  await page.getByRole('link', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: `${ME} Web` }).click();
  await page.getByRole('button', { name: ORGANIZATION }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(`Hello ${ME}`);
  await expect(page.locator('#members')).toContainText(EVE);
  await walk(page);
  await page.locator('summary').click();
  await expect(page.locator('pre')).toContainText('"sid"');
  await look('home');
  await page.getByRole('link', { name: 'Members', exact: true }).click();
  await expect(page.locator('table')).toContainText(EVE);
  await look('members');

  // The switcher, without scripts.
  await page.goto(QUICKSTART);
  await page.getByRole('link', { name: 'Personal account' }).click();
  await expect(page.locator('#members')).toContainText('not permitted');
  await page.getByRole('link', { name: 'Try it anyway' }).click();
  await expect(page.getByRole('main')).toContainText('permission-missing');
  await look('403');
  await page.getByRole('link', { name: 'Home page' }).click();
  await page.getByRole('link', { name: 'a page that does not exist' }).click();
  await look('404');
  await page.goto(QUICKSTART);
  await page.getByRole('link', { name: ORGANIZATION }).click();
  await expect(page.locator('#members')).toContainText(EVE);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Nobody is signed in');
});

// The last tests, because the time cannot be set back.
test('the time is advanced, and tokens are still accepted by services with another clock', async ({ page, request }) => {
  await page.goto(apiUrl);
  await page.getByRole('button', { name: 'Advance by An hour' }).click();
  await expect(page.locator('#clock')).toContainText('1 hour ahead of this computer');
  const session = await backend.sessions.createSession({ userId: ada.id });
  expect(session.createdAt).toBeGreaterThan(Date.now() + 3_000_000);
  const { jwt } = await backend.sessions.getToken(session.id);
  const response = await request.get(`${process.env.API_URL}/api/me`, { headers: { authorization: `Bearer ${jwt}` } });
  expect(response.status()).toBe(200);
});

test('after an hour, a person has to prove again who they are', async ({ page, site, context }) => {
  await site.signIn((await person('Later')).emailAddress);
  const createBackupCodes = () =>
    page.evaluate(() =>
      Clerk.user.createBackupCode().then(
        ({ codes }) => codes.length,
        ({ errors }) => errors[0].code,
      ),
    );
  expect(await createBackupCodes()).toBe(10);
  const clock = await context.newPage();
  await clock.goto(apiUrl);
  await clock.getByRole('button', { name: 'Advance by An hour' }).click();
  expect(await createBackupCodes()).toBe('session_reverification_required');
  await page.evaluate(async (password) => {
    await Clerk.session.startVerification({ level: 'first_factor' });
    await Clerk.session.attemptFirstFactorVerification({ strategy: 'password', password });
  }, PASSWORD);
  expect(await createBackupCodes()).toBe(10);
  expect((await site.claims()).fva).toEqual([0, -1]);
});
