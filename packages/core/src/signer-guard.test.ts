// The guard around devices that hang, lie, lose sessions and come back late. Keys and signatures are real (OpenSSL); only the
// device's manners are scripted.
import { createHash, generateKeyPairSync, sign as platformSign, type KeyObject } from 'node:crypto'
import { p256 } from '@noble/curves/nist.js'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { memoryAudit, type AuditLog } from './audit.js'
import { utf8 } from './bytes.js'
import { FiscalError, isFiscalError } from './errors.js'
import type { JsonObject } from './canonical.js'
import { thumbprint } from './keys.js'
import { signerCodes, signerError, type SignerCode } from './signer-codes.js'
import { guardSigner } from './signer-guard.js'
import type { DeviceSigner, GuardedSigner, GuardOptions } from './signer-guard-contract.js'
import type { PublicJwk } from './crypto-contract.js'
import type { SignerDescription, SignRequest, SignResult } from './signer.js'

interface Script {
  readonly calls: SignRequest[]
  closed: number
  /** What the device does instead of signing at once; gets the real signature maker. */
  manner: (sign: () => SignResult, signal: AbortSignal | undefined) => Promise<SignResult>
}
const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const { kty, crv, x, y } = keys.publicKey.export({ format: 'jwk' }) as Record<string, string>
const publicJwk = { kty, crv, x, y } as PublicJwk

function device(
  kind: SignerDescription['kind'] = 'pkcs11',
  over: Partial<SignerDescription['capabilities']> = {},
): DeviceSigner & { script: Script } {
  const script: Script = { calls: [], closed: 0, manner: async (sign) => sign() }
  const description: SignerDescription = {
    signerId: 'scripted',
    kind,
    keyId: thumbprint(publicJwk),
    alg: 'ES256',
    suites: ['es256'],
    publicJwk,
    publicKeySpki: new Uint8Array(keys.publicKey.export({ type: 'spki', format: 'der' })),
    certificates: [],
    limits: { maxConcurrent: 2, maxQueue: 3, maxMessageBytes: 1000 },
    capabilities: {
      acceptsDigest: true,
      acceptsMessage: true,
      hardwareProtected: true,
      extractable: false,
      deterministic: false,
      perUseAuthentication: false,
      countsSignatures: false,
      batchAuthorisation: false,
      canGenerateKey: false,
      canAttest: false,
      offline: true,
      documentMode: false,
      qualifiedDevice: false,
      cancellable: 'queued',
      ...over,
    },
  }
  return {
    script,
    describe: () => description,
    sign: (request, options) => {
      script.calls.push(request)
      return script.manner(() => ({ signature: signatureOf(request, keys.privateKey) }), options?.signal)
    },
    close: async () => void (script.closed += 1),
  }
}

function signatureOf({ input }: SignRequest, key: KeyObject): Uint8Array {
  if ('message' in input) return new Uint8Array(platformSign('sha256', input.message, { key, dsaEncoding: 'ieee-p1363' }))
  const scalar = Buffer.from((key.export({ format: 'jwk' }) as { d: string }).d, 'base64url')
  return p256.sign(input.digest, scalar, { prehash: false, lowS: false })
}

const message = (text = 'a receipt'): SignRequest => ({ operation: 'record', suite: 'es256', input: { message: utf8(text) } })
const failure = async (work: Promise<unknown>): Promise<FiscalError> => {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof FiscalError)) throw new Error(`expected a FiscalError, got ${String(error)}`)
  return error
}
const codeOf = async (work: Promise<unknown>): Promise<string> => (await failure(work)).code
const linesOf = async (audit: AuditLog): Promise<JsonObject[]> => {
  const lines: JsonObject[] = []
  for await (const line of audit.read()) lines.push(line)
  return lines
}
const hanging = (script: Script): { answer: () => void; started: Promise<void> } => {
  let answer: () => void = () => {}
  let begun: () => void = () => {}
  const started = new Promise<void>((resolve) => (begun = resolve))
  script.manner = (sign) =>
    new Promise((resolve) => {
      answer = () => resolve(sign())
      begun()
    })
  return { answer: () => answer(), started }
}
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0))
const guarded = (made: DeviceSigner, options: GuardOptions = {}): GuardedSigner => guardSigner(made, options)

