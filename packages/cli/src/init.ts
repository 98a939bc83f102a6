// `sigillo init DIR`: makes the key, the queue and the settings of a new till. Interrupted at any point, the same call finishes it.
import { readFile, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { createQueue, FiscalError, openQueue, type RecordAlg, type Signer, type Storage } from '@sigillo/core'
import type { LastGood, Predecessor } from '@sigillo/core/verify'
import { createKeyFile } from '@sigillo/signer-software'
import { openFolder } from '@sigillo/storage-fs'
import { EXIT, numberFlag, textFlag, type Call, type Command, type Flags } from './command.js'
import { usageError } from './errors.js'
import { fileWitness } from './file-witness.js'
import { plain } from './output.js'
import { passphraseOf, passphraseOptions } from './passphrase.js'
import { predecessorText, readPredecessor } from './predecessor.js'
import { countryCodes, countryFlags, type CountryEntry } from './registry.js'
import {
  nameOf,
  parseObject,
  pathsFor,
  pathsOf,
  readSettings,
  settingsInvalid,
  writeSettings,
  type Settings,
} from './settings.js'
import { deviceOptions, deviceSetting, nameOfSetting } from './key/signer-flags.js'
import { boundTo, checkSignerSetting, type SignerSetting } from './key/signer-setting.js'
import { entryOf, openKey, secretName, type Till } from './till.js'
import { SOFTWARE } from './version.js'

const ALGORITHMS: readonly RecordAlg[] = ['ES256', 'ES384', 'EdDSA', 'PS256', 'RS256']

/** The command. */
export const initCommand: Command = {
  name: 'init',
  summary: 'Make a new till: its key, its queue and its settings',
  args: 'DIR',
  arity: [1, 1],
  options: {
    country: { type: 'string', value: 'CODE', help: `Country whose law applies: ${countryCodes.join(', ')}` },
    config: { type: 'string', value: 'FILE', help: 'Settings as JSON: country, name, and the country’s options' },
    name: { type: 'string', value: 'NAME', help: 'Name of the queue; by default the last part of DIR' },
    set: {
      type: 'string',
      value: 'OPTION=VALUE',
      multiple: true,
      help: 'Any option of the country; VALUE is JSON or text; again for more',
    },
    ...countryFlags(),
    alg: { type: 'string', value: 'NAME', help: `Algorithm of the key: ${ALGORITHMS.join(', ')}; default ES256` },
    'segment-bits': { type: 'string', value: 'N', help: 'A file of the journal holds 2^N records, 6 to 16; default 12' },
    ...deviceOptions,
    predecessor: {
      type: 'string',
      value: 'DIR',
      help: 'The queue this one continues, because its key is lost or its journal damaged; with --reason',
    },
    reason: { type: 'string', value: 'TEXT', help: 'Why that queue does not go on itself' },
    witness: { type: 'string', value: 'FILE', help: 'Where the last head is kept outside DIR; default DIR.witness.json' },
    ...passphraseOptions,
  },
  notes: [
    'DIR gets the journal and settings.json, DIR.keys/main.pem the encrypted key, DIR.witness.json the last head. An option given on\nthe command line wins over --config. Interrupted, the same call finishes what was begun.',
    'With --pkcs11 or --card the records are signed by that device and no key file is made; its audit log is DIR.keys/audit.jsonl. The PIN is\ngiven as a passphrase is, never in the URI.',
    'With --predecessor the first record names the last good record of that journal (a folder, or a bundle that was unpacked), which is\nread and verified first and must not go on. Numbers and totals begin anew; sigillo verify DIR --predecessor checks the link.',
    'Exit code: 0 made; 2 not made.\nJSON: dir, queue, name, country, keyId, key, settings, witness, predecessor {queue, size, root, hash, reason} or null.',
  ],
  run: init,
}

async function init(call: Call): Promise<number> {
  const { out, flags } = call
  const dir = call.args[0] as string
  if ((await readSettings(pathsOf(dir).settings)) !== undefined) {
    throw new FiscalError('QUEUE_EXISTS', { message: `${dir} is a till already`, details: { dir } })
  }
  const wanted = await settingsOf(dir, flags)
  const paths = pathsFor(dir, wanted)
  const entry = entryOf(wanted.country)
  const till: Till = { paths, settings: wanted, entry, country: await entry.make(wanted.options) }
  const segBits = numberFlag(flags, 'segment-bits', [6, 16])
  const continued = await continuedBy(call)
  const signer = await makeKey(call, till)
  try {
    const { keyId, hardware } = signer.describe()
    const settings = wanted.signer === undefined ? wanted : { ...wanted, signer: boundTo(wanted.signer, hardware) }
    const queue = await makeQueue(till, await openFolder(paths.folder), signer, { segBits, predecessor: continued?.predecessor })
    await writeSettings(paths.settings, settings)
    const made = {
      dir: paths.folder,
      queue,
      name: settings.name,
      country: entry.code,
      keyId,
      key: settings.signer === undefined ? paths.key : nameOfSetting(settings.signer),
      settings: paths.settings,
      witness: paths.witness,
      predecessor: continued?.predecessor ?? null,
    }
    if (out.json) await out.object(made)
    else await tell(call, made, entry, settings.signer !== undefined, continued)
    return EXIT.ok
  } finally {
    await signer.close()
  }
}

async function tell(
  { out }: Call,
  made: { dir: string; queue: string; name: string; keyId: string; key: string; witness: string },
  entry: CountryEntry,
  device: boolean,
  continued: LastGood | undefined,
): Promise<void> {
  await out.line(`${out.paint.green('✔')} ${made.name} is a till for ${entry.title}, in ${made.dir}`)
  await out.line(`  queue    ${made.queue}`)
  await out.line(`  key      ${made.key} (${made.keyId})`)
  await out.line(`  witness  ${made.witness}`)
  if (continued?.predecessor !== undefined) await out.line(`  ${predecessorText(continued.predecessor)}`)
  if (continued?.fault !== undefined) {
    const { seq, code, message } = continued.fault
    await out.line(out.paint.yellow(`  what lies behind them is not good: #${seq} ${plain(code)}, ${plain(message)}`))
  }
  if (device) return
  await out.line(
    out.paint.dim('  Keep a copy of the key file and its passphrase apart from the folder: without them the queue cannot go on.'),
  )
}

// The queue to be continued, verified before anything is made.
async function continuedBy(call: Call): Promise<LastGood | undefined> {
  const [path, reason] = [textFlag(call.flags, 'predecessor'), textFlag(call.flags, 'reason')]
  if (path === undefined && reason === undefined) return undefined
  if (path === undefined || reason === undefined) throw usageError('--predecessor and --reason go together')
  // oxlint-disable-next-line no-control-regex -- they are what is refused
  if (!/^[^\u0000-\u001f]{1,512}$/.test(reason)) throw usageError('--reason takes 1 to 512 characters in one line')
  return readPredecessor(path, reason, call)
}

/** Puts settings together: what the country assumes, then the file, then the command line. */
async function settingsOf(dir: string, flags: Flags): Promise<Settings> {
  const config = await configOf(textFlag(flags, 'config'))
  const code = textFlag(flags, 'country') ?? config.country
  if (code === undefined) throw usageError(`which country? give --country ${countryCodes.join('|')} or --config FILE`)
  const entry = entryOf(code)
  const name = textFlag(flags, 'name') ?? config.name ?? nameOf(dir)
  // oxlint-disable-next-line no-control-regex -- they are what is refused
  if (!/^[^\u0000-\u001f/\\]{1,64}$/.test(name)) throw usageError('--name takes 1 to 64 characters, no slashes')
  const options: Record<string, unknown> = { ...entry.defaults, ...config.options }
  for (const [flag, { sets, reads }] of Object.entries(entry.flags)) {
    const value = textFlag(flags, flag)
    if (value !== undefined) setMember(options, sets, reads === true ? await textOf(value) : value)
  }
  for (const pair of (flags['set'] ?? []) as readonly string[]) setOption(options, pair)
  if ('till' in entry.flags && options[entry.flags['till']?.sets ?? ''] === undefined)
    options[entry.flags['till']?.sets ?? ''] = name
  const flagged = textFlag(flags, 'witness')
  const witness = flagged === undefined ? config.witness : resolve(flagged)
  const signer = deviceSetting(flags) ?? config.signer
  return {
    format: 'sigillo-settings/1',
    name,
    country: code,
    options,
    ...(witness !== undefined && { witness }),
    ...(signer !== undefined && { signer }),
  }
}

// `merchant.name` is the member `name` of the object `merchant`.
function setMember(options: Record<string, unknown>, path: string, value: unknown): void {
  const [first = '', second] = path.split('.')
  if (second === undefined) options[first] = value
  else options[first] = { ...(options[first] as object | undefined), [second]: value }
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw usageError(`${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`)
  }
}

