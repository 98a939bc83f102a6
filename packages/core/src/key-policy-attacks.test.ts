// Ways round the key policy for a program that holds the guarded signer and speaks to it without types: objects that change under the guard's
// eyes, texts that cannot be written down, messages dressed as something else. None of them gets a signature, and none goes unrecorded.
import { execFileSync, spawnSync } from 'node:child_process'
import { generateKeyPairSync, sign as platformSign } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { approvalMessage, type Approval } from './approvals.js'
import { memoryAudit, type AuditLog } from './audit.js'
import { concat, toBase64url, utf8 } from './bytes.js'
import type { JsonObject } from './canonical.js'
import type { PublicJwk } from './crypto-contract.js'
import { sha256Hex } from './crypto.node.js'
import type { FiscalError } from './errors.js'
import { policyHash, type KeyPolicy } from './key-policy.js'
import { thumbprint } from './keys.js'
import { signingInput } from './record.js'
import { formatRefusal } from './signed-format.js'
import { guardSigner } from './signer-guard.js'
import type { GuardedSigner, GuardOptions } from './signer-guard-contract.js'
import type { Signer, SignerDescription, SignRequest } from './signer.js'

const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const jwkOf = (key: typeof pair.publicKey): PublicJwk => {
  const { kty, crv, x, y } = key.export({ format: 'jwk' }) as Record<string, string>
  return { kty, crv, x, y } as PublicJwk
}
const publicJwk = jwkOf(pair.publicKey)
const keyId = thumbprint(publicJwk)
const spki = new Uint8Array(pair.publicKey.export({ type: 'spki', format: 'der' }))
const p1363 = (message: Uint8Array, key = pair.privateKey): Uint8Array =>
  new Uint8Array(platformSign('sha256', message, { key, dsaEncoding: 'ieee-p1363' }))
// All a guarded signer offers: none of it weakens it.
const SURFACE = ['auditHead', 'auditStanding', 'close', 'constructor', 'describe', 'health', 'keepsAudit', 'on', 'revoke', 'sign']
const START = Date.parse('2026-06-01T10:30:00Z')

interface Seen {
  readonly suite: string
  readonly text: string
}
// A real P-256 key that says it has two suites, so that a forbidden one can be asked for; it notes what reached it.
function device(seen: Seen[]): Signer {
  const description = {
    signerId: 's',
    kind: 'software',
    keyId,
    alg: 'ES256',
    suites: ['es256', 'es384'],
    publicJwk,
    publicKeySpki: spki.slice(),
    certificates: [],
    limits: { maxConcurrent: 1, maxQueue: 10, maxMessageBytes: 10_000 },
    capabilities: { acceptsDigest: false, acceptsMessage: true } as SignerDescription['capabilities'],
  } satisfies SignerDescription
  return {
    describe: () => description,
    sign: async ({ suite, input }) => {
      const { message } = input as { readonly message: Uint8Array }
      seen.push({ suite, text: new TextDecoder().decode(message) })
      return { signature: p1363(message) }
    },
    close: async () => {},
  }
}
const policy: KeyPolicy = { policyId: 'p', version: 1, keyId, operations: { letter: { suites: ['es256'] } } }

interface Bench {
  readonly signer: GuardedSigner
  readonly seen: Seen[]
  readonly audit: AuditLog
  readonly events: () => Promise<string[]>
}
function bench(given: KeyPolicy = policy, options: GuardOptions = {}): Bench {
  const seen: Seen[] = []
  const audit = memoryAudit(() => START)
  const signer = guardSigner(device(seen), { policy: given, audit, clock: { now: () => START }, ...options })
  const events = async (): Promise<string[]> => {
    const found: JsonObject[] = []
    for await (const line of audit.read()) found.push(line)
    return found.map((line) => `${String(line['event'])} ${String(line['operation'])}`)
  }
  return { signer, seen, audit, events }
}
const outcome = (asked: Promise<unknown>): Promise<string> =>
  asked.then(
    () => 'signed',
    ({ code, details }: FiscalError) => `${code} ${String(details?.['reason'] ?? '')}`.trim(),
  )
const letter = (text: string): SignRequest => ({ operation: 'letter', suite: 'es256', input: { message: utf8(text) } })

