// Opening a key on a token: load, find, log in once, look at the key's attributes, choose its mechanism, sign once to see that both halves belong
// together. What comes out is the device; index.ts shows it only behind core's guard.
import {
  importPublicKey,
  PinSafety,
  signerError,
  spkiOf,
  spkiOfCertificate,
  equalBytes,
  suites,
  thumbprint,
  utf8,
  type SignerDescription,
} from '@sigillo/core'
import { loadCryptoki } from './binding.js'
import type { Handle } from './cryptoki.js'
import { findKey, weakAttributes, type FoundKey } from './find-key.js'
import { chooseMechanism, isLimitedTo, type Choice } from './mechanism.js'
import { Pkcs11Device, type DeviceParts } from './pkcs11-device.js'
import { failureOf } from './return-values.js'
import { SharedModule } from './shared-module.js'
import type { DeviceOptions } from './options.js'
import { findToken, submitPin, type FoundToken } from './token-login.js'
import { parseUri, type KeySelector } from './uri.js'

const PAIRWISE = utf8('sigillo/v1/pairwise-test\n')

/** An opened device. @throws FiscalError of kind signer, as openPkcs11 */
export async function openDevice(options: DeviceOptions): Promise<Pkcs11Device> {
  const selector = parseUri(options.uri, options.module)
  const module = await acquire(options)
  let anchor: Handle | undefined
  let device: Pkcs11Device | undefined
  try {
    const token = findToken(module.cryptoki, selector, options.serial)
    anchor = module.cryptoki.openSession(token.slot)
    device = new Pkcs11Device(await partsOf(options, module, selector, token, anchor))
    if (options.perSignaturePin === undefined) await checkPair(device)
    return device
  } catch (error) {
    if (device === undefined) await abandon(module, anchor)
    else await device.close()
    throw failureOf(error, options.vendorCodes).error
  }
}

async function acquire({ module, cryptoki, vendorCodes }: DeviceOptions): Promise<SharedModule> {
  try {
    return await SharedModule.acquire(module, cryptoki, loadCryptoki)
  } catch (error) {
    throw failureOf(error, vendorCodes).error
  }
}

async function abandon(module: SharedModule, anchor: Handle | undefined): Promise<void> {
  try {
    if (anchor !== undefined) module.cryptoki.closeSession(anchor)
  } catch {
    // The failure on its way says more.
  }
  module.release()
}

async function partsOf(
  options: DeviceOptions,
  module: SharedModule,
  selector: KeySelector,
  token: FoundToken,
  anchor: Handle,
): Promise<DeviceParts> {
  const { cryptoki } = module
  const { serial } = token.facts
  const safety = await PinSafety.load({ token: serial, secretVersion: options.secretVersion ?? '1', audit: options.audit })
  if (!cryptoki.isLoggedIn(anchor))
    await submitPin(safety, options.pin, { cryptoki, slot: token.slot, session: anchor, kind: 'user', serial })
  const { accepted } = options
  const key = findKey(cryptoki, anchor, selector, accepted)
  if (key.alwaysAuthenticate && options.perSignaturePin !== 'allowed') {
    throw signerError('CONFIG_INVALID', {
      message: 'the key wants the PIN at each signature, which is not allowed here',
      reason: 'per-signature-pin',
    })
  }
  const choice = chooseMechanism(key.jwk, options.alg, offered(cryptoki.mechanisms(token.slot), key))
  if (!isLimitedTo(choice.suite, key.allowedMechanisms) && !accepted.includes('CKA_ALLOWED_MECHANISMS'))
    throw weakAttributes(['CKA_ALLOWED_MECHANISMS'])
  const maxSessions = sessionsFor(options.sessions ?? 4, token, module.locking && !key.alwaysAuthenticate)
  const description = describe(options, token, key, choice, maxSessions)
  const { pin, vendorCodes = {}, recoverMs = 5_000 } = options
  return {
    module,
    selector,
    serial,
    safety,
    pin,
    choice,
    description,
    accepted,
    maxSessions,
    vendorCodes,
    recoverMs,
    token,
    anchor,
    key,
  }
}

// Where the key itself limits what it may be used with, only that counts.
function offered(mechanisms: readonly number[], { allowedMechanisms }: FoundKey): readonly number[] {
  return allowedMechanisms.length === 0 ? mechanisms : mechanisms.filter((mechanism) => allowedMechanisms.includes(mechanism))
}

// One for the login and one for whoever else needs the token stay free.
function sessionsFor(wanted: number, { facts }: FoundToken, parallel: boolean): number {
  if (!parallel) return 1
  return Math.max(1, facts.maxSessions === 0 ? wanted : Math.min(wanted, facts.maxSessions - 2))
}

function describe(
  options: DeviceOptions,
  { facts }: FoundToken,
  key: FoundKey,
  choice: Choice,
  maxConcurrent: number,
): SignerDescription {
  const keyId = thumbprint(key.jwk)
  if (options.keyId !== undefined && options.keyId !== keyId)
    throw signerError('KEY_MISMATCH', { message: 'the key on the token is not the expected one', keyId })
  const publicKeySpki = spkiOf(key.jwk)
  const certificates = options.certificates ?? key.certificates
  const [first] = certificates
  const spki = first === undefined ? undefined : spkiOfCertificate(first)
  if (first !== undefined && (spki === undefined || !equalBytes(spki, publicKeySpki))) {
    throw signerError('KEY_MISMATCH', { message: 'the first certificate is of another key', reason: 'certificate' })
  }
  return Object.freeze({
    signerId: `pkcs11:${facts.serial}`,
    kind: 'pkcs11' as const,
    keyId,
    alg: choice.alg,
    suites: Object.freeze([choice.suite]),
    publicJwk: Object.freeze(key.jwk),
    publicKeySpki,
    certificates: Object.freeze([...certificates]),
    hardware: Object.freeze({ vendor: facts.manufacturer, model: facts.model, serial: facts.serial, firmware: facts.firmware }),
    limits: Object.freeze({ maxConcurrent, maxQueue: 1000, maxMessageBytes: 65_536 }),
    capabilities: Object.freeze({
      acceptsDigest: choice.form !== 'message',
      acceptsMessage: choice.form === 'message',
      hardwareProtected: key.staysInside,
      extractable: false,
      deterministic: choice.alg === 'RS256',
      perUseAuthentication: key.alwaysAuthenticate,
      countsSignatures: false,
      batchAuthorisation: false,
      canGenerateKey: false,
      canAttest: false,
      offline: true,
      documentMode: false,
      qualifiedDevice: false,
      cancellable: 'queued' as const,
    }),
  })
}

// The public half read from the token must answer to the private half that signs.
async function checkPair(device: Pkcs11Device): Promise<void> {
  const {
    alg,
    publicJwk,
    suites: [suite],
    capabilities,
  } = device.describe()
  const bits = suites[suite as keyof typeof suites].digestBytes === 48 ? 'SHA-384' : 'SHA-256'
  const digest = new Uint8Array(await globalThis.crypto.subtle.digest(bits, PAIRWISE as Uint8Array<ArrayBuffer>))
  const input = capabilities.acceptsDigest ? { digest } : { message: PAIRWISE }
  const { signature } = await device.sign({ operation: 'key-possession', suite: suite as keyof typeof suites, input })
  if (importPublicKey(publicJwk).verify(alg, PAIRWISE, signature)) return
  throw signerError('KEY_MISMATCH', { message: 'the public key on the token is not that of the private key', reason: 'pair' })
}
