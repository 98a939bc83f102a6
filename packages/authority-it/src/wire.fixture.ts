// Tools for tests that talk to the authority byte by byte: a plain HTTPS client, messages signed by hand, answers taken apart.
import { request } from 'node:https'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Signer } from '@sigillo/core'
import { signXml } from '@sigillo/documents'
import { startAuthority } from './authority.js'
import type { Authority } from './contract.js'
import type { AuthorityOptions } from './options.js'
import type { Route } from './tables.js'

/** The folder of schemas, genuine answers and examples, beside the repository; undefined when it is not there. */
export const italyFolder: string | undefined = [
  process.env['SIGILLO_SHARED'],
  fileURLToPath(new URL('../../../../shared', import.meta.url)),
]
  .map((root) => root && join(root, 'spec', 'italy'))
  .find((folder) => folder !== undefined && existsSync(folder))

/** Bytes of a worked example. */
export const example = (name: string): Uint8Array => new Uint8Array(readFileSync(join(italyFolder as string, 'examples', name)))

let keysFolder: string | undefined

/** An authority with the keys that all of a test file share: keys take time. */
export function openAuthority(options: AuthorityOptions = {}): Promise<Authority> {
  if (keysFolder === undefined) {
    const folder = mkdtempSync(join(tmpdir(), 'sigillo-keys-'))
    process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
    keysFolder = folder
  }
  return startAuthority({ keysFolder, ...options })
}

/** What came back over the wire. */
export interface WireAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Buffer
  readonly text: string
  /** All codes in the body, in order. */
  readonly codes: readonly string[]
}

/** Method and path of each operation (3.1). */
export const operations: Readonly<Record<Route, readonly [method: string, path: string]>> = {
  enrol: ['POST', '/v1/dispositivi/'],
  activate: ['PUT', '/v1/dispositivi/'],
  receipts: ['POST', '/v1/dispositivi/corrispettivi/'],
  event: ['PUT', '/v1/dispositivi/evento/'],
  lottery: ['POST', '/v1/dispositivi/lotteria/corrispettivi/'],
}

/** Sends bytes and waits for the whole answer. */
export function send(
  authority: Pick<Authority, 'url' | 'roots'>,
  [method, path]: readonly [string, string],
  body: Uint8Array | string,
  headers: Readonly<Record<string, string>> = { 'content-type': 'application/xml' },
): Promise<WireAnswer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      `${authority.url}${path}`,
      { method, ca: authority.roots.tls, headers: { 'content-length': Buffer.byteLength(body), ...headers }, agent: false },
      (response) => {
        const parts: Buffer[] = []
        response.on('data', (part: Buffer) => parts.push(part))
        response.on('error', reject)
        response.on('end', () => {
          const whole = Buffer.concat(parts)
          const text = whole.toString('utf8')
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: whole,
            text,
            codes: [...text.matchAll(/<Codice>(\d{5})<\/Codice>/g)].map(([, code]) => code as string),
          })
        })
      },
    )
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

/** Signs a message with a key and the certificate it names, or another one. */
export function signed(xml: string, signer: Signer, certificate?: Uint8Array): Promise<Uint8Array> {
  return signXml(new TextEncoder().encode(xml), {
    certificate: certificate ?? (signer.describe().certificates[0] as Uint8Array),
    sign: async (message) => (await signer.sign({ operation: 'it.device', suite: 'rs256', input: { message } })).signature,
  })
}
