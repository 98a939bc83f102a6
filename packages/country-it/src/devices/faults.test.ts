// A sample of the random faults of faults.long.test.ts.
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { has } from '../../../documents/src/pki.fixture.js'
import { PROTOCOLS, schedules, serveDevice, wrongWith, type ServedDevice } from './faults.fixture.js'

describe.skipIf(!has('openssl')).each(PROTOCOLS)('random faults before a device: %s (needs openssl)', (protocol) => {
  let served: ServedDevice
  beforeAll(async () => {
    served = await serveDevice(protocol)
  })
  afterAll(() => served.close())

  it('13 every document is in the device once, or in a state with a name; every closing is made once', async () => {
    await fc.assert(
      fc.asyncProperty(schedules(10), async (schedule) => {
        expect(await wrongWith(protocol, served, schedule)).toBeUndefined()
      }),
      { numRuns: 6 },
    )
  })
})