interface Config {
  readonly country?: string
  readonly name?: string
  readonly witness?: string
  readonly signer?: SignerSetting
  readonly options: Readonly<Record<string, unknown>>
}

// The country's options stand in `options`, or beside the others: a flat file is easier to write by hand.
async function configOf(path: string | undefined): Promise<Config> {
  if (path === undefined) return { options: {} }
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    throw settingsInvalid(`${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`)
  }
  const { country, name, witness, signer, options, format: _, ...rest } = parseObject(text)
  for (const [member, value] of Object.entries({ country, name, witness })) {
    if (value !== undefined && typeof value !== 'string') throw settingsInvalid(`${member} must be text`)
  }
  if (options !== undefined && (typeof options !== 'object' || options === null))
    throw settingsInvalid('options must be an object')
  return {
    ...({ country, name, witness } as { country?: string; name?: string; witness?: string }),
    ...(signer !== undefined && { signer: checkSignerSetting(signer) }),
    options: { ...rest, ...options },
  }
}

function setOption(options: Record<string, unknown>, pair: string): void {
  const at = pair.indexOf('=')
  if (at < 1) throw usageError('--set takes OPTION=VALUE')
  const [name, text] = [pair.slice(0, at), pair.slice(at + 1)]
  if (name === '__proto__') throw usageError('--set takes the name of an option')
  try {
    options[name] = JSON.parse(text)
  } catch {
    options[name] = text
  }
}

