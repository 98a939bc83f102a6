// Sales: alone, 64 callers at once, and a French ticket beside a bare record.
import { alternate, eachInTurn, eachSync, inTurns, median, middleMean, percentile, rateOf, together } from '../measure.mjs'
import { floorCpu, floorDisk, folder, queueIn, receipt, registered, remove } from '../shop.mjs'

/** Before anything is measured: a till's process is a long one, and its code compiled. */
const WARM = 2000

export async function sales({ base, rounds, say }) {
  const path = folder(base)
  const queue = await queueIn(path)
  const floor = floorDisk(path)
  const sell = async () => registered(await queue.record(receipt()))
  say('one sale alone, beside its floor')
  const first = median(await eachInTurn(50, sell))
  await inTurns(WARM, floor.step, sell)
  const [floors, alone] = (await inTurns(400 * rounds, floor.step, sell)).map(median)
  say('64 callers at once')
  const p99 = []
  const busy = await alternate(
    rounds,
    () => rateOf(eachSync(4000, floorCpu)),
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
      value: alone,
      unit: 'µs median',
      floor: floors,
      ratio: alone / floors,
      target: '≤ 1.3',
    },
    { name: 'sale-alone-first-50', value: first, unit: 'µs median', floor: null, ratio: null },
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
  await inTurns(WARM, sellBare, sellFrench)
  const [floors, values] = await inTurns(400 * rounds, sellBare, sellFrench)
  // A write that reaches into a new page of the file costs more to sync: a French ticket does so oftener than a bare receipt, and the
  // median of either may fall among those that do or those that do not. The mean weighs them.
  const [floor, value] = [middleMean(floors), middleMean(values)]
  await bare.close()
  await french.close()
  remove(path)
  remove(other)
  return [{ name: 'ticket-fr', value, unit: 'µs mean', floor, ratio: value / floor, target: '≤ 1.3' }]
}
