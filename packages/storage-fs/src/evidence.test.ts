// Reading a folder that cannot be opened: the damage is where opening begins.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createQueue, openQueue, type Signer } from '@sigillo/core'
import { verifyChunks, type Report } from '@sigillo/core/verify'
import { softwareSigner } from '@sigillo/signer-software'
import { bareCountry } from '@sigillo/testing'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { openFolder } from './open-folder.js'
import { readEvidence } from './evidence.js'

let folder: string
let signer: Signer

// Six sessions, so as many epochs, some in a sealed segment, some not.
beforeEach(async () => {
  const base = await mkdtemp(join(tmpdir(), 'sigillo-evidence-'))
  onTestFinished(() => rm(base, { recursive: true, force: true }))
  folder = join(base, 'queue')
  signer = await softwareSigner()
  for (let session = 1; session <= 6; session++) {
    const options = { country: bareCountry(), signer, storage: await openFolder(folder) }
    const queue = await (session === 1 ? createQueue({ ...options, segBits: 6 }) : openQueue(options))
    for (let n = 0; n < 14; n++) await queue.record({ type: 'ticket', key: `T-${session}-${n}`, amount: n })
    await queue.close()
  }
})

const verify = (): Promise<Report> => verifyChunks(readEvidence(folder))
const files = (): string[] => readdirSync(folder).filter((name) => /^[js]-.*\.jsonl$/.test(name))

describe('evidence', () => {
  it('gives a sound folder whole, sealed segments and all epochs', async () => {
    expect(files().some((name) => name.startsWith('s-'))).toBe(true)
    const reader = await (await openFolder(folder)).openReader()
    const { seq } = await reader.head()
    await reader.close()
    const report = await verify()
    expect(report.findings).toEqual([])
    expect(BigInt(report.records)).toBe(seq + 1n)
  })

  it('names the first record of an epoch when that one is damaged', async () => {
    for (const name of files().filter((each) => each.startsWith('j-'))) {
      const path = join(folder, name)
      const before = readFileSync(path)
      const bytes = Buffer.from(before)
      bytes[200] = (bytes[200] as number) ^ 1
      writeFileSync(path, bytes)
      const first = Number(/^j-(\d+)/.exec(name)?.[1])
      const report = await verify()
      expect(report.sound).toBe(false)
      expect(report.findings.map(({ seq }) => seq)).toEqual([first])
      writeFileSync(path, before)
    }
  })

  it('needs no queue.json, and says what is missing when a file is gone', async () => {
    rmSync(join(folder, 'queue.json'))
    expect((await verify()).sound).toBe(true)
    const gone = files().find((name) => name.startsWith('j-')) as string
    rmSync(join(folder, gone))
    const report = await verify()
    expect(report.findings.some(({ code }) => code === 'RECORD_MISSING')).toBe(true)
  })

  it('leaves out what no later epoch took over, and a line that was never finished', async () => {
    const whole = (await verify()).records
    const newest = files()
      .filter((name) => name.startsWith('j-'))
      .sort((a, b) => a.slice(15).localeCompare(b.slice(15)))
      .at(-1) as string
    const path = join(folder, newest)
    writeFileSync(path, Buffer.concat([readFileSync(path), Buffer.from('{"body":{"alg":"ES2')]))
    // A stale writer's epoch that began and got no further than half a line.
    writeFileSync(join(folder, `j-${String(whole).padStart(12, '0')}-00000099.jsonl`), '{"body":')
    const report = await verify()
    expect(report.findings).toEqual([])
    expect(report.records).toBe(whole)
  })
})
