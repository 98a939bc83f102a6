// Random faults between a till and a device, many of them: SIGILLO_COUNT and SIGILLO_SEED steer it.
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PROTOCOLS, schedules, serveDevice, wrongWith, type ServedDevice } from './faults.fixture.js'

const numRuns = Number(process.env['SIGILLO_COUNT'] ?? 1000)
const seed = Number(process.env['SIGILLO_SEED'] ?? Date.now() % 2 ** 31)

describe.each(PROTOCOLS)('random faults before a device: %s', (protocol) => {
  let served: ServedDevice
  beforeAll(async () => {
    served = await serveDevice(protocol)
  })
  afterAll(() => served.close())

  it('13 every document is in the device once, or in a state with a name; every closing is made once', async () => {
    process.stderr.write(`${protocol}: ${numRuns} schedules, seed ${seed}\n`)
    await fc.assert(
      fc.asyncProperty(schedules(25), async (schedule) => {
        expect(await wrongWith(protocol, served, schedule)).toBeUndefined()
      }),
      { numRuns, seed },
    )
  })
})
