// A till with its transmitter in a process of its own, so that it can be killed: one JSON command a line in, one JSON answer out.
import { createInterface } from 'node:readline'
import { openQueue, type Json } from '@sigillo/core'
import { italy, openTransmitter, statusOf, type State } from '@sigillo/country-it'
import { softwareSigner } from '@sigillo/signer-software'
import { openFolder } from '@sigillo/storage-fs'
import { nodeTransport } from '@sigillo/transport-node'

/** What a till is started with. */
export interface TillSettings {
  readonly folder: string
  readonly url: string
  readonly answers: string
  readonly tls: string
  readonly matricola: string
  /** Keys, PKCS#8 in base64. */
  readonly recordKey: string
  readonly deviceKey: string
  /** Certificate of the device, DER in base64. */
  readonly certificate: string
  readonly offsetMs: number
}

/** A command. */
export type TillCommand =
  | { readonly do: 'record'; readonly request: Readonly<Record<string, unknown>> }
  | { readonly do: 'drain' | 'resume' | 'report' | 'state' }
  | { readonly do: 'clock'; readonly offsetMs: number }

/** What the till says of itself. */
export interface TillReport {
  readonly outbox: State['outbox']
  readonly lottery: State['lottery']
  readonly alarms: readonly { readonly code: string; readonly made: number }[]
  readonly device: string
  /** Closings and batches with everything that became of them, in order. */
  readonly records: readonly { readonly seq: number; readonly type: string; readonly payload: Json }[]
  readonly keys: readonly string[]
  readonly findings: readonly string[]
}

const settings = JSON.parse(process.argv[2] as string) as TillSettings
let { offsetMs } = settings
const clock = { now: (): number => Date.now() + offsetMs }
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'))
const country = italy({
  matricola: settings.matricola,
  startsAs: 'ATTIVATO',
  merchant: { name: 'BOTTEGA ESEMPIO SRL', address: 'Via Roma 1, 10100 Torino', vat: '01234567897' },
  baseUrl: settings.url,
  authorityRoots: settings.answers,
  // The hours of the service are another test's business.
  closedFrom: 0,
  closedTo: 0,
})
const device = await softwareSigner({ pkcs8: bytes(settings.deviceKey), alg: 'RS256' })
const queue = await openQueue({
  country,
  storage: await openFolder(settings.folder),
  signer: await softwareSigner({ pkcs8: bytes(settings.recordKey) }),
  clock,
  create: 'if-missing',
})
const transmitter = openTransmitter({
  queue,
  country,
  blobs: { put: (blob) => queue.putBlob(blob), get: (sha256) => queue.blob(sha256) },
  transport: nodeTransport({ ca: settings.tls }),
  clock,
  device: {
    describe: () => ({ ...device.describe(), certificates: [bytes(settings.certificate)] }),
    sign: (request) => device.sign(request),
    close: () => device.close(),
  },
})

const TOLD = new Set(['it.closing', 'it.sale', 'it.void', 'it.return', 'it.lottery', 'it.transmission', 'it.outcome'])

async function report(): Promise<TillReport> {
  const records: TillReport['records'][number][] = []
  const keys: string[] = []
  for await (const { body, payload } of queue.records()) {
    if (body.ref?.startsWith('P-') === true) keys.push(body.ref)
    if (TOLD.has(body.type)) records.push({ seq: body.seq, type: body.type, payload: payload as Json })
  }
  const { outbox, lottery, device: state } = queue.totals() as State
  const status = statusOf(country.settings, queue.totals() as State, clock.now())
  const { findings } = await queue.verify()
  return {
    outbox,
    lottery,
    device: state,
    records,
    keys,
    alarms: status.alarms.map(({ code, message }) => ({ code, made: message.made })),
    findings: findings.map((one) =>
      JSON.stringify(one, (_, value: unknown) => (typeof value === 'bigint' ? Number(value) : value)),
    ),
  }
}

async function obey(command: TillCommand): Promise<unknown> {
  switch (command.do) {
    case 'record': {
      const outcome = await queue.record(command.request)
      if (outcome.outcome === 'registered') return { registered: true }
      return { registered: false, code: outcome.error.code, message: outcome.error.message }
    }
    case 'drain': {
      const steps = await transmitter.drain()
      const last = await transmitter.step()
      return {
        did: steps.map((step) => ('result' in step ? step.result : step.did)),
        until: last.did === 'nothing' ? last.until : undefined,
      }
    }
    case 'resume':
      transmitter.resume()
      return {}
    case 'clock':
      offsetMs = command.offsetMs
      return {}
    case 'state': {
      const { outbox, lottery, device: state } = queue.totals() as State
      return { outbox, lottery, device: state }
    }
    case 'report':
      return report()
  }
}

const say = (answer: unknown): void => void process.stdout.write(`${JSON.stringify(answer)}\n`)
say({ ready: true })
for await (const line of createInterface({ input: process.stdin })) {
  try {
    say({ ok: await obey(JSON.parse(line) as TillCommand) })
  } catch (error) {
    const { code, message } = error as { code?: string; message?: string }
    say({ error: { code, message } })
  }
}
await queue.close()
