// `sigillo fr purge DIR --archive FILE`: blanks contents that archives hold (16). Without --yes it only tells what would go. The archives are
// verified first, the rules decide as they will when it is done, and the journal says so before anything is blanked.
import {
  isFiscalError,
  randomBytes,
  systemClock,
  toHex,
  toTimestamp,
  viewQueue,
  type FiscalError,
  type Queue,
} from '@sigillo/core'
import type { Manifest } from '@sigillo/country-fr'
import { EXIT, textFlag, type Call, type Command } from '../command.js'
import { usageError } from '../errors.js'
import { columns, plain } from '../output.js'
import { passphraseOptions } from '../passphrase.js'
import { remedyText } from '../remedy.js'
import { openReading, writerOptions } from '../till.js'
import { openFrench, readFrench, refuseInSchool } from './french-till.js'
import { confirmedFiles, contentsIn, type Contents } from './purge-contents.js'
import { fileDigest } from './file-digest.js'
import { reportOn } from './verify-archive.js'

/** The command. */
export const purgeCommand: Command = {
  name: 'fr purge',
  summary: 'Blank archived contents; without --yes only show what would go',
  args: 'DIR',
  arity: [1, 1],
  options: {
    archive: {
      type: 'string',
      value: 'FILE',
      multiple: true,
      help: 'Archive that holds the contents, read back from where it is kept; again for more, oldest first',
    },
    yes: { type: 'boolean', help: 'Do it; it cannot be undone' },
    manager: { type: 'string', value: 'NAME', help: 'Who decides; recorded' },
    medium: { type: 'string', value: 'TEXT', help: 'Confirm now that FILE lies on this external medium (event 440)' },
    'events-only': { type: 'boolean', help: 'Only technical events that may be dropped (event 205 instead of 200)' },
    key: { type: 'string', value: 'TEXT', help: 'Idempotency key of the purge; by default made from the moment' },
    operator: { type: 'string', value: 'NAME', help: 'Who runs it; default cli' },
    ...passphraseOptions,
    ...writerOptions,
  },
  notes: [
    'Closings, archives, kept events, all signed bodies, hashes and signatures stay, and so do the perpetual totals. Allowed once every\narchive is sound, confirmed on an external medium, and beyond the years of keeping. What lies in a segment that is not complete yet, or\nwas interrupted, is blanked later by itself; the same call again tells how far it has come.',
    'Exit code: 0 shown or done; 1 an archive is not sound, or the rules refuse; 2 could not be done; 3 not known.',
    'JSON: done, from, to, archives [{file, number, sha256, manifest}], contents {type: {records, bytes}}, records, bytes, waiting (records\nwhose segment is not complete), refused (null, or the error); when done also seq, freedRecords, freedBytes, remainingFrom.',
  ],
  run: purge,
}

/** One archive that was read back and found sound. */
interface Kept {
  readonly file: string
  readonly number: number
  readonly from: number
  readonly to: number
  /** Of the ZIP. */
  readonly sha256: string
  readonly manifest: string
}

interface Plan extends Contents {
  readonly from: number
  readonly to: number
  readonly archives: readonly Kept[]
  readonly refused: FiscalError | null
  /** True when an earlier call has ordered this very purge. */
  readonly ordered: boolean
  /** Archives the journal does not know on an external medium yet. */
  readonly unmoved: readonly Kept[]
}

async function purge(call: Call): Promise<number> {
  const { args, flags, out } = call
  const dir = args[0] as string
  const files = (flags['archive'] ?? []) as readonly string[]
  if (files.length === 0) throw usageError('name the archive that holds the contents: --archive FILE')
  const yes = flags['yes'] === true
  if (yes && (textFlag(flags, 'manager') ?? '').trim() === '') throw usageError('--yes needs --manager NAME, who decides')
  await readFrench(dir)
  const archives = await readBack(files, call)
  if (archives === undefined) return EXIT.findings
  const plan = await planOf(dir, archives, call)
  if (plan.refused !== null || !yes) {
    await (out.json ? out.object({ done: false, ...shown(plan) }) : tellPlan(call, plan, yes))
    return plan.refused === null ? EXIT.ok : EXIT.findings
  }
  return carryOut(call, plan)
}

