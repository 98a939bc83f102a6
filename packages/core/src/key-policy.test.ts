// The key policy in front of a real key: what is not listed is refused, limits outlive the process, approvals bind.
import { generateKeyPairSync, sign as platformSign } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { approvalMessage, type Approval, type ApprovalStatement } from './approvals.js'
import { memoryAudit, type AuditLog } from './audit.js'
import { toBase64url, utf8 } from './bytes.js'
import { canonical, type JsonObject } from './canonical.js'
import type { PublicJwk } from './crypto-contract.js'
import { sha256Hex } from './crypto.node.js'
import { FiscalError } from './errors.js'
import { policyHash, type KeyPolicy, type OperationRule } from './key-policy.js'
import { thumbprint } from './keys.js'
import { signingInput } from './record.js'
import { guardSigner } from './signer-guard.js'
import type { GuardedSigner, GuardOptions, GuardSignOptions } from './signer-guard-contract.js'
import type { Signer, SignerDescription } from './signer.js'

interface Person {
  readonly jwk: PublicJwk
  readonly sign: (message: Uint8Array) => Uint8Array
}
function person(): Person {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { kty, crv, x, y } = publicKey.export({ format: 'jwk' }) as Record<string, string>
  return {
    jwk: { kty, crv, x, y } as PublicJwk,
    sign: (message) => new Uint8Array(platformSign('sha256', message, { key: privateKey, dsaEncoding: 'ieee-p1363' })),
  }
}
const own = person()
const keyId = thumbprint(own.jwk)
const capabilities = {
  acceptsDigest: false,
  acceptsMessage: true,
  hardwareProtected: false,
  qualifiedDevice: false,
} as SignerDescription['capabilities']

function signerOf(kind: SignerDescription['kind'], calls: string[] = []): Signer {
  const limits = { maxConcurrent: 4, maxQueue: 100, maxMessageBytes: 10_000 }
  const description = {
    signerId: 's',
    kind,
    keyId,
    alg: 'ES256',
    suites: ['es256'],
    publicJwk: own.jwk,
    publicKeySpki: new Uint8Array(),
    certificates: [],
    limits,
    capabilities,
  } as SignerDescription
  return {
    describe: () => description,
    sign: async ({ operation, input }) => {
      calls.push(operation)
      return { signature: own.sign((input as { message: Uint8Array }).message) }
    },
    close: async () => {},
  }
}
const policyOf = (operations: Readonly<Record<string, OperationRule>>, more: Partial<KeyPolicy> = {}): KeyPolicy => ({
  policyId: 'till',
  version: 1,
  keyId,
  operations,
  ...more,
})
const plain: OperationRule = { suites: ['es256'] }
// What a queue would have signed, as far as the guard looks at it.
const recordOf = (text: string): string => signingInput('ES256', keyId, canonical({ alg: 'ES256', kid: keyId, pay: text }))
const ask = (signer: GuardedSigner, operation: string, options: GuardSignOptions = {}, text = 'content'): Promise<string> =>
  signer
    .sign({ operation, suite: 'es256', input: { message: utf8(operation === 'record' ? recordOf(text) : text) } }, options)
    .then(
      () => 'signed',
      (error: unknown) =>
        error instanceof FiscalError ? `${error.code} ${String(error.details['reason'] ?? '')}`.trim() : String(error),
    )
const linesOf = async (audit: AuditLog): Promise<JsonObject[]> => {
  const lines: JsonObject[] = []
  for await (const line of audit.read()) lines.push(line)
  return lines
}
const START = Date.parse('2026-06-01T10:30:00Z')