describe('S-44 what was decided on is what is signed', () => {
  it('a request that changes after the call signs as it was', async () => {
    const { signer, seen, events } = bench()
    const request = { operation: 'csr', suite: 'es384', input: { message: utf8('forbidden') } } as Record<string, unknown>
    const asked = signer.sign(request as unknown as SignRequest)
    Object.assign(request, letter('allowed'))
    expect(await outcome(asked)).toBe('OPERATION_NOT_ALLOWED not-listed')
    expect(seen).toEqual([])
    expect(await events()).toEqual(['refused csr'])
  })

  it('a member that answers differently each time is read once', async () => {
    const { signer, seen } = bench()
    let asked = 0
    const request = Object.defineProperty(letter('x'), 'suite', { get: () => (asked++ === 0 ? 'es256' : 'es384') })
    expect(await outcome(signer.sign(request))).toBe('signed')
    expect(seen).toEqual([{ suite: 'es256', text: 'x' }])
  })

  it('bytes of a class of the caller’s own cannot change after they were looked at', async () => {
    class Alive extends Uint8Array {
      override slice(): Uint8Array<ArrayBuffer> {
        return this as unknown as Uint8Array<ArrayBuffer>
      }
    }
    const { signer, seen } = bench()
    const message = new Alive(utf8('looked at'))
    const asked = signer.sign({ ...letter(''), input: { message } })
    message.set(utf8('forbidden'))
    expect(await outcome(asked)).toBe('signed')
    expect(seen[0]?.text).toBe('looked at')
  })

  it('a policy, options and a description changed afterwards change nothing', async () => {
    const mine = structuredClone(policy) as { operations: Record<string, unknown> } & KeyPolicy
    const audit = memoryAudit(() => START)
    const options: { audit?: AuditLog } = { audit }
    const { signer, seen } = bench(mine, options)
    mine.operations['csr'] = { suites: ['es256'] }
    delete options.audit
    expect(await outcome(signer.sign({ ...letter('x'), operation: 'csr' }))).toBe('OPERATION_NOT_ALLOWED not-listed')
    expect(signer.keepsAudit).toBe(true)
    const told = signer.describe() as unknown as { suites: string[]; publicKeySpki: Uint8Array; keyId: string }
    expect(() => told.suites.push('ps256')).toThrow(TypeError)
    expect(() => (told.keyId = 'mine')).toThrow(TypeError)
    told.publicKeySpki.fill(0)
    expect(signer.describe().publicKeySpki).toEqual(spki)
    expect(seen).toEqual([])
  })

  it('a signature is not handed to another caller by its idempotency key', async () => {
    const { signer, seen } = bench({ ...policy, operations: { letter: { suites: ['es256'], callers: ['till'] } } })
    const request = { ...letter('x'), idempotencyKey: 'k' }
    expect(await outcome(signer.sign(request, { caller: 'till' }))).toBe('signed')
    expect(await outcome(signer.sign(request, { caller: 'other' }))).toBe('REQUEST_CONFLICT')
    expect(await outcome(signer.sign(request))).toBe('REQUEST_CONFLICT')
    expect(seen).toHaveLength(1)
  })
})

describe('S-44 no refusal goes unrecorded', () => {
  it('what could not be written to the log is no request', async () => {
    const { signer, events } = bench()
    const loop: Record<string, unknown> = {}
    loop['self'] = loop
    for (const context of [{ a: '\ud800' }, { a: 0.5 }, { a: -0 }, { a: loop }, { a: null }, { '': 'x' }, [], 'x', null, loop])
      expect(await outcome(signer.sign({ ...letter('x'), operation: 'csr', context: context as never }))).toBe('REQUEST_INVALID')
    for (const caller of ['', '\ud800', 'x'.repeat(257), 7, null, {}])
      expect(await outcome(signer.sign(letter('x'), { caller: caller as never }))).toBe('REQUEST_INVALID')
    for (const approvals of [[{}], [null], {}, [{ statement: {}, signature: 'x' }], Array.from({ length: 17 })])
      expect(await outcome(signer.sign(letter('x'), { approvals: approvals as never }))).toBe('REQUEST_INVALID')
    expect(await events()).toEqual([])
    expect(await outcome(signer.sign({ ...letter('x'), operation: 'csr', context: { document: 'd', page: 1 } }))).toMatch(
      /not-listed/,
    )
    expect(await events()).toEqual(['refused csr'])
  })
})

