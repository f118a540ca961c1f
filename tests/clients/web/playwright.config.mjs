// The programs are started by `run` beside this folder, which sets the environment.
import { defineConfig } from '@playwright/test';

export default defineConfig({
  testDir: '.',
  workers: 1,
  // Generous, for machines that do other things meanwhile.
  timeout: 120_000,
  expect: { timeout: 30_000 },
  reporter: 'list',
  use: {
    baseURL: process.env.APP_URL,
    launchOptions: { executablePath: process.env.CHROMIUM, args: ['--no-sandbox'] },
    trace: 'off',
  },
});
