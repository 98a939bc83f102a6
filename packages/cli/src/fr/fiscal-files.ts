// The files of the fiscal perimeter as they are installed: the JavaScript of the fiscal packages, and what the publisher of a till adds.
import { readFile, readdir, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { FiscalFile } from '@sigillo/country-fr/attest'
import { cliError, usageError } from '../errors.js'
import { fileDigest } from './file-digest.js'

/** The perimeter. */
export interface Perimeter {
  readonly files: readonly FiscalFile[]
  readonly packages: readonly { readonly name: string; readonly version: string }[]
}

/** Where the publisher's own files stand in the list. */
const OWN = 'logiciel'

/**
 * Reads and hashes the perimeter.
 * @param names packages that belong to it
 * @param modules the `node_modules` of the till; by default where this command finds its own packages
 * @param also files and folders of the till itself
 * @throws FiscalError UNREADABLE when a package is missing or not built; USAGE when a path of `also` is not there
 */
export async function fiscalPerimeter(
  names: readonly string[],
  modules: string | undefined,
  also: readonly string[],
): Promise<Perimeter> {
  const places = modules === undefined ? ownPlaces(names) : names.map((name) => ({ name, folder: join(resolve(modules), name) }))
  const packages: { name: string; version: string }[] = []
  const files: FiscalFile[] = []
  for (const { name, folder } of places) {
    packages.push({ name, version: await versionIn(name, folder) })
    const found = await hashed(join(folder, 'dist'), `${name}/dist`, (file) => file.endsWith('.js'))
    if (found.length === 0) throw cliError('UNREADABLE', `${name} holds no JavaScript in dist: build it, or name --modules`)
    files.push(...found)
  }
  for (const path of also) {
    const own = `${OWN}/${basename(resolve(path))}`
    const kind = await stat(path).catch(() => undefined)
    if (kind === undefined) throw usageError(`${path}: there is no such file or folder`)
    files.push(...(kind.isDirectory() ? await hashed(path, own, () => true) : [{ path: own, sha256: await fileDigest(path) }]))
  }
  return { files, packages }
}

// Installed apart from its packages, this command is one bundle that holds them: its own files are then the perimeter.
function ownPlaces(names: readonly string[]): readonly { readonly name: string; readonly folder: string }[] {
  const require = createRequire(import.meta.url)
  const found = names.map((name) => {
    try {
      return { name, folder: dirname(require.resolve(`${name}/package.json`)) }
    } catch {
      return { name, folder: undefined }
    }
  })
  const missing = found.filter(({ folder }) => folder === undefined)
  if (missing.length === names.length) return [{ name: '@sigillo/cli', folder: ownFolder() }]
  if (missing.length > 0) throw cliError('UNREADABLE', `not installed: ${missing.map(({ name }) => name).join(', ')}`)
  return found as { name: string; folder: string }[]
}

function ownFolder(): string {
  return fileURLToPath(new URL('..', import.meta.url))
}

async function versionIn(name: string, folder: string): Promise<string> {
  try {
    return String((JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { version?: unknown }).version)
  } catch {
    throw cliError('UNREADABLE', `${name} is not installed in ${folder}`)
  }
}

// Links are not followed: what they point to belongs elsewhere.
async function hashed(folder: string, prefix: string, wanted: (name: string) => boolean): Promise<FiscalFile[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  const files: FiscalFile[] = []
  for (const entry of entries) {
    const [place, path] = [join(folder, entry.name), `${prefix}/${entry.name}`]
    if (entry.isDirectory() && entry.name !== 'node_modules' && entry.name !== '.git')
      files.push(...(await hashed(place, path, wanted)))
    else if (entry.isFile() && wanted(entry.name)) files.push({ path, sha256: await fileDigest(place) })
  }
  return files
}
