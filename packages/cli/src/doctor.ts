// `sigillo doctor DIR`: looks at everything a till stands on and says what to do about what it finds. Changes nothing.
import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { isFiscalError, parseLine, type FiscalRecord, type ReadHead, type StorageReader } from '@sigillo/core'
import { EXIT, type Call, type Command } from './command.js'
import { diskFacts, signsOfDishonesty, type DiskFacts } from './disk-check.js'
import { readWitness } from './file-witness.js'
import { keyFileOf, keyPlace } from './key/open-signer.js'
import { nameOfSetting } from './key/signer-flags.js'
import type { SignerSetting } from './key/signer-setting.js'
import { keyStanding } from './key/standing.js'
import { plain } from './output.js'
import { predecessorOf, predecessorText } from './predecessor.js'
import { passphraseAtHand, passphraseOf, passphraseOptions } from './passphrase.js'
import { findTill, openKey, openReading, type Till } from './till.js'
import { pathsOf } from './settings.js'
import { SOFTWARE } from './version.js'

/** The command. */
export const doctorCommand: Command = {
  name: 'doctor',
  summary: 'Examine a till: clock, disk, key, permissions, space, lock, versions',
  args: 'DIR',
  arity: [1, 1],
  options: { ...passphraseOptions },
  notes: [
    'The key is opened only when a passphrase is at hand (--passphrase-file or SIGILLO_PASSPHRASE); nobody is asked.',
    'Exit code: 0 nothing wrong (advice may be given); 1 something is wrong; 2 nothing there to examine.',
    'JSON: healthy, checks [{name, state (good, advice, wrong), message, remedy, facts}].',
  ],
  run: doctor,
}

/** One thing looked at. */
export interface Check {
  readonly name: string
  readonly state: 'good' | 'advice' | 'wrong'
  readonly message: string
  readonly remedy?: string
  readonly facts?: Readonly<Record<string, unknown>>
}

interface Patient {
  readonly dir: string
  readonly call: Call
  readonly till: Till | undefined
  readonly reader: StorageReader
  readonly head: ReadHead
  readonly newest: FiscalRecord | undefined
}

async function doctor(call: Call): Promise<number> {
  const { out } = call
  const dir = call.args[0] as string
  const reader = await openReading(dir)
  try {
    const head = await reader.head()
    const patient: Patient = { dir, call, till: await findTill(dir), reader, head, newest: await recordAt(reader, head.seq) }
    const checks: Check[] = []
    for (const examine of [versions, journal, lineage, store, clock, disk, space, permissions, standing, key, witness]) {
      checks.push(...(await examine(patient)))
    }
    const healthy = checks.every(({ state }) => state !== 'wrong')
    if (out.json) await out.object({ healthy, checks })
    else await tell(call, checks, healthy)
    return healthy ? EXIT.ok : EXIT.findings
  } finally {
    await reader.close()
  }
}

async function tell({ out }: Call, checks: readonly Check[], healthy: boolean): Promise<void> {
  const { paint } = out
  const marks = { good: paint.green('✔'), advice: paint.yellow('!'), wrong: paint.red('✘') }
  const width = Math.max(...checks.map(({ name }) => name.length))
  for (const { name, state, message, remedy } of checks) {
    await out.line(`${marks[state]} ${name.padEnd(width)}  ${plain(message)}`)
    if (remedy !== undefined) await out.line(paint.dim(`  ${' '.repeat(width)}  ${remedy}`))
  }
  await out.line(healthy ? paint.green('Nothing is wrong.') : paint.red('Something is wrong; see above.'))
}

async function recordAt(reader: StorageReader, seq: bigint): Promise<FiscalRecord | undefined> {
  for await (const { line } of reader.read(seq, seq)) return parseLine(line)
  return undefined
}

function versions({ reader }: Patient): readonly Check[] {
  const message = `${SOFTWARE}, Node ${process.versions.node}, ${process.platform} ${process.arch}, journal format 1`
  return [
    {
      name: 'versions',
      state: 'good',
      message,
      facts: { software: SOFTWARE, node: process.versions.node, platform: process.platform, queue: reader.queue },
    },
  ]
}

