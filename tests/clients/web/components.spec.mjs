// Clerk's own components, of clerk-js 6 (whose components are in @clerk/ui) and of clerk-js 5, on a page without a framework.
import { createClerkClient } from '@clerk/backend';
import { expect, test } from '@playwright/test';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';

const { CLERK_API_URL: apiUrl, CLERK_SECRET_KEY: secretKey, CLERK_PUBLISHABLE_KEY: publishableKey } = process.env;
const PASSWORD = 'correct horse battery staple';
const backend = createClerkClient({ secretKey, apiUrl });
// The page's origin: the name of this computer under which the Frontend API is, and another port, as in development.
let origin;
const VERSIONS = {
  6: { js: 'clerk-js', ui: 'ui' },
  5: { js: 'clerk-js-5' },
};

function pageWith(version) {
  const attributes = `crossorigin="anonymous" data-clerk-publishable-key="${publishableKey}" data-clerk-proxy-url="${apiUrl}"`;
  const script = (name, file) => `<script src="/scripts/${name}/dist/${file}" ${attributes}></script>`;
  const { js, ui } = VERSIONS[version];
  const options = ui ? '{ telemetry: false, ui: { ClerkUI: window.__internal_ClerkUICtor } }' : '{ telemetry: false }';
  return `<!doctype html><title>Components</title><div id="app"></div>${ui ? script(ui, 'ui.browser.js') : ''}
    ${script(js, 'clerk.browser.js')}<script>window.loading = Clerk.load(${options})</script>`;
}

