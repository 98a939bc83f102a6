// Runs one small till, built packages only, on other runtimes: newer Nodes, Bun and Deno. Their binaries come from the npm registry
// into node_modules/.cache and are kept. Prints one line per runtime; exits 1 when one fails. Needs a build.
//   node scripts/matrix.mjs [node@24.21.0 bun@1.4.5 …]
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const cache = join(root, 'node_modules', '.cache', 'sigillo-runtimes')
const till = join(root, 'examples', 'runtimes', 'till.mjs')
const all = ['node@22.23.3', 'node@24.21.0', 'node@26.10.0', 'bun@1.4.5', 'deno@2.9.6']
const platform = `${process.platform}-${process.arch}`

/** The registry package that holds a runtime's binary for this machine, the binary in it, and how it is called. */
const kinds = {
  node: { package: `node-${platform}`, binary: 'bin/node', args: [] },
  bun: { package: `@oven/bun-${platform.replace('arm64', 'aarch64')}`, binary: 'bin/bun', args: ['run'] },
  deno: {
    package: `@deno/${platform}${process.platform === 'linux' ? '-glibc' : ''}`,
    binary: 'deno',
    args: ['run', '--allow-all', '--no-prompt'],
  },
}

function fetchRuntime(kind, version) {
  const folder = join(cache, `${kind}-${version}`)
  const binary = join(folder, 'node_modules', kinds[kind].package, kinds[kind].binary)
  if (existsSync(binary)) return binary
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{"private":true}')
  const flags = ['--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline', '--loglevel=error']
  const done = spawnSync('npm', ['install', ...flags, `${kinds[kind].package}@${version}`], { cwd: folder, encoding: 'utf8' })
  if (done.status !== 0 || !existsSync(binary)) throw new Error(`cannot get ${kinds[kind].package}@${version}\n${done.stderr}`)
  return binary
}

function runTill(runtime) {
  const [kind = '', version = ''] = runtime.split('@')
  if (!(kind in kinds)) throw new Error(`no such runtime: ${runtime}`)
  const binary = fetchRuntime(kind, version)
  const folder = mkdtempSync(join(tmpdir(), 'sigillo-till-'))
  try {
    const done = spawnSync(binary, [...kinds[kind].args, till, folder], { cwd: root, encoding: 'utf8', timeout: 120_000 })
    if (done.status !== 0) throw new Error(`${done.stdout ?? ''}${done.stderr ?? ''}${done.error?.message ?? ''}`)
    return done.stdout.trim()
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const chosen = process.argv.slice(2)
let failed = 0
for (const runtime of chosen.length > 0 ? chosen : all) {
  try {
    process.stdout.write(`  ok   ${runtime.padEnd(14)} ${runTill(runtime)}\n`)
  } catch (error) {
    failed += 1
    process.stdout.write(`  FAIL ${runtime.padEnd(14)}\n${error.message.trimEnd().replaceAll(/^/gm, '       ')}\n`)
  }
}
process.exitCode = failed === 0 ? 0 : 1