describe('before the device', () => {
  it('S-04 refuses a digest of 31, 33, 20, 0 or 300 bytes before any device call', async () => {
    const made = device()
    for (const length of [31, 33, 20, 0, 300]) {
      expect(
        await codeOf(guarded(made).sign({ operation: 'record', suite: 'es256', input: { digest: new Uint8Array(length) } })),
      ).toBe('DIGEST_LENGTH')
    }
    expect(made.script.calls).toEqual([])
    const digest = new Uint8Array(createHash('sha256').update('a receipt').digest())
    const { signature } = await guarded(made).sign({ operation: 'record', suite: 'es256', input: { digest } })
    expect(signature).toHaveLength(64)
    expect(made.script.calls).toHaveLength(1)
  })

  it('refuses malformed requests and other suites before any device call', async () => {
    const made = device()
    const signer = guarded(made)
    const bad: unknown[] = [
      { ...message(), operation: 'Record!' },
      { ...message(), operation: undefined },
      { ...message(), input: {} },
      { ...message(), input: { message: 'text' } },
      { ...message(), input: { message: utf8('x'), digest: new Uint8Array(32) } },
      { ...message(), idempotencyKey: '' },
    ]
    for (const request of bad) expect(await codeOf(signer.sign(request as SignRequest))).toBe('REQUEST_INVALID')
    expect(await codeOf(signer.sign({ ...message(), suite: 'rs256' }))).toBe('SUITE_NOT_ALLOWED')
    expect(made.script.calls).toEqual([])
  })

  it('hashes for a device that takes digests only, and what is too long for one that takes both', async () => {
    const digestOnly = device('pkcs11', { acceptsMessage: false })
    expect((await guarded(digestOnly).sign(message())).signature).toHaveLength(64)
    expect(digestOnly.script.calls[0]!.input).toEqual({
      digest: new Uint8Array(createHash('sha256').update('a receipt').digest()),
    })
    const both = device()
    await guarded(both).sign({ ...message(), input: { message: new Uint8Array(1001) } })
    expect(Object.keys(both.script.calls[0]!.input)).toEqual(['digest'])
    const messageOnly = device('pkcs11', { acceptsDigest: false })
    expect(await codeOf(guarded(messageOnly).sign({ ...message(), input: { message: new Uint8Array(1001) } }))).toBe(
      'INPUT_TOO_LARGE',
    )
    expect(messageOnly.script.calls).toEqual([])
  })

  it('refuses outside the validity of the certificate, and warns before its end', async () => {
    const made = device()
    let now = Date.parse('2026-06-01T00:00:00Z')
    const certificate = { notBeforeMs: Date.parse('2026-01-01T00:00:00Z'), notAfterMs: Date.parse('2026-12-31T00:00:00Z') }
    const signer = guarded(made, { certificate, clock: { now: () => now } })
    const warned: number[] = []
    signer.on('certificate-expiring', ({ daysLeft }) => warned.push(daysLeft))
    await signer.sign(message())
    now = certificate.notAfterMs - 30 * 86_400_000
    await signer.sign(message())
    await signer.sign(message())
    expect(warned).toEqual([30])
    now = certificate.notAfterMs + 1
    expect(await codeOf(signer.sign(message()))).toBe('CERT_EXPIRED')
    now = certificate.notBeforeMs - 1
    expect(await codeOf(signer.sign(message()))).toBe('CERT_NOT_YET_VALID')
    expect(made.script.calls).toHaveLength(3)
  })
})

