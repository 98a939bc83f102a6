// Builds packages: JavaScript by tsup (two at a time), declarations by the native compiler in the order of their dependencies.
//   node scripts/build.mjs            all packages whose sources, or those of a package below, have changed
//   node scripts/build.mjs core cli   these, changed or not; what they depend on must be built already
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Packages by folder name, each with the folder names of the packages it depends on. */
export function packageGraph() {
  const graph = new Map()
  for (const name of readdirSync(`${root}packages`).sort()) {
    const file = `${root}packages/${name}/package.json`
    if (!existsSync(file)) continue
    const { dependencies = {} } = JSON.parse(readFileSync(file, 'utf8'))
    graph.set(
      name,
      Object.keys(dependencies)
        .filter((key) => key.startsWith('@sigillo/'))
        .map((key) => key.slice('@sigillo/'.length)),
    )
  }
  return graph
}

/** A package and everything below it. */
export function closure(graph, name, seen = new Set()) {
  if (seen.has(name)) return seen
  seen.add(name)
  for (const other of graph.get(name) ?? []) closure(graph, other, seen)
  return seen
}

/** Groups of packages that may be built together, dependencies first. @throws Error on a cycle */
export function levels(graph) {
  const done = new Set()
  const result = []
  while (done.size < graph.size) {
    const level = [...graph.keys()].filter((name) => !done.has(name) && graph.get(name).every((other) => done.has(other)))
    if (level.length === 0) throw new Error(`packages depend on each other: ${[...graph.keys()].filter((n) => !done.has(n))}`)
    for (const name of level) done.add(name)
    result.push(level)
  }
  return result
}

function run(name, ...args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: `${root}packages/${name}`, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    child.stdout.on('data', (chunk) => (output += chunk))
    child.stderr.on('data', (chunk) => (output += chunk))
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`${name}: build failed\n${output}`))))
  })
}

/** Works on all items, `width` at a time; returns those that succeeded. A failure is noted and the others go on. */
async function inTurn(items, width, failures, work) {
  const waiting = [...items]
  const done = []
  const lane = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) {
      try {
        await work(item)
        done.push(item)
      } catch (error) {
        failures.push(error.message)
      }
    }
  }
  await Promise.all(Array.from({ length: width }, lane))
  return done
}

const tsup = `${root}node_modules/tsup/dist/cli-default.js`
const tsc = `${root}node_modules/typescript7/bin/tsc`
const settings = ['tsup.config.mjs', 'tsconfig.base.json', 'pnpm-lock.yaml', 'scripts/build.mjs'].map((name) => `${root}${name}`)

const filesUnder = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()

/** Digest of everything a package is built from, its siblings' sources included. */
function digestOf(graph, name) {
  const own = (each) => [
    `${root}packages/${each}/package.json`,
    ...filesUnder(`${root}packages/${each}/src`).filter((file) => !file.endsWith('.test.ts')),
  ]
  const hash = createHash('sha256').update(process.version)
  for (const file of [...settings, ...[...closure(graph, name)].sort().flatMap(own)])
    hash.update(`${file}\0`).update(readFileSync(file))
  return hash.digest('hex')
}

const stampOf = (name) => `${root}node_modules/.cache/sigillo-build/${name}`
const upToDate = (name, digest) =>
  existsSync(stampOf(name)) &&
  readFileSync(stampOf(name), 'utf8') === digest &&
  existsSync(`${root}packages/${name}/dist/index.js`)

/** Removes what earlier builds left. Nothing is removed before: a program that runs from dist, or a failed build, keeps its files. */
function sweep(name, began) {
  for (const file of filesUnder(`${root}packages/${name}/dist`)) if (statSync(file).mtimeMs < began) rmSync(file, { force: true })
}

async function build(chosen) {
  const graph = packageGraph()
  const unknown = chosen.filter((name) => !graph.has(name))
  if (unknown.length > 0) throw new Error(`no such package: ${unknown.join(', ')}`)
  const digests = new Map([...graph.keys()].map((name) => [name, digestOf(graph, name)]))
  const wanted = chosen.length > 0 ? chosen : [...graph.keys()].filter((name) => !upToDate(name, digests.get(name)))
  const began = Date.now() - 2
  const width = Math.max(1, Math.min(4, availableParallelism()))
  const failures = []
  const bundled = await inTurn(wanted, width, failures, (name) => run(name, tsup, '--config', `${root}tsup.config.mjs`))
  for (const level of levels(graph)) {
    const ready = level.filter((name) => bundled.includes(name))
    await inTurn(ready, width, failures, async (name) => {
      await run(name, tsc, '-p', 'tsconfig.build.json')
      sweep(name, began)
      mkdirSync(dirname(stampOf(name)), { recursive: true })
      writeFileSync(stampOf(name), digests.get(name))
    })
  }
  if (failures.length > 0) throw new Error(failures.join('\n'))
  process.stderr.write(wanted.length === 0 ? '  up to date\n' : `  built ${wanted.join(' ')}\n`)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await build(process.argv.slice(2))
  } catch (error) {
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  }
}
