// Opening a key on a card: the reader, the card of the profile, its serial number and public half. No PIN is sent before the first signature.
import {
  guardSigner,
  jwkOfSpki,
  PinSafety,
  signerError,
  spkiOf,
  spkiOfCertificate,
  suites,
  thumbprint,
  type AuditLog,
  type GuardedSigner,
  type GuardOptions,
  type PublicJwk,
  type SignerDescription,
} from '@sigillo/core'
import { pcscReaders } from './binding.js'
import type { CardReaders } from './card-port.js'
import { checkProfile, type CardKey, type CardProfile } from './profile.js'
import { cardError, SamCard, strangeCard, type CardPlace, type PinSource } from './sam-card.js'
import { SamDevice } from './sam-device.js'

/** Which card, which key, and how it is guarded. */
export interface SamOptions {
  readonly profile: CardProfile
  /** Name of the key in the profile. */
  readonly key: string
  readonly pin: PinSource
  /** Label of the PIN's version: change it with the PIN, which lifts a latch. Default `1`. */
  readonly secretVersion?: string
  /** Where PIN intents and latches are written; durable, or a crash loop could spend the tries. */
  readonly audit: AuditLog
  /** Part of the reader's name; needed where there is more than one. */
  readonly reader?: string
  /** Exclusive unless other programs must reach the card too. */
  readonly mode?: 'exclusive' | 'shared'
  /** Certificates, DER, end entity first; default the card's own file. */
  readonly certificates?: readonly Uint8Array[]
  /** Public key, where there is no certificate. */
  readonly publicJwk?: PublicJwk
  /** Serial number the card must have, lower-case hex: no other gets the PIN. Whichever is in the reader when left out. */
  readonly serial?: string
  /** Thumbprint the key must have. */
  readonly keyId?: string
  /** A card that wants the PIN for each signature is refused unless allowed here. */
  readonly perSignaturePin?: 'allowed'
  readonly guard?: Omit<GuardOptions, 'audit'>
  /** Longest wait for a card that was taken out; 5 s. */
  readonly recoverMs?: number
  /** A port in place of PC/SC, for tests and other bindings. */
  readonly readers?: CardReaders
}

/**
 * Opens a signer for one key on a card.
 * @throws FiscalError of kind signer: CONFIG_INVALID, CARD_REMOVED, KEY_MISMATCH, KEY_AMBIGUOUS, DEVICE_BUSY, DEVICE_FAULT
 * @example const signer = await openSam({ profile, key: 'record', pin, audit })
 */
export async function openSam(options: SamOptions): Promise<GuardedSigner> {
  const { profile, audit } = options
  const key = keyIn(options)
  const readers = options.readers ?? (await pcscReaders())
  const place: CardPlace = { readers, reader: options.reader, mode: options.mode ?? 'exclusive', profile }
  let card: SamCard | undefined
  try {
    card = await SamCard.connect(place)
    const opened = card
    const { serial, certificate, counter } = await opened.inTransaction(() => opened.identify())
    if (options.serial !== undefined && options.serial !== serial) throw strangeCard()
    const description = describe(options, key, serial, certificate)
    const safety = await PinSafety.load({ token: serial, secretVersion: options.secretVersion ?? '1', audit })
    const { pin, recoverMs = 5_000 } = options
    const closeReaders = options.readers === undefined
    const device = new SamDevice({ place, card, serial, key, description, safety, pin, audit, counter, recoverMs, closeReaders })
    return guardSigner(device, { ...options.guard, audit })
  } catch (error) {
    await card?.disconnect()
    if (options.readers === undefined) await readers.close()
    throw cardError(error)
  }
}

function keyIn({ profile, key: name, perSignaturePin }: SamOptions): CardKey {
  checkProfile(profile)
  const key = Object.hasOwn(profile.keys, name) ? profile.keys[name] : undefined
  if (key === undefined)
    throw signerError('CONFIG_INVALID', { message: `the card profile has no key ${name}`, reason: 'key-name' })
  if (profile.pinLifetime === 'once' && perSignaturePin !== 'allowed') {
    throw signerError('CONFIG_INVALID', {
      message: 'the card wants the PIN for each signature, which is not allowed here',
      reason: 'per-signature-pin',
    })
  }
  return key
}

function describe(options: SamOptions, key: CardKey, serial: string, certificate: Uint8Array | undefined): SignerDescription {
  const { profile } = options
  const certificates = options.certificates ?? (certificate === undefined ? [] : [certificate])
  const publicJwk = publicKeyOf(options, certificates[0])
  const { keyType, alg } = suites[key.suite]
  if (publicJwk.kty !== keyType)
    throw signerError('KEY_MISMATCH', { message: `the public key is not one for ${key.suite}`, reason: 'suite' })
  const keyId = thumbprint(publicJwk)
  if (options.keyId !== undefined && options.keyId !== keyId)
    throw signerError('KEY_MISMATCH', { message: 'the key on the card is not the expected one', keyId })
  const once = profile.pinLifetime === 'once'
  const onCard = key.input === 'onCardHash'
  return Object.freeze({
    signerId: `sam:${serial}`,
    kind: 'sam' as const,
    keyId,
    alg,
    suites: Object.freeze([key.suite]),
    publicJwk: Object.freeze(publicJwk),
    publicKeySpki: spkiOf(publicJwk),
    certificates: Object.freeze([...certificates]),
    hardware: Object.freeze({ vendor: profile.name, model: profile.name, serial, firmware: '' }),
    limits: Object.freeze({ maxConcurrent: 1, maxQueue: 1000, maxMessageBytes: onCard ? 2 ** 20 : 1 }),
    capabilities: Object.freeze({
      acceptsDigest: !onCard,
      acceptsMessage: onCard,
      hardwareProtected: true,
      extractable: false,
      deterministic: key.suite === 'rs256',
      perUseAuthentication: once,
      countsSignatures: profile.counterTag !== undefined,
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

function publicKeyOf({ publicJwk }: SamOptions, certificate: Uint8Array | undefined): PublicJwk {
  const spki = certificate === undefined ? undefined : spkiOfCertificate(certificate)
  const found = spki === undefined ? undefined : jwkOfSpki(spki)
  if (certificate !== undefined && found === undefined)
    throw signerError('CONFIG_INVALID', {
      message: 'the certificate of the card cannot be read',
      reason: 'certificate-unreadable',
    })
  if (found !== undefined && publicJwk !== undefined && thumbprint(found) !== thumbprint(publicJwk)) {
    throw signerError('KEY_MISMATCH', { message: 'the certificate is of another key', reason: 'certificate' })
  }
  const jwk = found ?? publicJwk
  if (jwk === undefined)
    throw signerError('CONFIG_INVALID', { message: 'neither certificate nor public key is known', reason: 'public-key' })
  return jwk
}
