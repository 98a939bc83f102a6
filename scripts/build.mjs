// Builds packages: JavaScript by tsup (two at a time), declarations by the native compiler in the order of their dependencies.
//   node scripts/build.mjs            all packages
//   node scripts/build.mjs core cli   these only; what they depend on must be built already
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
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

async function inTurn(items, width, work) {
  const waiting = [...items]
  const lane = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item)
  }
  await Promise.all(Array.from({ length: width }, lane))
}

const tsup = `${root}node_modules/tsup/dist/cli-default.js`
const tsc = `${root}node_modules/typescript7/bin/tsc`

async function build(chosen) {
  const graph = packageGraph()
  const wanted = chosen.length === 0 ? [...graph.keys()] : chosen
  const unknown = wanted.filter((name) => !graph.has(name))
  if (unknown.length > 0) throw new Error(`no such package: ${unknown.join(', ')}`)
  const width = Math.max(1, Math.min(4, availableParallelism()))
  await inTurn(wanted, width, (name) => run(name, tsup, '--config', `${root}tsup.config.mjs`))
  for (const level of levels(graph)) {
    await inTurn(
      level.filter((name) => wanted.includes(name)),
      width,
      (name) => run(name, tsc, '-p', 'tsconfig.build.json'),
    )
  }
  process.stderr.write(`  built ${wanted.length} packages\n`)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await build(process.argv.slice(2))
  } catch (error) {
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  }
}