function journal({ head, newest }: Patient): readonly Check[] {
  if (newest !== undefined)
    return [
      {
        name: 'journal',
        state: 'good',
        message: `${head.seq + 1n} records, newest of ${newest.body.ts}`,
        facts: { head: head.seq },
      },
    ]
  return [
    {
      name: 'journal',
      state: 'wrong',
      message: `the newest record, #${head.seq}, cannot be read`,
      remedy: 'Run sigillo verify; keep the folder as it is.',
    },
  ]
}

// A queue that continues another one: where the numbers before its own are to be looked for.
async function lineage({ reader }: Patient): Promise<readonly Check[]> {
  const predecessor = await predecessorOf(reader)
  if (predecessor === undefined) return []
  const remedy = 'Keep that journal as long as this one; sigillo verify DIR --predecessor checks that it is the one named.'
  return [{ name: 'predecessor', state: 'good', message: predecessorText(predecessor), remedy, facts: { ...predecessor } }]
}

const HOLDERS: Readonly<Record<string, Check>> = {
  none: { name: 'lock', state: 'good', message: 'nobody has the queue open' },
  alive: { name: 'lock', state: 'good', message: 'a running till has the queue open' },
  dead: {
    name: 'lock',
    state: 'good',
    message: 'left behind by a process that ended unexpectedly; the next till takes over by itself',
  },
  unknown: {
    name: 'lock',
    state: 'advice',
    message: 'a till on another machine may have the queue open',
    remedy: 'When it cannot run any more: open with --takeover.',
  },
}

async function store({ reader }: Patient): Promise<readonly Check[]> {
  const { state, warnings, details } = await reader.health()
  const holder = HOLDERS[String(details['holder'])]
  return [
    { name: 'store', state: state === 'failed' || state === 'emergency' ? 'wrong' : 'good', message: state, facts: details },
    ...warnings.map((message): Check => ({ name: 'store', state: 'advice', message })),
    ...(holder === undefined ? [] : [holder]),
  ]
}

const MINUTE_MS = 60_000

function clock({ newest }: Patient): readonly Check[] {
  const now = Date.now()
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone
  const facts = { now: new Date(now).toISOString(), zone, newest: newest?.body.ts ?? null }
  const behind = newest === undefined ? 0 : Date.parse(newest.body.ts) - now
  if (behind > MINUTE_MS) {
    const message = `the clock lies ${Math.round(behind / 1000)} s behind the newest record`
    return [
      {
        name: 'clock',
        state: 'wrong',
        message,
        remedy: 'Set the clock (NTP) before selling; the step back will be recorded otherwise.',
        facts,
      },
    ]
  }
  if (now < Date.parse('2026-01-01T00:00:00Z'))
    return [{ name: 'clock', state: 'wrong', message: `the clock says ${facts.now}`, remedy: 'Set the clock.', facts }]
  return [{ name: 'clock', state: 'good', message: `${facts.now}, zone ${zone}`, facts }]
}

async function disk({ dir }: Patient): Promise<readonly Check[]> {
  let facts: DiskFacts
  try {
    facts = await diskFacts(pathsOf(dir).folder)
  } catch (error) {
    return [
      {
        name: 'disk',
        state: 'wrong',
        message: `cannot be written (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`,
        remedy: 'Give this user write access to the folder.',
      },
    ]
  }
  const { syncMedianUs, syncWorstUs, fileSystem, writeCache } = facts
  const slow = syncMedianUs > 50_000
  const speed: Check = {
    name: 'disk speed',
    state: slow ? 'advice' : 'good',
    message: `a sync takes ${ms(syncMedianUs)} ms (worst ${ms(syncWorstUs)} ms) on ${fileSystem}`,
    facts: { ...facts },
    ...(slow && { remedy: 'Each sale waits this long. Use a better medium.' }),
  }
  const signs = signsOfDishonesty(facts)
  const remedy = 'Use a local disk that keeps what it confirms; test it by pulling the plug while selling, then sigillo verify.'
  if (signs.length > 0)
    return [speed, ...signs.map((message): Check => ({ name: 'disk honesty', state: 'advice', message, remedy }))]
  const cache =
    writeCache === undefined
      ? ''
      : `; the device says ${writeCache}${writeCache === 'write back' ? ', so syncs flush its cache' : ''}`
  return [speed, { name: 'disk honesty', state: 'good', message: `no sign that it confirms too early${cache}` }]
}

