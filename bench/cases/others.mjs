// For comparison in the same run, where the registry has them: other stores making the same bytes durable. They sign nothing,
// link nothing and check nothing.
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { eachInTurn, eachSync, median, together } from '../measure.mjs'
import { floorCpu, folder, remove } from '../shop.mjs'

export async function others({ base, say }) {
  const bytes = floorCpu()
  return [...(await sqlite(base, bytes, say)), ...(await hypercore(base, bytes, say))]
}

// They are no dependencies of the project: fetched into a cache beside the tree's own modules when a bench wants them.
const cache = fileURLToPath(new URL('../../node_modules/.cache/bench/', import.meta.url))

async function load(name, version, say) {
  const entry = () => createRequire(join(cache, 'package.json')).resolve(name)
  try {
    entry()
  } catch {
    say(`fetching ${name} ${version} for comparison`)
    mkdirSync(cache, { recursive: true })
    writeFileSync(join(cache, 'package.json'), '{"private":true}')
    const quiet = ['--no-save', '--no-audit', '--no-fund', '--loglevel', 'error']
    spawnSync('npm', ['install', ...quiet, 'better-sqlite3@12.11.1', 'hypercore@11.37.1'], {
      cwd: cache,
      stdio: ['ignore', 'ignore', 'inherit'],
    })
  }
  try {
    return (await import(pathToFileURL(entry()).href)).default
  } catch {
    say(`${name} is not to be had here`)
    return undefined
  }
}

async function sqlite(base, bytes, say) {
  const Database = await load('better-sqlite3', '12.11.1', say)
  if (Database === undefined) return []
  say('SQLite, WAL, synchronous FULL')
  const path = folder(base)
  const db = new Database(join(path, 'bench.db'))
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = FULL')
  db.exec('create table record (seq integer primary key, line blob)')
  const insert = db.prepare('insert into record (line) values (?)')
  const many = db.transaction((count) => {
    for (let i = 0; i < count; i++) insert.run(bytes)
  })
  eachSync(200, () => insert.run(bytes))
  const one = median(eachSync(500, () => insert.run(bytes)))
  const batch = median(eachSync(50, () => many(64))) / 64
  db.close()
  remove(path)
  return [
    { name: 'sqlite-alone', value: one, unit: 'µs median', floor: null, ratio: null },
    { name: 'sqlite-64', value: 1e6 / batch, unit: 'records/s', floor: null, ratio: null },
  ]
}

async function hypercore(base, bytes, say) {
  const Hypercore = await load('hypercore', '11.37.1', say)
  if (Hypercore === undefined) return []
  say('hypercore (does not sync each append)')
  const path = folder(base)
  const core = new Hypercore(join(path, 'core'))
  await core.ready()
  await eachInTurn(100, () => core.append(bytes))
  const one = median(await eachInTurn(500, () => core.append(bytes)))
  const { rate } = await together(1, 50, () => core.append(Array.from({ length: 64 }, () => bytes)))
  await core.close()
  remove(path)
  return [
    { name: 'hypercore-alone', value: one, unit: 'µs median, unsynced', floor: null, ratio: null },
    { name: 'hypercore-64', value: rate * 64, unit: 'records/s, unsynced', floor: null, ratio: null },
  ]
}