describe('own check', () => {
  it.each(['pkcs11', 'sam', 'remote'] as const)(
    'S-05 never returns a wrong signature of a %s device, goes down, and writes it down',
    async (kind) => {
      const made = device(kind)
      const audit = memoryAudit()
      const signer = guarded(made, { audit })
      let handed: Uint8Array | undefined
      made.script.manner = async (sign) => {
        handed = sign().signature
        handed[63]! ^= 1
        return { signature: handed }
      }
      const error = await failure(signer.sign(message()))
      expect(error.code).toBe('SIGN_SELF_CHECK_FAILED')
      expect(error.details['outcome']).toBe('signed-discarded')
      expect(handed!.every((byte) => byte === 0)).toBe(true)
      expect((await signer.health()).state).toBe('down')
      expect((await linesOf(audit)).map(({ event }) => event)).toEqual(['self-check-failed'])
      made.script.manner = async (sign) => sign()
      expect(await codeOf(signer.sign(message()))).toBe('SIGN_SELF_CHECK_FAILED')
      expect(made.script.calls).toHaveLength(1)
    },
  )

  it('S-05 checks a software key when set so, and always its length', async () => {
    const lie = async (sign: () => SignResult): Promise<SignResult> => ({
      signature: sign().signature.map((byte, index) => (index === 40 ? byte ^ 4 : byte)),
    })
    const made = device('software')
    made.script.manner = lie
    expect((await guarded(made).sign(message())).signature).toHaveLength(64)
    expect(await codeOf(guarded(made, { selfCheck: true }).sign(message()))).toBe('SIGN_SELF_CHECK_FAILED')
    made.script.manner = async (sign) => ({ signature: sign().signature.subarray(1) })
    expect(await codeOf(guarded(made).sign(message()))).toBe('SIGN_SELF_CHECK_FAILED')
    made.script.manner = async () => undefined as unknown as SignResult
    expect(await codeOf(guarded(made).sign(message()))).toBe('SIGN_SELF_CHECK_FAILED')
  })

  it('checks signatures over bare digests too', async () => {
    const made = device()
    const digest = new Uint8Array(createHash('sha256').update('a receipt').digest())
    const request = { operation: 'record', suite: 'es256', input: { digest } } as const
    expect((await guarded(made).sign(request)).signature).toHaveLength(64)
    made.script.manner = async () => ({ signature: signatureOf(message('another'), keys.privateKey) })
    expect(await codeOf(guarded(made).sign(request))).toBe('SIGN_SELF_CHECK_FAILED')
  })

  it('gives signNow for a bare software key only', async () => {
    const made = {
      ...device('software'),
      signNow: (bytes: Uint8Array) => signatureOf({ ...message(), input: { message: bytes } }, keys.privateKey),
    }
    expect(guarded(made).signNow!(utf8('a receipt'))).toHaveLength(64)
    expect(guarded(made, { selfCheck: true }).signNow).toBeUndefined()
    expect(
      guarded(made, { policy: { policyId: 'p', version: 1, keyId: thumbprint(publicJwk), operations: {} } }).signNow,
    ).toBeUndefined()
    expect(guarded({ ...made, describe: device('pkcs11').describe }).signNow).toBeUndefined()
    const signer = guarded(made)
    await signer.close()
    expect(() => signer.signNow!(utf8('x'))).toThrow(FiscalError)
  })
})

