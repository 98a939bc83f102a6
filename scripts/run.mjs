// One command each on a machine with Node and npm only: brings the pinned pnpm through npx, installs once, then runs the step.
// Steps print what they do on standard error; what follows the step's name goes to the tool it runs.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const { packageManager } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'))
const [step, ...rest] = process.argv.slice(2)
const windows = process.platform === 'win32'

const say = (text) => process.stderr.write(`\n▸ ${text}\n`)
const sh = (command, args, env = {}) => {
  const done = spawnSync(command, args, { cwd: root, stdio: 'inherit', shell: windows, env: { ...process.env, ...env } })
  if (done.status !== 0) process.exit(done.status ?? 1)
}
const node = (path, args = [], env = {}) => sh(process.execPath, [`${root}${path}`, ...args], env)
const tool = (path, ...args) => node(`node_modules/${path}`, args)
const pnpm = (...args) => sh('npx', ['--yes', packageManager, ...args])

/** Installs when the lockfile or the major version of Node has changed since the last time, and only then. */
function install() {
  const lock = createHash('sha256')
    .update(readFileSync(`${root}pnpm-lock.yaml`))
    .update(process.version.split('.')[0])
    .digest('hex')
  const stamp = `${root}node_modules/.bootstrap`
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return
  say(`Installing dependencies with ${packageManager} (once)`)
  pnpm('install', '--frozen-lockfile')
  mkdirSync(`${root}node_modules`, { recursive: true })
  writeFileSync(stamp, lock)
}

function build() {
  say('Building the packages')
  node(
    'scripts/build.mjs',
    rest.filter((name) => step === 'build' && !name.startsWith('-')),
  )
}

/** --count N, --seed N and --from N of a long run, as the variables its tests read; what is left goes to the test runner. */
function steered(given) {
  const args = []
  const env = {}
  for (let i = 0; i < given.length; i++) {
    const [, name, joined] = /^--(count|seed|from)(?:=(.*))?$/.exec(given[i]) ?? []
    if (name === undefined) {
      args.push(given[i])
      continue
    }
    const value = joined ?? given[++i]
    if (!/^\d+$/.test(value ?? '')) {
      process.stderr.write(`--${name} takes a whole number, not ${value ?? 'nothing'}\n`)
      process.exit(2)
    }
    env[`SIGILLO_${name.toUpperCase()}`] = value
  }
  return { args, env }
}

const vitest = (args, env = {}) => node('node_modules/vitest/vitest.mjs', ['run', ...args], env)

const steps = {
  bootstrap() {},
  build,
  typecheck() {
    say('Checking types with the native compiler')
    tool('typescript7/bin/tsc', '-p', 'tsconfig.json')
  },
  lint() {
    say('Linting (oxlint, with types)')
    tool('oxlint/bin/oxlint', '--type-aware', '--deny-warnings', ...rest)
  },
  format() {
    say(rest.includes('--check') ? 'Checking the format (oxfmt)' : 'Formatting in place (oxfmt)')
    tool('oxfmt/bin/oxfmt', ...(rest.length > 0 ? rest : ['--write']))
  },
  layers() {
    say('Checking who imports whom')
    vitest(['layers.test.ts', ...rest])
  },
  docs() {
    say('Writing docs/errors.md from the sources')
    vitest(['docs.test.ts', '--update', ...rest])
  },
  test() {
    node('scripts/system-packages.mjs')
    say('Running the tests')
    vitest(rest)
  },
  'test:long'() {
    const { args, env } = steered(rest)
    node('scripts/system-packages.mjs')
    say('Running the long tests (hours of faults and millions of records; --count N and --seed N steer them)')
    vitest(args, { ...env, SIGILLO_LONG: '1' })
  },
  demo() {
    build()
    say('From the first sale to what an inspector checks')
    node('examples/demo/demo.mjs', rest)
  },
  bench() {
    build()
    say('Measuring, each figure beside its floor on this machine')
    node('bench/bench.mjs', rest)
  },
  'check-packages'() {
    build()
    say('Checking what would be published')
    node('scripts/check-packages.mjs', rest)
  },
  matrix() {
    build()
    say('Running a till on other runtimes')
    node('scripts/matrix.mjs', rest)
  },
}

const chosen = steps[step]
if (chosen === undefined) {
  process.stderr.write(`usage: node scripts/run.mjs ${Object.keys(steps).join(' | ')}\n`)
  process.exit(2)
}
install()
chosen()