describe('operations', () => {
  it.each(['software', 'pkcs11', 'sam', 'remote'] as const)(
    'S-44 an operation not in the policy is refused for a %s signer, with an audit line and no signature',
    async (kind) => {
      const calls: string[] = []
      const audit = memoryAudit()
      const signer = guardSigner(signerOf(kind, calls), { policy: policyOf({ record: plain }), audit })
      for (const operation of ['csr', 'records', 'constructor', 'toString', 'hasownproperty'])
        expect(await ask(signer, operation.toLowerCase())).toBe('OPERATION_NOT_ALLOWED not-listed')
      expect(calls).toEqual([])
      const lines = await linesOf(audit)
      expect(lines).toHaveLength(5)
      expect(lines[0]).toMatchObject({
        event: 'refused',
        operation: 'csr',
        code: 'OPERATION_NOT_ALLOWED',
        keyId,
        input: sha256Hex('content'),
        policy: policyHash(policyOf({ record: plain })),
      })
      expect(await ask(signer, 'record')).toBe('signed')
      expect(calls).toEqual(['record'])
    },
  )

  it('refuses suites, callers, sizes and bare digests the rule does not allow', async () => {
    const policy = policyOf({ a: { suites: ['rs256'] }, b: { ...plain, callers: ['till'] }, c: { ...plain, maxBytes: 7 } })
    const signer = guardSigner(signerOf('software'), { policy })
    expect(await ask(signer, 'a')).toBe('SUITE_NOT_ALLOWED suite')
    expect(await ask(signer, 'b')).toBe('OPERATION_NOT_ALLOWED caller')
    expect(await ask(signer, 'b', { caller: 'other' })).toBe('OPERATION_NOT_ALLOWED caller')
    expect(await ask(signer, 'b', { caller: 'till' })).toBe('signed')
    expect(await ask(signer, 'c', {}, '1234567')).toBe('signed')
    expect(await ask(signer, 'c', {}, '12345678')).toBe('OPERATION_NOT_ALLOWED size')
  })

  it('an allowed record leaves no line, an allowed other operation one before it is released', async () => {
    const audit = memoryAudit()
    const signer = guardSigner(signerOf('software'), { policy: policyOf({ record: plain, letter: plain }), audit })
    expect(await ask(signer, 'record')).toBe('signed')
    expect(audit.head().count).toBe(0)
    const result = await signer.sign({
      operation: 'letter',
      suite: 'es256',
      input: { message: utf8('x') },
      context: { document: 'd-1' },
    })
    expect(result.audit).toEqual(audit.head())
    expect((await linesOf(audit))[0]).toMatchObject({ event: 'signed', operation: 'letter', context: { document: 'd-1' }, n: 1 })
  })

  it('S-47 with the audit store failing no signature is released', async () => {
    let handed: Uint8Array | undefined
    const device = signerOf('software')
    const spying: Signer = {
      ...device,
      sign: async (request) => {
        const result = await device.sign(request)
        handed = result.signature
        return result
      },
    }
    const audit: AuditLog = {
      ...memoryAudit(),
      append: () => Promise.reject(new FiscalError('STORAGE_FULL', { message: 'full' })),
    }
    const signer = guardSigner(spying, { audit })
    expect(await ask(signer, 'note')).toBe('CONFIG_INVALID audit-failed')
    expect(handed!.every((byte) => byte === 0)).toBe(true)
    expect(await ask(guardSigner(spying, { audit, policy: policyOf({}) }), 'note')).toBe('OPERATION_NOT_ALLOWED not-listed')
  })

  it('refuses a policy that does not fit the key, the device or itself, before anything is signed', () => {
    const reasonOf = (policy: KeyPolicy): string => {
      try {
        guardSigner(signerOf('software'), { policy })
        return 'taken'
      } catch (error) {
        return `${(error as FiscalError).code} ${String((error as FiscalError).details['reason'] ?? '')}`.trim()
      }
    }
    expect(reasonOf(policyOf({}))).toBe('taken')
    expect(reasonOf(policyOf({}, { keyId: 'A'.repeat(43) }))).toBe('KEY_MISMATCH')
    expect(reasonOf(policyOf({}, { requireHardware: true }))).toBe('CONFIG_INVALID requireHardware')
    expect(reasonOf(policyOf({}, { requireQualifiedDevice: true }))).toBe('CONFIG_INVALID requireQualifiedDevice')
    expect(reasonOf(policyOf({}, { version: 0 }))).toBe('CONFIG_INVALID policy version')
    expect(reasonOf(policyOf({}, { validUntil: 'soon' }))).toBe('CONFIG_INVALID policy validUntil')
    expect(reasonOf(policyOf({ a: { suites: [] } }))).toBe('CONFIG_INVALID policy operations.a.suites')
    expect(reasonOf(policyOf({ a: { ...plain, maxPerDay: -1 } }))).toBe('CONFIG_INVALID policy operations.a.maxPerDay')
    expect(reasonOf(policyOf({ a: { ...plain, approvals: 1 } }))).toBe('CONFIG_INVALID policy operations.a.approvals')
    const { jwk } = person()
    const approvers = (...keys: PublicJwk[]): Partial<KeyPolicy> => ({
      approvers: keys.map((key, i) => ({ person: `p${i}`, key })),
    })
    expect(reasonOf(policyOf({}, approvers(jwk, person().jwk)))).toBe('taken')
    expect(reasonOf(policyOf({}, approvers(jwk, jwk)))).toBe('CONFIG_INVALID policy approvers')
    expect(reasonOf(policyOf({}, approvers(own.jwk, jwk)))).toBe('CONFIG_INVALID policy approvers')
    for (const window of [
      { days: [0], from: '08:00', to: '20:00', zone: 'UTC' },
      { days: [1], from: '20:00', to: '08:00', zone: 'UTC' },
      { days: [1], from: '8:00', to: '20:00', zone: 'UTC' },
      { days: [1], from: '08:00', to: '20:00', zone: 'Rome' },
    ]) {
      expect(reasonOf(policyOf({ a: { ...plain, windows: [window] } }))).toBe('CONFIG_INVALID policy operations.a.windows')
    }
  })
})