describe('S-44 no way round the log or the certificate', () => {
  it('what is signed at once is a record of this key, where a log is kept', async () => {
    const audit = memoryAudit(() => START)
    const instant = (options: GuardOptions): GuardedSigner =>
      guardSigner({ ...device([]), signNow: (message) => p1363(message) }, options)
    const signer = instant({ audit })
    const record = utf8(signingInput('ES256', keyId, '{"alg":"ES256"}'))
    expect(signer.signNow?.(record)).toHaveLength(64)
    for (const message of [
      utf8('a letter'),
      utf8(signingInput('ES256', 'A'.repeat(43), '{}')),
      record.subarray(0, 40),
      new Uint8Array(),
    ])
      expect(() => signer.signNow?.(message)).toThrow(expect.objectContaining({ code: 'REQUEST_INVALID' }))
    expect(instant({}).signNow?.(utf8('a letter'))).toHaveLength(64)
  })

  it.each([
    ['revoked', 'CERT_REVOKED', (signer: GuardedSigner) => signer.revoke({ sinceMs: START - 1, reason: 'found out' })],
    [
      'suspended',
      'OPERATION_NOT_ALLOWED suspended',
      (signer: GuardedSigner) => outcome(signer.sign({ ...letter('x'), operation: 'csr' })),
    ],
  ] as const)('a request that stood in line while the key was %s is not signed', async (_, code, end) => {
    let answer: () => void = () => {}
    const busy = new Promise<void>((resolve) => (answer = resolve))
    const [seen, good]: [Seen[], Signer] = [[], device([])]
    const slow: Signer = {
      ...good,
      sign: async (request) => {
        seen.push({ suite: request.suite, text: '' })
        await busy
        return good.sign(request)
      },
    }
    const certificate = { notBeforeMs: START - 1000, notAfterMs: START + 1000 }
    const strict = { ...policy, suspend: { violations: 1, minutes: 10 } }
    const signer = guardSigner(slow, { policy: strict, certificate, clock: { now: () => START } })
    const [first, second] = [outcome(signer.sign(letter('first'))), outcome(signer.sign(letter('second')))]
    await new Promise((resolve) => setTimeout(resolve, 5))
    await end(signer)
    answer()
    expect([await first, await second]).toEqual(['signed', code])
    expect(seen).toHaveLength(1)
  })

  it('whoever holds a signer cannot let it outlive its certificate', async () => {
    const certificate = { notBeforeMs: START - 2, notAfterMs: START - 1 }
    const { signer } = bench(undefined, { certificate })
    expect(Object.getOwnPropertyNames(Object.getPrototypeOf(signer)).toSorted()).toEqual(SURFACE)
    certificate.notAfterMs = START + 1
    expect(await outcome(signer.sign(letter('x')))).toBe('CERT_EXPIRED')
  })
})

describe('S-44 an allowed request that comes to nothing is recorded too', () => {
  it('a device that fails leaves a line with its code; a counter of the device is told', async () => {
    const audit = memoryAudit(() => START)
    const seen: Seen[] = []
    let broken = true
    const good = device(seen)
    const fails = { code: 'DEVICE_BUSY', kind: 'signer', details: { outcome: 'not-signed' } }
    const signer = guardSigner(
      {
        ...good,
        sign: async (request) => {
          if (broken) throw Object.assign(new Error('busy'), fails)
          return { ...(await good.sign(request)), deviceCounter: 41 }
        },
      },
      { policy, audit },
    )
    expect(await outcome(signer.sign(letter('x')))).toBe('DEVICE_FAULT')
    broken = false
    expect(await outcome(signer.sign(letter('x')))).toBe('signed')
    const lines: JsonObject[] = []
    for await (const line of audit.read()) lines.push(line)
    expect(lines).toMatchObject([
      { event: 'failed', operation: 'letter', code: 'DEVICE_FAULT', outcome: 'unknown', input: sha256Hex('x') },
      { event: 'signed', operation: 'letter', deviceCounter: 41 },
    ])
  })
})

describe('S-48 approvals that change under the guard’s eyes', () => {
  const anna = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const eyes: KeyPolicy = {
    ...policy,
    operations: { letter: { suites: ['es256'], approvals: 1 } },
    approvers: [{ person: 'anna', key: jwkOf(anna.publicKey) }],
  }
  const agreed = (text: string, nonce: string): Approval => {
    const times = { notBefore: '2026-06-01T10:00:00Z', notAfter: '2026-06-01T11:00:00Z' }
    const about = { policy: policyHash(eyes), keyId, operation: 'letter', digest: sha256Hex(text), person: 'anna' }
    const statement = { ...about, ...times, nonce: nonce.padEnd(16, '-') }
    return { statement, signature: toBase64url(p1363(approvalMessage(statement), anna.privateKey)) }
  }

  it('an approval of one content serves no other, whatever its members answer when', async () => {
    const { signer, seen } = bench(eyes)
    const { statement, signature } = agreed('harmless', 'n1')
    let reads = 0
    const digest = (): string => (reads++ === 0 ? sha256Hex('harmful') : statement.digest)
    const forged = { statement: Object.defineProperty({ ...statement }, 'digest', { get: digest, enumerable: true }), signature }
    expect(await outcome(signer.sign(letter('harmful'), { caller: 'till', approvals: [forged] }))).toBe(
      'APPROVAL_INVALID signature',
    )
    expect(seen).toEqual([])
  })

  it('an approval is used up under the number that was judged, for the next process too', async () => {
    const { signer, audit } = bench(eyes)
    const approval = agreed('x', 'n2')
    const approvals = [approval]
    const asked = signer.sign(letter('x'), { caller: 'till', approvals })
    approvals[0] = agreed('x', 'n3')
    expect(await outcome(asked)).toBe('signed')
    const next = bench(eyes, { audit }).signer
    expect(await outcome(next.sign(letter('x'), { caller: 'till', approvals: [approval] }))).toBe('APPROVAL_INVALID used')
  })
})

