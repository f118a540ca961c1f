// What the tests share: the instance's Backend API, people, and a test that fails if a request leaves this computer.
import { createClerkClient } from '@clerk/backend';
import { expect, test as base } from '@playwright/test';

export { expect };
export const { CLERK_API_URL: apiUrl, CLERK_SECRET_KEY: secretKey, CLERK_PUBLISHABLE_KEY: publishableKey } = process.env;
export const PASSWORD = 'correct horse battery staple';
export const backend = createClerkClient({ secretKey, apiUrl });

// Calls an operation of the Backend API that the SDK does not have.
export async function call(method, path, body) {
  const headers = { authorization: `Bearer ${secretKey}`, 'content-type': 'application/json' };
  const response = await fetch(`${apiUrl}/v1${path}`, { method, headers, body: JSON.stringify(body) });
  expect(response.ok, `${method} ${path}: ${response.status}`).toBe(true);
  return response.json();
}

// A worker that starts again after a failure creates its people again.
const worker = process.pid;

// Creates a person; addresses with `+clerk_test` take the code 424242.
export async function person(name, more = {}) {
  // What is before the @ has at most 64 characters.
  const emailAddress = `${name.toLowerCase().slice(0, 40)}.${worker}+clerk_test@example.com`;
  const user = await backend.users.createUser({
    firstName: name,
    lastName: 'Web',
    emailAddress: [emailAddress],
    password: PASSWORD,
    ...more,
  });
  return { id: user.id, emailAddress };
}

export const test = base.extend({
  strangers: [
    async ({ context }, use) => {
      const strangers = [];
      context.on('request', (request) => {
        const { protocol, hostname } = new URL(request.url());
        if (protocol.startsWith('http') && !['127.0.0.1', 'localhost'].includes(hostname)) strangers.push(request.url());
      });
      await use(strangers);
      expect(strangers, 'requests that left this computer').toEqual([]);
    },
    { auto: true },
  ],
});
