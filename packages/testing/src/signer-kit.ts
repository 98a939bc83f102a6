// What every signer must do (signing specification 3, statements S-01 to S-11), as named cases that know no test runner. No case asks
// what kind of signer it is: only the capabilities it declares make a difference.
import {
  guardSigner,
  importPublicKey,
  suites,
  thumbprint,
  utf8,
  type GuardedSigner,
  type Signer,
  type SignerDescription,
  type SignRequest,
  type SuiteId,
} from '@sigillo/core'
import { attempt, check, checkFails, checkSame, type KitCase } from './check.js'
import { sha2 } from './sha2.js'

/** How the kit gets at the signer. */
export interface SignerPlace {
  /** A signer ready to sign; each call gives the same key again. A bare device is put behind core's guard by the kit. */
  readonly open: () => Promise<Signer>
  /** Signatures made where many are needed; default 40. */
  readonly signatures?: number
}

interface Bench {
  /** As the place gave it, guarded or not. */
  readonly given: Signer
  readonly signer: GuardedSigner
  readonly description: SignerDescription
  readonly suite: SuiteId
  readonly place: SignerPlace
  readonly many: number
  readonly message: (text: string) => SignRequest
}

interface SignerCase {
  readonly name: string
  readonly run: (bench: Bench) => Promise<void>
}

/**
 * The cases every signer passes.
 * @example
 * for (const { name, run } of signerKit({ open: () => softwareSigner({ jwk }) })) it(name, run)
 */
export function signerKit(place: SignerPlace): readonly KitCase[] {
  return signerCases.map(({ name, run }) => ({
    name,
    run: async () => {
      const given = await place.open()
      const signer = guardOf(given)
      const description = signer.describe()
      const suite = description.suites[0] as SuiteId
      const message = (text: string): SignRequest => ({ operation: 'record', suite, input: { message: utf8(text) } })
      try {
        await run({ given, signer, description, suite, place, many: place.signatures ?? 40, message })
      } finally {
        await signer.close()
      }
    },
  }))
}

function guardOf(signer: Signer): GuardedSigner {
  return 'health' in signer ? (signer as GuardedSigner) : guardSigner(signer)
}

const FLAGS = [
  'acceptsDigest',
  'acceptsMessage',
  'hardwareProtected',
  'extractable',
  'deterministic',
  'perUseAuthentication',
  'countsSignatures',
  'batchAuthorisation',
  'canGenerateKey',
  'canAttest',
  'offline',
  'documentMode',
  'qualifiedDevice',
] as const

