// A queue of many records: how fast it is verified and in what memory, how fast it opens, what a sale costs at its end.
import { spawnSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { alternate, eachInTurn, now, percentile, together } from '../measure.mjs'
import { folder, queueIn, receipt, registered, remove, reopen } from '../shop.mjs'

const run = (file, ...args) => {
  const done = spawnSync(process.execPath, ['--expose-gc', fileURLToPath(new URL(file, import.meta.url)), ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (done.status !== 0) throw new Error(`${file} failed`)
  return JSON.parse(done.stdout)
}

async function fill(path, records, say) {
  const queue = await queueIn(path)
  const step = async () => registered(await queue.record(receipt()))
  for (let done = 0; done < records; done += 50_000) {
    await together(256, Math.min(50_000, records - done), step)
    if (records > 50_000)
      say(`filling: ${Math.min(records, done + 50_000).toLocaleString('en')} of ${records.toLocaleString('en')}`)
  }
  await queue.close()
}

const openTime = async (path) => {
  const start = now()
  const queue = await reopen(path)
  const took = now() - start
  await queue.close()
  return took / 1000
}

export async function million({ base, records, rounds, say }) {
  const label = records === 1_000_000 ? '1m' : `${records / 1000}k`
  const [small, large] = [folder(base), folder(base)]
  await fill(small, 1000, say)
  await fill(large, records, say)
  say('opening')
  const open = await alternate(
    rounds,
    () => openTime(small),
    () => openTime(large),
  )
  say('selling at the end')
  const [few, many] = [await reopen(small), await reopen(large)]
  const tail = async (queue) => percentile(await eachInTurn(1500, async () => registered(await queue.record(receipt()))), 0.99)
  await tail(few)
  await tail(many)
  const p99 = await alternate(
    rounds,
    () => tail(few),
    () => tail(many),
  )
  await few.close()
  await many.close()
  say('verifying, beside the raw rate of signature checks over all cores')
  const raw = run('./raw-verify.mjs', String(availableParallelism()))
  const whole = run('./verify-folder.mjs', join(large, 'queue'))
  const rawAfter = run('./raw-verify.mjs', String(availableParallelism()))
  const little = run('./verify-folder.mjs', join(small, 'queue'))
  const floor = (raw.rate + rawAfter.rate) / 2
  const bytes = readdirSync(join(large, 'queue')).reduce((sum, name) => sum + statSync(join(large, 'queue', name)).size, 0)
  remove(small)
  remove(large)
  return [
    {
      name: 'verify',
      value: whole.rate,
      unit: 'records/s',
      floor,
      ratio: whole.rate / floor,
      target: '≥ 0.8',
      records: whole.records,
    },
    {
      name: `verify-memory-${label}`,
      value: whole.peakMb,
      unit: 'MB peak',
      floor: little.peakMb,
      ratio: whole.peakMb / little.peakMb,
    },
    { name: `open-${label}`, value: open.value, unit: 'ms', floor: open.floor, ratio: open.value / open.floor, target: '≤ 1.2' },
    {
      name: `record-p99-${label}`,
      value: p99.value,
      unit: 'µs',
      floor: p99.floor,
      ratio: p99.value / p99.floor,
      target: '≤ 1.2',
    },
    { name: `size-${label}`, value: bytes / 1e6, unit: 'MB', floor: null, ratio: null },
  ]
}
