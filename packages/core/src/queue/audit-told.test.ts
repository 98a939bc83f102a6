// Ways to change a signer's audit log: whatever is done to the file, the next closing says so in the journal, signed, and the queue warns.
import { copyFileSync, mkdtempSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { generateKey, openAuditFile, softwareSigner, type AuditFile } from '@sigillo/signer-software'
import { bareCountry, memoryStorage } from '@sigillo/testing'
import { auditLine, EMPTY_AUDIT } from '../audit.js'
import type { JsonObject } from '../canonical.js'
import type { Storage } from '../storage.js'
import type { Queue } from './contract.js'
import { createQueue, openQueue } from './open.js'

const WARNING = 'the audit log of the signer is not the one told of in the journal'

const pkcs8 = async (): Promise<Uint8Array> => {
  const { privateKey } = (await globalThis.crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
    'sign',
  ])) as CryptoKeyPair
  return new Uint8Array(await globalThis.crypto.subtle.exportKey('pkcs8', privateKey))
}

describe('conflict 22: the audit log cannot be changed unseen', () => {
  let folder: string
  let path: string
  let key: Uint8Array
  let storage: Storage
  let open: { queue: Queue; audit: AuditFile } | undefined
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sigillo-told-'))
    path = join(folder, 'audit.jsonl')
    key = await pkcs8()
    storage = memoryStorage()
  })
  afterEach(async () => {
    await stop()
    rmSync(folder, { recursive: true, force: true })
  })

  async function start(): Promise<Queue> {
    const audit = await openAuditFile(path)
    const signer = await softwareSigner({ pkcs8: key, guard: { audit } })
    const place = { country: bareCountry(), storage, signer }
    const queue = await ((await storage.exists()) ? openQueue(place) : createQueue(place))
    open = { queue, audit }
    return queue
  }
  async function stop(): Promise<void> {
    await open?.queue.close()
    await open?.audit.close()
    open = undefined
  }
  const note = async (...events: string[]): Promise<void> => {
    for (const event of events) await open?.audit.append({ event })
  }
  let closings = 0
  // What the closing tells of the log.
  async function told(queue: Queue): Promise<JsonObject> {
    expect(await queue.record({ type: 'closing', key: `Z${++closings}` })).toMatchObject({ outcome: 'registered' })
    let newest: JsonObject = {}
    for await (const { body, payload } of queue.records()) if (body.type === 'signer.audit') newest = payload as JsonObject
    expect((await queue.verify()).findings).toEqual([])
    return newest
  }
  const lines = (): string[] => readFileSync(path, 'utf8').trimEnd().split('\n')
  // A forger who knows the format: every link is right again.
  function forge(events: readonly string[]): void {
    let head = EMPTY_AUDIT
    const text = events.map((event) => {
      const next = auditLine(head, Date.parse('2026-01-01T00:00:00Z'), { event })
      head = next.head
      return `${next.line}\n`
    })
    writeFileSync(path, text.join(''), { mode: 0o600 })
  }

  it('an honest log is told of without a word more, over restarts and many lines', async () => {
    let queue = await start()
    await note('a', 'b')
    expect(await told(queue)).not.toHaveProperty('broken')
    await stop()
    queue = await start()
    expect(await told(queue)).not.toHaveProperty('broken')
    await note(...Array.from({ length: 50 }, (_, i) => `e${i}`))
    expect(await told(queue)).toMatchObject({ count: 52 })
    expect((await queue.health()).warnings).not.toContain(WARNING)
  })

  it.each([
    ['rewritten with every link made anew', () => forge(['a', 'x', 'c']), 'altered'],
    ['cut back to an earlier state', () => writeFileSync(path, `${lines()[0]}\n`), 'cut'],
    ['deleted', () => unlinkSync(path), 'cut'],
    ['replaced by a longer one', () => forge(Array.from({ length: 9 }, () => 'a')), 'altered'],
  ])('between two tenures: %s', async (_, change, found) => {
    await start()
    await note('a', 'pin-outcome', 'c')
    const before = await told((open as { queue: Queue }).queue)
    await stop()
    change()
    const queue = await start()
    const after = await told(queue)
    expect(after['broken']).toEqual({ count: 3, hash: before['hash'], found })
    expect((await queue.health()).warnings).toContain(WARNING)
    // Told once: from here on the log is compared with what was told last.
    await stop()
    expect(await told(await start())).not.toHaveProperty('broken')
  })

  it.each([
    ['a line changed in its place', () => writeFileSync(path, readFileSync(path, 'utf8').replace('"b"', '"x"')), 'altered'],
    [
      'the newest line changed, without one after it',
      () => writeFileSync(path, readFileSync(path, 'utf8').replace('"c"', '"x"')),
      'altered',
    ],
    ['cut', () => writeFileSync(path, `${lines()[0]}\n`), 'cut'],
    [
      'another file put in its place',
      () => {
        copyFileSync(path, `${path}.new`)
        renameSync(path, `${path}.old`)
        forge(['a', 'b', 'x', 'd'])
      },
      'altered',
    ],
    ['deleted', () => unlinkSync(path), 'unreadable'],
  ])('behind a process at work: %s', async (_, change, found) => {
    const queue = await start()
    await note('a', 'b', 'c')
    change()
    expect((await told(queue))['broken']).toEqual({ ...EMPTY_AUDIT, found })
    expect((await queue.health()).warnings).toContain(WARNING)
  })

  it('the log of another key is not compared', async () => {
    await start()
    await note('a')
    await told((open as { queue: Queue }).queue)
    const next = await softwareSigner({
      key: await generateKey(),
      guard: { audit: await openAuditFile(join(folder, 'next.jsonl')) },
    })
    const { queue } = open as { queue: Queue }
    expect(await queue.changeKey({ signer: next, reason: 'rotation' })).toMatchObject({ outcome: 'registered' })
    expect(await told(queue)).not.toHaveProperty('broken')
  })
})
