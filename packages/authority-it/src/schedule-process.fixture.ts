// Child processes of the schedules: bundled once, started, told things, killed.
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'

interface Bundler {
  build(options: object): Promise<unknown>
}

/** Bundles a program of this folder for plain Node; returns its path. Inside the package, so that what is not bundled is found. */
export async function bundleProgram(name: string): Promise<string> {
  const folder = fileURLToPath(new URL('../node_modules/.cache/sigillo-schedules', import.meta.url))
  mkdirSync(folder, { recursive: true })
  const outfile = join(folder, `${name}-${process.pid}.mjs`)
  const bundler = createRequire(createRequire(import.meta.url).resolve('tsup'))('esbuild') as Bundler
  await bundler.build({
    entryPoints: [fileURLToPath(new URL(`./${name}.ts`, import.meta.url))],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    conditions: ['source', 'node'],
    external: ['libxml2-wasm'],
    banner: { js: "import { createRequire as r } from 'node:module'; const require = r(import.meta.url);" },
    logLevel: 'silent',
  })
  return outfile
}

/** A child that speaks JSON lines. */
export class Child {
  readonly #process: ChildProcessByStdio<Writable, Readable, null>
  readonly #waiting: ((line: string | undefined) => void)[] = []
  readonly #lines: string[] = []
  readonly gone: Promise<void>
  #dead = false

  constructor(program: string, args: readonly string[]) {
    this.#process = spawn(process.execPath, [program, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#process.stdin.on('error', () => undefined)
    const reader = createInterface({ input: this.#process.stdout })
    reader.on('line', (line) => {
      const waiting = this.#waiting.shift()
      if (waiting === undefined) this.#lines.push(line)
      else waiting(line)
    })
    this.gone = new Promise((resolve) => {
      this.#process.on('close', () => {
        this.#dead = true
        for (const waiting of this.#waiting.splice(0)) waiting(undefined)
        resolve()
      })
    })
  }

  get dead(): boolean {
    return this.#dead
  }

  say(command: unknown): void {
    this.#process.stdin.write(`${JSON.stringify(command)}\n`)
  }

  /** The next line, or undefined when it is gone before. */
  hear<T>(): Promise<T | undefined> {
    const kept = this.#lines.shift()
    if (kept !== undefined) return Promise.resolve(JSON.parse(kept) as T)
    if (this.#dead) return Promise.resolve(undefined)
    return new Promise((resolve) =>
      this.#waiting.push((line) => resolve(line === undefined ? undefined : (JSON.parse(line) as T))),
    )
  }

  async kill(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    if (!this.#dead) this.#process.kill(signal)
    await this.gone
  }
}