describe('abort and time', () => {
  it('S-06 an abort before start leaves zero device calls', async () => {
    const made = device()
    const signer = guarded(made, { maxConcurrent: 1 })
    expect(await codeOf(signer.sign(message(), { signal: AbortSignal.abort() }))).toBe('ABORTED')
    const { answer, started } = hanging(made.script)
    const first = signer.sign(message('first'))
    await started
    const controller = new AbortController()
    const second = failure(signer.sign(message('second'), { signal: controller.signal }))
    await turn()
    controller.abort()
    expect((await second).details['outcome']).toBe('not-signed')
    answer()
    await first
    expect(made.script.calls).toHaveLength(1)
    expect((await signer.health()).waiting).toBe(0)
  })

  it('S-06 an abort in flight rejects at once as unknown, and the late result is only in the audit log', async () => {
    const made = device()
    const audit = memoryAudit()
    const signer = guarded(made, { audit, maxConcurrent: 1 })
    const { answer, started } = hanging(made.script)
    const controller = new AbortController()
    const first = failure(signer.sign(message('first'), { signal: controller.signal }))
    await started
    controller.abort()
    const error = await first
    expect([error.code, error.details['outcome']]).toEqual(['ABORTED', 'unknown'])
    // The lane stays taken until the device has returned: the next caller waits for it.
    made.script.manner = async (sign) => sign()
    const second = signer.sign(message('second'))
    await turn()
    expect(made.script.calls).toHaveLength(1)
    expect(await signer.health()).toMatchObject({ inFlight: 1, quarantined: 1, waiting: 1 })
    answer()
    expect((await second).signature).toHaveLength(64)
    await turn()
    const lines = await linesOf(audit)
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatchObject({ event: 'late-discarded', valid: true, operation: 'record' })
    expect(await signer.health()).toMatchObject({ state: 'ready', inFlight: 0, quarantined: 0 })
  })

  it('S-06 a time-out is unknown while signing and not-signed while waiting', async () => {
    const made = device()
    const signer = guarded(made, { maxConcurrent: 1, timeoutMs: 20 })
    hanging(made.script)
    const [first, second] = await Promise.all([
      failure(signer.sign(message())),
      failure(signer.sign(message(), { queueTimeoutMs: 5 })),
    ])
    expect([first.code, first.details['outcome']]).toEqual(['TIMEOUT', 'unknown'])
    expect([second.code, second.details['outcome']]).toEqual(['TIMEOUT', 'not-signed'])
    expect((await signer.health()).state).toBe('degraded')
  })

  it('tells the device to stop when its caller has gone', async () => {
    const made = device('remote', { cancellable: 'in-flight' })
    let told: AbortSignal | undefined
    made.script.manner = (_sign, signal) => new Promise(() => (told = signal))
    const controller = new AbortController()
    const work = failure(guarded(made).sign(message(), { signal: controller.signal }))
    await turn()
    expect(told!.aborted).toBe(false)
    controller.abort()
    await work
    expect(told!.aborted).toBe(true)
  })
})

describe('waiting line', () => {
  it('S-07 with maxQueue exceeded fails at once with SIGNER_BUSY, and earlier waiters still finish, in order', async () => {
    const made = device()
    const signer = guarded(made, { maxConcurrent: 1 })
    const answers: (() => void)[] = []
    made.script.manner = (sign) => new Promise((resolve) => answers.push(() => resolve(sign())))
    const order: number[] = []
    const accepted = [0, 1, 2, 3].map((index) => signer.sign(message(`${index}`)).then(() => order.push(index)))
    expect(await codeOf(signer.sign(message('one too many')))).toBe('SIGNER_BUSY')
    for (let i = 0; i < 4; i++) {
      // The signature before is checked on another thread.
      await vi.waitFor(() => expect(answers).toHaveLength(i + 1), { timeout: 10_000, interval: 1 })
      answers[i]!()
    }
    await Promise.all(accepted)
    expect(order).toEqual([0, 1, 2, 3])
  })

  it('never has more calls at the device than its limit, whatever comes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 20 }),
        async (lanes, delays) => {
          const made = device()
          let [busy, most] = [0, 0]
          made.script.manner = async (sign) => {
            busy += 1
            most = Math.max(most, busy)
            for (let i = 0; i < (delays[busy] ?? 1); i++) await turn()
            busy -= 1
            return sign()
          }
          const signer = guarded(made, { maxConcurrent: lanes, maxQueue: 3 })
          const results = await Promise.allSettled(delays.map(() => signer.sign(message())))
          const lanesUsed = Math.min(lanes, 2)
          expect(most).toBeLessThanOrEqual(lanesUsed)
          expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(Math.min(delays.length, lanesUsed + 3))
        },
      ),
      { numRuns: 30 },
    )
  })
})

