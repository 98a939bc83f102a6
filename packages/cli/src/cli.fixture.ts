// The real command for tests: bundled once from the sources of all packages, run as a child process.
import { spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root: string = fileURLToPath(new URL('../../..', import.meta.url))
const pack: string = fileURLToPath(new URL('..', import.meta.url))

/** What a run gave. */
export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** The command, built, with a folder of its own for what tests make. */
export interface CliUnderTest {
  /** Folder for the test's files. */
  readonly work: string
  /** Folder that holds `sigillo`, for PATH. */
  readonly bin: string
  readonly main: string
  /** Runs with these arguments in `work`; `input` goes to standard input. */
  run(
    args: readonly string[],
    options?: { readonly input?: string | Uint8Array; readonly env?: Record<string, string> },
  ): Promise<Ran>
  /** Runs a line of shell in `work`, `sigillo` being on its PATH. */
  shell(line: string, env?: Record<string, string>): Promise<Ran>
  remove(): void
}

/** The passphrase tests use; nothing else is protected with it. */
export const TEST_PASSPHRASE = 'only for tests, no secret'

/** Arguments of `init` that make a French till. */
export const SHOP: readonly string[] = [
  '--country',
  'fr',
  '--siret',
  '12345678200010',
  '--legal-name',
  'Café de la Gare SARL',
  '--address',
  '1 place de la Gare, 75012 Paris',
]

/** Bundles the command. */
export function buildCli(): CliUnderTest {
  const base = mkdtempSync(join(tmpdir(), 'sigillo-cli-'))
  const dist = join(base, 'pack', 'dist')
  const work = join(base, 'work')
  const bin = join(base, 'bin')
  for (const folder of [dist, work, bin]) mkdirSync(folder, { recursive: true })
  const tsup = [join(root, 'node_modules/tsup/dist/cli-default.js'), '--config', 'src/transcripts/tsup.config.mjs']
  const built = spawnSync(process.execPath, tsup, { cwd: pack, env: { ...process.env, OUT: dist }, encoding: 'utf8' })
  if (built.status !== 0) throw new Error(`the command cannot be bundled:\n${built.stdout}${built.stderr}`)
  linkBindings(join(base, 'pack', 'node_modules'))
  // Programs of child processes lie where the packages look for them: one beside the bundle, by its configuration, one in src.
  mkdirSync(join(base, 'pack', 'src'))
  copyFileSync(join(root, 'packages/signer-sam/src/pcsc-host.mjs'), join(base, 'pack', 'src', 'pcsc-host.mjs'))
  copyFileSync(join(pack, 'package.json'), join(base, 'pack', 'package.json'))
  copyFileSync(join(root, 'FORMAT.md'), join(base, 'pack', 'FORMAT.md'))
  const main = join(dist, 'main.js')
  writeFileSync(join(bin, 'sigillo'), `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`)
  chmodSync(join(bin, 'sigillo'), 0o755)
  const environment = (more: Record<string, string> = {}): NodeJS.ProcessEnv => ({
    PATH: `${bin}:${process.env['PATH'] ?? ''}`,
    HOME: work,
    TZ: 'UTC',
    SIGILLO_PASSPHRASE: TEST_PASSPHRASE,
    ...more,
  })
  return {
    work,
    bin,
    main,
    run: (args, { input, env } = {}) => spawned(process.execPath, [main, ...args], work, environment(env), input),
    shell: (line, env) => spawned('sh', ['-c', line], work, environment(env)),
    remove: () => rmSync(base, { recursive: true, force: true }),
  }
}

// Native bindings are loaded when used, from beside the bundle; those this machine has are linked there.
function linkBindings(folder: string): void {
  mkdirSync(folder)
  for (const [from, name] of [
    ['signer-pkcs11', 'pkcs11js'],
    ['signer-sam', 'pcsc-mini'],
  ] as const) {
    const found = join(root, 'packages', from, 'node_modules', name)
    if (existsSync(found)) symlinkSync(realpathSync(found), join(folder, name))
  }
}

function spawned(
  command: string,
  args: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv,
  input?: string | Uint8Array,
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio: ['pipe', 'pipe', 'pipe'] })
    const out: Buffer[] = []
    const err: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
    child.stdin.on('error', () => undefined)
    child.on('error', reject)
    child.on('close', (code) => {
      resolve({ code: code ?? -1, stdout: Buffer.concat(out).toString('utf8'), stderr: Buffer.concat(err).toString('utf8') })
    })
    child.stdin.end(input)
  })
}
