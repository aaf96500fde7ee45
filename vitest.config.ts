/**
 * Pure tests run on all cores and in seconds. Stack tests start real servers and mostly wait for
 * them, so two of their files run at a time: each has servers, ports and folders of its own. Long
 * ones take minutes, run alone, and only when they are asked for.
 */
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'pure',
          include: ['{proto,relay,harness,scenarios,reports,dashboards,deploy}/**/*.test.ts'],
          exclude: ['**/*.{stack,long}.test.ts', '**/node_modules/**'],
          testTimeout: 20_000,
          maxWorkers: '100%',
        },
      },
      {
        test: {
          name: 'stack',
          include: ['{proto,relay,harness,scenarios,reports,dashboards,deploy}/**/*.stack.test.ts'],
          exclude: ['**/node_modules/**'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'long',
          include: ['{proto,relay,harness,scenarios,reports,dashboards,deploy}/**/*.long.test.ts'],
          exclude: ['**/node_modules/**'],
          testTimeout: 45 * 60_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
