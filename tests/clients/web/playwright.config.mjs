// The programs are started by `run` beside this folder, which sets the environment.
import { defineConfig } from '@playwright/test';

const clerkJs = { testMatch: ['components.spec.mjs', 'factors.spec.mjs'], fullyParallel: true };

export default defineConfig({
  testDir: '.',
  workers: 2,
  // Generous, for machines that do other things meanwhile.
  timeout: 120_000,
  expect: { timeout: 30_000 },
  // One of many runs failed because a form of Clerk's components never appeared, and did so no more when repeated. A test that
  // fails only once is listed as flaky.
  retries: 1,
  reporter: 'list',
  projects: [
    { name: 'clerk-js 6', ...clerkJs, use: { version: '6' } },
    { name: 'clerk-js 5', ...clerkJs, use: { version: '5' }, grepInvert: /@6/ },
    { name: 'react', testMatch: 'web.spec.mjs', fullyParallel: true },
    // The instance's own pages come last: they show what the other tests did, and one of them advances the time.
    { name: 'pages', testMatch: 'pages.spec.mjs', dependencies: ['clerk-js 6', 'clerk-js 5', 'react'] },
  ],
  use: {
    baseURL: process.env.APP_URL,
    launchOptions: { executablePath: process.env.CHROMIUM, args: ['--no-sandbox'] },
    trace: 'off',
  },
});
