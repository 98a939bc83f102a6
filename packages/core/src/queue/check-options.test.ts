import { bareCountry, memoryStorage } from '@sigillo/testing'
import { softwareSigner } from '@sigillo/signer-software'
import { describe, expect, it } from 'vitest'
import type { QueueOptions } from './options.js'
import { createQueue, openQueue } from './open.js'

const signer = await softwareSigner()
const PREDECESSOR = { queue: '01939c2e-7a10-7000-8000-000000000001', size: 3, root: 'a'.repeat(64), hash: 'b'.repeat(64) }
const good = (): QueueOptions => ({ country: bareCountry(), signer, storage: memoryStorage() })
const describing = (change: object): object => ({
  describe: () => ({ ...signer.describe(), ...change }),
  sign: signer.sign.bind(signer),
  close: async () => {},
})

async function refusedPath(open: typeof openQueue, options: unknown): Promise<unknown> {
  const storage = memoryStorage()
  const given = typeof options === 'object' && options !== null ? { storage, ...options } : options
  const error: unknown = await open(given as QueueOptions).then(
    () => 'opened',
    (reason: unknown) => reason,
  )
  expect(error).toMatchObject({ name: 'FiscalError', code: 'OPTION_INVALID', registered: 'no' })
  expect(await storage.exists()).toBe(false)
  return (error as { path: unknown }).path
}

describe.each([createQueue, openQueue])('$name', (open) => {
  it.each([undefined, null, 5, 'x'])('refuses %s in place of options', async (options) => {
    expect(await refusedPath(open, options)).toBe('options')
  })

  it.each(['country', 'storage', 'signer'] as const)('names a %s that is missing or of another kind', async (name) => {
    for (const value of [undefined, null, 5, 'x', 1n, Symbol('x')])
      expect(await refusedPath(open, { ...good(), [name]: value })).toBe(name)
    for (const value of [{}, [], () => 1])
      expect(await refusedPath(open, { ...good(), [name]: value })).toMatch(new RegExp(`^${name}\\.\\w+$`))
  })

  it.each([
    ['clock', {}, 'clock.now'],
    ['clock', null, 'clock'],
    ['witness', { read: () => undefined }, 'witness.write'],
    ['create', 'always', 'create'],
    ['maxWaiting', 0.5, 'maxWaiting'],
    ['maxWaiting', Number.NaN, 'maxWaiting'],
    ['id', 7, 'id'],
    ['software', {}, 'software'],
    ['takeover', 'yes', 'takeover'],
    ['moved', 1, 'moved'],
    ['acknowledge', true, 'acknowledge'],
    ['predecessor', 'old', 'predecessor'],
    ['predecessor', { queue: 'x', size: 1, root: 'x' }, 'predecessor.hash'],
    ['predecessor', { queue: 'x', size: 1, root: 'x', hash: 'x' }, 'predecessor.queue'],
    ['predecessor', { ...PREDECESSOR, size: 0 }, 'predecessor.size'],
    ['predecessor', { ...PREDECESSOR, size: 1.5 }, 'predecessor.size'],
    ['predecessor', { ...PREDECESSOR, root: 'A'.repeat(64) }, 'predecessor.root'],
    ['predecessor', { ...PREDECESSOR, hash: 'a' }, 'predecessor.hash'],
    ['predecessor', { ...PREDECESSOR, reason: 5 }, 'predecessor.reason'],
  ])('names the option %s given as %s', async (name, value, path) => {
    expect(await refusedPath(open, { ...good(), [name]: value })).toBe(path)
  })

  it.each([
    [{ keyId: undefined }, 'keyId'],
    [{ alg: 5 }, 'alg'],
    [{ suites: 'es256' }, 'suites'],
    [{ publicJwk: null }, 'publicJwk'],
    [{ publicKeySpki: 'MFkw' }, 'publicKeySpki'],
    [{ certificates: undefined }, 'certificates'],
    [{ certificates: ['PEM'] }, 'certificates.0'],
    [{ limits: undefined }, 'limits'],
    [{ limits: { maxConcurrent: 1, maxQueue: 1 } }, 'limits.maxMessageBytes'],
    [{ capabilities: undefined }, 'capabilities'],
  ])('names what a signer leaves out of its description: %o', async (change, member) => {
    expect(await refusedPath(open, { ...good(), signer: describing(change) })).toBe(`signer.describe().${member}`)
  })

  it('refuses a signer that describes itself later, or throws', async () => {
    const later = { ...describing({}), describe: async () => signer.describe() }
    expect(await refusedPath(open, { ...good(), signer: later })).toBe('signer.describe().keyId')
    const throwing = {
      ...describing({}),
      describe: () => {
        throw new TypeError('no device')
      },
    }
    expect(await refusedPath(open, { ...good(), signer: throwing })).toBe('signer.describe')
  })
})

describe('changeKey', () => {
  it('refuses what is no signer, and the queue goes on', async () => {
    await using queue = await createQueue(good())
    for (const change of [undefined, {}, { signer: 5 }, { signer: {} }])
      await expect(queue.changeKey(change as never)).rejects.toMatchObject({ code: 'OPTION_INVALID' })
    expect(await queue.record({ type: 'ticket', key: 'AFTER', amount: 100 })).toMatchObject({ outcome: 'registered' })
  })
})

describe('an open queue used wrongly', () => {
  it('refuses what is of another kind, answers a request that throws when it is read, and goes on', async () => {
    await using queue = await createQueue(good())
    const wrong: readonly (() => Promise<unknown>)[] = [
      () => queue.putBlob(5 as never),
      () => queue.verify(null as never),
      () => queue.purge(undefined as never),
      () => queue.purge({ floor: 64 } as never),
      () => queue.purge({ floor: 64n, archive: null, receipt: '' } as never),
    ]
    for (const call of wrong) await expect(call()).rejects.toMatchObject({ name: 'FiscalError', code: 'OPTION_INVALID' })
    const hostile = new Proxy({}, { get: () => thrower(), ownKeys: () => thrower() as never })
    expect(await queue.record(hostile)).toMatchObject({ outcome: 'rejected', error: { registered: 'no' } })
    expect(await queue.record({ type: 'ticket', key: 'AFTER', amount: 100 })).toMatchObject({ outcome: 'registered' })
  })
})

function thrower(): unknown {
  throw new Error('not to be read')
}
