// The archive's container: a ZIP whose bytes depend on its content and moment alone, written as a stream. fflate is used because it
// streams, has no dependency and no native part.
import { sha256Stream } from '@sigillo/core'
import { Zip, ZipDeflate } from 'fflate'
import { refuse } from '../errors.js'

/** Digest and size of a file. */
export interface FileFacts {
  readonly name: string
  readonly bytes: number
  readonly sha256: string
}

/** Files in order, each as a stream of pieces. */
export type ZipFile = readonly [name: string, content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>]

/** Bytes of a ZIP; every entry bears the same local time `YYYYMMDDHHMMSS`. */
export async function* zipFiles(files: AsyncIterable<ZipFile> | Iterable<ZipFile>, moment: string): AsyncIterable<Uint8Array> {
  const mtime = localDate(moment)
  let out: Uint8Array[] = []
  const zip = new Zip((error, data) => {
    if (error !== null) throw error
    out.push(data)
  })
  for await (const [name, content] of files) {
    const file = new ZipDeflate(name, { level: 6 })
    file.mtime = mtime
    zip.add(file)
    for await (const piece of content) {
      // The library may keep what it is given until later.
      file.push(piece.slice(), false)
      yield* out
      out = []
    }
    file.push(new Uint8Array(), true)
    yield* out
    out = []
  }
  zip.end()
  yield* out
}

// The format has no zone and the library reads local parts, so the parts are set, not the instant.
function localDate(moment: string): Date {
  const part = (from: number, to: number): number => Number(moment.slice(from, to))
  return new Date(part(0, 4), part(4, 6) - 1, part(6, 8), part(8, 10), part(10, 12), part(12, 14))
}

/** A hash and a count over pieces. */
export function factsOver(name: string): { add(bytes: Uint8Array): void; done(): FileFacts } {
  const hasher = sha256Stream()
  let bytes = 0
  return {
    add: (piece) => {
      hasher.update(piece)
      bytes += piece.length
    },
    done: () => ({ name, bytes, sha256: hasher.hex() }),
  }
}

/** Without its 64-bit form a ZIP counts to 4 GiB. */
const MOST_BYTES = 0xffff_ffff

/** @throws FiscalError FR_ARCHIVE_TOO_LONG when files of these sizes do not fit into one archive: asked before anything is signed */
export function requireRoom(files: readonly Pick<FileFacts, 'bytes'>[]): void {
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
  if (bytes > MOST_BYTES)
    throw refuse('FR_ARCHIVE_TOO_LONG', `its files hold ${bytes} bytes, and a ZIP at most 4 GiB`, { path: 'until' })
}
