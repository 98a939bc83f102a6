// `sigillo fr attest --out DIR`: the dossier a publisher's individual attestation rests on (1.10, 2.1, 17.1): the letter to be signed, the
// matrix of requirements, and the fingerprint of the code as installed. It states facts and is no certificate.
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { DossierFacts } from '@sigillo/country-fr/attest'
import { EXIT, textFlag, type Call, type Command, type Flags, type OptionSpec } from '../command.js'
import { usageError } from '../errors.js'
import { SOFTWARE } from '../version.js'
import { writeWhole } from '../whole-file.js'
import { fiscalPerimeter, type Perimeter } from './fiscal-files.js'

const text = (value: string, help: string): OptionSpec => ({ type: 'string', value, help })
const list = (value: string, help: string): OptionSpec => ({ ...text(value, help), multiple: true })

/** The command. */
export const attestCommand: Command = {
  name: 'fr attest',
  summary: 'Write the attestation dossier: letter, requirement matrix, fiscal fingerprint',
  args: '--out DIR',
  arity: [0, 0],
  options: {
    out: text('DIR', 'Where the dossier goes; made when missing'),
    software: text('NAME', 'Name of the till software'),
    version: text('V', 'Its version, as 2.3.1'),
    publisher: text('NAME', 'Its publisher'),
    'publisher-siret': text('DIGITS', 'SIRET of the publisher'),
    'publisher-address': text('TEXT', 'Address of the publisher'),
    representative: text('NAME', 'Legal representative of the publisher, who signs'),
    licence: text('TEXT', 'Licence number'),
    marketed: text('DATE', 'When this version came to the market'),
    'major-root': text('TEXT', 'Root of the major version; by default its first number'),
    'minor-pattern': text('TEXT', 'How minor versions are numbered; by default ROOT.x.y'),
    covered: list('TEXT', 'Function the attestation covers; again for more'),
    'not-covered': list('TEXT', 'Function it does not cover; again for more'),
    user: text('NAME', 'Company that uses the till'),
    'user-siret': text('DIGITS', 'Its SIRET'),
    'user-address': text('TEXT', 'Its address'),
    'user-representative': text('NAME', 'Its legal representative, who signs'),
    acquired: text('DATE', 'When it acquired the till'),
    supplier: text('NAME', 'From whom'),
    'in-use-since': text('DATE', 'First day of use'),
    modules: text('DIR', 'node_modules of the till whose code is attested; by default the packages this command runs on'),
    also: list('PATH', 'File or folder of the till software that belongs to the fiscal perimeter; again for more'),
    date: text('DATE', 'Day of the dossier; default today'),
    force: { type: 'boolean', help: 'Write into a folder that holds files' },
  },
  notes: [
    'Whatever is not given stays a blank to be filled in. The HTML pages can be typed into and printed. Nothing in the dossier is a\ncertificate; the publisher alone answers for what it signs.',
    'Exit code: 0 written; 2 not written.\nJSON: out, files, fingerprint (64 hex digits: the option fiscalFingerprint), hashed (files in the perimeter), packages.',
  ],
  run: attest,
}

async function attest(call: Call): Promise<number> {
  const { flags, out, world } = call
  const folder = needed(flags, 'out')
  const facts = factsOf(flags)
  await checkFolder(folder, flags)
  const { attestationDossier, fiscalPackages } = await import('@sigillo/country-fr/attest')
  const perimeter = await fiscalPerimeter(fiscalPackages, textFlag(flags, 'modules'), listFlag(flags, 'also'))
  const dossier = await made(() => attestationDossier({ ...facts, ...perimeter }))
  await mkdir(folder, { recursive: true }).catch((error: NodeJS.ErrnoException) =>
    Promise.reject(usageError(`${folder} cannot be made (${error.code})`)),
  )
  for (const file of dossier.files) await writeWhole(join(folder, file.name), oneText(file.text), world.signal)
  await tell(
    call,
    folder,
    dossier.files.map(({ name }) => name),
    dossier.fingerprint.digest,
    perimeter,
  )
  return out.gone ? EXIT.unable : EXIT.ok
}

// Two paths given with --also may meet under one name.
async function made<T>(make: () => T): Promise<T> {
  try {
    return await Promise.resolve(make())
  } catch (error) {
    throw error instanceof RangeError ? usageError(error.message) : error
  }
}

async function* oneText(content: string): AsyncIterable<Uint8Array> {
  yield Buffer.from(content, 'utf8')
  await Promise.resolve()
}

async function tell(
  { out }: Call,
  folder: string,
  files: readonly string[],
  fingerprint: string,
  { files: hashed, packages }: Perimeter,
): Promise<void> {
  if (out.json) return out.object({ out: folder, files, fingerprint, hashed: hashed.length, packages })
  await out.line(`${out.paint.green('✔')} ${folder}: ${files.join(', ')}`)
  await out.line(`  fiscal fingerprint ${fingerprint}`)
  await out.line(`  of ${hashed.length} files: ${packages.map(({ name, version }) => `${name} ${version}`).join(', ')}`)
}

function needed(flags: Flags, name: string): string {
  const value = textFlag(flags, name)
  if (value === undefined || value === '') throw usageError(`--${name} is needed`)
  return value
}

function listFlag(flags: Flags, name: string): readonly string[] {
  return (flags[name] ?? []) as readonly string[]
}

async function checkFolder(folder: string, flags: Flags): Promise<void> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw usageError(`${folder} is no folder that can be written into (${error.code})`)
  })
  if (names.length > 0 && flags['force'] !== true) throw usageError(`${folder} holds files; --force writes into it`)
}

function factsOf(flags: Flags): Omit<DossierFacts, 'files' | 'packages'> {
  const version = needed(flags, 'version')
  if (!/^\d+\.\d+\.\d+(?:[-+][0-9A-Za-z.-]+)*$/.test(version)) throw usageError('--version takes a semantic version, as 2.3.1')
  const given = (name: string): string | undefined => textFlag(flags, name)
  for (const name of ['marketed', 'acquired', 'in-use-since', 'date']) checkDate(name, given(name))
  for (const name of ['publisher-siret', 'user-siret'])
    if (given(name) !== undefined && !/^\d{14}$/.test(given(name) as string)) throw usageError(`--${name} takes 14 digits`)
  return {
    software: { name: needed(flags, 'software'), version },
    licence: given('licence'),
    marketed: frenchDate(given('marketed')),
    publisher: {
      name: given('publisher'),
      siret: given('publisher-siret'),
      address: given('publisher-address'),
      representative: given('representative'),
    },
    majorRoot: given('major-root'),
    minorPattern: given('minor-pattern'),
    covered: listFlag(flags, 'covered'),
    notCovered: listFlag(flags, 'not-covered'),
    user: {
      name: given('user'),
      siret: given('user-siret'),
      address: given('user-address'),
      representative: given('user-representative'),
    },
    acquired: frenchDate(given('acquired')),
    supplier: given('supplier'),
    inUseSince: frenchDate(given('in-use-since')),
    date: given('date') ?? new Date().toISOString().slice(0, 10),
    madeBy: SOFTWARE,
  }
}

function checkDate(name: string, value: string | undefined): void {
  if (value !== undefined && (!/^\d{4}-\d\d-\d\d$/.test(value) || Number.isNaN(Date.parse(`${value}T00:00:00Z`))))
    throw usageError(`--${name} takes a date, as 2026-03-14`)
}

function frenchDate(value: string | undefined): string | undefined {
  return value?.replace(/^(\d{4})-(\d\d)-(\d\d)$/, '$3/$2/$1')
}