// Every archive is verified now, whatever was verified before; a damaged one ends it.
async function readBack(files: readonly string[], call: Call): Promise<readonly Kept[] | undefined> {
  const { out } = call
  const kept: Kept[] = []
  let sound = true
  for (const file of files) {
    // Options of verify-archive have no place here.
    const { manifest, manifestSha256, ...report } = await reportOn(file, { flags: {}, out })
    if (manifest !== undefined && report.sound && manifest.kind !== 'export') {
      const { number, from, to } = manifest
      kept.push({ file, number, from, to, sha256: await fileDigest(file), manifest: manifestSha256 as string })
      continue
    }
    sound = false
    await tellFaults(call, file, manifest, report.faults)
  }
  return sound ? kept : undefined
}

async function tellFaults(
  { out }: Call,
  file: string,
  manifest: Manifest | undefined,
  faults: readonly { readonly fr: string; readonly en: string }[],
): Promise<void> {
  const message = manifest?.kind === 'export' ? 'an export is no archive' : 'the archive is not sound'
  if (out.json)
    return out.object({ done: false, refused: { code: 'FR_PURGE_NOT_ALLOWED', message: `${file}: ${message}`, faults } })
  out.note(`${out.paint.red('✘')} ${file}: ${message}; nothing was changed`)
  for (const { fr, en } of faults.slice(0, 20)) out.note(`    ${plain(fr)} / ${plain(en)}`)
}

async function planOf(dir: string, archives: readonly Kept[], call: Call): Promise<Plan> {
  const { france } = await readFrench(dir)
  const reader = await openReading(dir)
  try {
    const { totals, queue } = await viewQueue(reader, france as never)
    const state = france.restore(totals)
    const last = archives.at(-1) as Kept
    const events = call.flags['events-only'] === true
    const ordered = !events && last.to <= state.purgedTo
    const confirmed = await confirmedFiles(reader, BigInt(archives[0]?.to ?? 0) + 1n)
    const unmoved = archives.filter(({ number, sha256 }) => !confirmed.has(`${number} ${sha256}`))
    // A confirmation of another file is none of this one. With --medium it comes first; the rules are asked as they will stand then.
    const medium = textFlag(call.flags, 'medium')
    for (const row of state.archives) {
      if (!unmoved.some(({ number }) => number === row.number)) continue
      if (medium === undefined) delete row.moved
      else row.moved = medium
    }
    const from = Math.min(...archives.map((archive) => archive.from))
    const refused = ordered
      ? null
      : refusal(() =>
          france.decide(state, france.parse(requestOf(call, archives, 'dry-run')), { now: now(), tsBack: 0, queue, needs: {} }),
        )
    const range = { from: BigInt(from), to: BigInt(last.to), events }
    return { from, to: last.to, archives, refused, ordered, unmoved, ...(await contentsIn(reader, range, call.out)) }
  } finally {
    await reader.close()
  }
}

function refusal(decide: () => unknown): FiscalError | null {
  try {
    decide()
    return null
  } catch (error) {
    if (isFiscalError(error)) return error
    throw error
  }
}

const now = (): string => toTimestamp(systemClock.now())

function requestOf({ flags }: Call, archives: readonly Kept[], key: string): Record<string, unknown> {
  return {
    type: 'purge',
    key,
    operatorId: textFlag(flags, 'operator') ?? 'cli',
    posMoment: now(),
    archives: archives.map(({ number, manifest }) => ({ number, manifest })),
    manager: textFlag(flags, 'manager') ?? 'dry-run',
    ...(flags['events-only'] === true && { scope: 'events' }),
  }
}

