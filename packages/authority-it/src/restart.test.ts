// Kills on the authority's side: what was answered is in the ledger of the next process, bytes and all; what was cut short is not.
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import type { Authority } from './contract.js'
import type { FaultPlan } from './faults.js'
import { bend, inner, openDevice, openManufacturer, partyOf, type Party } from './messages.fixture.js'
import { certified, sharedSigner } from './parties.fixture.js'
import { openAuthority } from './wire.fixture.js'
import { startProcess, wholeLines, type AuthorityProcess } from './process.fixture.js'

const folders: string[] = []
const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'sigillo-authority-'))
  folders.push(folder)
  return folder
}
afterAll(() => folders.forEach((one) => rmSync(one, { recursive: true, force: true })))

describe('an authority with a folder', () => {
  let folder: string
  beforeEach(() => {
    folder = newFolder()
  })
  const open = (more: object = {}): Promise<Authority> =>
    openAuthority({ folder, now: () => Date.parse('2026-11-24T12:00:00Z'), ...more })
  const withDevice = async (authority: Authority): Promise<Party> =>
    openDevice(authority, await openManufacturer(authority), 'ZZITT000001', { state: 'ATTIVATO', merchant: '01234567897' })

  it('is the same after a restart: keys, devices, messages, lottery, clock, and the answer to a repeated message', async () => {
    const own = { keysFolder: folder }
    const first = await open(own)
    const device = await withDevice(first)
    const answer = await device.say('receipts')
    await device.say('lottery')
    first.setClock(60_000)
    const before = { roots: first.roots, devices: first.devices, entries: first.entries(), lottery: first.lottery() }
    await first.close()
    const second = await open({ ...own, port: Number(new URL(first.url).port) })
    expect({ roots: second.roots, devices: second.devices, entries: second.entries(), lottery: second.lottery() }).toEqual(before)
    expect(second.now()).toBe(Date.parse('2026-11-24T12:01:00Z'))
    const again = await device.say('receipts')
    expect(again.body.equals(answer.body)).toBe(true)
    await second.close()
  })

  it.each([1, 300])('drops a last line that is %d bytes short, and goes on after it', async (short) => {
    const first = await open()
    const device = await withDevice(first)
    await device.say('receipts')
    const count = first.entries().length
    await first.close()
    const path = join(folder, 'ledger.jsonl')
    truncateSync(path, statSync(path).size - short)
    const second = await open({ port: Number(new URL(first.url).port) })
    expect(second.entries()).toHaveLength(count - 1)
    expect((await device.say('receipts')).codes).toEqual([])
    expect(second.entries()).toHaveLength(count)
    await second.close()
    expect(wholeLines(folder)).toBe(count)
  })

  it('refuses a ledger whose lines cannot be read, and a folder that another process serves', async () => {
    const first = await open()
    await withDevice(first)
    await first.close()
    const held = await open()
    await expect(open()).rejects.toMatchObject({ code: 'QUEUE_LOCKED' })
    await held.close()
    writeFileSync(join(folder, 'lock'), String(process.ppid))
    await expect(open()).rejects.toMatchObject({ code: 'QUEUE_LOCKED' })
    writeFileSync(join(folder, 'lock'), '999999999')
    await (await open()).close()
    appendFileSync(join(folder, 'ledger.jsonl'), '{"n":77}\n')
    await expect(open()).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
  })

  it('keeps its keys for its owner only, and encrypted when a passphrase is given', async () => {
    const open = (more: object): Promise<Authority> => openAuthority({ folder, keysFolder: folder, ...more })
    await (await open({ passphrase: 'segreta' })).close()
    const file = join(folder, 'keys', 'device.key.pem')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readFileSync(file, 'utf8')).toContain('BEGIN ENCRYPTED PRIVATE KEY')
    await (await open({ passphrase: 'segreta' })).close()
    await expect(open({ passphrase: 'altra' })).rejects.toMatchObject({ code: 'OPTION_INVALID' })
    await expect(open({})).rejects.toMatchObject({ code: 'OPTION_INVALID' })
  })

  it('a crash in this process lets the folder be opened again', async () => {
    const first = await open()
    const device = await withDevice(first)
    first.inject({ fault: { kind: 'crash', where: 'afterStoring' } })
    await expect(device.say('receipts')).rejects.toThrow()
    const second = await open({ port: Number(new URL(first.url).port) })
    expect(second.entries({ route: 'receipts', accepted: true })).toHaveLength(1)
    expect((await device.say('receipts')).codes).toEqual([])
    expect(second.entries({ route: 'receipts' })).toHaveLength(1)
    await second.close()
  })
})

