// A French shop in a folder of its own, sold in by the commands themselves, run in this process: many small cases cost one start.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { TEST_PASSPHRASE, type Ran } from '../cli.fixture.js'
import { run } from '../run.js'

/** A folder for tests, and commands run in it; names of files in arguments are below it. */
export interface Place {
  readonly folder: string
  path(name: string): string
  /** Runs a command; `input` goes to standard input. */
  sigillo(args: readonly string[], options?: { readonly input?: string; readonly passphrase?: string }): Promise<Ran>
  /** Runs a command that must end with this code and returns its JSON lines. */
  json(args: readonly string[], code?: number, input?: string): Promise<Record<string, never>[]>
  write(name: string, text: string): string
  remove(): void
}

/** A new place. */
export function openPlace(): Place {
  const folder = mkdtempSync(join(tmpdir(), 'sigillo-fr-'))
  const path = (name: string): string => join(folder, name)
  const sigillo: Place['sigillo'] = async (args, { input = '', passphrase = TEST_PASSPHRASE } = {}) => {
    const [stdout, stderr] = [sink(), sink()]
    const code = await run(args, {
      stdin: Readable.from([Buffer.from(input)]) as unknown as NodeJS.ReadStream,
      stdout: stdout.stream as unknown as NodeJS.WriteStream,
      stderr: stderr.stream as unknown as NodeJS.WriteStream,
      env: { SIGILLO_PASSPHRASE: passphrase },
      signal: new AbortController().signal,
    })
    return { code, stdout: stdout.text(), stderr: stderr.text() }
  }
  return {
    folder,
    path,
    sigillo,
    json: async (args, code = 0, input = '') => {
      const ran = await sigillo([...args, '--json'], { input })
      if (ran.code !== code) throw new Error(`${args.join(' ')} ended with ${ran.code}, not ${code}:\n${ran.stdout}${ran.stderr}`)
      return ran.stdout
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Record<string, never>)
    },
    write: (name, text) => {
      writeFileSync(path(name), text)
      return path(name)
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

function sink(): { readonly stream: PassThrough; text(): string } {
  const stream = new PassThrough()
  const parts: Buffer[] = []
  stream.on('data', (part: Buffer) => parts.push(part))
  return { stream, text: () => Buffer.concat(parts).toString('utf8') }
}

/** One sale of `cents`, as a line for `record`. */
export function saleLine(key: string, cents: number): string {
  const lines = [{ label: 'Café', total: cents, rateBp: 1000 }]
  const payments = [{ mode: 'ESP', amount: cents }]
  return `${JSON.stringify({ type: 'ticket', key, operatorId: 'A', posMoment: '2026-03-14T07:01:00Z', lines, payments })}\n`
}

/** A started till called `shop` with two sales of 1.80 and 3.50; returns its folder. */
export async function openShopFolder(place: Place): Promise<string> {
  const shop = place.path('shop')
  const options = { siret: '12345678900012', legalName: 'Café du Port', address: '1 quai des Brumes', tillId: 'CAISSE-01' }
  const config = place.write('cafe.json', JSON.stringify({ name: 'cafe-du-port', country: 'fr', options }))
  await place.json(['init', shop, '--config', config])
  const start = { type: 'start', key: 'START', operatorId: 'A', posMoment: '2026-03-14T07:00:00Z' }
  await place.json(['record', shop], 0, `${JSON.stringify(start)}\n${saleLine('T-1', 180)}${saleLine('T-2', 350)}`)
  return shop
}

const READ = 'import sys,zipfile; z=zipfile.ZipFile(sys.argv[1]); sys.stdout.buffer.write(z.read(sys.argv[2]))'
const LIST = 'import sys,zipfile; print("\\n".join(zipfile.ZipFile(sys.argv[1]).namelist()))'

/** Names of a ZIP's entries, read by another implementation than ours. */
export function entriesOf(zip: string): string[] {
  return execFileSync('python3', ['-c', LIST, zip], { encoding: 'utf8' }).trimEnd().split('\n')
}

/** Bytes of an entry. */
export function entryOf(zip: string, name: string): Buffer {
  return execFileSync('python3', ['-c', READ, zip, name], { maxBuffer: 2 ** 28 })
}
