// What is sold in every bench: one receipt of eight lines, a queue without a country's law, and the floor's own parts.
import { createPrivateKey, generateKeyPairSync, hash, sign } from 'node:crypto'
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { canonical, createQueue, FiscalError, openQueue } from '@sigillo/core'
import { softwareSigner } from '@sigillo/signer-software'
import { openFolder } from '@sigillo/storage-fs'

let number = 0
/** A receipt no queue has seen. */
export const receipt = () => ({
  type: 'ticket',
  key: `POS-${String(++number).padStart(9, '0')}`,
  operatorId: 'OP-7',
  posMoment: '2026-11-24T12:15:30+01:00',
  lines: Array.from({ length: 8 }, (_, i) => ({
    label: `Café crème n° ${i + 1}`,
    quantity: '1',
    rateBp: 1000,
    total: 250 + i,
    unitPrice: 250 + i,
  })),
  payments: [{ amount: 2028, mode: 'CB' }],
})

/** A country that only counts: what a queue costs by itself. */
export const counting = {
  profile: 'NONE',
  parse: (input) => input,
  initial: () => ({}),
  decide: (_state, { type, payments }) => ({
    drafts: [
      {
        type,
        write: ({ tseq }) => ({ payload: { number: `T-${tseq}`, total: payments[0].amount }, x: { total: payments[0].amount } }),
      },
    ],
  }),
  fold: () => undefined,
  totals: () => ({}),
  restore: () => ({}),
  print: () => [],
}

/** A fresh folder on the disk the benches run on. */
export const folder = (base) => mkdtempSync(join(base, 'sigillo-bench-'))
export const remove = (path) => rmSync(path, { recursive: true, force: true })

export const signer = await softwareSigner()
export async function queueIn(path, country = counting, options = {}) {
  return createQueue({ country, storage: await openFolder(join(path, 'queue')), signer, ...options })
}
export async function reopen(path, country = counting) {
  return openQueue({ country, storage: await openFolder(join(path, 'queue')), signer })
}

/** The outcome, or the error it carries. */
export function registered(outcome) {
  if (outcome.outcome !== 'registered') throw outcome.error ?? new FiscalError('QUEUE_STOPPED', { message: 'no outcome' })
  return outcome
}

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const key = { key: createPrivateKey(privateKey.export({ format: 'pem', type: 'pkcs8' })), dsaEncoding: 'ieee-p1363' }
/** The content of a whole record, as a plain object: what has to be made canonical. */
const content = (request) => ({
  body: {
    alg: 'ES256',
    base: 1,
    epoch: 1,
    kid: 'k'.repeat(43),
    pay: 'a'.repeat(64),
    prev: 'a'.repeat(64),
    queue: '01939c2e-7a10-7000-8000-000000000001',
    ref: request.key,
    req: 'a'.repeat(64),
    seq: 1,
    tprev: 'a'.repeat(64),
    ts: '2026-11-24T11:15:30.000Z',
    tseq: 1,
    type: 'ticket',
    v: 1,
    x: { total: 2028 },
  },
  payload: { number: 'T-1', request, total: 2028 },
})

/** Floor without a disk: one canonical form, one SHA-256, one signature. Returns the bytes of a line. */
export function floorCpu() {
  const text = canonical(content(receipt()))
  const digest = hash('sha256', text)
  const signature = sign('sha256', Buffer.from(digest), key)
  return Buffer.from(`${text.slice(0, -1)},"hash":"${digest}","sig":"${signature.toString('base64url')}"}\n`)
}

/** Floor of a sale: the same, one write and one data sync. */
export function floorDisk(path) {
  const file = openSync(join(path, 'floor.jsonl'), 'a')
  const step = () => {
    writeSync(file, floorCpu())
    fdatasyncSync(file)
  }
  return { step, close: () => closeSync(file) }
}
