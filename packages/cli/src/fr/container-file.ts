// An archive or export as a file: its place is looked at before anything is signed, so that one that cannot be written costs nothing, and
// its name, when only a folder is given, is the one the country gives it.
import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Archive } from '@sigillo/country-fr'
import type { Call } from '../command.js'
import { usageError } from '../errors.js'
import { writeWhole } from '../whole-file.js'

/** A container that was written. */
export interface WrittenContainer {
  readonly file: string
  readonly bytes: number
  /** Of the ZIP. */
  readonly sha256: string
  readonly archive: Archive
}

/** Words for the caller. */
export interface ContainerWords {
  /** Shown while it is written. */
  readonly label: string
  /** Said when the container was signed and could not be written. */
  readonly signed: (archive: Archive) => string
}

/**
 * Looks at the wanted file: it must not be there, or be replaced by `--force`; a folder takes the container under its own name.
 * @throws FiscalError USAGE
 */
export async function checkTarget(target: string | undefined, call: Call): Promise<void> {
  if (!(await isFolder(target))) await refuseExisting(target as string, call)
}

/**
 * Makes and writes a container.
 * @throws FiscalError USAGE when the place cannot be written, and what `make` throws
 */
export async function writeContainer(
  call: Call,
  target: string | undefined,
  make: () => Promise<Archive>,
  words: ContainerWords,
): Promise<WrittenContainer> {
  let archive: Archive | undefined
  try {
    if (await isFolder(target)) {
      archive = await make()
      const file = target === undefined ? archive.name : join(target, archive.name)
      await refuseExisting(file, call)
      return { ...(await write(file, archive.stream(), call, words.label)), archive }
    }
    // Asked for its first piece once the file is open: only then is anything signed.
    const lazily = async function* (): AsyncIterable<Uint8Array> {
      archive = await make()
      yield* archive.stream()
    }
    const written = await write(target as string, lazily(), call, words.label)
    return { ...written, archive: archive as unknown as Archive }
  } catch (error) {
    if (archive !== undefined) call.out.note(words.signed(archive))
    throw error
  }
}

async function isFolder(target: string | undefined): Promise<boolean> {
  if (target === undefined) return true
  return stat(target).then(
    (found) => found.isDirectory(),
    () => false,
  )
}

async function refuseExisting(file: string, { flags }: Call): Promise<void> {
  const exists = (await stat(file).catch(() => undefined)) !== undefined
  if (exists && flags['force'] !== true) throw usageError(`${file} exists; --force replaces it`)
}

async function write(
  file: string,
  source: AsyncIterable<Uint8Array>,
  { out, world }: Call,
  label: string,
): Promise<Omit<WrittenContainer, 'archive'>> {
  const hash = createHash('sha256')
  const progress = out.progress(label, 'bytes')
  let done = 0
  async function* watched(): AsyncIterable<Uint8Array> {
    for await (const piece of source) {
      hash.update(piece)
      progress.at((done += piece.length), 0)
      yield piece
    }
  }
  try {
    const bytes = await writeWhole(file, watched(), world.signal)
    return { file, bytes, sha256: hash.digest('hex') }
  } finally {
    progress.end()
  }
}
