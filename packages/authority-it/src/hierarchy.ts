// The keys of the test authority: a root for devices and manufacturers, a root and a key for its own answers, a root and a key for
// its server, and a stranger's for wrong answers. Made once; with a folder they are the same after a restart.
import { createPrivateKey, generateKeyPair, generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { FiscalError } from '@sigillo/core'
import { issueCertificate, pem, publicKeyOf, type Name } from './certificates.js'
import { writeWhole } from './durable.js'

const generate = promisify(generateKeyPair)
const YEAR_MS = 365 * 86_400_000

/** A key with its certificate. */
export interface Holder {
  readonly name: Name
  readonly key: KeyObject
  /** SPKI, DER. */
  readonly publicKey: Uint8Array
  readonly certificate: X509Certificate
}

/** All keys of one test authority. */
export interface Hierarchy {
  readonly device: Holder
  readonly authority: Holder
  readonly answers: Holder
  readonly tls: Holder
  readonly server: Holder
  /** Signs under the authority's name, by a root nobody trusts; made when first asked for. */
  stranger(): Holder
}

const testName = (role: string): Name => [
  ['O', 'Sigillo test authority, not the tax authority'],
  ['CN', `Sigillo test ${role}`],
]
// A client compares the common name of whoever signs answers; the rest says what it is.
const ANSWERS: Name = [
  ['C', 'IT'],
  ['O', 'Servizi Telematici'],
  ['OU', 'Sigillo test authority, not the tax authority'],
  ['CN', 'Servizio AE Corrispettivi IVA'],
]

interface Plan {
  readonly kind: 'rsa' | 'ec'
  readonly name: Name
  readonly by?: keyof Plans
  readonly usage: Parameters<typeof issueCertificate>[0]['usage']
  readonly extendedUsage?: readonly string[]
  readonly hosts?: readonly string[]
}
type Plans = Readonly<Record<'device' | 'authority' | 'tls' | 'answers' | 'server', Plan>>

const plans: Plans = {
  device: { kind: 'rsa', name: testName('device root'), usage: ['keyCertSign', 'cRLSign'] },
  authority: { kind: 'rsa', name: testName('answer root'), usage: ['keyCertSign', 'cRLSign'] },
  tls: { kind: 'ec', name: testName('server root'), usage: ['keyCertSign', 'cRLSign'] },
  answers: { kind: 'rsa', name: ANSWERS, by: 'authority', usage: ['nonRepudiation'] },
  server: {
    kind: 'ec',
    name: testName('server'),
    by: 'tls',
    usage: ['digitalSignature'],
    extendedUsage: ['1.3.6.1.5.5.7.3.1'],
    hosts: ['localhost', '127.0.0.1', '::1'],
  },
}

/** Reads the keys of a folder, or makes them; without a folder they live in memory only. */
export async function openHierarchy(folder: string | undefined, passphrase: string | undefined): Promise<Hierarchy> {
  const at = folder === undefined ? undefined : join(folder, 'keys')
  if (at !== undefined) mkdirSync(at, { recursive: true, mode: 0o700 })
  const made = {} as Record<keyof Plans, Holder>
  const keys = await Promise.all(
    (Object.keys(plans) as (keyof Plans)[]).map(async (role) => [role, await keyOf(at, role, passphrase)] as const),
  )
  const keyed = Object.fromEntries(keys) as Record<keyof Plans, Awaited<ReturnType<typeof keyOf>>>
  for (const role of Object.keys(plans) as (keyof Plans)[]) made[role] = holderOf(at, role, keyed)
  const { device, authority, answers, tls, server } = made
  let stranger: Holder | undefined
  return { device, authority, answers, tls, server, stranger: () => (stranger ??= makeStranger()) }
}

function makeStranger(): Holder {
  const spki = (key: KeyObject): Uint8Array => new Uint8Array(key.export({ format: 'der', type: 'spki' }))
  const [root, own] = [generateKeyPairSync('rsa', { modulusLength: 2048 }), generateKeyPairSync('rsa', { modulusLength: 2048 })]
  const der = issueCertificate({
    subject: ANSWERS,
    publicKey: spki(own.publicKey),
    issuer: { name: testName('stranger'), key: root.privateKey, publicKey: spki(root.publicKey) },
    ...lifetime(),
    usage: ['nonRepudiation'],
  })
  return { name: ANSWERS, key: own.privateKey, publicKey: spki(own.publicKey), certificate: new X509Certificate(der) }
}

// Wide on both sides: the clock of a test may stand in another year.
const lifetime = (): { readonly notBefore: Date; readonly notAfter: Date } => ({
  notBefore: new Date(Date.now() - 10 * YEAR_MS),
  notAfter: new Date(Date.now() + 20 * YEAR_MS),
})

async function keyOf(
  folder: string | undefined,
  role: keyof Plans,
  passphrase: string | undefined,
): Promise<{ key: KeyObject; publicKey: Uint8Array }> {
  const path = folder === undefined ? undefined : join(folder, `${role}.key.pem`)
  if (path !== undefined && existsSync(path)) {
    const key = readKey(path, passphrase)
    return { key, publicKey: publicKeyOf(publicPem(key)).spki }
  }
  const { privateKey, publicKey } =
    plans[role].kind === 'rsa' ? await generate('rsa', { modulusLength: 2048 }) : await generate('ec', { namedCurve: 'P-256' })
  if (path !== undefined)
    writeWhole(
      path,
      privateKey.export({
        format: 'pem',
        type: 'pkcs8',
        ...(passphrase !== undefined && { cipher: 'aes-256-cbc', passphrase }),
      }),
    )
  return { key: privateKey, publicKey: new Uint8Array(publicKey.export({ format: 'der', type: 'spki' })) }
}

function readKey(path: string, passphrase: string | undefined): KeyObject {
  try {
    return createPrivateKey({ key: readFileSync(path), ...(passphrase !== undefined && { passphrase }) })
  } catch (cause) {
    throw new FiscalError('OPTION_INVALID', {
      message: `passphrase: ${path} cannot be opened with ${passphrase === undefined ? 'none' : 'this one'}`,
      path: 'passphrase',
      cause,
    })
  }
}

function publicPem(key: KeyObject): string {
  // A private PEM is read as its public half.
  return key.export({ format: 'pem', type: 'pkcs8' }) as string
}

function holderOf(
  folder: string | undefined,
  role: keyof Plans,
  keyed: Readonly<Record<keyof Plans, { readonly key: KeyObject; readonly publicKey: Uint8Array }>>,
): Holder {
  const { name, by = role, usage, extendedUsage, hosts } = plans[role]
  const own = keyed[role]
  const path = folder === undefined ? undefined : join(folder, `${role}.pem`)
  const known = path !== undefined && existsSync(path) ? new X509Certificate(readFileSync(path)) : undefined
  if (known !== undefined) return { name, ...own, certificate: known }
  const der = issueCertificate({
    subject: name,
    publicKey: own.publicKey,
    issuer: { name: plans[by].name, ...keyed[by] },
    ...lifetime(),
    usage,
    authority: by === role,
    ...(extendedUsage && { extendedUsage }),
    ...(hosts && { hosts }),
  })
  if (path !== undefined) writeWhole(path, pem(der))
  return { name, ...own, certificate: new X509Certificate(der) }
}
