// Measuring: medians, percentiles, and rounds that alternate with their floor so that both see the same machine.

/** Microseconds of one call. */
export const now = () => Number(process.hrtime.bigint()) / 1000

export const sorted = (values) => [...values].sort((a, b) => a - b)
export const percentile = (values, share) => {
  const all = sorted(values)
  return all[Math.min(all.length - 1, Math.floor(share * all.length))]
}
export const median = (values) => percentile(values, 0.5)

/** Runs `floor` and `work` in turn, `rounds` times; returns the medians of what they return. */
export async function alternate(rounds, floor, work) {
  const [floors, values] = await inRounds(rounds, floor, work)
  return { floor: median(floors), value: median(values), floors, values }
}

/** Runs steps in turn, `rounds` times; returns what each of them returned. */
export async function inRounds(rounds, ...steps) {
  const all = steps.map(() => [])
  for (let round = 0; round < rounds; round++) for (const [i, step] of steps.entries()) all[i].push(await step())
  return all
}

/** Mean without the lowest and the highest twentieth: for times in two clusters, where a median jumps from one to the other. */
export const middleMean = (values) => {
  const middle = sorted(values).slice(Math.floor(values.length * 0.05), Math.ceil(values.length * 0.95))
  return middle.reduce((sum, value) => sum + value, 0) / middle.length
}

/** Steps in a second, collections of garbage included, as with callers at once. */
export const rateOf = (times) => (times.length / times.reduce((sum, time) => sum + time, 0)) * 1e6

/** Microseconds of two steps taken in turn, one call each: a disk that slows down slows both. */
export async function inTurns(count, first, second) {
  const [firsts, seconds] = [[], []]
  for (let i = 0; i < count; i++) {
    firsts.push(...(await eachInTurn(1, first)))
    seconds.push(...(await eachInTurn(1, second)))
  }
  return [firsts, seconds]
}

/** Microseconds a synchronous step takes, one by one. */
export function eachSync(count, step) {
  const times = []
  for (let i = 0; i < count; i++) {
    const start = now()
    step(i)
    times.push(now() - start)
  }
  return times
}

/** Microseconds an asynchronous step takes, one after the other. */
export async function eachInTurn(count, step) {
  const times = []
  for (let i = 0; i < count; i++) {
    const start = now()
    await step(i)
    times.push(now() - start)
  }
  return times
}

/** Calls per second with `callers` at once, and each call's microseconds. */
export async function together(callers, count, step) {
  const times = []
  let next = 0
  const start = now()
  const caller = async () => {
    while (next < count) {
      const i = next++
      const begun = now()
      await step(i)
      times.push(now() - begun)
    }
  }
  await Promise.all(Array.from({ length: callers }, caller))
  return { rate: (count / (now() - start)) * 1e6, times }
}
