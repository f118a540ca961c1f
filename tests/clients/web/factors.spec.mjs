// Other ways to sign in and up than a password: with Clerk's own components where these have them.
import { createHmac } from 'node:crypto';
import { test } from './clerk.mjs';
import { apiUrl, backend, call, expect, person } from './support.mjs';

const SECRET = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

// The code of an authenticator app: RFC 6238.
function totp(secret, now = Date.now()) {
  const bits = [...secret].map((letter) => ALPHABET.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(now / 30_000)));
  const tag = createHmac('sha1', key).update(step).digest();
  const number = tag.readUInt32BE(tag.at(-1) & 0xf) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, '0');
}

test('a phone code', async ({ page, site, version }) => {
  const number = `+1555555010${version}`;
  await person('Phone', { phoneNumber: [number] });
  await site.mount('SignIn', { routing: 'hash' });
  await page.getByText(/use phone/i).click();
  await page.locator('input[name=identifier]').fill(number);
  await site.next();
  await page.getByText('Use another method').click();
  await page.getByRole('button', { name: /SMS code/i }).click();
  await site.code();
  await site.signedIn();
});

test('an email link that is opened in another tab', async ({ page, site, context }) => {
  // What the button on the instance's page sends.
  await fetch(apiUrl, { method: 'POST', body: new URLSearchParams({ action: 'email_links', to: 'on' }) });
  await site.open();
  const { id, emailAddress } = await person('Link');
  await site.begin(emailAddress);
  await page.getByText('Use another method').click();
  await page.getByRole('button', { name: /email link/i }).click();
  const inbox = await context.newPage();
  const message = inbox.locator('#messages li', { hasText: emailAddress });
  const link = message.getByRole('link', { name: 'Open the link' });
  await expect(async () => {
    await inbox.goto(apiUrl);
    expect(await link.count()).toBe(1);
  }).toPass();
  await link.click();
  await inbox.waitForURL(/__clerk_status=verified/);
  await site.signedIn();
  expect(await page.evaluate(() => Clerk.user.id)).toBe(id);
});

test('a code of an authenticator app as the second factor', async ({ page, site }) => {
  const { emailAddress } = await person('App', { totpSecret: SECRET });
  await site.begin(emailAddress);
  await site.password();
  await site.code(totp(SECRET));
  await site.signedIn();
  expect((await site.claims()).fva).toEqual([0, 0]);
});

test('a backup code as the second factor, once', async ({ page, site }) => {
  const codes = ['first-backup-code', 'second-backup-code'];
  const { id, emailAddress } = await person('Backup', { totpSecret: SECRET, backupCodes: codes });
  await site.begin(emailAddress);
  await site.password();
  await page.getByText('Use another method').click();
  await page.getByRole('button', { name: /backup code/i }).click();
  await page.locator('input[name=code]').fill(codes[0]);
  await site.next();
  await site.signedIn();
  await expect(call('POST', `/users/${id}/verify_totp`, { code: codes[0] })).rejects.toThrow('422');
  expect((await call('POST', `/users/${id}/verify_totp`, { code: codes[1] })).code_type).toBe('backup_code');
});

test('a forgotten password', async ({ page, site }) => {
  const { id, emailAddress } = await person('Forgetful');
  const password = 'another horse, another battery';
  await site.begin(emailAddress);
  await page.getByText('Forgot password?').click();
  await page.getByRole('button', { name: 'Reset your password' }).click();
  await site.code();
  await page.locator('input[name=password]').fill(password);
  await page.locator('input[name=confirmPassword]').fill(password);
  await page.getByRole('button', { name: 'Reset Password' }).click();
  await site.signedIn();
  expect((await backend.users.verifyPassword({ userId: id, password })).verified).toBe(true);
});

test('reverification, with a new authenticator app', async ({ page, site }) => {
  await site.signIn((await person('Careful')).emailAddress);
  expect((await site.claims()).fva).toEqual([0, -1]);
  const app = await page.evaluate(() => Clerk.user.createTOTP().then(({ secret, uri }) => ({ secret, uri })));
  expect(app.uri).toContain(`secret=${app.secret}`);
  await page.evaluate((code) => Clerk.user.verifyTOTP({ code }), totp(app.secret));
  await page.evaluate(() => {
    const afterVerification = () => Object.assign(window, { isVerified: true });
    Clerk.__internal_openReverification({ level: 'multi_factor', afterVerification });
  });
  await site.password();
  // The next code, because the instance accepts each only once.
  await site.code(totp(app.secret, Date.now() + 30_000));
  await page.waitForFunction(() => window.isVerified);
  expect((await site.claims()).fva).toEqual([0, 0]);
});

test('a ticket of an invitation', async ({ page, site, version }) => {
  const emailAddress = `invited${version}.${process.pid}@example.com`;
  const invitation = await backend.invitations.createInvitation({
    emailAddress,
    redirectUrl: site.url,
    publicMetadata: { plan: 'gold' },
  });
  await site.open(invitation.url);
  await site.mount('SignUp', { routing: 'hash' });
  await site.password();
  await site.signedIn();
  const [user] = (await backend.users.getUserList({ emailAddress: [emailAddress] })).data;
  expect(user.emailAddresses[0].verification.status).toBe('verified');
  expect(user.publicMetadata).toEqual({ plan: 'gold' });
  const [after] = (await backend.invitations.getInvitationList({ query: emailAddress })).data;
  expect(after.status).toBe('accepted');
});

test('a token of a template', async ({ site, version }) => {
  const name = `web${version}_${process.pid}`;
  await call('POST', '/jwt_templates', { name, claims: { mail: '{{user.primary_email_address}}', aud: 'api' } });
  const { id, emailAddress } = await person('Template');
  await site.signIn(emailAddress);
  const claims = await site.claims({ template: name });
  expect(claims).toMatchObject({ sub: id, mail: emailAddress, aud: 'api' });
});
