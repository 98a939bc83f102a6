// Certificates that openssl itself makes for tests: signed with their own key, a new one or one that is given.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** How a certificate is made. */
export interface SelfSignedWish {
  /** As openssl takes it; default `/CN=test`. */
  readonly subject?: string
  /** Days it is valid from now on; default 30. */
  readonly days?: number
  /** Kind of the new key; default `P-256`. */
  readonly key?: 'P-256' | 'rsa:2048'
  /** PEM of a private key in place of a new one. */
  readonly keyPem?: string
  /** Passphrase of that key. */
  readonly passphrase?: string
  /** Extensions, as `subjectAltName=DNS:localhost`. */
  readonly extensions?: readonly string[]
}

/** A certificate and its key. */
export interface SelfSigned {
  readonly certificatePem: string
  readonly certificateDer: Uint8Array
  /** Without a passphrase, unless a key with one was given. */
  readonly keyPem: string
}

/** Makes a certificate with openssl. @throws Error when openssl is not here, see `lacking`, or refuses */
export function selfSigned({
  subject = '/CN=test',
  days = 30,
  key = 'P-256',
  keyPem,
  passphrase,
  extensions = [],
}: SelfSignedWish = {}): SelfSigned {
  const folder = mkdtempSync(join(tmpdir(), 'sigillo-self-signed-'))
  const openssl = (...args: string[]): Uint8Array =>
    new Uint8Array(execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] }))
  try {
    if (keyPem !== undefined) writeFileSync(join(folder, 'key.pem'), keyPem, { mode: 0o600 })
    const kind = key === 'P-256' ? ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'] : [key]
    const own = keyPem === undefined ? ['-newkey', ...kind, '-nodes', '-keyout', 'key.pem'] : ['-key', 'key.pem']
    const pass = passphrase === undefined ? [] : ['-passin', `pass:${passphrase}`]
    const more = extensions.flatMap((extension) => ['-addext', extension])
    openssl('req', '-x509', ...own, ...pass, '-subj', subject, '-days', String(days), ...more, '-out', 'certificate.pem')
    return {
      certificatePem: readFileSync(join(folder, 'certificate.pem'), 'utf8'),
      certificateDer: openssl('x509', '-in', 'certificate.pem', '-outform', 'DER'),
      keyPem: readFileSync(join(folder, 'key.pem'), 'utf8'),
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
