// Pages without a framework that load Clerk's own scripts: clerk-js 6, whose components are in @clerk/ui, or clerk-js 5.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { PASSWORD, apiUrl, expect, publishableKey, test as base } from './support.mjs';

const VERSIONS = {
  6: { js: 'clerk-js', ui: 'ui' },
  5: { js: 'clerk-js-5' },
};

function html(version) {
  const attributes = `crossorigin="anonymous" data-clerk-publishable-key="${publishableKey}" data-clerk-proxy-url="${apiUrl}"`;
  const script = (name, file) => `<script src="/scripts/${name}/dist/${file}" ${attributes}></script>`;
  const { js, ui } = VERSIONS[version];
  const options = ui ? '{ telemetry: false, ui: { ClerkUI: window.__internal_ClerkUICtor } }' : '{ telemetry: false }';
  return `<!doctype html><title>Components</title><div id="app"></div>${ui ? script(ui, 'ui.browser.js') : ''}
    ${script(js, 'clerk.browser.js')}<script>window.loading = Clerk.load(${options})</script>`;
}

function respond(request, response) {
  const { pathname } = new URL(request.url, 'http://localhost');
  const isScript = pathname.startsWith('/scripts/');
  response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
  const file = path.join(process.env.SCRIPTS, path.normalize(pathname).slice('/scripts/'.length));
  const [, version] = pathname.split('/');
  if (!isScript && !VERSIONS[version]) response.writeHead(404).end();
  else response.end(isScript ? readFileSync(file) : html(version));
}

class Site {
  constructor(page, url, version) {
    Object.assign(this, { page, url, version });
  }

  async open(url = this.url) {
    await this.page.goto(url);
    await this.loaded();
  }

  async loaded() {
    const { page, version } = this;
    await page.evaluate(() => window.loading);
    expect(await page.evaluate(() => Clerk.version.split('.')[0])).toBe(version);
    expect(await page.evaluate(() => Clerk.status)).toBe('ready');
  }

  async mount(component, options = {}) {
    await this.page.evaluate(
      ([component, options]) => {
        const here = location.pathname;
        const urls = {
          fallbackRedirectUrl: here,
          signUpFallbackRedirectUrl: here,
          afterCreateOrganizationUrl: here,
          afterSelectOrganizationUrl: here,
        };
        Clerk[`mount${component}`](document.getElementById('app'), { ...urls, ...options });
      },
      [component, options],
    );
  }

  // Signs in without a component.
  async signIn(identifier) {
    await this.page.evaluate(
      async ([identifier, password]) => {
        const { createdSessionId } = await Clerk.client.signIn.create({ identifier, password });
        await Clerk.setActive({ session: createdSessionId });
      },
      [identifier, PASSWORD],
    );
  }

  // Shows the sign-in component, and enters who it is.
  async begin(identifier) {
    await this.mount('SignIn', { routing: 'hash' });
    await this.page.locator('input[name=identifier]').fill(identifier);
    await this.next();
  }

  async password(text = PASSWORD) {
    await this.page.locator('input[name=password]').fill(text);
    await this.next();
  }

  async next() {
    await this.page.getByRole('button', { name: 'Continue', exact: true }).click();
  }

  async code(digits = '424242') {
    await this.page.locator('input[autocomplete="one-time-code"], input[name^="codeInput"]').first().waitFor();
    await this.page.keyboard.type(digits, { delay: 30 });
  }

  async signedIn() {
    await this.page.waitForFunction(() => window.Clerk?.loaded && Clerk.user);
  }

  // Returns the claims of a new session token, or of one with these options.
  async claims(options = { skipCache: true }) {
    const token = await this.page.evaluate((options) => Clerk.session.getToken(options), options);
    return JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));
  }
}

export const test = base.extend({
  version: ['6', { option: true }],
  // The page's origin: the name of this computer under which the Frontend API is, and another port, as in development.
  origin: [
    async ({}, use) => {
      const server = createServer(respond);
      const { hostname } = new URL(apiUrl);
      await new Promise((resolve) => server.listen(0, hostname, resolve));
      await use(`http://${hostname}:${server.address().port}`);
      server.close();
    },
    { scope: 'worker' },
  ],
  site: async ({ page, origin, version }, use) => {
    const site = new Site(page, `${origin}/${version}/`, version);
    await site.open();
    await use(site);
  },
});
