// Verifying a bundle from its bytes alone (FORMAT 21). It may come from an attacker: nothing is trusted before it was hashed,
// nothing is written anywhere. A ZIP is unpacked as it streams; an unpacked folder gives the same entries one by one.
import type { CountryAuditor } from '../country.js'
import { startEntries, type Entries } from './entries.js'
import type { BundleIndex } from './index-file.js'
import { unzipInto } from './unzip.js'
import type { Statements } from '../verify/statements.js'
import type { Report } from '../verify/verify.js'

/** What a bundle is and what is wrong with it. */
export interface BundleReport extends Report {
  /** Undefined when the bundle has no readable table of contents. */
  readonly index: BundleIndex | undefined
}

/** How to verify a bundle. */
export interface BundleVerifyOptions {
  /** Gives the judge for a country's profile, when there is one. */
  readonly auditorOf?: (profile: string) => CountryAuditor | undefined
  /** What others say about the journal, besides what lies in the bundle. */
  readonly statements?: Omit<Statements, 'continues'>
  /** Verifier keys of notes, `name+id+key`. */
  readonly noteKeys?: readonly string[]
  readonly progress?: (bytes: number) => void
}

/** Verifies a bundle given as the bytes of its ZIP. `open` gives the bytes from the start; it is called twice: first for
 * the table of contents and what witnesses say, then for the records. */
export async function verifyBundle(
  open: () => AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: BundleVerifyOptions = {},
): Promise<BundleReport> {
  const contents = new Map<string, Uint8Array[]>()
  const broken = await unzipInto(open(), (name) => (isStatement(name) ? (data) => void push(contents, name, data) : undefined))
  const entries = startEntries(contents, options)
  let bytes = 0
  const again = await unzipInto(
    open(),
    (name) => entries.open(name),
    (count) => options.progress?.((bytes += count)),
  )
  const damage = again ?? broken
  if (damage !== undefined) entries.damaged(damage)
  return entries.report()
}

/** Verifies a bundle that was unpacked: its files by name, each as a stream. `list` may be asked twice. */
export async function verifyBundleFiles(
  list: () => AsyncIterable<{ readonly name: string; readonly bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array> }>,
  options: BundleVerifyOptions = {},
): Promise<BundleReport> {
  const contents = new Map<string, Uint8Array[]>()
  for await (const { name, bytes } of list()) {
    if (isStatement(name)) for await (const data of bytes) push(contents, name, data)
  }
  const entries: Entries = startEntries(contents, options)
  for await (const { name, bytes } of list()) {
    const take = entries.open(name)
    for await (const data of bytes) take?.(data, false)
    take?.(new Uint8Array(), true)
  }
  return entries.report()
}

// Small files that say what to expect; read before the records so that nothing has to be remembered for them.
function isStatement(name: string): boolean {
  return ['bundle.json', 'queue.json', 'witness.json'].includes(name) || name.startsWith('anchors/')
}

function push(contents: Map<string, Uint8Array[]>, name: string, data: Uint8Array): void {
  const parts = contents.get(name) ?? []
  parts.push(data)
  contents.set(name, parts)
}
