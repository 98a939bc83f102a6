// `sigillo verify DIR|BUNDLE`: reads everything, judges every record, changes nothing. Exit 0 sound, 1 findings, 2 unreadable.
import { isFiscalError, type CountryAuditor, type FiscalError } from '@sigillo/core'
import { verifyBundle, verifyBundleFiles } from '@sigillo/core/bundle'
import { statementsOn, type Finding, type Predecessor, type Statements } from '@sigillo/core/verify'
import { EXIT, numberFlag, textFlag, type Call, type Command } from './command.js'
import { folderFiles, fileStream, kindOf, notReadable } from './evidence.js'
import { plain } from './output.js'
import { asPredecessor, predecessorText } from './predecessor.js'
import { allCountries, countryByProfile, profiles, type Verdict } from './registry.js'
import { verifyFolder } from './verify-folder.js'

/** The command. */
export const verifyCommand: Command = {
  name: 'verify',
  summary: 'Check every record of a queue or of an exported bundle',
  args: 'DIR|BUNDLE',
  arity: [1, 1],
  options: {
    'max-findings': { type: 'string', value: 'N', help: 'Findings shown in words; default 50 (JSON gives all that are kept)' },
    'note-key': {
      type: 'string',
      value: 'KEY',
      multiple: true,
      help: 'Verifier key of a witness whose notes lie in the bundle; again for more',
    },
    predecessor: {
      type: 'string',
      value: 'DIR|BUNDLE',
      help: 'The journal of the queue this one continues: checked too, and whether it is the one named',
    },
  },
  notes: [
    'Reads only; needs no key and no settings. Also beside a running till. An unpacked bundle is given as its folder. A country’s own\narchive (France: the signed ZIP) is judged too.',
    'Exit code: 0 sound (warnings may be listed); 1 something is wrong; 2 nothing that can be read as a queue or bundle.',
    'JSON: sound, queue, profile, records, head {seq, hash}, root, predecessor {queue, size, root, hash, reason} or null, successor (named by\nsys.close) or null, findings, more (findings beyond those kept), unchecked (what could not be checked, in words); with --predecessor\nalso link, the same about that journal. Each finding: seq (null when no record is meant), code, where, message, severity, and where\nknown file and offset.',
    'Of a predecessor, what lies behind the records its successor continues from does not make it unsound: it is why there is one.',
  ],
  run: verify,
}

async function verify(call: Call): Promise<number> {
  const { args, out, flags } = call
  const path = args[0] as string
  const before = textFlag(flags, 'predecessor')
  const found = await reportOn(path, call)
  if (found.records === 0 && found.queue === '' && found.head === null) throw notReadable(path, 'no record in it can be read')
  const report = before === undefined || found.predecessor !== undefined ? found : withoutPredecessor(found)
  const link =
    before === undefined || found.predecessor === undefined ? undefined : await linkTo(before, found, found.predecessor, call)
  const most = numberFlag(flags, 'max-findings', [1, 1_000_000]) ?? 50
  if (out.json) await out.object({ ...asJson(report), ...(link !== undefined && { link: asJson(link) }) })
  else {
    await tell(call, report, most)
    if (link !== undefined) await out.line(`\n${out.paint.bold(`Predecessor ${plain(before as string)}`)}`)
    if (link !== undefined) await tell(call, link, most)
  }
  return report.sound && link?.sound !== false ? EXIT.ok : EXIT.findings
}

function asJson({
  sound,
  queue,
  profile,
  records,
  head,
  root,
  predecessor,
  successor,
  findings,
  more,
  unchecked,
}: Verdict): object {
  const neighbours = { predecessor: predecessor ?? null, successor: successor ?? null }
  return { sound, queue, profile, records, head, root: root ?? null, ...neighbours, findings, more, unchecked }
}

async function linkTo(path: string, { queue }: Verdict, predecessor: Predecessor, call: Call): Promise<Verdict> {
  return asPredecessor(await reportOn(path, call, statementsOn(predecessor)), predecessor, queue)
}