async function carryOut(call: Call, plan: Plan): Promise<number> {
  const { args, flags, out } = call
  await using till = await openFrench(call)
  refuseInSchool(till)
  const { queue } = till
  let seq: bigint | null = null
  if (!plan.ordered) {
    const confirmed = await confirmMedium(queue, plan.unmoved, call)
    const key = textFlag(flags, 'key') ?? `purge-${now()}-${toHex(randomBytes(3))}`
    const outcome = confirmed ?? (await queue.record(requestOf(call, plan.archives, key)))
    if (outcome.outcome !== 'registered') {
      await (out.json
        ? out.object({ done: false, ...shown({ ...plan, refused: outcome.error }) })
        : tellRefusal(call, outcome.error))
      return outcome.outcome === 'rejected' ? EXIT.findings : EXIT.unknown
    }
    seq = outcome.seq
  }
  const blankings = await queue.blankings()
  const remaining = blankings.map(({ remainingFrom }) => remainingFrom).find((first) => first !== undefined)
  const { warnings } = await queue.health()
  for (const warning of warnings) out.note(`warning: ${plain(warning)}`)
  const left = await contentsLeft(args[0] as string, plan, call)
  const freed = {
    freedRecords: plan.records - left.records,
    freedBytes: plan.bytes - left.bytes,
    remainingFrom: remaining ?? null,
  }
  if (out.json) await out.object({ done: true, ...shown(plan), seq, ...freed })
  else await tellDone(call, seq, freed)
  if (remaining !== undefined || left.records === 0) return EXIT.ok
  out.note(`warning: ${left.records} contents are left; the same call again goes on`)
  return EXIT.findings
}

type Answer = Awaited<ReturnType<Queue['record']>>

// Event 440 for archives whose place nobody has confirmed yet; undefined when all went well or nothing was asked.
async function confirmMedium(queue: Queue, unmoved: readonly Kept[], { flags }: Call): Promise<Answer | undefined> {
  const medium = textFlag(flags, 'medium')
  if (medium === undefined) return undefined
  for (const { number, sha256 } of unmoved) {
    const outcome = await queue.record({
      type: 'event',
      key: `medium-${number}-${now()}-${toHex(randomBytes(3))}`,
      operatorId: textFlag(flags, 'operator') ?? 'cli',
      posMoment: now(),
      code: 440,
      data: { archive: number, medium, sha256 },
    })
    if (outcome.outcome !== 'registered') return outcome
  }
  return undefined
}

async function contentsLeft(dir: string, { from, to }: Plan, { flags, out }: Call): Promise<Contents> {
  const reader = await openReading(dir)
  try {
    return await contentsIn(reader, { from: BigInt(from), to: BigInt(to), events: flags['events-only'] === true }, out)
  } finally {
    await reader.close()
  }
}

function shown({ from, to, archives, contents, records, bytes, waiting, refused }: Plan): object {
  const files = archives.map(({ file, number, sha256, manifest }) => ({ file, number, sha256, manifest }))
  return { from, to, archives: files, contents, records, bytes, waiting, refused }
}

async function tellPlan(call: Call, plan: Plan, yes: boolean): Promise<void> {
  const { out } = call
  const { from, to, archives, contents, records, bytes, waiting, refused, ordered } = plan
  await out.line(
    `Records #${from} to #${to}, held by archive ${archives.map(({ number }) => number).join(', ')}, read back and sound`,
  )
  const rows = Object.entries(contents).map(([type, row]) => [`  ${type}`, `${row.records} contents`, `${row.bytes} bytes`])
  for (const row of columns(rows)) await out.line(row)
  await out.line(
    `  in all ${records} contents, ${bytes} bytes${waiting > 0 ? `; ${waiting} must wait until their segment is complete` : ''}`,
  )
  if (refused !== null) return tellRefusal(call, refused)
  if (ordered) await out.line('This purge was ordered before; what is left is blanked when the till is open.')
  if (!yes) await out.line('Nothing was changed. --yes --manager NAME does it; it cannot be undone.')
}

async function tellRefusal({ out }: Call, error: FiscalError): Promise<void> {
  const { code, national, message } = error
  out.note(`${out.paint.red('✘')} refused: ${national ?? code}: ${plain(message)}; nothing was blanked`)
  out.note(`  ${remedyText(error)}`)
  await Promise.resolve()
}

async function tellDone(
  { out }: Call,
  seq: bigint | null,
  { freedRecords, freedBytes, remainingFrom }: { freedRecords: number; freedBytes: number; remainingFrom: bigint | null },
): Promise<void> {
  const said = seq === null ? 'ordered before' : `recorded as #${seq}`
  await out.line(`${out.paint.green('✔')} ${freedRecords} contents blanked, ${freedBytes} bytes freed; ${said}`)
  if (remainingFrom !== null)
    await out.line(`  from record #${remainingFrom} on the rest is blanked by itself when its segment is complete`)
}
