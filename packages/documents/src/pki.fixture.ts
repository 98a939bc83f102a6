// A throw-away hierarchy for tests, made by openssl in a temporary folder: a CA, what it issues, and tools to cross-check with.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { XmlSigning } from './xmldsig-sign.js'
import { softwareSigner } from '@sigillo/signer-software'
import type { GuardedSigner } from '@sigillo/core'
import { selfSigned } from '@sigillo/testing/node'

/** True when a program can be started. */
export const has = (program: string): boolean => spawnSync(program, ['--version']).error === undefined

/** The folder of genuine answers, schemas and examples, beside the repository; undefined when it is not there. */
export const italy: string | undefined = [
  process.env['SIGILLO_SHARED'],
  fileURLToPath(new URL('../../../../shared', import.meta.url)),
]
  .map((root) => root && join(root, 'spec', 'italy'))
  .find((folder) => folder !== undefined && existsSync(folder))

/** A certificate with its key, as files and as a signer. */
export interface Issued {
  readonly key: string
  readonly pem: string
  readonly der: Uint8Array
  /** Parts {@link XmlSigning} wants, over a software signer that only signs. */
  readonly signing: XmlSigning
  readonly signer: GuardedSigner
}

/** A hierarchy. */
export interface Pki {
  readonly folder: string
  readonly ca: string
  issue(
    subject: string,
    more?: {
      readonly days?: number
      readonly usage?: string
      readonly key?: 'rsa:2048' | 'rsa:1024' | 'ec'
      readonly ca?: boolean
    },
  ): Promise<Issued>
}

const run = (folder: string, ...args: string[]): Buffer =>
  execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })

/** Makes a CA. @param name its common name */
export function makePki(name = 'Test CA'): Pki {
  const folder = mkdtempSync(join(tmpdir(), 'sigillo-pki-'))
  const { certificatePem, keyPem } = selfSigned({ key: 'rsa:2048', subject: `/C=IT/CN=${name}`, days: 4000 })
  writeFileSync(join(folder, 'ca.pem'), certificatePem)
  writeFileSync(join(folder, 'ca.key'), keyPem)
  let count = 0
  const issue: Pki['issue'] = async (
    subject,
    { days = 2000, usage = 'critical,nonRepudiation', key = 'rsa:2048', ca = false } = {},
  ) => {
    const id = `leaf${++count}`
    const kind = key === 'ec' ? ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'] : ['-newkey', key]
    run(folder, 'req', ...kind, '-nodes', '-keyout', `${id}.key`, '-out', `${id}.csr`, '-subj', subject, '-sha256')
    writeFileSync(join(folder, `${id}.ext`), `keyUsage=${usage}\nbasicConstraints=${ca ? 'critical,CA:TRUE' : 'CA:FALSE'}\n`)
    run(
      folder,
      'x509',
      '-req',
      '-in',
      `${id}.csr`,
      '-CA',
      'ca.pem',
      '-CAkey',
      'ca.key',
      '-CAcreateserial',
      '-out',
      `${id}.pem`,
      '-days',
      String(days),
      '-sha256',
      '-extfile',
      `${id}.ext`,
    )
    const der = new Uint8Array(run(folder, 'x509', '-in', `${id}.pem`, '-outform', 'DER'))
    const pkcs8 = new Uint8Array(run(folder, 'pkcs8', '-topk8', '-nocrypt', '-in', `${id}.key`, '-outform', 'DER'))
    const suite = key === 'ec' ? 'es256' : 'rs256'
    const signer = await softwareSigner({ pkcs8, alg: key === 'ec' ? 'ES256' : 'RS256' })
    const sign = async (message: Uint8Array): Promise<Uint8Array> =>
      (await signer.sign({ operation: 'it.device', suite, input: { message } })).signature
    return {
      key: join(folder, `${id}.key`),
      pem: readFileSync(join(folder, `${id}.pem`), 'utf8'),
      der,
      signer,
      signing: { certificate: der, suite, sign },
    }
  }
  return { folder, ca: readFileSync(join(folder, 'ca.pem'), 'utf8'), issue }
}

/** What xmlsec1 says of a signed document, trusting only one root; `at` as `YYYY-MM-DD hh:mm:ss`. */
export function xmlsec(bytes: Uint8Array, ca: string, at?: string): { readonly ok: boolean; readonly output: string } {
  const folder = mkdtempSync(join(tmpdir(), 'sigillo-xmlsec-'))
  writeFileSync(join(folder, 'doc.xml'), bytes)
  writeFileSync(join(folder, 'ca.pem'), ca)
  const time = at === undefined ? [] : ['--verification-gmt-time', at]
  const result = spawnSync('xmlsec1', ['--verify', '--enabled-key-data', 'x509', '--trusted-pem', 'ca.pem', ...time, 'doc.xml'], {
    cwd: folder,
    encoding: 'utf8',
  })
  return { ok: result.status === 0, output: result.stderr + result.stdout }
}
