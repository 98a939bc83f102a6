// One runner for all packages; the `source` condition lets tests read TypeScript without a build.
import { existsSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineConfig, type ViteUserConfig } from 'vitest/config'

const root: string = fileURLToPath(new URL('.', import.meta.url))
const conditions = ['source', 'module', 'node', 'development']
const packages = readdirSync(`${root}packages`).filter((name) => existsSync(`${root}packages/${name}/package.json`))
// Tests too long for every day carry .long.test.ts in their name and run with `npm run test:long` only.
const long = process.env['SIGILLO_LONG'] === '1'
const exclude = ['**/node_modules/**', '**/dist/**', ...(long ? [] : ['**/*.long.test.ts'])]

const config: ViteUserConfig = defineConfig({
  root,
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    // Nothing a test does may leave this machine; the guard fails the test that tries.
    setupFiles: [`${root}packages/testing/src/node/loopback.test-support.ts`],
    testTimeout: long ? 3_600_000 : 60_000,
    hookTimeout: long ? 3_600_000 : 120_000,
    reporters: ['default', `${root}scripts/skips-reporter.mjs`],
    projects: [
      {
        extends: true,
        test: {
          name: 'workspace',
          include: ['*.test.ts', 'examples/**/*.test.ts', 'bench/**/*.test.ts', 'verifiers/**/*.test.ts'],
          exclude,
        },
      },
      ...packages.map((name) => ({
        extends: true as const,
        test: { name, include: [`packages/${name}/src/**/*.test.ts`], exclude },
      })),
    ],
  },
})

export default config
