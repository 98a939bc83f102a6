// France as the command line meets it: option names, closings, and the totals an owner wants to see.
import type { JsonObject, Queue } from '@sigillo/core'
import type { France, FranceOptions } from '@sigillo/country-fr'
import type { AnyCountry, ArchiveWish, CountryEntry, NationalArchive, Verdict } from './registry.js'
import { VERSION } from './version.js'

const euros = (cents: string | undefined): string => {
  const text = cents ?? '0'
  const digits = text.replace('-', '').padStart(3, '0')
  return `${text.startsWith('-') ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)} EUR`
}

const flag = (sets: string, value: string, help: string): CountryEntry['flags'][string] => ({
  type: 'string',
  value,
  help: `France: ${help}`,
  sets,
})

/** France. */
export const franceEntry: CountryEntry = {
  code: 'fr',
  profile: 'FR',
  title: 'France',
  flags: {
    siret: flag('siret', 'DIGITS', 'SIRET of the establishment, 14 digits'),
    'legal-name': flag('legalName', 'TEXT', 'legal name of the company'),
    address: flag('address', 'TEXT', 'postal address'),
    till: flag('tillId', 'NAME', 'name of the till; by default the name of the queue'),
    'vat-id': flag('vatId', 'TEXT', 'VAT number'),
    naf: flag('naf', 'CODE', 'activity code'),
    region: flag('region', 'CODE', 'METRO (default), CORSE, GP, MQ, RE, GF or YT'),
    'day-cutoff': flag('dayCutoff', 'HH:MM', 'when a business day ends, 00:00 to 08:00'),
    'fiscal-year-end': flag('fiscalYearEnd', 'MM-DD', 'last day of the financial year'),
  },
  defaults: { software: { name: 'sigillo-cli', version: VERSION } },
  make: async (options) => (await import('@sigillo/country-fr')).france(options as unknown as FranceOptions),
  auditor: async () => (await import('@sigillo/country-fr')).frenchAuditor(),
  verifyArchive,
  archive,
  levels: ['shift', 'day', 'month', 'year'],
  closing: ({ level, key, operator, moment }) => ({ type: 'closing', kind: level, key, operatorId: operator, posMoment: moment }),
  momentIn: ({ posMoment }) => (typeof posMoment === 'string' ? posMoment : undefined),
  standing,
}

async function archive(
  queue: Queue,
  country: AnyCountry,
  { key, operator, moment, autoClose }: ArchiveWish,
): Promise<NationalArchive> {
  const { createArchive } = await import('@sigillo/country-fr')
  const options = { key, operatorId: operator, posMoment: moment, autoClose }
  const made = await createArchive(queue, country as unknown as France, options)
  return { name: made.name, seq: made.record.body.seq, stream: () => made.stream() }
}

async function verifyArchive(open: () => AsyncIterable<Uint8Array>): Promise<Verdict | undefined> {
  const { sound, faults, manifest, records, unchecked } = await (await import('@sigillo/country-fr')).verifyArchive(open)
  if (manifest === undefined && records === undefined) return undefined
  return {
    sound,
    queue: records?.queue ?? '',
    profile: records?.profile ?? 'FR',
    predecessor: records?.predecessor,
    successor: records?.successor,
    records: records?.records ?? 0,
    head: records?.head ?? null,
    root: records?.root,
    findings: faults.map(({ code, file, seq, detail, fr }) => ({
      seq,
      code,
      where: file === '' ? 'archive' : file,
      message: detail === '' ? fr : `${detail} (${fr})`,
      severity: 'error' as const,
    })),
    more: 0,
    unchecked,
  }
}

type Level = { readonly from?: string; readonly date?: string; readonly totals?: JsonObject }

function standing(totals: JsonObject): readonly (readonly [string, string])[] {
  const { perpetual, levels, phase, closedDays } = totals as {
    perpetual?: { alg?: string; abs?: string }
    levels?: Record<string, Level>
    phase?: string
    closedDays?: readonly (readonly [string, number, number])[]
  }
  const open = Object.entries(levels ?? {})
    .filter(([name, { from }]) => name !== 'archive' && (from ?? '') !== '')
    .map(([name, { date, from }]): [string, string] => [
      `open ${name}`,
      `${date ?? ''}${from === undefined ? '' : `, since ${moment(from)}`}`,
    ])
  return [
    ['phase', phase ?? 'unknown'],
    ['perpetual total, signed', euros(perpetual?.alg)],
    ['perpetual total, absolute', euros(perpetual?.abs)],
    ...(open.length === 0 ? [['open periods', 'none'] as const] : open),
    ['last closed day', closedDays?.at(-1)?.[0] ?? 'none'],
  ]
}

// `YYYYMMDDHHMMSS` as people read it.
function moment(text: string): string {
  return text.replace(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/, '$1-$2-$3 $4:$5:$6')
}