describe('time', () => {
  const guardAt = (at: string, rule: OperationRule, more: Partial<KeyPolicy> = {}): GuardedSigner =>
    guardSigner(signerOf('software'), { policy: policyOf({ record: rule }, more), clock: { now: () => Date.parse(at) } })

  it('refuses outside validity and outside the hours of the zone, summer and winter', async () => {
    const validity = { validFrom: '2026-01-01T00:00:00Z', validUntil: '2027-01-01T00:00:00Z' }
    expect(await ask(guardAt('2025-12-31T23:59:59.999Z', plain, validity), 'record')).toBe('OUTSIDE_WINDOW validity')
    expect(await ask(guardAt('2026-01-01T00:00:00Z', plain, validity), 'record')).toBe('signed')
    expect(await ask(guardAt('2027-01-01T00:00:00Z', plain, validity), 'record')).toBe('OUTSIDE_WINDOW validity')
    // Monday to Saturday, 08:00 to 20:00 in Rome: UTC+1 in January, UTC+2 in July.
    const rule = { ...plain, windows: [{ days: [1, 2, 3, 4, 5, 6], from: '08:00', to: '20:00', zone: 'Europe/Rome' }] }
    const cases = [
      ['2026-01-05T06:59:59Z', 'OUTSIDE_WINDOW window'],
      ['2026-01-05T07:00:00Z', 'signed'],
      ['2026-01-05T18:59:59Z', 'signed'],
      ['2026-01-05T19:00:00Z', 'OUTSIDE_WINDOW window'],
      ['2026-07-06T06:00:00Z', 'signed'],
      ['2026-07-06T18:00:00Z', 'OUTSIDE_WINDOW window'],
      ['2026-07-05T10:00:00Z', 'OUTSIDE_WINDOW window'],
    ] as const
    for (const [at, expected] of cases) expect(await ask(guardAt(at, rule), 'record'), at).toBe(expected)
    const allDay = { ...plain, windows: [{ days: [7], from: '00:00', to: '24:00', zone: 'UTC' }] }
    expect(await ask(guardAt('2026-07-05T00:00:00Z', allDay), 'record')).toBe('signed')
    expect(await ask(guardAt('2026-07-05T23:59:59Z', allDay), 'record')).toBe('signed')
  })

  it('S-49 daily and hourly limits hold across restarts, for records too', async () => {
    let now = START
    const audit = memoryAudit(() => now)
    const policy = policyOf({ record: { ...plain, maxPerHour: 3, maxPerDay: 5 } })
    const restart = (): GuardedSigner => guardSigner(signerOf('software'), { policy, audit, clock: { now: () => now } })
    let signer = restart()
    for (let i = 0; i < 3; i++) expect(await ask(signer, 'record')).toBe('signed')
    expect(await ask(signer, 'record')).toBe('QUOTA_EXCEEDED hour')
    signer = restart()
    expect(await ask(signer, 'record')).toBe('QUOTA_EXCEEDED hour')
    now += 61 * 60_000
    for (let i = 0; i < 2; i++) expect(await ask(signer, 'record')).toBe('signed')
    expect(await ask(signer, 'record')).toBe('QUOTA_EXCEEDED day')
    now += 61 * 60_000
    expect(await ask(restart(), 'record')).toBe('QUOTA_EXCEEDED day')
    now = START + 24 * 60 * 60_000 + 60_000
    expect(await ask(restart(), 'record')).toBe('signed')
  })

  it('S-49 never allows more than the limit in any hour, whatever the times of the requests', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 4 }), fc.array(fc.nat(40), { maxLength: 30 }), async (limit, gaps) => {
        let now = START
        const signer = guardSigner(signerOf('software'), {
          policy: policyOf({ record: { ...plain, maxPerHour: limit } }),
          clock: { now: () => now },
        })
        const signed: number[] = []
        for (const gap of gaps) {
          now += gap * 60_000
          if ((await ask(signer, 'record')) === 'signed') signed.push(now)
        }
        for (const at of signed)
          expect(signed.filter((other) => other >= at && other < at + 3_600_000).length).toBeLessThanOrEqual(limit)
      }),
      { numRuns: 60 },
    )
  })

  it('S-49 a limit of a batch holds across restarts, batch by batch, and a request without one is refused', async () => {
    const audit = memoryAudit()
    const policy = policyOf({ letter: { ...plain, maxPerBatch: 2 }, note: plain })
    const restart = (): GuardedSigner => guardSigner(signerOf('software'), { policy, audit })
    const sign = (signer: GuardedSigner, context?: Readonly<Record<string, string | number>>): Promise<string> =>
      signer.sign({ operation: 'letter', suite: 'es256', input: { message: utf8('x') }, ...(context && { context }) }).then(
        () => 'signed',
        ({ code, details }: FiscalError) => `${code} ${String(details['reason'])}`,
      )
    let signer = restart()
    expect(await sign(signer)).toBe('OPERATION_NOT_ALLOWED batch-unknown')
    expect(await sign(signer, { batch: 7 })).toBe('OPERATION_NOT_ALLOWED batch-unknown')
    expect(await sign(signer, { batch: 'a' })).toBe('signed')
    signer = restart()
    expect(await sign(signer, { batch: 'a' })).toBe('signed')
    expect(await sign(signer, { batch: 'a' })).toBe('QUOTA_EXCEEDED batch')
    expect(await sign(restart(), { batch: 'a' })).toBe('QUOTA_EXCEEDED batch')
    expect(await sign(signer, { batch: 'b' })).toBe('signed')
  })

  it('allows the classes of documents the rule names, and no request that names none', async () => {
    const policy = policyOf({ letter: { ...plain, documentClasses: ['invoice', 'note'] } })
    const signer = guardSigner(signerOf('software'), { policy })
    const sign = (context?: Readonly<Record<string, string>>): Promise<string> =>
      signer.sign({ operation: 'letter', suite: 'es256', input: { message: utf8('x') }, ...(context && { context }) }).then(
        () => 'signed',
        ({ code, details }: FiscalError) => `${code} ${String(details['reason'])}`,
      )
    expect(await sign({ documentClass: 'invoice' })).toBe('signed')
    for (const context of [undefined, { documentClass: 'contract' }, { class: 'invoice' }])
      expect(await sign(context)).toBe('OPERATION_NOT_ALLOWED document-class')
  })

  it('gives back what was counted for a request that was never signed', async () => {
    let broken = true
    const device = signerOf('software')
    const signer = guardSigner(
      {
        ...device,
        sign: async (request) =>
          broken
            ? Promise.reject(
                new FiscalError('DEVICE_BUSY', { message: 'busy', kind: 'signer', details: { outcome: 'not-signed' } }),
              )
            : device.sign(request),
      },
      { policy: policyOf({ record: { ...plain, maxPerDay: 1 } }) },
    )
    expect(await ask(signer, 'record')).toBe('DEVICE_BUSY')
    broken = false
    expect(await ask(signer, 'record')).toBe('signed')
    expect(await ask(signer, 'record')).toBe('QUOTA_EXCEEDED day')
  })

  it('suspends the key after repeated violations, across restarts, until a new version of the policy', async () => {
    const audit = memoryAudit(() => START)
    const clock = { now: () => START }
    const policy = policyOf({ record: plain }, { suspend: { violations: 3, minutes: 10 } })
    const signer = guardSigner(signerOf('software'), { policy, audit, clock })
    for (let i = 0; i < 3; i++) await ask(signer, 'csr')
    expect(await ask(signer, 'record')).toBe('OPERATION_NOT_ALLOWED suspended')
    expect(await signer.health()).toMatchObject({ state: 'locked', reasons: ['SUSPENDED'] })
    const again = guardSigner(signerOf('software'), { policy, audit, clock })
    expect(await ask(again, 'record')).toBe('OPERATION_NOT_ALLOWED suspended')
    const renewed = guardSigner(signerOf('software'), { policy: { ...policy, version: 2 }, audit, clock })
    expect(await ask(renewed, 'record')).toBe('signed')
  })
})

