// Software signers pass the kit every signer passes: each algorithm, in memory and from a file, on both platforms' keys.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeAll, describe, it } from 'vitest'
import type { RecordAlg } from '@sigillo/core'
import { signerKit } from '@sigillo/testing'
import { createKeyFile, openKeyFile, softwareSigner, type PrivateJwk } from './index.js'
import { handleOf } from './key-handle.js'
import { keyFromJwk } from './keys.web.js'

const pairs: readonly (readonly [RecordAlg, () => PrivateJwk])[] = [
  ['ES256', () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }) as PrivateJwk],
  ['ES384', () => generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey.export({ format: 'jwk' }) as PrivateJwk],
  ['EdDSA', () => generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' }) as PrivateJwk],
  ['RS256', () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' }) as PrivateJwk],
  ['PS256', () => generateKeyPairSync('rsa', { modulusLength: 3072 }).privateKey.export({ format: 'jwk' }) as PrivateJwk],
]

for (const [alg, make] of pairs) {
  const jwk = make()
  describe(`${alg} in memory`, () => {
    for (const { name, run } of signerKit({ open: () => softwareSigner({ jwk, alg }), signatures: 20 })) it(name, run)
  })
  describe(`${alg} without the platform's keys`, () => {
    const open = async (): ReturnType<typeof softwareSigner> => softwareSigner({ key: handleOf(await keyFromJwk(jwk, alg)) })
    for (const { name, run } of signerKit({ open, signatures: 8 })) it(name, run)
  })
}

describe('a key file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sigillo-kit-'))
  const path = join(folder, 'main.pem')
  const passphrase = 'kit passphrase'
  beforeAll(async () => (await createKeyFile(path, { passphrase })).close())
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  for (const { name, run } of signerKit({ open: () => openKeyFile(path, { passphrase }) })) it(name, run)
})

describe('a key checked by its own signer', () => {
  const jwk = pairs[0]![1]()
  for (const { name, run } of signerKit({ open: () => softwareSigner({ jwk, guard: { selfCheck: true } }) })) it(name, run)
})
