// One command each on a machine with Node and npm only: brings the pinned pnpm through npx, installs once, then runs the step.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const { packageManager } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'))
const [step, ...rest] = process.argv.slice(2)

const say = (text) => process.stderr.write(`\n▸ ${text}\n`)
const sh = (command, args) => {
  const done = spawnSync(command, args, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' })
  if (done.status !== 0) process.exit(done.status ?? 1)
}
const bin = (path, ...args) => sh(process.execPath, [`${root}node_modules/${path}`, ...args])
const pnpm = (...args) => sh('npx', ['--yes', packageManager, ...args])

function install() {
  const lock = createHash('sha256').update(readFileSync(`${root}pnpm-lock.yaml`)).update(process.version.split('.')[0]).digest('hex')
  const stamp = `${root}node_modules/.bootstrap`
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return
  say('Installing dependencies (once)')
  pnpm('install', '--frozen-lockfile')
  mkdirSync(`${root}node_modules`, { recursive: true })
  writeFileSync(stamp, lock)
}

const steps = {
  bootstrap: install,
  build() {
    install()
    say('Building packages')
    pnpm('-r', '--filter', './packages/*', 'run', 'build')
  },
  typecheck() {
    install()
    say('Checking types')
    bin('typescript7/bin/tsc', '-p', 'tsconfig.json')
  },
  test() {
    install()
    say('Running tests')
    bin('vitest/vitest.mjs', 'run', ...rest)
  },
}

const chosen = steps[step]
if (chosen === undefined) {
  process.stderr.write(`usage: node scripts/run.mjs ${Object.keys(steps).join(' | ')}\n`)
  process.exit(2)
}
chosen()