function withoutPredecessor(report: Verdict): Verdict {
  const message = 'the first record names no predecessor, or is not there'
  const finding: Finding = { seq: 0, code: 'QUEUE_WRONG', where: 'payload.predecessor', message, severity: 'error' }
  return { ...report, sound: false, findings: [finding, ...report.findings] }
}

async function reportOn(path: string, call: Call, statements: Omit<Statements, 'continues'> = {}): Promise<Verdict> {
  const kind = await kindOf(path)
  if (kind === 'queue') return verifyFolder(path, call, statements)
  const options = {
    statements,
    auditorOf: await auditors(),
    noteKeys: (call.flags['note-key'] ?? []) as readonly string[],
  }
  if (kind === 'unpacked') return verifyBundleFiles(() => folderFiles(path), options)
  const progress = call.out.progress('Verifying', 'bytes')
  try {
    const report = await verifyBundle(() => fileStream(path), { ...options, progress: (bytes) => progress.at(bytes, 0) })
    return report.index === undefined && report.records === 0 ? ((await nationalArchive(path)) ?? report) : report
  } catch (error) {
    throw isFiscalError(error) ? error : unreadable(path, error)
  } finally {
    progress.end()
  }
}

// The profile of a bundle is only known while it is read: the judges are made ready before.
async function auditors(): Promise<(profile: string) => CountryAuditor | undefined> {
  const ready = await Promise.all(
    profiles.map(async (profile) => [profile, await countryByProfile(profile)?.auditor?.()] as const),
  )
  return (profile) => new Map(ready).get(profile)
}

async function nationalArchive(path: string): Promise<Verdict | undefined> {
  for (const { verifyArchive } of allCountries()) {
    const verdict = await verifyArchive?.(() => fileStream(path))
    if (verdict !== undefined) return verdict
  }
  return undefined
}

function unreadable(path: string, error: unknown): FiscalError {
  return notReadable(path, (error as NodeJS.ErrnoException).code ?? (error instanceof Error ? error.message : 'unknown error'))
}

async function tell({ out }: Call, report: Verdict, most: number): Promise<void> {
  const { paint } = out
  const { sound, queue, profile, records, head, predecessor, successor, findings, more, unchecked } = report
  const what = `${records} records of queue ${plain(queue)} (${plain(profile)})`
  await out.line(
    sound ? `${paint.green('✔ sound')}: ${what}` : `${paint.red('✘ NOT SOUND')}: ${counted(findings.length + more)} in ${what}`,
  )
  if (head !== null) await out.line(`  newest record #${head.seq}  ${head.hash}`)
  if (predecessor !== undefined) await out.line(`  ${predecessorText(predecessor)}`)
  if (successor !== undefined) await out.line(`  has ended; queue ${plain(successor)} continues it`)
  for (const finding of findings.slice(0, most)) {
    for (const line of findingText(finding)) await out.line(finding.severity === 'error' ? paint.red(line) : paint.yellow(line))
  }
  const hidden = findings.length - Math.min(most, findings.length) + more
  if (hidden > 0) await out.line(`  … and ${hidden} more (--max-findings N, or --json)`)
  for (const text of unchecked) await out.line(paint.dim(`  not checked: ${plain(text)}`))
}

const counted = (count: number): string => (count === 1 ? '1 finding' : `${count} findings`)

/** A finding in words. */
export function findingText({ seq, code, where, message, severity, file, offset }: Finding): readonly string[] {
  const place = seq === null ? 'journal' : `#${seq}`
  const at = file === undefined ? '' : ` (${plain(file)}${offset === undefined ? '' : `, byte ${offset}`})`
  const head = `  ${severity === 'error' ? '✘' : '!'} ${place}  ${plain(code)}  ${plain(where)}${at}`
  return [head, `      ${plain(message)}`]
}
