// The fiscal fingerprint of a build (17.1; LNE requirements 20 and 21): SHA-256 over the list of the fiscal files with their own
// SHA-256. The list has the form of sha256sum, so that anybody computes it again with ordinary tools.
import { sha256Hex, utf8 } from '@sigillo/core'

/** One file of the fiscal perimeter. */
export interface FiscalFile {
  /** Path with `/`, beginning with the name of its package. */
  readonly path: string
  /** Lower-case hex. */
  readonly sha256: string
}

/** The list and its digest. */
export interface Fingerprint {
  /** A line `<sha256>  <path>` for each file, in the order of the bytes of their paths. */
  readonly list: string
  /** SHA-256 of the list: what `fiscalFingerprint` of the settings takes. */
  readonly digest: string
}

/** Packages whose code touches the four conditions. */
export const fiscalPackages: readonly string[] = [
  '@sigillo/core',
  '@sigillo/country-fr',
  '@sigillo/storage-fs',
  '@sigillo/signer-software',
]

/**
 * The fingerprint of these files; their order does not matter.
 * @throws RangeError for a path given twice, or one that a line cannot hold
 */
export function fiscalFingerprint(files: readonly FiscalFile[]): Fingerprint {
  const sorted = files.toSorted((a, b) => compareBytes(utf8(a.path), utf8(b.path)))
  sorted.forEach(({ path, sha256 }, i) => {
    if (/[\n\r\\]/.test(path) || !/^[0-9a-f]{64}$/.test(sha256)) throw new RangeError(`not a file of a fingerprint: ${path}`)
    if (path === sorted[i - 1]?.path) throw new RangeError(`${path} is given twice`)
  })
  const list = sorted.map(({ path, sha256 }) => `${sha256}  ${path}\n`).join('')
  return { list, digest: sha256Hex(list) }
}

// As `LC_ALL=C sort` does, whatever the locale.
function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    const difference = (a[i] as number) - (b[i] as number)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}