describe('idempotency', () => {
  const keyed = (text: string): SignRequest => ({ ...message(text), idempotencyKey: 'K-1' })

  it('S-08 same key and input: one device call and the same result; other input: REQUEST_CONFLICT', async () => {
    const made = device()
    const signer = guarded(made)
    const [first, second] = await Promise.all([signer.sign(keyed('a')), signer.sign(keyed('a'))])
    expect(second).toBe(first)
    expect(await signer.sign(keyed('a'))).toBe(first)
    expect(made.script.calls).toHaveLength(1)
    expect(await codeOf(signer.sign(keyed('b')))).toBe('REQUEST_CONFLICT')
    expect(await codeOf(signer.sign({ ...keyed('a'), operation: 'note' }))).toBe('REQUEST_CONFLICT')
    expect(made.script.calls).toHaveLength(1)
  })

  it('S-08 forgets failures, and results after their time', async () => {
    const made = device()
    let now = 0
    const signer = guarded(made, { clock: { now: () => now }, replay: { entries: 2, ttlMs: 1000 } })
    made.script.manner = async () => {
      throw signerError('DEVICE_BUSY', { message: 'busy' })
    }
    expect(await codeOf(signer.sign(keyed('a')))).toBe('DEVICE_BUSY')
    made.script.manner = async (sign) => sign()
    await signer.sign(keyed('a'))
    now = 1001
    await signer.sign(keyed('b'))
    expect(made.script.calls).toHaveLength(3)
  })

  it('S-08 one caller giving up does not take the signature from another', async () => {
    const made = device()
    const signer = guarded(made)
    const { answer, started } = hanging(made.script)
    const controller = new AbortController()
    const first = failure(signer.sign(keyed('a'), { signal: controller.signal }))
    await started
    const second = signer.sign(keyed('a'))
    await turn()
    controller.abort()
    expect((await first).code).toBe('ABORTED')
    answer()
    expect((await second).signature).toHaveLength(64)
    expect(made.script.calls).toHaveLength(1)
  })

  it('S-06 the only caller of a key learns how far the work had got', async () => {
    const made = device()
    const signer = guarded(made)
    const { started } = hanging(made.script)
    const controller = new AbortController()
    const work = failure(signer.sign(keyed('a'), { signal: controller.signal }))
    await started
    controller.abort()
    expect((await work).details['outcome']).toBe('unknown')
    expect(await signer.health()).toMatchObject({ quarantined: 1 })
  })
})

describe('close', () => {
  it('S-09 after close every call is CLOSED and the device is ended once', async () => {
    const made = device()
    const signer = guarded(made)
    await signer.sign(message())
    await Promise.all([signer.close(), signer.close()])
    await signer.close()
    expect(await codeOf(signer.sign(message()))).toBe('CLOSED')
    expect(await codeOf(signer.sign({ ...message(), idempotencyKey: 'K' }))).toBe('CLOSED')
    expect((await signer.health()).state).toBe('closed')
    expect(made.script.closed).toBe(1)
    expect(made.script.calls).toHaveLength(1)
  })

  it('S-09 lets work at hand finish, refuses what waits too long, and does not wait for what never returns', async () => {
    const made = device()
    const signer = guarded(made, { maxConcurrent: 1 })
    const { answer, started } = hanging(made.script)
    const first = signer.sign(message('first'))
    await started
    const ending = signer.close({ drainMs: 10_000 })
    expect(await codeOf(signer.sign(message('late')))).toBe('CLOSED')
    answer()
    expect((await first).signature).toHaveLength(64)
    await ending
    const stuck = device()
    const hung = guarded(stuck, { maxConcurrent: 1 })
    const hang = hanging(stuck.script)
    const [one, two] = [failure(hung.sign(message('1'))), failure(hung.sign(message('2')))]
    await hang.started
    await hung.close({ drainMs: 5 })
    expect([(await one).code, (await one).details['outcome']]).toEqual(['CLOSED', 'unknown'])
    expect([(await two).code, (await two).details['outcome']]).toEqual(['CLOSED', 'not-signed'])
    expect(stuck.script.calls).toHaveLength(1)
  })

  it('S-09 leaves no timer behind', async () => {
    const timers = new Set<unknown>()
    const [set, clear] = [globalThis.setTimeout, globalThis.clearTimeout]
    globalThis.setTimeout = ((work: () => void, ms: number) => {
      const timer = set(() => {
        timers.delete(timer)
        work()
      }, ms)
      timers.add(timer)
      return timer
    }) as typeof setTimeout
    globalThis.clearTimeout = ((timer: unknown) => {
      timers.delete(timer)
      clear(timer as Parameters<typeof clearTimeout>[0])
    }) as typeof clearTimeout
    try {
      const made = device()
      const signer = guarded(made, { maxConcurrent: 1 })
      const { answer, started } = hanging(made.script)
      const controller = new AbortController()
      const all = [signer.sign(message('1')), signer.sign(message('2'), { signal: controller.signal }), signer.sign(message('3'))]
      const settled = Promise.allSettled(all)
      await started
      controller.abort()
      answer()
      await Promise.resolve()
      made.script.manner = async (sign) => sign()
      await settled
      await signer.close()
      expect(timers.size).toBe(0)
    } finally {
      globalThis.setTimeout = set
      globalThis.clearTimeout = clear
    }
  })
})

