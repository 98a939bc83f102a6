// The countries this command can open: the one place that knows them by name. A new country is one entry. Their packages are loaded
// when a queue needs them (measured: schemas cost half the start of a command that needs none).
import type { Country, CountryAuditor, JsonObject, Queue } from '@sigillo/core'
import type { Report } from '@sigillo/core/verify'
import type { OptionSpec } from './command.js'
import { franceEntry } from './country-fr.js'
import { italyEntry } from './country-it.js'

/** Any country, as a queue takes it. */
export type AnyCountry = Country

/** What verification says, as far as this command shows it. */
export type Verdict = Omit<Report, 'resume'>

/** What a closing is made from. */
export interface ClosingWish {
  readonly level: string
  readonly key: string
  readonly operator: string
  /** Now, UTC with milliseconds. */
  readonly moment: string
}

/** What an archive is made from. */
export interface ArchiveWish extends Omit<ClosingWish, 'level'> {
  readonly autoClose: boolean
}

/** A country's archive. */
export interface NationalArchive {
  /** File name the country gives it. */
  readonly name: string
  /** Record that signs it. */
  readonly seq: number
  stream(): AsyncIterable<Uint8Array>
}

/** One option of `init` that belongs to a country. */
export interface CountryFlag extends OptionSpec {
  readonly sets: string
  /** The value names a file; what is set is the file's text. */
  readonly reads?: boolean
}

/** One country, as the command line meets it. */
export interface CountryEntry {
  /** Code in `--country` and in settings. */
  readonly code: string
  /** Profile in the first record of a queue. */
  readonly profile: string
  readonly title: string
  /** Options of `init` and the member of the country's options each one sets, as `merchant.name`. */
  readonly flags: Readonly<Record<string, CountryFlag>>
  /** Options the command line fills in when nothing else does. */
  readonly defaults: Readonly<Record<string, unknown>>
  /** Loads the country's package and applies the options. @throws FiscalError OPTION_INVALID */
  make(options: Readonly<Record<string, unknown>>): Promise<AnyCountry>
  /** A judge for a journal of unknown settings, when the country's rules need none. */
  auditor?(): Promise<CountryAuditor | undefined>
  /** Judges the country's own archive; undefined when the file is none. */
  verifyArchive?(open: () => AsyncIterable<Uint8Array>): Promise<Verdict | undefined>
  /** Makes the country's own archive, signed as a record of the queue. */
  archive?(queue: Queue, country: AnyCountry, wish: ArchiveWish): Promise<NationalArchive>
  /** Levels `close` takes. */
  readonly levels: readonly string[]
  closing(wish: ClosingWish): object
  /** The moment a stored closing request was made with. */
  momentIn(request: JsonObject): string | undefined
  /** Totals and open periods, for people. */
  standing(totals: JsonObject): readonly (readonly [label: string, value: string])[]
}

const countries: readonly CountryEntry[] = [franceEntry, italyEntry]

/** Codes that `--country` takes. */
export const countryCodes: readonly string[] = countries.map(({ code }) => code)

/** Profiles this command knows rules for. */
export const profiles: readonly string[] = countries.map(({ profile }) => profile)

/** All countries. */
export function allCountries(): readonly CountryEntry[] {
  return countries
}

/** A country by its code. */
export function countryByCode(code: string): CountryEntry | undefined {
  return countries.find((entry) => entry.code === code)
}

/** A country by the profile of a journal. */
export function countryByProfile(profile: string): CountryEntry | undefined {
  return countries.find((entry) => entry.profile === profile)
}

/** Options of `init` that belong to countries. One that several countries have says what it is for each. */
export function countryFlags(): Readonly<Record<string, OptionSpec>> {
  const all: Record<string, OptionSpec> = {}
  for (const { flags } of countries)
    for (const [name, { sets: _sets, reads: _reads, ...spec }] of Object.entries(flags)) {
      const known = all[name]
      all[name] = known === undefined ? spec : { ...known, help: `${known.help}. ${spec.help}` }
    }
  return all
}