for (const version of Object.keys(VERSIONS)) {
  test.describe(`clerk-js ${version}`, () => {
    let server;
    let strangers;

    test.beforeAll(async () => {
      server = createServer((request, response) => {
        const { pathname } = new URL(request.url, 'http://localhost');
        const isScript = pathname.startsWith('/scripts/');
        response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
        const file = path.join(process.env.SCRIPTS, path.normalize(pathname).slice('/scripts/'.length));
        response.end(isScript ? readFileSync(file) : pageWith(version));
      });
      const { hostname } = new URL(apiUrl);
      await new Promise((resolve) => server.listen(0, hostname, resolve));
      origin = `http://${hostname}:${server.address().port}`;
    });

    test.afterAll(() => server.close());

    test.beforeEach(async ({ page }) => {
      strangers = [];
      page.on('request', (request) => {
        const { protocol, hostname } = new URL(request.url());
        if (protocol.startsWith('http') && !['127.0.0.1', 'localhost'].includes(hostname)) strangers.push(request.url());
      });
      await open(page);
    });

    test.afterEach(() => {
      expect(strangers, 'requests that left this computer').toEqual([]);
    });

    async function open(page) {
      await page.goto(`${origin}/`);
      await page.evaluate(() => window.loading);
      expect(await page.evaluate(() => Clerk.version.split('.')[0])).toBe(version);
      expect(await page.evaluate(() => Clerk.status)).toBe('ready');
    }

    async function mount(page, component, options = {}) {
      await page.evaluate(
        ([component, options]) => {
          const here = location.origin;
          const urls = { fallbackRedirectUrl: here, afterCreateOrganizationUrl: here, afterSelectOrganizationUrl: here };
          Clerk[`mount${component}`](document.getElementById('app'), { ...urls, ...options });
        },
        [component, options],
      );
    }

    const signedIn = (page) => page.waitForFunction(() => window.Clerk?.loaded && Clerk.user);
    const next = (page) => page.getByRole('button', { name: 'Continue', exact: true }).click();
    const code = async (page) => {
      await page.locator('input[autocomplete="one-time-code"], input[name^="codeInput"]').first().waitFor();
      await page.keyboard.type('424242', { delay: 30 });
    };

    async function person(name, more = {}) {
      const emailAddress = `${name}${version}+clerk_test@example.com`;
      await backend.users.createUser({ firstName: name, lastName: 'Web', emailAddress: [emailAddress], password: PASSWORD, ...more });
      return emailAddress;
    }

    async function signIn(page, identifier) {
      await page.evaluate(
        async ([identifier, password]) => {
          const { createdSessionId } = await Clerk.client.signIn.create({ identifier, password });
          await Clerk.setActive({ session: createdSessionId });
        },
        [identifier, PASSWORD],
      );
    }

    test('SignIn with a password, a token, and sign-out', async ({ page }) => {
      const identifier = await person('password');
      await mount(page, 'SignIn', { routing: 'hash' });
      await page.locator('input[name=identifier]').fill(identifier);
      await next(page);
      await page.locator('input[name=password]').fill(PASSWORD);
      await next(page);
      await signedIn(page);
      const token = await page.evaluate(() => Clerk.session.getToken({ skipCache: true }));
      const claims = JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));
      expect(claims.azp).toBe(origin);
      await open(page);
      expect(await page.evaluate(() => Clerk.user.fullName)).toBe('password Web');
      await page.evaluate(() => Clerk.signOut({ redirectUrl: location.origin }).catch(() => {}));
      await page.waitForFunction(() => window.Clerk?.loaded && !Clerk.user);
      const [session] = (await backend.sessions.getSessionList({ userId: claims.sub })).data;
      expect(session.status).not.toBe('active');
    });

    test('SignIn with an email code', async ({ page }) => {
      const identifier = await person('code');
      await mount(page, 'SignIn', { routing: 'hash' });
      await page.locator('input[name=identifier]').fill(identifier);
      await next(page);
      await page.getByText('Use another method').click();
      await page.getByRole('button', { name: /email code/i }).click();
      await code(page);
      await signedIn(page);
    });

    test('SignIn with the built-in social provider', async ({ page }) => {
      await mount(page, 'SignIn', { routing: 'hash' });
      await page.getByRole('button', { name: /local/i }).click();
      await page.getByLabel('Email address').fill(`social${version}@example.com`);
      await page.getByLabel('Name').fill('Mary Shelley');
      await page.getByRole('button', { name: 'Continue', exact: true }).click();
      // Nobody has this account yet: the component goes on as a sign-up.
      await page.waitForURL(/sso-callback/);
      await page.evaluate(() => window.loading);
      await mount(page, 'SignIn', { routing: 'hash' });
      await signedIn(page);
      expect(await page.evaluate(() => Clerk.user.fullName)).toBe('Mary Shelley');
    });

    test('SignUp', async ({ page }) => {
      await mount(page, 'SignUp', { routing: 'hash' });
      await page.locator('input[name=emailAddress]').fill(`new${version}+clerk_test@example.com`);
      await page.locator('input[name=password]').fill(PASSWORD);
      await next(page);
      await code(page);
      await signedIn(page);
    });

    test('UserProfile changes the name', async ({ page }) => {
      await signIn(page, await person('profile'));
      await mount(page, 'UserProfile', { routing: 'hash' });
      await page.getByRole('button', { name: 'Update profile' }).click();
      await page.locator('input[name=firstName]').fill('Changed');
      await page.getByRole('button', { name: 'Save' }).click();
      await page.waitForFunction(() => Clerk.user.firstName === 'Changed');
      const [user] = (await backend.users.getUserList({ query: `profile${version}+clerk_test` })).data;
      expect(user.firstName).toBe('Changed');
    });

    test('OrganizationSwitcher creates an organization and switches back', async ({ page }) => {
      await signIn(page, await person('member'));
      await mount(page, 'OrganizationSwitcher');
      const trigger = page.locator('.cl-organizationSwitcherTrigger');
      await trigger.click();
      await page.getByText('Create organization').first().click();
      await page.locator('input[name=name]').fill(`Web ${version} Inc`);
      await page.getByRole('button', { name: 'Create organization', exact: true }).click();
      await page.waitForFunction(() => window.Clerk?.organization?.name?.startsWith('Web'));
      const claims = await page.evaluate(async () => JSON.parse(atob((await Clerk.session.getToken()).split('.')[1])));
      expect(claims.o.rol).toBe('admin');
      await page.evaluate(() => Clerk.setActive({ organization: null }));
      expect(await page.evaluate(() => Clerk.organization)).toBeNull();
    });
  });
}