// Whatever the control interface answers.
// oxlint-disable-next-line typescript/no-explicit-any
type Json = any

describe('a process that is killed', () => {
  let running: AuthorityProcess | undefined
  const control = async (method: string, path: string, body?: unknown): Promise<Json> =>
    (await fetch(`${running!.controlUrl}${path}`, { method, ...(body !== undefined && { body: JSON.stringify(body) }) })).json()
  const inject = (plan: FaultPlan): Promise<unknown> => control('POST', '/faults', plan)

  it('IT-40 IT-45 dies before, in the middle of, and after storing: what was answered is kept, what was not is taken once', async () => {
    const folder = newFolder()
    running = await startProcess(folder)
    const port = Number(new URL(running.url).port)
    // The client's view of an authority in another process.
    const remote = {
      url: running.url,
      roots: running.roots,
      now: () => Date.now(),
      certifyManufacturer: () => new Uint8Array(),
    } as unknown as Authority
    const spki = async (party: { publicKeySpki: Uint8Array }): Promise<string> => {
      const text = Buffer.from(party.publicKeySpki).toString('base64')
      return `-----BEGIN PUBLIC KEY-----\n${text.replace(/.{64}/g, '$&\n')}\n-----END PUBLIC KEY-----\n`
    }
    const key = await sharedSigner()
    const made = await control('POST', '/manufacturers', { vat: '05550001118', publicKey: await spki(key.describe()) })
    const der = new Uint8Array(Buffer.from(String(made.certificate).replace(/-----[^-]+-----|\s/g, ''), 'base64'))
    const device = await openDevice(remote, partyOf(remote, certified(key, der)), 'ZZITT000001')
    await control('PUT', '/devices/ZZITT000001/state', { state: 'IN_SERVIZIO' })

    const moment = new Date(Date.now() - 86_400_000).toISOString().slice(0, 19)
    const message = (n: number): string => bend(inner.receipts, ['>1<', `>${n}<`], ['2026-11-24T12:00:00+01:00', `${moment}Z`])
    const places = ['beforeStoring', 'whileStoring', 'afterStoring', 'afterAnswering'] as const
    for (const [i, where] of places.entries()) {
      await inject({ fault: { kind: 'crash', where }, route: 'receipts' })
      const first = await device.say('receipts', message(i + 1)).catch(() => undefined)
      expect(first !== undefined, where).toBe(where === 'afterAnswering')
      await running.gone
      running = await startProcess(folder, port)
      const stored = await control('GET', '/messages?route=receipts&accepted=true')
      expect(stored.length, where).toBe(where === 'beforeStoring' || where === 'whileStoring' ? i : i + 1)
      const second = await device.say('receipts', message(i + 1))
      expect(second.codes).toEqual([])
      if (first !== undefined) expect(second.body.equals(first.body)).toBe(true)
    }
    const all = await control('GET', '/messages?route=receipts')
    expect(all).toHaveLength(places.length)
    expect(all.flatMap(({ warnings }: { warnings: string[] }) => warnings)).toEqual([])
    await running.kill()
    running = await startProcess(folder, port)
    expect((await control('GET', '/devices'))[0]).toMatchObject({ state: 'IN_SERVIZIO', progressive: String(places.length) })
    expect(await running.stop()).toBe(0)
    expect(running.told.at(-1)).toMatchObject({ event: 'stopped' })
  })
})
