// Sales: alone, 64 callers at once, and a French ticket beside a bare record.
import { alternate, eachInTurn, eachSync, median, percentile, together } from '../measure.mjs'
import { floorCpu, floorDisk, folder, queueIn, receipt, registered, remove } from '../shop.mjs'

export async function sales({ base, rounds, say }) {
  const path = folder(base)
  const queue = await queueIn(path)
  const floor = floorDisk(path)
  const sell = async () => registered(await queue.record(receipt()))
  await eachInTurn(300, sell)
  eachSync(300, floor.step)
  say('one sale alone, beside its floor')
  const alone = await alternate(
    rounds,
    () => median(eachSync(200, floor.step)),
    async () => median(await eachInTurn(200, sell)),
  )
  say('64 callers at once')
  const p99 = []
  const busy = await alternate(
    rounds,
    () => 1e6 / median(eachSync(2000, floorCpu)),
    async () => {
      const { rate, times } = await together(64, 4000, sell)
      p99.push(percentile(times, 0.99))
      return rate
    },
  )
  floor.close()
  await queue.close()
  remove(path)
  return [
    {
      name: 'sale-alone',
      value: alone.value,
      unit: 'µs median',
      floor: alone.floor,
      ratio: alone.value / alone.floor,
      target: '≤ 1.3',
    },
    {
      name: 'callers-64',
      value: busy.value,
      unit: 'sales/s',
      floor: busy.floor,
      ratio: busy.value / busy.floor,
      target: '≥ 0.6',
    },
    { name: 'callers-64-p99', value: median(p99) / 1000, unit: 'ms', floor: null, ratio: null },
  ]
}

export async function frenchTicket({ base, rounds, say, france }) {
  if (france === undefined) return []
  say('a French ticket beside a bare record')
  const path = folder(base)
  const bare = await queueIn(path)
  const other = folder(base)
  const french = await queueIn(other, france.country)
  registered(await french.record(france.start()))
  const sellBare = async () => registered(await bare.record(receipt()))
  const sellFrench = async () => registered(await french.record(france.ticket()))
  await eachInTurn(300, sellBare)
  await eachInTurn(300, sellFrench)
  const { floor, value } = await alternate(
    rounds,
    async () => median(await eachInTurn(200, sellBare)),
    async () => median(await eachInTurn(200, sellFrench)),
  )
  await bare.close()
  await french.close()
  remove(path)
  remove(other)
  return [{ name: 'ticket-fr', value, unit: 'µs median', floor, ratio: value / floor, target: '≤ 1.3' }]
}
