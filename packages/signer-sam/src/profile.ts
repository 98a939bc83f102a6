// A card as data (signing specification 7.2): everything that differs between cards stands here, nothing in code. Hexadecimal text is lower case.
import { fromHex, signerError, type SuiteId } from '@sigillo/core'

/** One key on the card. */
export interface CardKey {
  readonly suite: Exclude<SuiteId, 'ed25519'>
  /** Data of MANAGE SECURITY ENVIRONMENT for this key and suite, as `800104840102`. */
  readonly environment: string
  /** What COMPUTE DIGITAL SIGNATURE is given. */
  readonly input: 'digest' | 'digestInfo'
  /** What it answers. */
  readonly output: 'raw-rs' | 'der' | 'rsa'
  /** Bytes of the answer, for Le; more than 256 needs `extended` or answers of 61xx. */
  readonly answerBytes: number
}

/** Steps of a signature in the order this card wants them. */
export type CardStep = 'select' | 'environment' | 'verify' | 'sign'

/** A kind of card. */
export interface CardProfile {
  readonly name: string
  /** Answer to reset under a mask of the same length. */
  readonly atr: { readonly value: string; readonly mask: string }
  readonly applicationId: string
  /** Whether SELECT is sent with Le and answers its control information. */
  readonly selectAnswers: boolean
  /** P2 of VERIFY: bit 8 set for a reference inside the application. */
  readonly pinReference: number
  readonly pin: {
    readonly least: number
    readonly most: number
    readonly bytes: number
    readonly padding: number
    readonly digitsOnly: boolean
  }
  /** True when VERIFY without data spends no try; unknown cards are not free. */
  readonly statusQueryIsFree: boolean
  /** Tries of a fresh PIN; needed to judge the figure of the status query. */
  readonly pinTries: number
  /** How long a verified PIN counts: until reset or selection, or for one signature. */
  readonly pinLifetime: 'session' | 'once'
  readonly keys: Readonly<Record<string, CardKey>>
  /** P1 of MANAGE SECURITY ENVIRONMENT; 0x41 when left out, 0xf1 on CNS cards. */
  readonly environmentP1?: number
  /** Number of a stored environment to restore before that, as 0x03 on CNS cards. */
  readonly restoreEnvironment?: number
  readonly extended: boolean
  readonly chaining: boolean
  /** Most data bytes of one short command. */
  readonly maxChunk: number
  readonly order: readonly CardStep[]
  /** Tag list of GET DATA that answers the card's serial number. */
  readonly serialTag: string
  /** Elementary file of the certificate, read after SELECT; absent when the caller gives certificate or key. */
  readonly certificateFile?: string
  /** Tag list of GET DATA that answers the number of signatures made, big-endian. */
  readonly counterTag?: string
  /** Such a card is used through its PKCS#11 module. */
  readonly secureMessagingRequired: boolean
}

const NEEDED: readonly CardStep[] = ['select', 'environment', 'verify', 'sign']

/** Looks at a profile before it is used. @throws FiscalError CONFIG_INVALID (profile …) */
export function checkProfile(profile: CardProfile): void {
  const bad = (what: string): never => {
    throw signerError('CONFIG_INVALID', {
      message: `the card profile ${profile.name} is wrong at ${what}`,
      reason: `profile ${what}`,
    })
  }
  if (profile.secureMessagingRequired) bad('secureMessagingRequired: use the PKCS#11 module of this card')
  const texts = [
    profile.atr.value,
    profile.atr.mask,
    profile.applicationId,
    profile.serialTag,
    profile.counterTag ?? '',
    profile.certificateFile ?? '',
  ]
  if (texts.some((text) => fromHex(text) === undefined)) bad('hexadecimal text')
  if (profile.atr.value.length !== profile.atr.mask.length) bad('atr')
  if (NEEDED.some((step) => profile.order.filter((each) => each === step).length !== 1) || profile.order.at(-1) !== 'sign')
    bad('order')
  const { least, most, bytes } = profile.pin
  if (least < 1 || most > bytes || least > most) bad('pin')
  if (
    Object.values(profile.keys).some(
      (key) => fromHex(key.environment) === undefined || (key.answerBytes > 256 && !profile.extended && !profile.chaining),
    )
  )
    bad('keys')
}

/** True when the card's answer to reset is that of the profile. */
export function isCard({ atr }: CardProfile, answer: Uint8Array): boolean {
  const [value, mask] = [fromHex(atr.value) as Uint8Array, fromHex(atr.mask) as Uint8Array]
  return (
    answer.length === value.length && answer.every((byte, index) => (byte & (mask[index] as number)) === (value[index] as number))
  )
}
