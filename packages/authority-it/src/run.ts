// The test authority as a command would run it: started, telling what it does line by line, until somebody ends it.
import { resolve, join } from 'node:path'
import { startAuthority } from './authority.js'
import type { Entry } from './ledger.js'
import type { AuthorityOptions } from './options.js'

/** Something worth a line. */
export type RunEvent =
  | {
      readonly event: 'listening'
      /** Address for devices, to be given as `baseUrl`. */
      readonly url: string
      readonly controlUrl: string | undefined
      readonly folder: string | undefined
      /** Roots, PEM. */
      readonly roots: { readonly device: string; readonly answers: string; readonly tls: string }
      /** Files with the roots, when there is a folder. */
      readonly files: { readonly device: string; readonly answers: string; readonly tls: string } | undefined
      /** Lines the ledger began with. */
      readonly lines: number
    }
  | ({ readonly event: 'message' } & Omit<Entry, 'effects'>)
  | { readonly event: 'stopped'; readonly lines: number }

/** Where a run tells what it does, and what ends it. */
export interface RunIo {
  /** The same thing twice: as data and as a line for a person. */
  tell(event: RunEvent, line: string): void
  readonly signal: AbortSignal
}

/**
 * Runs a test authority until the signal is given. A crash asked for by a fault kills this process.
 * @throws FiscalError OPTION_INVALID, QUEUE_LOCKED, STORAGE_FAILED
 */
export async function runAuthority(options: AuthorityOptions, io: RunIo): Promise<void> {
  const authority = await startAuthority({
    controlPort: 0,
    onCrash: () => process.kill(process.pid, 'SIGKILL'),
    ...options,
    onEntry(entry) {
      options.onEntry?.(entry)
      const { effects: _effects, ...rest } = entry
      io.tell({ event: 'message', ...rest }, entryLine(entry))
    },
  })
  const folder = options.folder === undefined ? undefined : resolve(options.folder)
  const keys = options.keysFolder ?? folder
  const { url, controlUrl, roots } = authority
  const file = (name: string): string => join(resolve(keys as string), 'keys', `${name}.pem`)
  const files = keys === undefined ? undefined : { device: file('device'), answers: file('authority'), tls: file('tls') }
  const lines = authority.entries().length
  io.tell({ event: 'listening', url, controlUrl, folder, roots, files, lines }, listeningLine({ url, controlUrl, files, lines }))
  await ended(io.signal)
  await authority.close()
  const total = authority.entries().length
  io.tell({ event: 'stopped', lines: total }, `stopped; ${total} lines in the ledger`)
}

function ended(signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    if (signal.aborted) done()
    else signal.addEventListener('abort', () => done(), { once: true })
  })
}

function listeningLine({
  url,
  controlUrl,
  files,
  lines,
}: Pick<RunEvent & { event: 'listening' }, 'url' | 'controlUrl' | 'files' | 'lines'>): string {
  const roots =
    files === undefined
      ? [`roots    ${controlUrl ?? ''}/roots/device.pem, answers.pem, tls.pem`]
      : [`roots    ${files.device} (devices)`, `         ${files.answers} (answers)`, `         ${files.tls} (server)`]
  return [
    'Test authority, on this machine only; nothing here comes from or goes to the tax authority.',
    `devices  ${url}`,
    `control  ${controlUrl ?? 'none'}`,
    ...roots,
    `ledger   ${lines === 0 ? 'empty' : `${lines} lines from before`}`,
  ].join('\n')
}

/** A line of the ledger for a person. */
export function entryLine({ n, at, route, sender, status, accepted, codes, warnings, problem }: Entry): string {
  if (route === undefined) return `${at} #${n} by hand`
  const verdict = accepted ? 'accepted' : `refused ${codes.join(' ')}`.trim()
  const more = [problem, ...warnings].filter((one) => one !== undefined)
  return `${at} #${n} ${route} ${sender ?? '?'} ${status} ${verdict}${more.length > 0 ? ` (${more.join('; ')})` : ''}`
}
