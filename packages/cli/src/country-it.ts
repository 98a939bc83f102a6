// Italy as the command line meets it: option names, the daily closing, and what an owner wants to see.
import type { JsonObject } from '@sigillo/core'
import type { ItalyOptions, State } from '@sigillo/country-it'
import type { CountryEntry } from './registry.js'

const flag = (sets: string, value: string, help: string): CountryEntry['flags'][string] => ({
  type: 'string',
  value,
  help: `Italy: ${help}`,
  sets,
})

/** Members of the settings that are the command line's own; the country does not know them. */
export const ITALIAN_EXTRAS = ['tlsRoots', 'authorityUrl'] as const

/** Italy. */
export const italyEntry: CountryEntry = {
  code: 'it',
  profile: 'IT',
  title: 'Italy',
  flags: {
    matricola: flag('matricola', 'TEXT', 'serial number of the device, 11 characters'),
    merchant: flag('merchant.name', 'TEXT', 'name of the merchant'),
    address: flag('merchant.address', 'TEXT', 'address of the shop'),
    vat: flag('merchant.vat', 'DIGITS', 'VAT number of the merchant, 11 digits'),
    'starts-as': flag(
      'startsAs',
      'STATE',
      'unknown (default: enrol and activate first) or ATTIVATO or IN_SERVIZIO (a simulated device sells at once)',
    ),
    'base-url': flag('baseUrl', 'URL', 'where the authority is reached; there is no default'),
    'authority-roots': { ...flag('authorityRoots', 'FILE', 'roots of the authority’s answers, PEM'), reads: true },
    'device-roots': { ...flag('deviceRoots', 'FILE', 'roots of device certificates, PEM'), reads: true },
    'tls-roots': {
      ...flag('tlsRoots', 'FILE', 'roots of the authority’s TLS certificate, PEM; by default the system’s'),
      reads: true,
    },
  },
  defaults: {},
  make: async (options) => (await import('@sigillo/country-it')).italy(countryOptions(options)),
  auditor: async () => (await import('@sigillo/country-it')).italianAuditor(),
  levels: ['day'],
  // The device's own clock dates a closing: the same key is the same request, whenever it comes.
  closing: ({ key, operator }) => ({ type: 'closing', key, operatorId: operator }),
  momentIn: () => undefined,
  standing,
}

/** The country's part of the settings. */
export function countryOptions(options: Readonly<Record<string, unknown>>): ItalyOptions {
  const own = Object.entries(options).filter(([name]) => !(ITALIAN_EXTRAS as readonly string[]).includes(name))
  return Object.fromEntries(own) as unknown as ItalyOptions
}

function standing(totals: JsonObject): readonly (readonly [string, string])[] {
  const { device, progressive, tills, outbox, lottery, certificate } = totals as unknown as State
  const rows: (readonly [string, string])[] = [
    ['device', device],
    ['certificate', certificate.notAfter === 0 ? 'none' : `until ${new Date(certificate.notAfter).toISOString().slice(0, 10)}`],
    ['last transmission number', String(progressive)],
  ]
  for (const [id, { z, n, openedAt, grand }] of Object.entries(tills)) {
    const name = id === '' ? '' : ` ${id}`
    rows.push([`last closing${name}`, String(z)])
    rows.push([`open period${name}`, openedAt === '' ? 'none' : `since ${openedAt}, ${n} documents`])
    rows.push([
      `grand total${name}`,
      `${euros(grand.sales)} sold, ${euros(grand.returns)} returned, ${euros(grand.voids)} annulled`,
    ])
  }
  rows.push(['messages not finished', String(outbox.length)])
  rows.push(['lottery documents waiting', String(lottery.items.length)])
  return rows
}

/** Cents as euros. */
export function euros(cents: number): string {
  const digits = String(Math.abs(cents)).padStart(3, '0')
  return `${cents < 0 ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)} EUR`
}