describe('errors', () => {
  it('S-10 everything thrown is a FiscalError of kind signer with a code of the table, whatever a device throws', async () => {
    const codes = Object.keys(signerCodes) as SignerCode[]
    const thrown = fc.oneof(
      fc.constantFrom(...codes).map((code) => signerError(code, { message: 'scripted' })),
      fc.constantFrom(...codes).map((code) => signerError(code, { message: 'scripted', outcome: 'unknown' })),
      fc.anything(),
      fc.string().map((text) => new TypeError(text)),
      fc.string().map((code) => Object.assign(new Error('native'), { code })),
      fc.constant(new FiscalError('STORAGE_FULL', { message: 'not a signer' })),
    )
    const answered = fc.oneof(
      fc.anything(),
      fc.uint8Array({ maxLength: 100 }).map((signature) => ({ signature })),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          thrown.map((error) => ({ error })),
          answered.map((answer) => ({ answer })),
        ),
        async (behaviour) => {
          const made = device()
          made.script.manner = async () => {
            if ('error' in behaviour) throw behaviour.error
            return behaviour.answer as SignResult
          }
          const error = await guarded(made)
            .sign(message())
            .catch((caught: unknown) => caught)
          expect(isFiscalError(error)).toBe(true)
          const fiscal = error as FiscalError
          expect(fiscal.kind).toBe('signer')
          expect(codes).toContain(fiscal.code)
          expect(['not-signed', 'signed-discarded', 'unknown']).toContain(fiscal.details['outcome'])
          expect(fiscal.details['class']).toBe(signerCodes[fiscal.code as SignerCode].class)
        },
      ),
      { numRuns: 300 },
    )
  })

  it('S-22 repeats nothing of what an unknown device error says', async () => {
    const made = device()
    made.script.manner = async () => {
      throw Object.assign(new Error('PIN 123456 was wrong'), { code: 'pin=123456', pin: '123456' })
    }
    const error = await failure(guarded(made).sign(message()))
    expect(JSON.stringify(error) + String(error.stack) + String(error.cause)).not.toContain('123456')
  })

  it('lets a signer that lost its session recover once, and not when a signature may have been made', async () => {
    const made = device()
    let lost = 1
    made.script.manner = async (sign) => {
      if (lost-- > 0) throw signerError('SESSION_LOST', { message: 'gone' })
      return sign()
    }
    expect((await guarded(made).sign(message())).attempts).toBe(2)
    lost = 2
    expect(await codeOf(guarded(made).sign(message()))).toBe('SESSION_LOST')
    made.script.calls.length = 0
    made.script.manner = async () => {
      throw signerError('CARD_REMOVED', { message: 'gone', outcome: 'unknown' })
    }
    expect(await codeOf(guarded(made).sign(message()))).toBe('CARD_REMOVED')
    expect(made.script.calls).toHaveLength(1)
  })

  it('never tries again what concerns a PIN', async () => {
    const made = device()
    made.script.manner = async () => {
      throw signerError('PIN_INCORRECT', { message: 'refused', triesLeft: 2 })
    }
    const signer = guarded(made)
    const told: unknown[] = []
    signer.on('pin-warning', (event) => told.push(event))
    signer.on('latched', (event) => told.push(event))
    const error = await failure(signer.sign(message()))
    expect([error.details['pinDanger'], error.details['triesLeft'], error.retry]).toEqual([true, 2, 'never'])
    expect(made.script.calls).toHaveLength(1)
    expect(told).toEqual([{ code: 'PIN_INCORRECT', triesLeft: 2 }, { code: 'PIN_INCORRECT' }])
    expect((await signer.health()).state).toBe('locked')
  })
})