describe('S-48 four eyes', () => {
  const [anna, bruno, carla] = [person(), person(), person()]
  const approvers = [
    { person: 'anna', key: anna.jwk },
    { person: 'bruno', key: bruno.jwk },
  ]
  const policy = policyOf({ rotate: { ...plain, approvals: 2 } }, { approvers })
  const keysOf: Readonly<Record<string, Person>> = { anna, bruno, carla }
  let nonce = 0
  const approval = (who: string, change: Partial<ApprovalStatement> = {}, by: Person | undefined = keysOf[who]): Approval => {
    const statement: ApprovalStatement = {
      policy: policyHash(policy),
      keyId,
      operation: 'rotate',
      digest: sha256Hex('content'),
      person: who,
      notBefore: '2026-06-01T10:00:00Z',
      notAfter: '2026-06-01T11:00:00Z',
      nonce: `nonce-${String(++nonce).padStart(16, '0')}`,
      ...change,
    }
    return { statement, signature: toBase64url((by as Person).sign(approvalMessage(statement))) }
  }
  const guard = (over: GuardOptions = {}): GuardedSigner =>
    guardSigner(signerOf('software'), { policy, clock: { now: () => START }, ...over })
  const asked = (approvals: readonly Approval[], options: GuardSignOptions = {}, text = 'content'): Promise<string> =>
    ask(guard(), 'rotate', { caller: 'till', approvals, ...options }, text)

  it('two persons suffice', async () => {
    expect(await asked([approval('anna'), approval('bruno')])).toBe('signed')
  })
  it('one approver, the same person twice, a copied approval and the requester do not', async () => {
    expect(await asked([])).toBe('APPROVAL_REQUIRED missing')
    expect(await asked([approval('anna')])).toBe('APPROVAL_REQUIRED missing')
    expect(await asked([approval('anna'), approval('anna')])).toBe('APPROVAL_INVALID same-person')
    const one = approval('anna')
    expect(await asked([one, one])).toBe('APPROVAL_INVALID same-person')
    expect(await asked([approval('anna'), approval('bruno')], { caller: 'bruno' })).toBe('APPROVAL_INVALID requester')
    expect(await asked([approval('anna'), approval('bruno')], { caller: undefined as never })).toBe(
      'APPROVAL_REQUIRED requester-unknown',
    )
    expect(await asked([approval('anna'), approval('carla')])).toBe('APPROVAL_INVALID unknown-person')
  })
  it('an expired, early, over-long or forged approval does not', async () => {
    const second = (change: Partial<ApprovalStatement>, by?: Person): Promise<string> =>
      asked([approval('anna'), approval('bruno', change, by ?? bruno)])
    expect(await second({ notAfter: '2026-06-01T10:30:00Z' })).toBe('APPROVAL_INVALID expired')
    expect(await second({ notBefore: '2026-06-01T10:30:01Z' })).toBe('APPROVAL_INVALID expired')
    expect(await second({ notBefore: 'whenever' })).toBe('APPROVAL_INVALID expired')
    expect(await second({ notAfter: '2026-06-01T11:00:01Z' })).toBe('APPROVAL_INVALID too-long')
    expect(await second({ nonce: 'short' })).toBe('APPROVAL_INVALID used')
    expect(await second({}, anna)).toBe('APPROVAL_INVALID signature')
    expect(await second({ operation: 'csr' })).toBe('APPROVAL_INVALID other-operation')
    expect(await second({ policy: policyHash({ ...policy, version: 2 }) })).toBe('APPROVAL_INVALID other-policy')
    expect(await second({ keyId: 'A'.repeat(43) })).toBe('APPROVAL_INVALID other-key')
  })
  it('changed content does not', async () => {
    expect(await asked([approval('anna'), approval('bruno')], {}, 'other content')).toBe('APPROVAL_INVALID other-content')
  })
  it('a used approval does not, in this process and the next', async () => {
    const audit = memoryAudit(() => START)
    const [caller, approvals] = ['till', [approval('anna'), approval('bruno')]]
    const first = guard({ audit })
    expect(await ask(first, 'rotate', { caller, approvals })).toBe('signed')
    expect(await ask(first, 'rotate', { caller, approvals })).toBe('APPROVAL_INVALID used')
    expect(await ask(guard({ audit }), 'rotate', { caller, approvals })).toBe('APPROVAL_INVALID used')
    expect(await ask(guard({ audit }), 'rotate', { caller, approvals: [approvals[0]!, approval('bruno')] })).toBe(
      'APPROVAL_INVALID used',
    )
  })
})
