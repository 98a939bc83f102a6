// Settings of one French till, checked once (section 20 of the rules). Unknown members are refused.
import { FiscalError } from '@sigillo/core'
import { z } from 'zod'
import { profiles, type ProfileName } from './profiles.js'
import { zoneOf, type RateRow, type Region } from './rates.js'
import { schemaFault } from './schema-words.js'
import { shopOf, type Shop } from './print-shop.js'
import { cleanName } from './text.js'
import { openZone, type Zone } from './time.js'

/** Proof of conformity the shop holds; it decides which words may be printed. */
export interface Conformity {
  readonly mode: 'certificate' | 'attestation' | 'none'
  /** `NF525`, `LNE` or another body; for an attestation the publisher. */
  readonly body?: string | undefined
  readonly category?: string | undefined
  readonly number?: string | undefined
  readonly version?: string | undefined
  readonly issued?: string | undefined
}

/** What {@link france} is given. */
export interface FranceOptions {
  /** 14 digits. */
  readonly siret: string
  readonly legalName: string
  /** Postal address, lines separated by line feeds. */
  readonly address: string
  readonly vatId?: string | undefined
  readonly naf?: string | undefined
  /** Name of the till, 1 to 32 of `[A-Za-z0-9._-]`; other characters become `-`. */
  readonly tillId: string
  /** Name and semantic version of the till software. */
  readonly software: { readonly name: string; readonly version: string }
  /** Default METRO. */
  readonly region?: Region | undefined
  /** IANA name; by default the zone of the region. */
  readonly timeZone?: string | undefined
  /** `HH:MM` from 00:00 to 08:00; default 00:00. */
  readonly dayCutoff?: string | undefined
  /** What happens to a record of a new day while an older one is open; default auto. */
  readonly dayRollover?: 'auto' | 'reject' | 'allow' | undefined
  /** Hours after the first record of a day that `allow` tolerates; default 24. */
  readonly maxDayHours?: number | undefined
  /** `MM-DD`; default 12-31. */
  readonly fiscalYearEnd?: string | undefined
  /** Full years after the end of the financial year, 6 to 30; default 10. */
  readonly retentionYears?: number | undefined
  readonly conformity?: Conformity | undefined
  /** Minutes in which a first issue is the original; default 10. */
  readonly originalWindowMinutes?: number | undefined
  /** An event for each receipt not issued instead of a count at the closing; default false. */
  readonly traceNonIssue?: boolean | undefined
  readonly extraRates?:
    | readonly { readonly rateBp: number; readonly from: string; readonly to?: string | undefined }[]
    | undefined
  /** Seconds the clock may step back; default 300. */
  readonly clockBackTolerance?: number | undefined
  /** Seconds till and queue may differ without a mark; default 600. */
  readonly posClockTolerance?: number | undefined
  /** Minutes before the cut-off from which answers warn; default 30. */
  readonly closeWarnMinutes?: number | undefined
  /** Whether a note shows VAT; default false. */
  readonly noteShowVat?: boolean | undefined
  /** SHA-256 over the fiscal sources of the till software's build (17.1), for version events and archives. */
  readonly fiscalFingerprint?: string | undefined
  /** Shape of the signed data strings; default nf525-1. */
  readonly signingProfile?: ProfileName | undefined
}

const text = z.string().min(1).max(200)
const date = z.string().regex(/^\d{4}-\d\d-\d\d$/)

const FranceOptionsSchema: z.ZodType<FranceOptions> = z.strictObject({
  siret: z.string().regex(/^\d{14}$/, 'must be 14 digits'),
  legalName: text,
  address: z.string().min(1).max(1000),
  vatId: z
    .string()
    .regex(/^[A-Z0-9]{4,15}$/)
    .optional(),
  naf: z
    .string()
    .regex(/^[0-9A-Z.]{4,6}$/)
    .optional(),
  tillId: text,
  software: z.strictObject({
    name: z.string().regex(/^[^/,|:\u0000-\u001f]{1,64}$/),
    version: z.string().regex(/^\d+\.\d+\.\d+(?:[-+][0-9A-Za-z.-]+)*$/),
  }),
  region: z.enum(['METRO', 'CORSE', 'GP', 'MQ', 'RE', 'GF', 'YT']).optional(),
  timeZone: text.optional(),
  dayCutoff: z
    .string()
    .regex(/^(?:0[0-7]:[0-5]\d|08:00)$/, 'must lie between 00:00 and 08:00')
    .optional(),
  dayRollover: z.enum(['auto', 'reject', 'allow']).optional(),
  maxDayHours: z.int().min(1).max(72).optional(),
  fiscalYearEnd: z
    .string()
    .regex(/^(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])$|^(?:0[469]|11)-(?:0[1-9]|[12]\d|30)$|^02-(?:0[1-9]|[12]\d)$/)
    .optional(),
  retentionYears: z.int().min(6, 'the law wants at least six years').max(30).optional(),
  conformity: z
    .strictObject({
      mode: z.enum(['certificate', 'attestation', 'none']),
      body: text.optional(),
      category: text.optional(),
      number: text.optional(),
      version: text.optional(),
      issued: text.optional(),
    })
    .refine(
      (value) => value.mode !== 'certificate' || (value.body !== undefined && value.number !== undefined),
      'a certificate has body and number',
    )
    .optional(),
  originalWindowMinutes: z.int().min(0).max(1440).optional(),
  traceNonIssue: z.boolean().optional(),
  extraRates: z
    .array(z.strictObject({ rateBp: z.int().min(0).max(9999), from: date, to: date.optional() }))
    .max(50)
    .optional(),
  clockBackTolerance: z.int().min(2).max(86_400).optional(),
  posClockTolerance: z.int().min(0).max(86_400).optional(),
  closeWarnMinutes: z.int().min(0).max(720).optional(),
  noteShowVat: z.boolean().optional(),
  fiscalFingerprint: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  signingProfile: z.enum(Object.keys(profiles) as [ProfileName, ...ProfileName[]]).optional(),
})