const ms = (us: number): string => (us / 1000).toFixed(us < 10_000 ? 2 : 0)

async function space({ dir, reader }: Patient): Promise<readonly Check[]> {
  const { freeBytes } = await reader.health()
  const free = freeBytes ?? (await diskFacts(pathsOf(dir).folder)).freeBytes
  const mib = Math.floor(free / 1024 / 1024)
  // About 1.5 KiB a record: the limits are 700,000 and 40,000 sales.
  const state = mib < 64 ? 'wrong' : mib < 1024 ? 'advice' : 'good'
  return [
    {
      name: 'space',
      state,
      message: `${mib} MiB free`,
      facts: { freeBytes: free },
      ...(state !== 'good' && { remedy: 'Free space: on a full disk only closings are accepted.' }),
    },
  ]
}

async function permissions({ dir, till }: Patient): Promise<readonly Check[]> {
  if (process.platform === 'win32')
    return [{ name: 'permissions', state: 'advice', message: 'not examined on Windows: check the ACL of folder and key' }]
  const paths = till?.paths ?? pathsOf(dir)
  const checks: Check[] = []
  const look = async (path: string, forbidden: number, what: string): Promise<void> => {
    const found = await stat(path).catch(() => undefined)
    if (found === undefined) return
    const mode = (found.mode & 0o777).toString(8).padStart(4, '0')
    if ((found.mode & forbidden) !== 0)
      checks.push({
        name: 'permissions',
        state: 'wrong',
        message: `${what} has mode ${mode}`,
        remedy: `chmod go-${forbidden === 0o022 ? 'w' : 'rwx'} ${path}`,
      })
    else if (found.uid !== process.geteuid?.())
      checks.push({
        name: 'permissions',
        state: 'wrong',
        message: `${what} belongs to user ${found.uid}`,
        remedy: 'Run the till as the owner of its files.',
      })
  }
  await look(paths.folder, 0o022, 'the folder')
  const file = till === undefined ? paths.key : keyFileIn(till)
  if (file !== undefined) {
    await look(dirname(file), 0o022, 'the folder of the key')
    await look(file, 0o077, 'the key file')
  }
  return checks.length > 0
    ? checks
    : [{ name: 'permissions', state: 'good', message: 'folder and key belong to this user; others cannot change or read them' }]
}

// Where the key file lies; undefined for a key in a device.
function keyFileIn({ paths, settings: { signer } }: Till): string | undefined {
  if (signer === undefined) return paths.key
  return signer.kind === 'software' ? keyFileOf(signer, keyPlace(paths.folder)) : undefined
}

// A journal that cannot be read is told of by its own row.
async function standing({ till, reader }: Patient): Promise<readonly Check[]> {
  if (till === undefined) return []
  return keyStanding(till, reader).catch((error: unknown) => {
    if (isFiscalError(error)) return []
    throw error
  })
}