const signerCases: readonly SignerCase[] = [
  {
    name: 'S-01 signer: describes a key, its suites and every capability',
    run: async ({ description }) => {
      const { publicJwk, keyId, capabilities, limits } = description
      checkSame(keyId, thumbprint(publicJwk), 'keyId')
      check(description.suites.length > 0, 'at least one suite')
      check(
        description.suites.some((id) => suites[id].alg === description.alg),
        'alg is that of a suite',
      )
      for (const id of description.suites) checkSame(suites[id].keyType, publicJwk.kty, `key type of ${id}`)
      for (const flag of FLAGS) checkSame(typeof capabilities[flag], 'boolean', `capability ${flag}`)
      check(['queued', 'in-flight'].includes(capabilities.cancellable), 'cancellable is queued or in-flight')
      check(capabilities.acceptsDigest || capabilities.acceptsMessage, 'takes digests or messages')
      check(!(capabilities.hardwareProtected && capabilities.extractable), 'a protected key is not extractable')
      check(description.publicKeySpki[0] === 0x30, 'the public key is DER')
      for (const der of description.certificates) check(der[0] === 0x30, 'certificates are DER')
      check(limits.maxConcurrent >= 1 && limits.maxQueue >= 1 && limits.maxMessageBytes >= 1, 'limits are positive')
    },
  },
  {
    name: 'S-02 signer: describes itself with the same data after many signatures',
    run: async ({ given, signer, message, many }) => {
      // The guard keeps what it read first; the device behind it must not change either.
      const told = (): string => JSON.stringify([signer.describe(), given.describe()])
      const before = told()
      for (let i = 0; i < many; i++) await signer.sign(message(`receipt ${i}`))
      checkSame(told(), before, 'description')
    },
  },
  {
    name: 'S-03 signer: signatures of every suite have their length and verify elsewhere',
    run: async ({ signer, description, many }) => {
      const key = importPublicKey(description.publicJwk)
      for (const suite of description.suites) {
        for (let i = 0; i < many; i++) {
          const message = utf8(`receipt ${i} of ${suite}`)
          const { signature } = await signer.sign({ operation: 'record', suite, input: { message } })
          checkSame(signature.length, suites[suite].signatureBytes ?? modulusBytes(description), `bytes of a ${suite} signature`)
          check(key.verify(suites[suite].alg, message, signature), `a ${suite} signature verifies`)
          check(!key.verify(suites[suite].alg, utf8('another'), signature), `a ${suite} signature is of its message`)
        }
      }
    },
  },
  {
    name: 'S-01 signer: a digest gives a signature over its message, where digests are taken',
    run: async ({ signer, description }) => {
      if (!description.capabilities.acceptsDigest) return
      const key = importPublicKey(description.publicJwk)
      for (const suite of description.suites) {
        const bits = suites[suite].digestBytes === 48 ? 384 : 256
        if (suites[suite].digestBytes === undefined) continue
        const message = utf8('a receipt')
        const { signature } = await signer.sign({ operation: 'record', suite, input: { digest: await sha2(bits, message) } })
        check(key.verify(suites[suite].alg, message, signature), `${suite} over a digest verifies`)
      }
    },
  },
  {
    name: 'S-01 signer: an empty message, one byte and 100,000 bytes are signed',
    run: async ({ signer, description, suite }) => {
      const key = importPublicKey(description.publicJwk)
      const { acceptsDigest } = description.capabilities
      for (const length of [0, 1, 100_000]) {
        if (!acceptsDigest && length > description.limits.maxMessageBytes) continue
        const message = new Uint8Array(length).fill(0xe9)
        const { signature } = await signer.sign({ operation: 'record', suite, input: { message } })
        check(key.verify(suites[suite].alg, message, signature), `${length} bytes`)
      }
    },
  },
  {
    name: 'S-01 signer: gives the same signature twice where it says it is deterministic',
    run: async ({ signer, description, message }) => {
      // A device may be so without knowing it: only the promise is checked.
      if (!description.capabilities.deterministic) return
      const [one, two] = [await signer.sign(message('a receipt')), await signer.sign(message('a receipt'))]
      check(one.signature.join() === two.signature.join(), 'the same signature')
    },
  },
  {
    name: 'S-04 signer: digests of 31, 33, 20, 0 and 300 bytes are refused',
    run: async ({ signer, suite }) => {
      for (const length of [31, 33, 20, 0, 300]) {
        const request = { operation: 'record', suite, input: { digest: new Uint8Array(length) } }
        await checkFails(
          () => signer.sign(request),
          ['DIGEST_LENGTH', ...(suites[suite].digestBytes === undefined ? ['REQUEST_INVALID'] : [])],
          `${length} bytes`,
        )
      }
    },
  },
  {
    name: 'S-10 signer: requests it cannot serve are refused by code',
    run: async ({ signer, description, message }) => {
      const others = (Object.keys(suites) as SuiteId[]).filter((id) => !description.suites.includes(id))
      for (const other of others)
        await checkFails(() => signer.sign({ ...message('x'), suite: other }), ['SUITE_NOT_ALLOWED'], other)
      await checkFails(() => signer.sign({ ...message('x'), input: {} } as never), ['REQUEST_INVALID'], 'no input')
      await checkFails(() => signer.sign({ ...message('x'), operation: '' }), ['REQUEST_INVALID'], 'no operation')
    },
  },
  {
    name: 'S-01 signer: many callers at once each get a signature over their own message',
    run: async ({ signer, description, message, suite, many }) => {
      const key = importPublicKey(description.publicJwk)
      const results = await Promise.all(Array.from({ length: many }, (_, i) => signer.sign(message(`receipt ${i}`))))
      for (const [i, { signature }] of results.entries())
        check(key.verify(suites[suite].alg, utf8(`receipt ${i}`), signature), `caller ${i}`)
    },
  },
  {
    name: 'S-06 signer: an aborted call is refused before the device, and the next one works',
    run: async ({ signer, message }) => {
      const error = await checkFails(
        () => signer.sign(message('x'), { signal: AbortSignal.abort() }),
        ['ABORTED'],
        'aborted before',
      )
      checkSame((error as { details?: { outcome?: unknown } }).details?.outcome, 'not-signed', 'outcome')
      await signer.sign(message('x'))
    },
  },
  {
    name: 'S-06 signer: aborts at any moment end in a signature or in ABORTED, and leave it usable',
    run: async ({ signer, message, many }) => {
      const work = Array.from({ length: many }, async (_, i) => {
        const controller = new AbortController()
        const result = attempt(() => signer.sign(message(`receipt ${i}`), { signal: controller.signal }))
        for (let ticks = i % 7; ticks > 0; ticks--) await Promise.resolve()
        controller.abort()
        const outcome = await result
        if ('error' in outcome) checkSame((outcome.error as { code?: unknown }).code, 'ABORTED', `call ${i}`)
      })
      await Promise.all(work)
      await signer.sign(message('after'))
    },
  },
  {
    name: 'S-08 signer: one idempotency key gives one result, and a conflict for other input',
    run: async ({ signer, message }) => {
      const keyed = { ...message('a'), idempotencyKey: 'K-1' }
      const [one, two] = await Promise.all([signer.sign(keyed), signer.sign(keyed)])
      check(one === two && one === (await signer.sign(keyed)), 'the same result')
      await checkFails(() => signer.sign({ ...message('b'), idempotencyKey: 'K-1' }), ['REQUEST_CONFLICT'], 'other input')
    },
  },
  {
    name: 'S-09 signer: after close every call is CLOSED; closing again is harmless; the key opens again',
    run: async ({ signer, description, message, place }) => {
      await Promise.all([signer.close(), signer.close()])
      await checkFails(() => signer.sign(message('x')), ['CLOSED'], 'sign')
      await checkFails(
        () => {
          if (signer.signNow === undefined) return signer.sign(message('x'))
          return signer.signNow(utf8('x'))
        },
        ['CLOSED'],
        'signNow',
      )
      checkSame((await signer.health()).state, 'closed', 'state')
      const again = guardOf(await place.open())
      checkSame(again.describe().keyId, description.keyId, 'the key')
      await again.sign(message('x'))
      await again.close()
    },
  },
  {
    name: 'S-11 signer: health answers from memory and describes no secret',
    run: async ({ signer, message }) => {
      await signer.sign(message('x'))
      const report = await signer.health()
      checkSame([report.state, report.waiting, report.inFlight], ['ready', 0, 0], 'report')
      check((report.lastSuccessMs ?? 0) > 0, 'the last success is dated')
    },
  },
]

function modulusBytes({ publicJwk }: SignerDescription): number {
  return publicJwk.kty === 'RSA' ? Math.floor((publicJwk.n.length * 3) / 4) : 0
}
