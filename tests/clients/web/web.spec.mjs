// A Vite page with @clerk/react, whose API is the quickstart, and the sign-in helpers of @clerk/testing.
import { clerk, clerkSetup, setupClerkTestingToken } from '@clerk/testing/playwright';
import { PASSWORD, backend, expect, person, test } from './support.mjs';

test.beforeAll(async () => {
  await clerkSetup();
});

// What the helper does for `clerk.signIn({ page, emailAddress })`, which always asks Clerk's own servers.
async function ticketFor(emailAddress) {
  const [user] = (await backend.users.getUserList({ emailAddress: [emailAddress] })).data;
  return (await backend.signInTokens.createSignInToken({ userId: user.id, expiresInSeconds: 300 })).token;
}

async function asks(page, answer) {
  await page.getByRole('button', { name: 'Ask the API' }).click();
  await expect(page.locator('output')).toContainText(answer);
}

test('someone signs in with a password, and the API knows who it is until they leave', async ({ page }) => {
  const { emailAddress } = await person('Ada');
  await page.goto('/');
  await asks(page, '401');
  await page.locator('input[name=identifier]').fill(emailAddress);
  await page.getByRole('button', { name: 'Continue', exact: true }).click();
  await page.locator('input[name=password]').fill(PASSWORD);
  await page.getByRole('button', { name: 'Continue', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'Hello Ada Web' })).toBeVisible();
  await asks(page, '200');
  await expect(page.locator('output')).toContainText('Ada');
  await page.getByRole('button', { name: 'Leave' }).click();
  await expect(page.locator('input[name=identifier]')).toBeVisible();
  await asks(page, '401');
});

for (const [name, params] of [
  ['Password', (identifier) => ({ signInParams: { strategy: 'password', identifier, password: PASSWORD } })],
  ['Code', (identifier) => ({ signInParams: { strategy: 'email_code', identifier } })],
  ['Phone', () => ({ signInParams: { strategy: 'phone_code', identifier: '+15555550142' } })],
  ['Ticket', async (emailAddress) => ({ signInParams: { strategy: 'ticket', ticket: await ticketFor(emailAddress) } })],
]) {
  test(`the helper of @clerk/testing signs in: ${name}`, async ({ page }) => {
    const { emailAddress } = await person(name, name === 'Phone' ? { phoneNumber: ['+15555550142'] } : {});
    await setupClerkTestingToken({ page });
    await page.goto('/');
    await clerk.signIn({ page, ...(await params(emailAddress)) });
    await expect(page.getByRole('heading', { name: `Hello ${name} Web` })).toBeVisible();
    await asks(page, '200');
    await clerk.signOut({ page });
    await expect(page.locator('input[name=identifier]')).toBeVisible();
  });
}
