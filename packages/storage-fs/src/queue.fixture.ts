// A real queue over a folder on the simulated disk while single calls of the disk fail: what was answered must be true afterwards
// (design 3 step 6, design 8; FORMAT 9.3, 16.1).
import { openQueue, type Outcome, type Queue } from '@sigillo/core'
import { verifyChunks } from '@sigillo/core/verify'
import { bareCountry, fixedClock, kitSigner } from '@sigillo/testing'
import { NOTHING, type DiskFault } from '@sigillo/testing/node'
import { folderIn, newWorld, testKey, type World } from './faults.fixture.js'

/** Opens the queue of a world as a new process, creating it when there is none. */
export async function queueIn(world: World, reserveBytes = 0): Promise<Queue> {
  const storage =
    reserveBytes === 0
      ? await folderIn(world)
      : await world.open('/shop/queue', { fileSystem: world.disk.fileSystem, host: world.machine.start(), reserveBytes })
  const clock = fixedClock('2026-01-02T09:00:00.000Z', { tickMs: 1000 })
  return openQueue({
    country: bareCountry(),
    storage,
    signer: kitSigner(await testKey()),
    clock,
    create: 'if-missing',
    segBits: 6,
  })
}

const sale = (key: string, i: number): object => ({
  type: i % 3 === 0 ? 'invoice' : 'ticket',
  key,
  amount: 100 + i,
  events: i % 4 === 3 ? 2 : 0,
})

/** Answers by key. */
export type Answers = ReadonlyMap<string, Outcome>

/** Sells in waves of several callers, with a closing between. */
export async function sellAll(queue: Queue): Promise<Answers> {
  const answers = new Map<string, Outcome>()
  for (let wave = 0; wave < 4; wave++) {
    const keys = Array.from({ length: 4 }, (_, i) => `k-${wave}-${i}`)
    const outcomes = await Promise.all(keys.map((key, i) => queue.record(sale(key, i))))
    for (const [i, key] of keys.entries()) answers.set(key, outcomes[i] as Outcome)
    answers.set(`z-${wave}`, await queue.record({ type: 'closing', key: `z-${wave}`, events: wave }))
  }
  return answers
}

/** One day with one failing call; what is wrong with its answers afterwards. */
export async function answersUnder(
  fault: DiskFault,
): Promise<{ readonly answers: Answers; readonly faults: readonly string[]; readonly hit: boolean }> {
  const world = newWorld()
  const queue = await queueIn(world)
  world.disk.fail(fault)
  const answers = await sellAll(queue)
  await queue.close().catch(() => undefined)
  const hit = world.disk.trace.some(({ failed }) => failed !== undefined)
  world.disk.heal()
  world.machine.reboot()
  const faults: string[] = []
  // As the next process finds it, and as it is found when the power fails at once.
  for (const disk of [world.disk.copy(), world.disk.afterPowerLoss(NOTHING)])
    faults.push(...(await judgeAnswers({ ...world, disk }, answers)))
  return { answers, faults, hit }
}

async function judgeAnswers(world: World, answers: Answers): Promise<string[]> {
  const faults: string[] = []
  const reader = await (await folderIn(world)).openReader()
  for (const [key, outcome] of answers) {
    const hit = await reader.byRef(key)
    const line = hit?.line === undefined ? '' : new TextDecoder().decode(hit.line)
    if (outcome.outcome === 'registered' && !line.includes(`"hash":"${outcome.hash}"`))
      faults.push(`${key} was registered as ${outcome.seq} and is not there`)
    if (outcome.outcome === 'rejected' && hit !== undefined)
      faults.push(`${key} was rejected (${outcome.error.code}) and is record ${hit.seq}`)
  }
  await reader.close()
  return [...faults, ...(await askAgain(world, answers))]
}

// Every key again: one record each, the same for what was registered before.
async function askAgain(world: World, answers: Answers): Promise<string[]> {
  const faults: string[] = []
  const queue = await queueIn(world)
  const again = await sellAll(queue)
  for (const [key, outcome] of again) {
    const before = answers.get(key)
    if (outcome.outcome !== 'registered') faults.push(`${key} asked again: ${outcome.outcome} ${outcome.error.code}`)
    else if (before?.outcome === 'registered' && before.hash !== outcome.hash) faults.push(`${key} was registered twice`)
  }
  await queue.close()
  const reader = await (await folderIn(world)).openReader()
  const auditor = bareCountry().auditor?.()
  const report = await verifyChunks(reader.chunks(), { ...(auditor !== undefined && { auditor }) })
  await reader.close()
  for (const { seq, code, severity, message } of report.findings)
    if (severity === 'error') faults.push(`record ${seq}: ${code} ${message}`)
  return faults
}
