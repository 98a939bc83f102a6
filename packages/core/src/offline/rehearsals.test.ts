import { expect, it } from 'vitest'
import { crowdInMemory, rehearseInMemory } from './rehearsal.fixture.js'

const long = process.env['SIGILLO_LONG'] === '1'
const first = Number(process.env['SIGILLO_SEED'] ?? 1)
const count = long ? Number(process.env['SIGILLO_COUNT'] ?? 5000) * 4 : 80

it(`FR-51, FR-54 ${count} outages with deaths at any write: every printed sale once, in order, no break that nobody made`, async () => {
  let deaths = 0
  for (let seed = first; seed < first + count; seed++) {
    const { printed, recorded, reported, deaths: more } = await rehearseInMemory(seed, 20, false)
    expect(recorded, `seed ${seed}`).toEqual(printed)
    expect([...reported.values()].flat(), `seed ${seed}`).toEqual([])
    deaths += more
  }
  expect(deaths).toBeGreaterThan(count)
})

it(`FR-55 to FR-58 ${count} outages with a forger at the files: breaks exactly where he was, no sale twice, none lost that he did not destroy`, async () => {
  const deeds = new Set<string>()
  for (let seed = first; seed < first + count; seed++) {
    const { printed, recorded, destroyed, changed, damaged, reported } = await rehearseInMemory(seed, 20, true)
    const once = recorded.filter((sale, i) => !changed.has(sale) || recorded.indexOf(sale) === i)
    expect(once, `seed ${seed}: once, in order, none lost that he did not destroy`).toEqual(
      printed.filter((sale) => !destroyed.has(sale) || recorded.includes(sale)),
    )
    for (const deed of damaged.values()) deeds.add(deed.split(' ')[0] as string)
    for (const [episode, breaks] of reported) {
      const deed = damaged.get(episode)
      const names =
        deed === undefined ? [] : [deed.replace(/^TAIL/, breaks[0]?.startsWith('GAP') === true ? 'GAP' : 'TAIL_MISSING')]
      expect(breaks, `seed ${seed}: episode ${episode}`).toEqual(names)
    }
  }
  expect([...deeds].sort()).toEqual(['BAD_HASH', 'DUPLICATE', 'GAP', 'HEADER_ALTERED', 'TAIL', 'UNREADABLE'])
})

it(`FR-51, FR-54 ${count} outages with several cashiers and hand-overs at once: every sale once, nothing reported that nobody did`, async () => {
  let deaths = 0
  for (let seed = first; seed < first + count; seed++) {
    const { printed, recorded, breaks, deaths: more } = await crowdInMemory(seed, 20)
    expect([...recorded].sort(), `seed ${seed}`).toEqual([...printed].sort())
    expect(breaks, `seed ${seed}`).toEqual([])
    deaths += more
  }
  expect(deaths).toBeGreaterThan(count / 2)
})
