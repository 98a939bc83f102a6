// The software seal over real files (signing specification 16): hashed one after the other, symbolic links refused, for a link could point
// anywhere at the next start.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { lstat, readdir, readFile } from 'node:fs/promises'
import { join, relative, resolve, sep } from 'node:path'
import {
  compareSeal,
  openSeal,
  sealBroken,
  sealDigest,
  type SealedFile,
  type SealFinding,
  type SealManifest,
} from '@sigillo/core'

/** Where a seal and the files under it lie. */
export interface SealFileOptions {
  /** The seal, as made by `sigillo seal make`. */
  readonly file: string
  /** Folder the paths in it start from. */
  readonly root: string
  /** Thumbprint of the release key; pinned by whoever installed the release, never taken from the seal. */
  readonly keyId: string
}

/** A seal that holds. */
export interface CheckedSeal {
  readonly manifest: SealManifest
  /** Lower-case hex SHA-256 of the manifest, for the journal. */
  readonly digest: string
  readonly files: number
}

/**
 * Checks a seal and every file under it.
 * @throws FiscalError SEAL_BROKEN naming up to 20 files that are not as they were sealed
 */
export async function checkSealFile({ file, root, keyId }: SealFileOptions): Promise<CheckedSeal> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch {
    throw sealBroken('it cannot be read')
  }
  const manifest = openSeal(text, keyId)
  const found = manifest.complete ? await listFiles(root, { except: [file] }) : await named(root, manifest)
  const findings = compareSeal(manifest, found)
  if (findings.length > 0) throw sealBroken(findings.slice(0, 3).map(told).join(', '), findings)
  return { manifest, digest: sealDigest(manifest), files: manifest.files.length }
}

function told({ path, problem }: SealFinding): string {
  return `${path} ${problem}`
}

/**
 * Every regular file below a folder, in order of their paths, with its digest; `only` keeps those whose path begins so.
 * @throws FiscalError SEAL_BROKEN for a symbolic link or anything that is neither file nor folder
 */
export async function listFiles(
  root: string,
  { except = [], only = [] }: { readonly except?: readonly string[]; readonly only?: readonly string[] } = {},
): Promise<readonly SealedFile[]> {
  const base = resolve(root)
  const left = new Set(except.map((path) => resolve(path)))
  const files: SealedFile[] = []
  const walk = async (folder: string): Promise<void> => {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name)
      const name = relative(base, path).split(sep).join('/')
      if (left.has(path)) continue
      if (entry.isDirectory()) await walk(path)
      else if (
        only.length > 0 &&
        !only.some((start) => name === start || name.startsWith(start.endsWith('/') ? start : `${start}/`))
      )
        continue
      else if (entry.isFile()) files.push(await hashed(path, name))
      else throw sealBroken(`${name} is no regular file`)
    }
  }
  await walk(base)
  return files.sort((a, b) => (a.path < b.path ? -1 : 1))
}

async function named(root: string, { files }: SealManifest): Promise<readonly SealedFile[]> {
  const found: SealedFile[] = []
  for (const { path } of files) {
    const place = join(resolve(root), ...path.split('/'))
    const state = await lstat(place).catch(() => undefined)
    if (state === undefined) continue
    if (!state.isFile()) throw sealBroken(`${path} is no regular file`)
    found.push(await hashed(place, path))
  }
  return found
}

async function hashed(path: string, name: string): Promise<SealedFile> {
  const hash = createHash('sha256')
  let bytes = 0
  for await (const part of createReadStream(path) as AsyncIterable<Buffer>) {
    hash.update(part)
    bytes += part.length
  }
  return { path: name, bytes, sha256: hash.digest('hex') }
}
