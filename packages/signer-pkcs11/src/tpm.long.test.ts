// The same signer on a second module: tpm2-pkcs11 over a TPM in software. What it wants is in DEVICES.md.
import { FiscalError, memoryAudit, utf8, type GuardedSigner } from '@sigillo/core'
import { signerKit } from '@sigillo/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hostProgram } from './fixtures/shim.js'
import { USER_PIN } from './fixtures/softhsm.js'
import { startTpm, tpmModule, type Tpm } from './fixtures/tpm.js'
import { openPkcs11, type Pkcs11Options } from './index.js'

const module = tpmModule()
const pin = (): Uint8Array => utf8(USER_PIN)
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'none',
    (error: unknown) =>
      error instanceof FiscalError ? `${error.code} ${String(error.details['reason'] ?? '')}`.trim() : String(error),
  )

describe.skipIf(module === undefined)(
  `tpm2-pkcs11${module === undefined ? ' (skipped: neither installed nor installable here)' : ''}`,
  () => {
    let tpm: Tpm
    beforeAll(async () => {
      tpm = await startTpm(module as string)
    }, 120_000)
    afterAll(() => tpm?.stop())
    const open = (object: string, over: Partial<Pkcs11Options> = {}): Promise<GuardedSigner> =>
      openPkcs11({
        module: tpm.module,
        uri: `pkcs11:token=${tpm.token};object=${object}`,
        pin,
        audit: memoryAudit(),
        acceptedWeaknesses: [{ name: 'CKA_DECRYPT', reason: 'this module sets it on every key' }],
        ...over,
      })

    for (const object of ['record', 'seal']) {
      describe(`key ${object}: the kit`, () => {
        for (const { name: title, run } of signerKit({ open: () => open(object), signatures: 12 })) it(title, run)
      })
    }

    it('runs in a process of its own', async () => {
      const signer = await open('record', { isolate: { host: hostProgram() } })
      const work = Array.from({ length: 20 }, (_, i) =>
        signer.sign({ operation: 'record', suite: 'es256', input: { message: utf8(`receipt ${i}`) } }),
      )
      expect(await Promise.all(work)).toHaveLength(20)
      await signer.close()
    })

    it('S-12 a wrong PIN spends one try', async () => {
      const audit = memoryAudit()
      const wrong = { audit, pin: () => utf8('00000000'), secretVersion: 'wrong' }
      expect(await codeOf(open('record', wrong))).toBe('PIN_INCORRECT')
      for (let i = 0; i < 3; i++) expect(await codeOf(open('record', wrong))).toBe('PIN_LATCHED')
      expect(audit.head().count).toBe(2)
    })

    it('S-29 what every key of this module may do besides is refused until it is named', async () => {
      expect(await codeOf(open('record', { acceptedWeaknesses: [] }))).toBe('CONFIG_INVALID weak-attributes')
    })
  },
)
