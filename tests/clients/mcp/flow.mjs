// Goes with the client of @modelcontextprotocol/sdk from the URL of an MCP server to the answer of a tool, and asks for another
// scope on the way.
//
//     node flow.mjs MCP_URL CLERK_API_URL CLERK_SECRET_KEY
//
// The server is examples/mcp, the instance clerk-local. Does everything twice: with opaque access tokens and with JWTs. Prints an
// access token at the end, for other clients.

import assert from 'node:assert/strict';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

// Nothing listens there: the browser stops before it.
const CALLBACK = 'http://127.0.0.1:9/callback';
const [mcpUrl, clerkUrl, secretKey] = process.argv.slice(2);
const note = { name: 'add_note', arguments: { text: 'milk' } };

async function settings(changes) {
  const headers = { Authorization: `Bearer ${secretKey}`, 'Content-Type': 'application/json' };
  const url = `${clerkUrl}/v1/instance/oauth_application_settings`;
  const response = await fetch(url, { method: 'PATCH', headers, body: JSON.stringify(changes) });
  assert.equal(response.status, 200, await response.text());
}

// A person with a browser: follows links, keeps cookies, submits forms.
class Browser {
  cookies = new Map();

  async go(url, form) {
    for (;;) {
      if (url.href.startsWith(CALLBACK)) return { url };
      const headers = { Origin: url.origin, 'Sec-Fetch-Dest': 'document' };
      headers.Cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      const method = form ? 'POST' : 'GET';
      const response = await fetch(url, { method, headers, body: form, redirect: 'manual' });
      for (const cookie of response.headers.getSetCookie()) {
        const [, name, value] = /^([^=]*)=([^;]*)/.exec(cookie);
        this.cookies.set(name, value);
      }
      const location = response.headers.get('location');
      if (!location) {
        assert.equal(response.status, 200, url.href);
        return { url, text: await response.text() };
      }
      url = new URL(location, url);
      form = undefined;
    }
  }

  // Submits the first form of a page with this action: its hidden fields, and the button.
  async submit(page, action, name, value) {
    const form = page.text.split(`action="${action}"`)[1].split('</form>')[0];
    const fields = new URLSearchParams();
    for (const [tag] of form.matchAll(/<input type="hidden"[^>]*>/g)) {
      const attribute = which => new RegExp(`${which}="([^"]*)"`).exec(tag)[1];
      const text = attribute('value').replaceAll('&quot;', '"').replaceAll('&#39;', "'");
      fields.append(attribute('name'), text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&'));
    }
    fields.append(name, value);
    return this.go(new URL(action, page.url), fields);
  }

  // Signs Ada in if she is not, and allows what the client asks for. Returns the authorization code.
  async allow(url) {
    let page = await this.go(url);
    if (page.url.pathname === '/sign-in') {
      page = await this.submit(page, '/sign-in', 'user', 'user_ada');
      page = await this.submit(page, '/sign-in/organization', 'organization', 'org_acme');
    }
    assert.equal(page.url.pathname, '/oauth/authorize');
    page = await this.submit(page, '/oauth/authorize', 'consented', 'true');
    return page.url.searchParams.get('code');
  }
}

// What an application keeps for the SDK.
class Provider {
  redirectUrl = CALLBACK;
  clientMetadata = { client_name: 'Agent', redirect_uris: [CALLBACK], token_endpoint_auth_method: 'none' };
  asked = [];

  constructor(first) {
    this.first = first;
  }

  clientInformation = () => this.client;
  saveClientInformation = client => void (this.client = client);
  tokens = () => this.kept;
  codeVerifier = () => this.verifier;
  saveCodeVerifier = verifier => void (this.verifier = verifier);

  // Without the refresh token: with one, the SDK responds to a missing scope by a refresh, which brings the same scopes.
  saveTokens({ refresh_token, ...tokens }) {
    this.refreshToken = refresh_token;
    this.kept = tokens;
  }

  // The SDK asks for all scopes of the server's document. This user allows less at first.
  redirectToAuthorization(url) {
    this.asked.push(url.searchParams.get('scope'));
    if (this.asked.length === 1) url.searchParams.set('scope', this.first);
    this.page = url;
  }
}

async function call(client, params) {
  const result = await client.callTool(params);
  assert.ok(!result.isError, JSON.stringify(result));
  return result.structuredContent;
}

async function walk(jwts) {
  await settings({ dynamic_oauth_client_registration: true, oauth_jwt_access_tokens: jwts });
  const provider = new Provider('profile');
  const browser = new Browser();
  const client = new Client({ name: 'agent', version: '1' });
  const transport = () => new StreamableHTTPClientTransport(new URL(mcpUrl), { authProvider: provider });

  // 401, both documents, registration; then the browser, the code with PKCE, the token.
  const first = transport();
  await assert.rejects(client.connect(first), UnauthorizedError);
  assert.equal(provider.page.searchParams.get('resource'), mcpUrl);
  assert.equal(provider.page.searchParams.get('code_challenge_method'), 'S256');
  await first.finishAuth(await browser.allow(provider.page));
  assert.equal(provider.kept.access_token.startsWith('oat_'), !jwts);

  const second = transport();
  await client.connect(second);
  const { tools } = await client.listTools();
  assert.deepEqual(tools.map(tool => tool.name).sort(), ['add_note', 'my_organizations', 'who_am_i']);
  const caller = await call(client, { name: 'who_am_i' });
  const client_id = provider.client.client_id;
  const expected = { name: 'Ada Lovelace', user: 'user_ada', client: client_id, scopes: ['profile'], audience: [mcpUrl] };
  assert.deepEqual(caller, expected);
  const { organizations } = await call(client, { name: 'my_organizations' });
  assert.deepEqual(organizations, [{ name: 'Acme', id: 'org_acme', role: 'org:admin' }]);

  // 403: the SDK asks for the scopes of the challenge.
  await assert.rejects(call(client, note), UnauthorizedError);
  assert.equal(provider.asked.length, 2);
  assert.equal(provider.asked[1], 'profile private_metadata');
  await second.finishAuth(await browser.allow(provider.page));
  const { notes } = await call(client, note);
  assert.equal(notes.at(-1), 'milk');

  // The user takes everything back: the grant, and with it opaque access tokens.
  const token = provider.kept.access_token;
  const revoked = new URLSearchParams({ client_id, token: provider.refreshToken });
  const response = await fetch(`${clerkUrl}/oauth/token/revoke`, { method: 'POST', body: revoked });
  assert.equal(response.status, 200);
  if (jwts) {
    assert.deepEqual(await call(client, { name: 'my_organizations' }), { organizations });
  } else {
    await assert.rejects(call(client, { name: 'my_organizations' }), UnauthorizedError);
    assert.equal(provider.asked.length, 3);
  }
  await client.close();
  return token;
}

await walk(false);
console.error('opaque tokens: ok');
const token = await walk(true);
console.error('JWTs: ok');
console.log(token);