const openssl = spawnSync('openssl', ['version']).error === undefined
describe.skipIf(!openssl)('S-45 messages dressed as something else (needs openssl)', () => {
  const tlv = (tag: number, ...parts: Uint8Array[]): Uint8Array => {
    const body = concat(...parts)
    return concat(Uint8Array.of(tag, ...(body.length < 0x80 ? [body.length] : [0x81, body.length])), body)
  }
  const name = tlv(0x30)
  const version = Uint8Array.of(2, 1, 0)
  const key = { keyId, publicKeySpki: spki, certificates: [] }
  // A whole request around what was signed, as somebody would send it to an authority.
  const accepted = (info: Uint8Array): boolean => {
    const folder = mkdtempSync(join(tmpdir(), 'sigillo-dressed-'))
    try {
      const signature = new Uint8Array(platformSign('sha256', info, pair.privateKey))
      const alg = tlv(0x30, Uint8Array.of(6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2))
      const body = concat(info, alg, tlv(3, Uint8Array.of(0), signature))
      writeFileSync(join(folder, 'r.csr'), concat(Uint8Array.of(0x30, 0x82, body.length >> 8, body.length & 0xff), body))
      execFileSync('openssl', ['req', '-inform', 'DER', '-in', 'r.csr', '-verify', '-noout'], { cwd: folder, stdio: 'pipe' })
      return true
    } catch {
      return false
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }

  it.each([
    ['without attributes', tlv(0x30, version, name, spki)],
    [
      'with a length longer than needed',
      concat(Uint8Array.of(0x30, 0x82, 0, 100), version, name, spki, Uint8Array.of(0xa0, 0, 0).subarray(0, 2)),
    ],
    ['of indefinite length', concat(Uint8Array.of(0x30, 0x80), version, name, spki, Uint8Array.of(0xa0, 0, 0, 0))],
  ])('a certificate request %s, which openssl takes, is signed under no other name', (_, info) => {
    const made = info[1] === 0x82 ? concat(Uint8Array.of(0x30, 0x82, 0, info.length - 4), info.subarray(4)) : info
    expect(accepted(made)).toBe(true)
    for (const operation of ['letter', 'it.device', 'note', 'xml-seal', 'record'])
      expect(formatRefusal(operation, undefined, made, key), operation).toBeDefined()
  })

  it('signed attributes that are no DER are none of the rest either; plain texts and other structures are', () => {
    expect(formatRefusal('letter', undefined, Uint8Array.of(0x31, 0x80, 0, 0), key)).toMatch(/ASN\.1 that is not DER/)
    expect(formatRefusal('letter', undefined, Uint8Array.of(0x31, 2, 0x30, 0), key)).toMatch(/ASN\.1 that is not DER/)
    for (const text of ['0', '1', '0,20260101,12.00', '1 croissant', '10'])
      expect(formatRefusal('letter', undefined, utf8(text), key)).toBeUndefined()
    expect(formatRefusal('letter', undefined, tlv(0x30, version), key)).toBeUndefined()
  })

  it('an operation named for one kind signs that kind only', () => {
    const note = utf8(`sigillo.example/q\n12\n${'A'.repeat(43)}=\n`)
    expect(formatRefusal('note', undefined, note, key)).toBeUndefined()
    expect(formatRefusal('xml-seal', undefined, note, key)).toMatch(/kind note/)
    expect(formatRefusal('xml-seal', undefined, utf8('<a/>'), key)).toBeUndefined()
    expect(formatRefusal('note', undefined, utf8('<a/>'), key)).toMatch(/kind xml/)
  })
})
