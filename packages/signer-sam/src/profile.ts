// A card as data (signing specification 7.2): everything that differs between cards stands here, nothing in code. Hexadecimal text is lower case.
import { fromHex, signerError, type SuiteId } from '@sigillo/core'

/** One key on the card. */
export interface CardKey {
  readonly suite: Exclude<SuiteId, 'ed25519'>
  /** Data of MANAGE SECURITY ENVIRONMENT for this key and suite, as `800104840102`. */
  readonly environment: string
  /** What COMPUTE DIGITAL SIGNATURE is given; with `onCardHash` nothing, because the card ends the hash itself. */
  readonly input: 'digest' | 'digestInfo' | 'onCardHash'
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
  /** How long a verified PIN counts: until reset, until another application is selected (both are treated as lost after either), or for one signature. */
  readonly pinLifetime: 'session' | 'application' | 'once'
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

type Kind = 'text' | 'hex' | 'number' | 'flag' | readonly string[]
type Form = { readonly [name: string]: Kind | Form }

const ATR: Form = { value: 'hex', mask: 'hex' }
const PIN: Form = { least: 'number', most: 'number', bytes: 'number', padding: 'number', digitsOnly: 'flag' }
const PROFILE: Form = {
  name: 'text',
  atr: ATR,
  applicationId: 'hex',
  selectAnswers: 'flag',
  pinReference: 'number',
  pin: PIN,
  statusQueryIsFree: 'flag',
  pinTries: 'number',
  pinLifetime: ['session', 'application', 'once'],
  keys: {},
  extended: 'flag',
  chaining: 'flag',
  maxChunk: 'number',
  serialTag: 'hex',
  secureMessagingRequired: 'flag',
}
const OPTIONAL: Form = { environmentP1: 'number', restoreEnvironment: 'number', certificateFile: 'hex', counterTag: 'hex' }
const KEY: Form = {
  suite: ['es256', 'es384', 'ps256', 'rs256'],
  environment: 'hex',
  input: ['digest', 'digestInfo', 'onCardHash'],
  output: ['raw-rs', 'der', 'rsa'],
  answerBytes: 'number',
}
const NEEDED: readonly CardStep[] = ['select', 'environment', 'verify', 'sign']

/** Looks at a profile, which may come from a file, before it is used. @throws FiscalError CONFIG_INVALID (profile …) */
export function checkProfile(profile: CardProfile): void {
  const wrong = misfit(profile, PROFILE) ?? misfitOfKeys(profile) ?? misfitTogether(profile)
  if (wrong === undefined) return
  const name = typeof (profile as Partial<CardProfile> | null)?.name === 'string' ? ` ${profile.name}` : ''
  throw signerError('CONFIG_INVALID', { message: `the card profile${name} is wrong at ${wrong}`, reason: `profile ${wrong}` })
}

// The first member that is missing or of another kind, or undefined.
function misfit(value: unknown, form: Form, path = ''): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return path === '' ? 'its form' : path
  for (const [name, wanted] of Object.entries(form)) {
    const member = (value as Readonly<Record<string, unknown>>)[name]
    const at = path === '' ? name : `${path}.${name}`
    const isForm = typeof wanted === 'object' && !Array.isArray(wanted)
    const inside = isForm ? misfit(member, wanted as Form, at) : fits(member, wanted as Kind) ? undefined : at
    if (inside !== undefined) return inside
  }
  return undefined
}

function fits(member: unknown, kind: Kind): boolean {
  if (kind === 'number') return Number.isInteger(member) && (member as number) >= 0
  if (kind === 'text') return typeof member === 'string'
  if (kind === 'hex') return typeof member === 'string' && fromHex(member) !== undefined
  if (kind === 'flag') return typeof member === 'boolean'
  return kind.includes(member as string)
}

function misfitOfKeys(profile: CardProfile): string | undefined {
  for (const [name, key] of Object.entries(profile.keys)) {
    const wrong = misfit(key, KEY, `keys.${name}`)
    if (wrong !== undefined) return wrong
    if (key.input === 'onCardHash' && key.suite === 'es384') return `keys.${name}.input`
    if (key.answerBytes > 256 && !profile.extended && !profile.chaining) return `keys.${name}.answerBytes`
  }
  const given = Object.entries(OPTIONAL).filter(([name]) => profile[name as keyof CardProfile] !== undefined)
  return misfit(profile, Object.fromEntries(given))
}

// What each member may be alone, but not beside the others.
function misfitTogether({ atr, order, pin, secureMessagingRequired }: CardProfile): string | undefined {
  if (secureMessagingRequired) return 'secureMessagingRequired: use the PKCS#11 module of this card'
  if (atr.value.length !== atr.mask.length) return 'atr'
  const once = (step: CardStep): boolean => order.filter((each) => each === step).length === 1
  if (!Array.isArray(order) || !NEEDED.every(once) || order.at(-1) !== 'sign') return 'order'
  const { least, most, bytes } = pin
  return least < 1 || most > bytes || least > most ? 'pin' : undefined
}

/** True when the card's answer to reset is that of the profile. */
export function isCard({ atr }: CardProfile, answer: Uint8Array): boolean {
  const [value, mask] = [fromHex(atr.value) as Uint8Array, fromHex(atr.mask) as Uint8Array]
  return (
    answer.length === value.length && answer.every((byte, index) => (byte & (mask[index] as number)) === (value[index] as number))
  )
}
