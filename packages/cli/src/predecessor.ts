// The queue a till continues (FORMAT 4, 10.6): read for `init`, compared by `verify`, told by `inspect` and `doctor`.
import { FiscalError, parseLine, type StorageReader } from '@sigillo/core'
import { lastGood, predecessorIn, type LastGood, type Predecessor } from '@sigillo/core/verify'
import { readEvidence } from '@sigillo/storage-fs'
import type { Call } from './command.js'
import { usageError } from './errors.js'
import { kindOf } from './evidence.js'
import { openSource } from './folder-source.js'
import { plain } from './output.js'
import type { Verdict } from './registry.js'

/**
 * Reads how far a journal is good, for the queue that continues it: the folder of a queue, however damaged, or an unpacked bundle.
 * @throws FiscalError QUEUE_LOCKED while a till has it open, USAGE when nothing of it is good, UNREADABLE
 */
export async function readPredecessor(
  path: string,
  reason: string,
  call: Call,
): Promise<LastGood & { predecessor: Predecessor }> {
  const kind = await kindOf(path)
  if (kind === 'bundle') throw usageError(`${path}: unpack the bundle and name its folder`)
  const read = kind === 'queue' ? await goodOfFolder(path, call) : await lastGood(() => readEvidence(path))
  const { predecessor, fault } = read
  if (predecessor === undefined)
    throw usageError(
      `${path}: no record of it is good${fault === undefined ? '' : ` (#${fault.seq} ${fault.code})`}, so nothing can be continued`,
    )
  return { ...read, predecessor: { ...predecessor, reason } }
}

async function goodOfFolder(dir: string, { out }: Call): Promise<LastGood> {
  const source = await openSource(dir)
  const progress = out.progress('Verifying the predecessor', 'records')
  try {
    if (source.holder === 'alive')
      throw new FiscalError('QUEUE_LOCKED', { message: `${dir} is open in a running till`, details: { dir } })
    const options = { kept: source.kept, bytesExpected: source.bytes }
    return await lastGood(() => source.chunks([]), { ...options, progress: (records) => progress.at(records, source.expected) })
  } finally {
    progress.end()
    await source.close()
  }
}

/** What the first record of a queue names as its predecessor. */
export async function predecessorOf(reader: StorageReader): Promise<Predecessor | undefined> {
  for await (const { line } of reader.read(0n, 0n)) return predecessorIn(parseLine(line)?.payload)
  return undefined
}

/** In words. */
export function predecessorText({ queue, size, reason }: Predecessor): string {
  return plain(`continues queue ${queue} behind its ${size} records${reason === undefined ? '' : `: ${reason}`}`)
}

/**
 * The verdict on a predecessor, as far as its successor relies on it: findings behind the records the successor names do not count, for they
 * are why it exists. That the old queue went on behind them is told.
 */
export function asPredecessor(report: Verdict, { size }: Predecessor, successor: string): Verdict {
  const findings = [...report.findings]
  const behind = findings.filter(({ seq, severity }) => severity === 'error' && seq !== null && seq >= size)
  if (report.successor !== undefined && report.successor !== successor)
    findings.unshift({
      seq: null,
      code: 'QUEUE_WRONG',
      where: 'successor',
      message: `its sys.close names another successor, ${report.successor}`,
      severity: 'error',
    })
  if (behind.length === 0 && report.head !== null && report.head.seq >= size)
    findings.push({
      seq: size,
      code: 'FORK',
      where: 'successor',
      message: `it went on to #${report.head.seq}, behind the record its successor continues from`,
      severity: 'warning',
    })
  const sound = findings.every((finding) => finding.severity !== 'error' || behind.includes(finding))
  return { ...report, findings, sound }
}
