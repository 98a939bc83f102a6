// The ZIP of a bundle: fixed times, no extra fields, digests of every entry taken on the way (FORMAT 21).
import { Zip, ZipDeflate } from 'fflate'
import { utf8 } from '../bytes.js'
import { FiscalError } from '../errors.js'
import { sha256Stream } from '#crypto'
import type { BundleIndex } from './index-file.js'

/** One entry being written; each call returns the bytes that are ready. @throws FiscalError OPTION_INVALID beyond 4 GiB in all */
export interface ZipEntry {
  push(bytes: Uint8Array): Iterable<Uint8Array>
  end(): Iterable<Uint8Array>
}

/** A ZIP being written. */
export interface ZipWriter {
  /** Entries finished so far. */
  readonly files: BundleIndex['files'][number][]
  entry(name: string): ZipEntry
  bytes(name: string, bytes: Uint8Array): Iterable<Uint8Array>
  text(name: string, text: string): Iterable<Uint8Array>
  end(): Iterable<Uint8Array>
}

/** Without its 64-bit form a ZIP counts to 4 GiB. */
const MOST_BYTES = 0xffff_ffff

function tooLarge(): FiscalError {
  return new FiscalError('OPTION_INVALID', {
    message: 'to: a bundle holds at most 4 GiB; export the records in parts',
    path: 'to',
  })
}

/** Starts a ZIP whose bytes depend on its content alone. */
export function startZip(mostBytes: number = MOST_BYTES): ZipWriter {
  const files: BundleIndex['files'][number][] = []
  // The format keeps local time without a zone; the library reads the local parts, so this is midnight wherever it runs.
  const mtime = new Date(1980, 0, 1)
  let out: Uint8Array[] = []
  let total = 0
  const zip = new Zip((error, data) => {
    if (error !== null) throw error
    out.push(data)
  })
  const take = (): Uint8Array[] => {
    const taken = out
    out = []
    return taken
  }
  const entry = (name: string): ZipEntry => {
    const file = new ZipDeflate(name, { level: 6 })
    file.mtime = mtime
    const hasher = sha256Stream()
    let bytes = 0
    zip.add(file)
    return {
      push: (data) => {
        hasher.update(data)
        bytes += data.length
        total += data.length
        if (total > mostBytes) throw tooLarge()
        // The library may keep what it is given until later; a view into a shared buffer would change under it.
        file.push(data.slice(), false)
        return take()
      },
      end: () => {
        file.push(new Uint8Array(), true)
        files.push({ bytes, name, sha256: hasher.hex() })
        return take()
      },
    }
  }
  const whole = (name: string, data: Uint8Array): Uint8Array[] => {
    const file = entry(name)
    return [...file.push(data), ...file.end()]
  }
  const end = (): Uint8Array[] => {
    zip.end()
    return take()
  }
  return { files, entry, bytes: whole, text: (name, text) => whole(name, utf8(text)), end }
}
