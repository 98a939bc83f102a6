// What is the same about two shop days played with different keys: read from what lies on the disk afterwards, whatever the country.
import { parseLine, type CountryAuditor, type FiscalRecord, type Outcome } from '@sigillo/core'
import { verifyChunks, type Report } from '@sigillo/core/verify'
import { openFolder } from '@sigillo/storage-fs'

/** What a day leaves behind. */
export interface Day {
  readonly answers: readonly Outcome[]
  readonly records: readonly FiscalRecord[]
  /** By the running queue, and by a reader who comes later. */
  readonly own: Report
  readonly later: Report
}

/** Reads a closed day's folder anew: its records, and the verdict of a reader with the country's judge. */
export async function lookBack(folder: string, auditor: CountryAuditor | undefined): Promise<Pick<Day, 'records' | 'later'>> {
  const reader = await (await openFolder(folder)).openReader()
  const blob = (sha256: string): Promise<Uint8Array | undefined> => reader.blob(sha256)
  const later = await verifyChunks(reader.chunks(), { blob, ...(auditor !== undefined && { auditor }) })
  const records: FiscalRecord[] = []
  for await (const { line } of reader.read(0n, BigInt(later.records - 1))) records.push(parseLine(line) as FiscalRecord)
  await reader.close()
  return { records, later }
}

/**
 * A day as text in which nothing depends on the key or on chance: signatures, what is made from them and the key are named by their place.
 * @param chance what else differs from day to day, by value: what it is called instead
 */
export function likeness({ answers, records, own, later }: Day, chance: ReadonlyMap<string, string> = new Map()): string {
  const names = new Map(chance)
  for (const { body, sig, hash, payload } of records) {
    const { seq } = body
    const own = {
      sig,
      hash,
      pay: body.pay,
      req: body.req,
      queue: body.queue,
      key: body.kid,
      ...ofCore(body.type, payload as object),
    }
    for (const [name, value] of Object.entries(own)) if (typeof value === 'string') names.set(value, `${name} ${seq}`)
  }
  for (const { body } of records) names.set(body.queue, 'queue').set(body.kid, 'key')
  const text = JSON.stringify(
    {
      records: records.map(({ body, payload }) => ({ body, payload })),
      answers: answers.map(plain),
      verdicts: [own, later].map(verdict),
    },
    (_name, value: unknown) =>
      typeof value === 'bigint' ? String(value) : typeof value === 'string' ? (names.get(value) ?? value) : value,
    1,
  )
  // Inside texts, as in the data strings that carry the signature before.
  return text.replaceAll(/[A-Za-z0-9_-]{43,}/g, (word) => names.get(word) ?? word)
}

// What core writes about keys, chance and its own tree; a country's payload is compared to the letter.
function ofCore(type: string, payload: object): Readonly<Record<string, unknown>> {
  if (!/^(sys|signer)\./.test(type)) return {}
  const { key, nonce, root, state, signerId, hash } = payload as Readonly<Record<string, unknown>>
  const { x, y } = (key ?? {}) as Readonly<Record<string, unknown>>
  return { x, y, nonce, root, state, signerId, logHash: hash }
}

function plain(outcome: Outcome): unknown {
  if (outcome.outcome !== 'registered') return { outcome: outcome.outcome, key: outcome.key, code: outcome.error.code }
  const { key, seq, type, tseq, ts, replayed, answer, record, seal } = outcome
  // Four characters of the signature stand on paper, and the whole seal as a QR code.
  const extract = [2, 6, 12, 18].map((at) => record.sig[at]).join('')
  const print = outcome.print.map((item) =>
    JSON.stringify(item).replace(`"${extract}"`, '"extract"').replace(JSON.stringify(seal), '"seal"'),
  )
  return {
    key,
    seq,
    type,
    tseq,
    ts,
    replayed,
    print,
    answer: JSON.stringify(answer).replace(`"${extract}"`, '"extract"').replace(seal, 'seal'),
  }
}

function verdict({ sound, profile, records, head, findings, more, unchecked }: Report): unknown {
  return { sound, profile, records, head, findings, more, unchecked }
}
