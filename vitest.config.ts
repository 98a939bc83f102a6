// One runner for all packages; the `source` condition lets tests read TypeScript without a build.
import { existsSync, readdirSync } from 'node:fs'
import { defineConfig, type ViteUserConfig } from 'vitest/config'

const conditions = ['source', 'module', 'node', 'development']
const packages = readdirSync('packages').filter((name) => existsSync(`packages/${name}/package.json`))

const config: ViteUserConfig = defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    testTimeout: 60_000,
    projects: [
      { extends: true, test: { name: 'workspace', include: ['*.test.ts', 'examples/**/*.test.ts', 'bench/**/*.test.ts'] } },
      ...packages.map((name) => ({ extends: true as const, test: { name, include: [`packages/${name}/src/**/*.test.ts`] } })),
    ],
  },
})

export default config