// A key left by an interrupted call is used: it may have signed the first record already.
async function makeKey(call: Call, till: Till): Promise<Signer> {
  const { out, flags } = call
  const { signer } = till.settings
  if (signer !== undefined && signer.kind !== 'software')
    return openKey(till, passphraseOf(call, false, secretName(till)), out.note)
  const alg = textFlag(flags, 'alg') ?? 'ES256'
  if (!(ALGORITHMS as readonly string[]).includes(alg)) throw usageError(`--alg takes one of ${ALGORITHMS.join(', ')}`)
  const begun = await stat(till.paths.key).then(
    () => true,
    () => false,
  )
  if (begun) return openKey(till, passphraseOf(call), out.note)
  return createKeyFile(till.paths.key, {
    passphrase: passphraseOf(call, true),
    alg: alg as RecordAlg,
    onWarning: ({ message }) => out.note(`warning: ${message}`),
  })
}

/** Creates the queue, or finds that an interrupted call had created it with this key. Returns its UUID. */
async function makeQueue(
  { settings, country, paths }: Till,
  storage: Storage,
  signer: Signer,
  { segBits, predecessor }: { readonly segBits: number | undefined; readonly predecessor: Predecessor | undefined },
): Promise<string> {
  const witness = fileWitness(paths.witness)
  const named = predecessor !== undefined && { predecessor }
  const options = { id: settings.name, country, storage, signer, software: SOFTWARE, witness, ...named }
  const queue = (await storage.exists())
    ? await openQueue(options)
    : await createQueue({ ...options, ...(segBits !== undefined && { segBits }) })
  const { id } = queue
  await queue.close()
  return id
}
