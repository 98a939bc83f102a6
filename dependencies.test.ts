// What the product brings along: one ASN.1 library, no native module as a hard dependency, nothing nobody decided on.
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

interface Manifest {
  readonly name: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}
const manifests = readdirSync('packages').map(
  (folder) => JSON.parse(readFileSync(`packages/${folder}/package.json`, 'utf8')) as Manifest,
)
const lockfile = readFileSync('pnpm-lock.yaml', 'utf8')

/** Each outside library a package may need at run time, decided one by one; the reason stands in the package's README. */
const decided: Readonly<Record<string, readonly string[]>> = {
  '@noble/curves': ['@sigillo/core', '@sigillo/signer-software'],
  '@noble/hashes': ['@sigillo/core', '@sigillo/documents', '@sigillo/country-it'],
  fflate: ['@sigillo/core', '@sigillo/country-fr'],
  uqr: ['@sigillo/country-fr'],
  zod: ['@sigillo/core', '@sigillo/country-fr', '@sigillo/country-it', '@sigillo/server-rt', '@sigillo/cli'],
  asn1js: ['@sigillo/documents', '@sigillo/authority-it'],
  pkijs: ['@sigillo/documents', '@sigillo/authority-it'],
  'libxml2-wasm': ['@sigillo/authority-it'],
  saxes: ['@sigillo/documents'],
  pg: ['@sigillo/storage-postgres'],
}
const native: Readonly<Record<string, string>> = { pkcs11js: '@sigillo/signer-pkcs11', 'pcsc-mini': '@sigillo/signer-sam' }

describe('S-87 dependencies', () => {
  it.each(['asn1js', 'pkijs'])('the workspace holds exactly one %s', (name) => {
    const versions = new Set([...lockfile.matchAll(new RegExp(`^ {2}'?${name}@([^(:']+)`, 'gm'))].map(([, version]) => version))
    expect([...versions]).toHaveLength(1)
  })

  it.each(manifests.map((manifest) => [manifest.name, manifest] as const))(
    '%s needs nothing at run time that was not decided',
    (name, manifest) => {
      const outside = Object.keys(manifest.dependencies ?? {}).filter((dependency) => !dependency.startsWith('@sigillo/'))
      for (const dependency of outside) expect(decided[dependency] ?? [], dependency).toContain(name)
      for (const dependency of Object.keys(manifest.optionalDependencies ?? {})) expect(native[dependency]).toBe(name)
    },
  )
})
