// The signer kit bites: signers with one thing wrong fail it, each in the case meant for it.
import { describe, expect, it } from 'vitest'
import { generateKey, softwareSigner } from '@sigillo/signer-software'
import type { Signer } from '@sigillo/core'
import { faultySigner, signerKit } from './index.js'

async function failing(spoil: (signer: Signer) => Signer): Promise<string[]> {
  const { publicJwk } = await generateKey('ES256')
  expect(publicJwk.kty).toBe('EC')
  const failed: string[] = []
  for (const { name, run } of signerKit({ open: async () => spoil(await softwareSigner()), signatures: 4 })) {
    await run().catch(() => failed.push(name.split(' ')[0] as string))
  }
  return failed
}

describe('the signer kit notices', () => {
  it('nothing in a good signer whose key is another at each opening, but that', async () => {
    expect(await failing((signer) => signer)).toEqual(['S-09'])
  })
  it('wrong signatures', async () => {
    expect(await failing((signer) => faultySigner(signer, [{ how: 'wrong', times: 1000 }]))).toContain('S-03')
  })
  it('a description that changes', async () => {
    let count = 0
    expect(
      await failing((signer) => ({
        ...faultySigner(signer),
        describe: () => ({ ...signer.describe(), signerId: `s${count++}` }),
      })),
    ).toContain('S-02')
  })
})
