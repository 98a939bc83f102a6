// Child processes for tests: TypeScript of this package bundled for plain Node, so that no build is needed before.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { temporaryDirectory } from './folder.test-support.js'
import { join } from './paths.js'

const root: string = fileURLToPath(new URL('../../..', import.meta.url))

/** Bundles one script of `src` and gives its path. */
export function bundle(script: string): string {
  const out = join(temporaryDirectory(), 'child.mjs')
  const source = fileURLToPath(new URL(script, import.meta.url))
  const options = [
    '--bundle',
    '--platform=node',
    '--format=esm',
    '--conditions=source,source-node',
    '--log-level=error',
    `--outfile=${out}`,
  ]
  execFileSync(join(root, 'node_modules/.bin/esbuild'), [source, ...options])
  return out
}

/** A running child and what it says. */
export interface Child {
  readonly process: ChildProcess
  line(): Promise<string>
  /** Ends it without a word and waits until it is gone. */
  kill(): Promise<void>
}

/** Starts a command. */
export function start(command: string, args: readonly string[]): Child {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  onTestFinished(kill)
  return { process: child, line: async () => String((await lines.next()).value), kill }
}
