// The Italian till behind a folder: its settings, its device key in a file of its own beside the till's, and the transmitter over both.
import { join, dirname } from 'node:path'
import { access } from 'node:fs/promises'
import { parseLine, systemClock, type FiscalRecord, type Signer } from '@sigillo/core'
import type { Italy, State, Transmitter } from '@sigillo/country-it'
import { createKeyFile, openKeyFile, type Passphrase } from '@sigillo/signer-software'
import { textFlag, type Call, type OptionSpec } from '../command.js'
import { usageError } from '../errors.js'
import { passphraseOf, passphraseOptions } from '../passphrase.js'
import { openTill, readTill, writerOptions, type OpenTill, type Till } from '../till.js'

/** An Italian till open for writing. */
export interface ItalianTill extends OpenTill {
  readonly italy: Italy
}

/** Options of every command that may send. */
export const sendingOptions: Readonly<Record<string, OptionSpec>> = {
  ...passphraseOptions,
  'device-passphrase-file': {
    type: 'string',
    value: 'FILE',
    help: 'Passphrase of the device key, when it is not that of the till’s key',
  },
  ...writerOptions,
}

/** Where the device key of a till lies, and its certificate for people to look at. */
export function devicePaths({ paths }: Pick<Till, 'paths'>): { readonly key: string; readonly certificate: string } {
  const folder = dirname(paths.key)
  return { key: join(folder, 'device.pem'), certificate: join(folder, 'device.crt') }
}

/**
 * Settings of an Italian till.
 * @throws FiscalError SETTINGS_MISSING, SETTINGS_INVALID; USAGE for a till of another country
 */
export async function readItalian(dir: string): Promise<Till & { readonly italy: Italy }> {
  const till = await readTill(dir)
  if (till.entry.code !== 'it') throw usageError(`${dir} is a till of ${till.entry.title}, not of Italy`)
  return { ...till, italy: till.country as unknown as Italy }
}

/**
 * Becomes the writer of an Italian till; the country is looked at before the key is opened.
 * @throws FiscalError as `readItalian` and `openTill`
 */
export async function openItalian(call: Call, passphrase?: Passphrase): Promise<ItalianTill> {
  const [dir = ''] = call.args
  await readItalian(dir)
  const till = await openTill(dir, call, passphrase)
  return { ...till, italy: till.country as unknown as Italy }
}

/** The state of an open Italian till. */
export function stateOf({ queue }: Pick<ItalianTill, 'queue'>): State {
  return queue.totals() as State
}

/** A till that can send. */
export interface SendingTill extends ItalianTill {
  readonly device: Signer
  readonly transmitter: Transmitter
}

/** Parts of a sending till that differ from command to command. */
export interface SendingParts {
  /** Make the device key when there is none. */
  readonly makeKey?: boolean
  readonly manufacturer?: Signer
  /** Passphrase of the till's keys; by default asked for as every command does. */
  readonly passphrase?: Passphrase
}

/**
 * Becomes the writer of an Italian till with its device key and its transmitter. The passphrase is asked for once.
 * @throws FiscalError as `openItalian` and `openKeyFile`; OPTION_INVALID without `baseUrl` or `authorityRoots`
 */
export async function openSending(call: Call, parts: SendingParts = {}): Promise<SendingTill> {
  const { settings } = await readItalian(call.args[0] ?? '')
  // A PIN of the till's token is no passphrase of the device's file.
  const shared = settings.signer === undefined || settings.signer.kind === 'software'
  const passphrase = askedOnce(() => parts.passphrase ?? passphraseOf(call, false, shared ? KEYS : DEVICE))
  const till = await openItalian(call, shared ? passphrase.source : undefined)
  const closers: (() => PromiseLike<void>)[] = [() => till[Symbol.asyncDispose]()]
  const close = async (): Promise<void> => {
    passphrase.forget()
    for (const one of closers.toReversed()) await one()
  }
  try {
    const device = await deviceSigner(call, till, passphrase.source, parts.makeKey === true)
    closers.push(() => device.close())
    passphrase.forget()
    const { transmitter, release } = await openLine(till, device, parts.manufacturer)
    closers.push(release)
    return { ...till, device, transmitter, [Symbol.asyncDispose]: close }
  } catch (error) {
    await close()
    throw error
  }
}

const KEYS = 'Passphrase of the keys'
const DEVICE = 'Passphrase of the device key'

async function openLine(
  { queue, italy, settings }: ItalianTill,
  device: Signer,
  manufacturer: Signer | undefined,
): Promise<{ transmitter: Transmitter; release: () => Promise<void> }> {
  const [{ openTransmitter }, { nodeTransport }] = await Promise.all([
    import('@sigillo/country-it'),
    import('@sigillo/transport-node'),
  ])
  const { tlsRoots } = settings.options
  const transport = nodeTransport(typeof tlsRoots === 'string' ? { ca: tlsRoots } : {})
  const parts = { queue, country: italy, transport, clock: systemClock, device, ...(manufacturer && { manufacturer }) }
  return { transmitter: openTransmitter(parts), release: () => transport.close?.() ?? Promise.resolve() }
}

async function deviceSigner(call: Call, till: ItalianTill, own: Passphrase, make: boolean): Promise<Signer> {
  const { key } = devicePaths(till)
  const file = textFlag(call.flags, 'device-passphrase-file')
  const passphrase = file === undefined ? own : passphraseOf({ ...call, flags: { 'passphrase-file': file } }, false, DEVICE)
  const options = { passphrase, onWarning: ({ message }: { message: string }) => call.out.note(`warning: ${message}`) }
  const there = await access(key).then(
    () => true,
    () => false,
  )
  if (there) return openKeyFile(key, options)
  if (!make) throw usageError(`the till has no device key yet: sigillo it enrol makes it`)
  return createKeyFile(key, { ...options, alg: 'RS256', modulusLength: 2048 })
}

/**
 * Two keys of one passphrase: the second asking gets a copy of what the first was told, until it is forgotten.
 * @param make finds the source when it is first needed
 */
export function askedOnce(make: () => Passphrase): { readonly source: () => Promise<Uint8Array>; forget(): void } {
  let kept: Uint8Array | undefined
  return {
    source: async () => {
      if (kept === undefined) {
        const source = make()
        const given = typeof source === 'function' ? await source() : source
        kept = typeof given === 'string' ? Buffer.from(given, 'utf8') : given
      }
      return Uint8Array.from(kept)
    },
    forget: () => void kept?.fill(0),
  }
}

/** Records of these types, in order; a line is parsed when it names one of them. */
export async function recordsWith(
  read: AsyncIterable<{ readonly line: Uint8Array }>,
  types: readonly string[],
): Promise<FiscalRecord[]> {
  const marks = types.map((type) => Buffer.from(`"type":"${type}"`))
  const found: FiscalRecord[] = []
  for await (const { line } of read) {
    const bytes = Buffer.from(line.buffer, line.byteOffset, line.byteLength)
    if (!marks.some((mark) => bytes.includes(mark))) continue
    const record = parseLine(line)
    if (record !== undefined && types.includes(record.body.type)) found.push(record)
  }
  return found
}