describe('health', () => {
  it('S-11 answers from memory while all workers hang, and sends nothing to the device', async () => {
    const made = device()
    const signer = guarded(made, { timeoutMs: 5 })
    const { started } = hanging(made.script)
    const work = [signer.sign(message('1')), signer.sign(message('2')), signer.sign(message('3'), { queueTimeoutMs: 5 })].map(
      failure,
    )
    await started
    const before = made.script.calls.length
    const report = await signer.health()
    expect(report).toMatchObject({ inFlight: 2, waiting: 1 })
    await Promise.all(work)
    expect((await signer.health()).lastErrorCode).toBe('TIMEOUT')
    expect(made.script.calls).toHaveLength(before)
  })

  it('moves between states as the device fails and works again, and tells so once', async () => {
    const made = device()
    const signer = guarded(made)
    const moves: string[] = []
    signer.on('state', ({ from, to }) => moves.push(`${from} ${to}`))
    const stop = signer.on('state', () => {
      throw new Error('a bystander')
    })
    const failWith = (code: SignerCode): Promise<string> => {
      made.script.manner = async () => {
        throw signerError(code, { message: 'scripted' })
      }
      return codeOf(signer.sign(message()))
    }
    await failWith('DEVICE_BUSY')
    await failWith('DEVICE_BUSY')
    await failWith('DEVICE_FAULT')
    await failWith('OPERATION_NOT_ALLOWED')
    stop()
    made.script.manner = async (sign) => sign()
    await signer.sign(message())
    await signer.close()
    expect(moves).toEqual(['ready degraded', 'degraded down', 'down ready', 'ready closed'])
  })

  it('probes with bytes that can be nothing else, and only where it costs nothing', async () => {
    const made = device()
    const report = await guarded(made).health({ probe: true })
    expect(report.probe).toBe('ok')
    const { input, operation } = made.script.calls[0]!
    expect(operation).toBe('probe')
    expect(new TextDecoder().decode((input as { message: Uint8Array }).message.subarray(0, 12))).toBe('key-probe/v1')
    for (const capability of ['countsSignatures', 'perUseAuthentication'] as const) {
      const costly = device('sam', { [capability]: true })
      expect((await guarded(costly).health({ probe: true })).probe).toBe('OPERATION_NOT_ALLOWED')
      expect(costly.script.calls).toEqual([])
    }
    const policy = {
      policyId: 'p',
      version: 1,
      keyId: thumbprint(publicJwk),
      operations: { record: { suites: ['es256'] } },
    } as const
    const bound = device()
    expect((await guarded(bound, { policy }).health({ probe: true })).probe).toBe('OPERATION_NOT_ALLOWED')
    expect(bound.script.calls).toEqual([])
  })

  it('reports what the device adds from its own memory', async () => {
    const made = { ...device(), status: () => ({ state: 'locked', reasons: ['latched'], triesLeft: 1 }) as const }
    expect(await guarded(made).health()).toMatchObject({ state: 'locked', reasons: ['latched'], triesLeft: 1 })
  })
})

it('the device inside cannot be reached or seen through the guard', async () => {
  const { inspect } = await import('node:util')
  const signer = guarded(device())
  expect(inspect(signer, { showHidden: true, depth: 5 })).not.toContain('scripted')
  expect(Object.values(signer)).toEqual([undefined])
})