async function key({ call, till, newest }: Patient): Promise<readonly Check[]> {
  if (till === undefined) return [{ name: 'key', state: 'advice', message: 'no settings here, so no key is known' }]
  const { signer } = till.settings
  const file = keyFileIn(till)
  const missing =
    file === undefined
      ? undefined
      : await stat(file).then(
          () => undefined,
          (error: NodeJS.ErrnoException) => error.code,
        )
  if (missing !== undefined)
    return [
      {
        name: 'key',
        state: 'wrong',
        message: `the key file is not there (${missing})`,
        remedy: `Put the key back at ${file}.`,
      },
    ]
  if (!passphraseAtHand(call))
    return [
      {
        name: 'key',
        state: 'good',
        message: `${file === undefined ? `the key is ${nameOfSetting(signer as SignerSetting)}` : 'the key file is there'}; not opened, no passphrase at hand`,
      },
    ]
  try {
    const opened = await openKey(till, passphraseOf(call), call.out.note)
    const { keyId, alg } = opened.describe()
    const { state, reasons, certificateDaysLeft } = await opened.health()
    await opened.close()
    if (reasons.length > 0) return [unhealthy(state, reasons, certificateDaysLeft)]
    const expected = newest === undefined ? undefined : keyInUse(newest)
    if (expected === undefined || expected === keyId)
      return [{ name: 'key', state: 'good', message: `${alg} ${keyId} opens and is the key in use`, facts: { keyId, alg } }]
    return [
      {
        name: 'key',
        state: 'wrong',
        message: `the file holds key ${keyId}, records are signed with ${expected}`,
        remedy: 'Put the right key in place.',
      },
    ]
  } catch (error) {
    if (!isFiscalError(error)) throw error
    return [{ name: 'key', state: 'wrong', message: error.message, remedy: error.remedy, facts: { code: error.code } }]
  }
}

// A certificate near or past its end, a locked or degraded device.
function unhealthy(state: string, reasons: readonly string[], days: number | undefined): Check {
  const left = days === undefined ? '' : `; the certificate ends in ${days} days`
  return {
    name: 'key',
    state: state === 'degraded' || state === 'ready' ? 'advice' : 'wrong',
    message: `the signer is ${state}: ${reasons.join(', ')}${left}`,
    remedy: 'See sigillo key status; renew the certificate with sigillo key request and sigillo key install.',
    facts: { state, reasons: reasons.join(' '), ...(days !== undefined && { certificateDaysLeft: days }) },
  }
}

// A change of key is signed by the old one; the new one signs what follows.
function keyInUse({ body, payload }: FiscalRecord): string {
  const next = (payload as { kid?: string } | null)?.kid
  return body.type === 'sys.key' && next !== undefined ? next : body.kid
}

async function witness({ dir, till, reader, head }: Patient): Promise<readonly Check[]> {
  const path = till?.paths.witness ?? pathsOf(dir).witness
  try {
    const statement = await readWitness(path)
    if (statement === undefined)
      return [
        {
          name: 'witness',
          state: 'advice',
          message: 'there is none yet',
          remedy: 'It is written when the till is opened; loss of the newest records would go unnoticed now.',
        },
      ]
    if (statement.queue !== reader.queue)
      return [
        {
          name: 'witness',
          state: 'wrong',
          message: 'it speaks of another queue',
          remedy: `Move ${path} away after finding out why.`,
        },
      ]
    // A till that sells meanwhile is ahead of the head read at first.
    const end = BigInt(statement.seq) > head.seq ? (await reader.head()).seq : head.seq
    if (BigInt(statement.seq) > end)
      return [
        {
          name: 'witness',
          state: 'wrong',
          message: `it saw record #${statement.seq}, the journal ends at #${end}`,
          remedy: 'The newest records are missing: run sigillo verify and find them.',
        },
      ]
    const record = await recordAt(reader, BigInt(statement.seq))
    if (record?.hash !== statement.hash)
      return [
        {
          name: 'witness',
          state: 'wrong',
          message: `it saw another record #${statement.seq}`,
          remedy: 'Two histories exist: stop, run sigillo verify, keep both.',
        },
      ]
    return [
      { name: 'witness', state: 'good', message: `agrees, newest head seen #${statement.seq}`, facts: { seq: statement.seq } },
    ]
  } catch (error) {
    return [
      {
        name: 'witness',
        state: 'wrong',
        message: `cannot be read: ${(error as Error).message}`,
        remedy: `Move ${path} away after finding out why.`,
      },
    ]
  }
}
