// Looks at each package as a stranger gets it: packs it, lets publint and attw judge the tarball, installs it in an empty folder with
// nothing but what it declares, imports every entry, and runs the command. Packages still private are packed (others may need
// them) but not judged. Needs a build. Prints one line per check; exits 1 when one fails.
//   node scripts/check-packages.mjs [package …]
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { closure, packageGraph } from './build.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const { packageManager } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'))
const manifest = (name) => JSON.parse(readFileSync(`${root}packages/${name}/package.json`, 'utf8'))
const work = mkdtempSync(join(tmpdir(), 'sigillo-packages-'))
let failed = 0

function run(cwd, command, ...args) {
  const done = spawnSync(command, args, { cwd, encoding: 'utf8', shell: process.platform === 'win32' })
  return { ok: done.status === 0, output: `${done.stdout ?? ''}${done.stderr ?? ''}${done.error?.message ?? ''}` }
}

function report(name, what, { ok, output }) {
  process.stdout.write(`  ${ok ? 'ok  ' : 'FAIL'} ${name.padEnd(16)} ${what}\n`)
  if (ok) return
  failed += 1
  process.stdout.write(`${output.trimEnd().replaceAll(/^/gm, '       ')}\n`)
}

/** Packs every package through pnpm, which alone turns `workspace:` and `catalog:` into versions. */
function packAll(names) {
  const tarballs = new Map()
  for (const name of names) {
    const done = run(`${root}packages/${name}`, 'npx', '--yes', packageManager, 'pack', '--pack-destination', work)
    const file = join(work, `sigillo-${name}-${manifest(name).version}.tgz`)
    if (!done.ok) report(name, 'pack', done)
    tarballs.set(name, file)
  }
  return tarballs
}

function install(graph, tarballs, name) {
  const folder = join(work, `use-${name}`)
  mkdirSync(folder)
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
  const files = [...closure(graph, name)].map((each) => tarballs.get(each))
  const flags = ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error', '--ignore-scripts']
  return { folder, ...run(folder, 'npm', 'install', ...flags, ...files) }
}

function importAll(name, folder) {
  const entries = Object.keys(manifest(name).exports).filter((entry) => entry !== './package.json')
  const lines = entries.map((entry) => {
    const path = `@sigillo/${name}${entry.slice(1)}`
    // The program of a child process is there to be run; that it loads is all that is asked of it.
    const least = entry.endsWith('-host') ? 0 : 1
    return `{ const names = Object.keys(await import('${path}')); if (names.length < ${least}) throw new Error('${path} exports nothing') }`
  })
  writeFileSync(join(folder, 'use.mjs'), `${lines.join('\n')}\n`)
  return {
    what: `imports ${entries.length === 1 ? 'its entry' : `its ${entries.length} entries`}`,
    ...run(folder, process.execPath, 'use.mjs'),
  }
}

/** A published package whose sibling is not published could not be installed by anybody. */
function siblings(graph, name) {
  const hidden = graph.get(name).filter((other) => manifest(other).private === true)
  return { ok: hidden.length === 0, output: hidden.map((other) => `depends on ${other}, which is private`).join('\n') }
}

function check(graph, tarballs, name) {
  report(name, 'needs published packages only', siblings(graph, name))
  const tarball = tarballs.get(name)
  report(name, 'publint', run(root, process.execPath, 'node_modules/publint/src/cli.js', 'run', tarball, '--strict'))
  const attw = ['node_modules/@arethetypeswrong/cli/dist/index.js', tarball, '--profile', 'esm-only', '--no-color', '--no-emoji']
  report(name, 'attw', run(root, process.execPath, ...attw))
  const installed = install(graph, tarballs, name)
  report(name, 'installs in an empty folder', installed)
  if (!installed.ok) return
  const imported = importAll(name, installed.folder)
  report(name, imported.what, imported)
  for (const command of Object.keys(manifest(name).bin ?? {})) {
    report(name, `runs ${command} --help`, run(installed.folder, join('node_modules', '.bin', command), '--help'))
  }
}

/** A package with something in it is published, or it is left out of the tree. */
function forgotten(name) {
  const filled = /^export (?!\{\})/m.test(readFileSync(`${root}packages/${name}/src/index.ts`, 'utf8'))
  return filled && manifest(name).private === true
}

const graph = packageGraph()
const chosen = process.argv.slice(2)
const names = (chosen.length > 0 ? chosen : [...graph.keys()]).filter((name) => manifest(name).private !== true)
for (const name of chosen.length > 0 ? chosen : graph.keys()) {
  if (forgotten(name)) report(name, 'is published', { ok: false, output: 'has exports, but its manifest says private' })
}
try {
  const tarballs = packAll(new Set(names.flatMap((name) => [...closure(graph, name)])))
  for (const name of names) check(graph, tarballs, name)
} finally {
  rmSync(work, { recursive: true, force: true })
}
process.stdout.write(`  ${names.length} packages, ${failed} problems\n`)
process.exitCode = failed === 0 ? 0 : 1
