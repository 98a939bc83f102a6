// What a purge would blank: contents of a range that are still there, counted by type.
import { parseLine } from '@sigillo/core'
import type { FolderReader } from '@sigillo/storage-fs'
import type { Output } from '../output.js'

/** Contents found. */
export interface Contents {
  readonly contents: Readonly<Record<string, { readonly records: number; readonly bytes: number }>>
  readonly records: number
  /** Bytes that blanking frees. */
  readonly bytes: number
  /** Records whose segment is not complete yet. */
  readonly waiting: number
}

/** Counts contents of records `from` to `to` that a purge may blank; with `events` only those of technical events. */
export async function contentsIn(
  reader: FolderReader,
  { from, to, events }: { readonly from: bigint; readonly to: bigint; readonly events: boolean },
  out: Output,
): Promise<Contents> {
  const { isPurgeable } = await import('@sigillo/country-fr')
  const contents: Record<string, { records: number; bytes: number }> = {}
  const [total, head] = [{ records: 0, bytes: 0, waiting: 0 }, Number((await reader.head()).seq)]
  const segment = 2 ** reader.segBits
  const progress = out.progress('Counting', 'records')
  for await (const { seq, line } of reader.read(from, to)) {
    progress.at(Number(seq - from), Number(to - from) + 1)
    const record = parseLine(line)
    if (record === undefined || record.payloadText === 'null' || !isPurgeable(record.body)) continue
    const { type } = record.body
    if (events && type !== 'event') continue
    const bytes = Buffer.byteLength(record.payloadText) - 'null'.length
    const row = (contents[type] ??= { records: 0, bytes: 0 })
    row.records += 1
    row.bytes += bytes
    total.records += 1
    total.bytes += bytes
    if ((Math.floor(Number(seq) / segment) + 1) * segment - 1 > head) total.waiting += 1
  }
  progress.end()
  return { contents, ...total }
}

const MARK = Buffer.from('"type":"event"')

/** Archives confirmed on an external medium by event 440 from a record on: their number and the SHA-256 of the very file. */
export async function confirmedFiles(reader: FolderReader, from: bigint): Promise<ReadonlySet<string>> {
  const confirmed = new Set<string>()
  for await (const { line } of reader.read(from)) {
    if (!Buffer.from(line.buffer, line.byteOffset, line.byteLength).includes(MARK)) continue
    const payload = parseLine(line)?.payload as
      | { code?: unknown; data?: { archive?: unknown; sha256?: unknown } }
      | null
      | undefined
    if (payload?.code === 440) confirmed.add(`${String(payload.data?.archive)} ${String(payload.data?.sha256)}`)
  }
  return confirmed
}
