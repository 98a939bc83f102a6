// `sigillo fr verify-archive FILE`: the check of an archive by a third party (15.3): needs the ZIP and nothing else, no till, no key,
// no network. Verdict and faults in French and English.
import { stat } from 'node:fs/promises'
import type { ArchiveReport, Manifest } from '@sigillo/country-fr'
import { EXIT, numberFlag, textFlag, type Call, type Command } from '../command.js'
import { usageError } from '../errors.js'
import { fileStream, kindOf, notReadable } from '../evidence.js'
import { plain } from '../output.js'

/** The command. */
export const verifyArchiveCommand: Command = {
  name: 'fr verify-archive',
  summary: 'Check an archive or export from its ZIP alone',
  args: 'FILE',
  arity: [1, 1],
  options: {
    previous: {
      type: 'string',
      value: 'FILE',
      help: 'The archive before this one, or its manifest.json: continuity is checked too',
    },
    'trusted-key': {
      type: 'string',
      value: 'KID',
      multiple: true,
      help: 'Thumbprint of a key the shop or publisher has made known; again for more',
    },
    'max-findings': { type: 'string', value: 'N', help: 'Faults shown in words; default 50 (JSON gives all)' },
  },
  notes: [
    'Hashes every file against the manifest, the manifest against the signed record, checks every record, link and signature, computes\nVAT, totals, closings and perpetual totals again, and writes the tables anew to compare. Reads as a stream, twice.',
    'Exit code: 0 sound; 1 faults were found; 2 the file cannot be read or is no French archive.',
    'JSON: sound, verdict {fr, en}, number, kind, from, to, firstMoment, lastMoment, till, establishment, software, records, keys, perpetual,\ntotals, manifestSha256, faults [{code, file, seq, detail, fr, en}], unchecked, uncheckedFr.',
  ],
  run: verifyArchiveFile,
}

/** Names only a French archive has; one of them is enough to be judged as one. */
const OURS: ReadonlySet<string> = new Set(['manifest.json', 'manifest.jws', 'records.ndjson', 'LISEZMOI.txt'])

async function verifyArchiveFile(call: Call): Promise<number> {
  const { args, flags, out } = call
  const report = await reportOn(args[0] as string, call)
  if (out.json) await out.object(asJson(report))
  else await tell(call, report, numberFlag(flags, 'max-findings', [1, 1_000_000]) ?? 50)
  return report.sound ? EXIT.ok : EXIT.findings
}

/**
 * Judges the archive in a file.
 * @throws FiscalError UNREADABLE when it is no French archive
 */
export async function reportOn(path: string, { flags, out }: Pick<Call, 'flags' | 'out'>): Promise<ArchiveReport> {
  if ((await kindOf(path)) !== 'bundle') throw notReadable(path, 'is a folder; name the ZIP of the archive')
  const previous = await previousManifest(textFlag(flags, 'previous'))
  const trusted = flags['trusted-key'] as readonly string[] | undefined
  const { size } = await stat(path)
  const { verifyArchive } = await import('@sigillo/country-fr')
  const progress = out.progress('Verifying', 'bytes')
  let done = 0
  // The tables are compared in a second reading.
  async function* watched(): AsyncIterable<Uint8Array> {
    for await (const piece of fileStream(path)) {
      progress.at((done += piece.length), 2 * size)
      yield piece
    }
  }
  try {
    const report = await verifyArchive(watched, {
      ...(trusted !== undefined && { trustedKeys: trusted }),
      ...(previous !== undefined && { previous }),
    })
    if (report.manifest === undefined && !report.names.some((name) => OURS.has(name)))
      throw notReadable(path, 'is no French archive; sigillo verify judges a bundle')
    return report
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw typeof code === 'string' && /^E[A-Z]+$/.test(code) ? notReadable(path, `cannot be read (${code})`) : error
  } finally {
    progress.end()
  }
}

async function previousManifest(path: string | undefined): Promise<Uint8Array | undefined> {
  if (path === undefined) return undefined
  const kind = await kindOf(path).catch(() => undefined)
  const { archiveManifest } = await import('@sigillo/country-fr')
  const manifest = kind === 'bundle' ? await archiveManifest(() => fileStream(path)) : await smallFile(path)
  if (manifest === undefined) throw usageError(`${path} is neither an archive nor a manifest.json`)
  return manifest
}

async function smallFile(path: string): Promise<Uint8Array | undefined> {
  const { readFile } = await import('node:fs/promises')
  return readFile(path).then(
    (bytes) => new Uint8Array(bytes),
    () => undefined,
  )
}

const VERDICTS = {
  sound: { fr: 'Archive intègre', en: 'Archive sound' },
  wrong: { fr: 'Archive NON intègre', en: 'Archive NOT sound' },
} as const

/** The verdict in both languages. */
export function verdictOf({ sound }: Pick<ArchiveReport, 'sound'>): { readonly fr: string; readonly en: string } {
  return sound ? VERDICTS.sound : VERDICTS.wrong
}

function asJson(report: ArchiveReport): object {
  const { sound, faults, manifest, manifestSha256, records, unchecked, uncheckedFr } = report
  return {
    sound,
    verdict: verdictOf(report),
    ...(manifest !== undefined && factsOf(manifest)),
    records: records?.records ?? null,
    manifestSha256: manifestSha256 ?? null,
    faults,
    unchecked,
    uncheckedFr,
  }
}

function factsOf({ keys, ...manifest }: Manifest): object {
  const { number, kind, from, to, firstMoment, lastMoment, till, establishment, software, perpetual, totals } = manifest
  const facts = { number, kind, from, to, firstMoment, lastMoment, till, establishment, software, perpetual, totals }
  return { ...facts, keys: keys.map(({ kid }) => kid) }
}

async function tell({ out }: Call, report: ArchiveReport, most: number): Promise<void> {
  const { paint } = out
  const { sound, faults, manifest, manifestSha256, unchecked, uncheckedFr } = report
  const { fr, en } = verdictOf(report)
  await out.line(sound ? paint.green(`✔ ${fr} / ${en}`) : paint.red(`✘ ${fr} / ${en}: ${faults.length}`))
  if (manifest !== undefined) for (const line of factLines(manifest, manifestSha256 ?? '')) await out.line(`  ${plain(line)}`)
  for (const fault of faults.slice(0, most)) {
    await out.line(paint.red(`  ✘ ${fault.code}  ${plain(fault.fr)}`))
    await out.line(`      ${plain(fault.en)}`)
  }
  if (faults.length > most) await out.line(`  … + ${faults.length - most} (--max-findings N, --json)`)
  for (const [i, text] of unchecked.entries())
    await out.line(paint.dim(`  non vérifié / not checked: ${plain(uncheckedFr[i] ?? '')} / ${plain(text)}`))
}

function factLines(manifest: Manifest, sha256: string): readonly string[] {
  const { number, kind, from, to, firstMoment, lastMoment, till, establishment, keys } = manifest
  const what = kind === 'export' ? 'export' : `archive n° ${number} (${kind})`
  return [
    `${what}, SIRET ${String(establishment['siret'])}, caisse / till ${till}`,
    `enregistrements / records #${from} – #${to}, ${firstMoment} – ${lastMoment}`,
    `manifest.json SHA-256 ${sha256}`,
    ...keys.map(({ kid }) => `clé / key ${kid}`),
  ]
}