/** Options with defaults filled in and names derived. */
export interface Settings {
  readonly siret: string
  readonly legalName: string
  readonly address: string
  readonly vatId: string | undefined
  readonly naf: string | undefined
  readonly till: string
  readonly software: { readonly name: string; readonly version: string }
  /** `name/version`, as signed. */
  readonly sw: string
  readonly region: Region
  readonly zone: Zone
  readonly cutoffMinutes: number
  readonly dayCutoff: string
  readonly dayRollover: 'auto' | 'reject' | 'allow'
  readonly maxDayHours: number
  readonly fiscalYearEnd: string
  readonly retentionYears: number
  readonly conformity: Conformity
  readonly originalWindowMinutes: number
  readonly traceNonIssue: boolean
  readonly extraRates: readonly RateRow[]
  readonly clockBackTolerance: number
  readonly posClockTolerance: number
  readonly closeWarnMinutes: number
  readonly noteShowVat: boolean
  readonly profile: ProfileName
  readonly fingerprint: string | undefined
  /** What paper shows of the shop. */
  readonly shop: Shop
}

/**
 * Checks options and fills in defaults.
 * @throws FiscalError OPTION_INVALID naming the option
 */
export function settingsOf(options: FranceOptions): Settings {
  const checked = FranceOptionsSchema.safeParse(options)
  if (!checked.success) {
    const { path, en, fr } = schemaFault(options, checked.error.issues[0] as z.core.$ZodIssue)
    throw optionInvalid(path, en, fr)
  }
  const given = checked.data
  const region = given.region ?? 'METRO'
  const dayCutoff = given.dayCutoff ?? '00:00'
  const { legalName, address, vatId, naf, conformity = { mode: 'none' as const }, noteShowVat = false } = given
  const paper = { legalName, address, vatId, naf, conformity, noteShowVat }
  return {
    siret: given.siret,
    ...paper,
    shop: shopOf(paper),
    till: cleanName(given.tillId),
    software: given.software,
    sw: `${given.software.name}/${given.software.version}`,
    region,
    zone: zone(given.timeZone ?? zoneOf[region]),
    dayCutoff,
    cutoffMinutes: Number(dayCutoff.slice(0, 2)) * 60 + Number(dayCutoff.slice(3)),
    dayRollover: given.dayRollover ?? 'auto',
    maxDayHours: given.maxDayHours ?? 24,
    fiscalYearEnd: given.fiscalYearEnd ?? '12-31',
    retentionYears: given.retentionYears ?? 10,
    originalWindowMinutes: given.originalWindowMinutes ?? 10,
    traceNonIssue: given.traceNonIssue ?? false,
    extraRates: (given.extraRates ?? []).map(({ rateBp, from, to }) => ({
      region,
      rateBp,
      from,
      ...(to !== undefined && { to }),
    })),
    clockBackTolerance: given.clockBackTolerance ?? 300,
    posClockTolerance: given.posClockTolerance ?? 600,
    closeWarnMinutes: given.closeWarnMinutes ?? 30,
    profile: given.signingProfile ?? 'nf525-1',
    fingerprint: given.fiscalFingerprint,
  }
}

function zone(name: string): Zone {
  try {
    return openZone(name)
  } catch {
    throw optionInvalid('timeZone', `this platform knows no zone ${name}`)
  }
}

function optionInvalid(path: string, why: string, fr?: string): FiscalError {
  return new FiscalError('OPTION_INVALID', {
    message: `option ${path === '' ? '(all)' : path}: ${why}`,
    path,
    details: { messageFr: `Réglage incorrect : ${path}${fr === undefined ? '' : ` ${fr}`}.` },
  })
}
