// The test authority in a process of its own: TypeScript bundled for plain Node, started, listened to, killed.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { RunEvent } from './run.js'

const root = fileURLToPath(new URL('../../..', import.meta.url))
let bundled: string | undefined

/** The bundle, made once. It lies inside the package, where the libraries it leaves out are found. */
function bundle(): string {
  if (bundled !== undefined && existsSync(bundled)) return bundled
  const folder = mkdtempSync(join(root, 'packages/authority-it/node_modules/.process-'))
  bundled = join(folder, 'authority.mjs')
  execFileSync(join(root, 'node_modules/.bin/esbuild'), [
    fileURLToPath(new URL('authority.test-support.ts', import.meta.url)),
    '--bundle',
    '--platform=node',
    '--format=esm',
    '--conditions=source,source-node',
    '--external:libxml2-wasm',
    '--external:pkijs',
    '--external:asn1js',
    '--log-level=error',
    `--outfile=${bundled}`,
  ])
  return bundled
}

/** A running authority. */
export interface AuthorityProcess {
  readonly url: string
  readonly controlUrl: string
  readonly roots: { readonly device: string; readonly answers: string; readonly tls: string }
  readonly lines: number
  /** Everything it told since it started. */
  readonly told: readonly RunEvent[]
  /** Ends it without a word; resolves when it is gone. */
  kill(): Promise<void>
  /** Asks it to end. */
  stop(): Promise<number | null>
  /** Resolves when it is gone by itself. */
  readonly gone: Promise<unknown>
}

/** Starts one over a folder. */
export async function startProcess(folder: string, port = 0): Promise<AuthorityProcess> {
  const child = spawn(process.execPath, [bundle(), folder, String(port)], { stdio: ['ignore', 'pipe', 'pipe'] })
  const gone = once(child, 'exit')
  let complaint = ''
  child.stderr.on('data', (part: Buffer) => (complaint += part.toString()))
  const told: RunEvent[] = []
  const listening = new Promise<RunEvent & { event: 'listening' }>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const event = JSON.parse(line) as RunEvent
      told.push(event)
      if (event.event === 'listening') resolve(event)
    })
    void gone.then(() => reject(new Error(`the authority ended: ${complaint}`)))
  })
  const { url, controlUrl, roots, lines } = await listening
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal)
    await gone
  }
  return {
    url,
    controlUrl: controlUrl as string,
    roots,
    lines,
    told,
    gone,
    kill: () => end('SIGKILL'),
    stop: async () => {
      await end('SIGTERM')
      return child.exitCode
    },
  }
}

/** Lines of the ledger that are whole. */
export function wholeLines(folder: string): number {
  return readFileSync(join(folder, 'ledger.jsonl'), 'utf8').split('\n').length - 1
}
