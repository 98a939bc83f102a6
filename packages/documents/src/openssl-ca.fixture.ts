// Authorities of a test, made by openssl itself: certificates with any extensions, answers of its OCSP responder, revocation lists.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readCertificates, type X509 } from './x509.js'

/** How one certificate is made. */
export interface Wish {
  readonly subject?: string
  /** Name of the issuer's files; itself when left out. */
  readonly issuer?: string
  /** Lines of an openssl extension section. */
  readonly extensions?: string
  readonly key?: 'ec' | 'ec384' | 'rsa:2048' | 'rsa:1024' | 'rsa:3072'
  readonly days?: number
  readonly digest?: string
  readonly serial?: number
}

/** A folder of authorities. */
export interface Workshop {
  readonly folder: string
  run(...args: string[]): Uint8Array
  /** Makes NAME.key and NAME.pem. */
  make(name: string, wish?: Wish): X509
  read(name: string): X509
  /** What `openssl verify` says, at the strength this package asks for. */
  verifies(leaf: string, pool: readonly string[], roots: readonly string[], ...more: string[]): boolean
  remove(): void
}

/** True when openssl is there. */
export const hasOpenssl: boolean = spawnSync('openssl', ['version']).error === undefined

const CA = 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n'
/** Extensions of an ordinary authority. */
export const CA_EXTENSIONS: string = CA
/** Extensions of an ordinary end certificate. */
export const LEAF_EXTENSIONS = 'basicConstraints=CA:FALSE\nkeyUsage=critical,nonRepudiation\nsubjectKeyIdentifier=hash\n'

/** Opens a workshop. */
export function workshop(): Workshop {
  const folder = mkdtempSync(join(tmpdir(), 'sigillo-ca-'))
  const run = (...args: string[]): Uint8Array =>
    new Uint8Array(execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] }))
  const read = (name: string): X509 => readCertificates(readFileSync(join(folder, `${name}.pem`), 'utf8'))[0] as X509
  let count = 0
  const make: Workshop['make'] = (
    name,
    { subject = `/CN=${name}`, issuer, extensions = CA, key = 'ec', days = 100, digest = 'sha256', serial } = {},
  ) => {
    const kind = key.startsWith('ec')
      ? ['-newkey', 'ec', '-pkeyopt', `ec_paramgen_curve:${key === 'ec' ? 'P-256' : 'P-384'}`]
      : ['-newkey', key]
    run('req', '-new', ...kind, '-nodes', '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', subject, '-multivalue-rdn')
    writeFileSync(join(folder, 'ext'), extensions)
    const by = issuer === undefined ? ['-signkey', `${name}.key`] : ['-CA', `${issuer}.pem`, '-CAkey', `${issuer}.key`]
    const number = ['-set_serial', String(serial ?? ++count + 1000)]
    run(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      ...by,
      ...number,
      '-out',
      `${name}.pem`,
      '-days',
      String(days),
      `-${digest}`,
      '-extfile',
      'ext',
    )
    return read(name)
  }
  return {
    folder,
    run,
    make,
    read,
    verifies: (leaf, pool, roots, ...more) => {
      const joined = (names: readonly string[]): string =>
        names.map((name) => readFileSync(join(folder, `${name}.pem`), 'utf8')).join('')
      writeFileSync(join(folder, 'pool.crt'), joined(pool))
      writeFileSync(join(folder, 'roots.crt'), joined(roots))
      const untrusted = pool.length === 0 ? [] : ['-untrusted', 'pool.crt']
      const args = [
        'verify',
        '-auth_level',
        '2',
        '-no-CApath',
        '-no-CAstore',
        ...more,
        ...untrusted,
        '-CAfile',
        'roots.crt',
        `${leaf}.pem`,
      ]
      return spawnSync('openssl', args, { cwd: folder }).status === 0
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
