// Kills real processes at work, again and again over one place, and asks after each death whether every answered sale is there once.
import { setTimeout as wait } from 'node:timers/promises'
import { CrashChild, type Acknowledged } from './crash-child.js'
import { randomFrom } from './random.js'

/** A run of kills. */
export interface CrashRunnerOptions {
  /** Script the present Node runs; it calls `workUntilKilled`. */
  readonly script: string
  /** Settings of a round, its only argument, as text. `again` are the keys the child before was never answered. */
  readonly settings: (round: number, again: readonly string[]) => string
  readonly rounds: number
  readonly seed: number
  /** Longest time from ready to the kill; default 60 ms. Every fourth child is killed while it opens. */
  readonly longestMs?: number
  /** True when the child kills itself in this round: then nobody else does, but for a child that lives too long. */
  readonly killsItself?: (round: number) => boolean
  /** Judges the place after a death; `known` are all answers of all children so far. Returns violations. */
  readonly judge: (known: ReadonlyMap<string, Acknowledged>, round: number) => Promise<readonly string[]>
}

/** What a run has shown. */
export interface CrashReport {
  readonly kills: number
  readonly answers: number
  /** Sales found again that a killed child had stored without answering. */
  readonly replayed: number
  readonly violations: readonly string[]
}

const SELF_KILL_PATIENCE_MS = 3000

/** Runs until the rounds are over or a violation is found. */
export async function crashRunner(options: CrashRunnerOptions): Promise<CrashReport> {
  const random = randomFrom(options.seed)
  const known = new Map<string, Acknowledged>()
  const violations: string[] = []
  let again: readonly string[] = []
  let [round, replayed] = [0, 0]
  for (; round < options.rounds && violations.length === 0; round++) {
    const child = new CrashChild(options.script, options.settings(round, again))
    await endLife(child, options, round, random.next(), random.chance(0.25))
    if (child.complaint !== '') violations.push(`round ${round}: the child failed: ${child.complaint.slice(0, 2000)}`)
    for (const [key, answer] of child.acknowledged) {
      const before = known.get(key)
      if (before !== undefined && (before.seq !== answer.seq || before.hash !== answer.hash))
        violations.push(`round ${round}: ${key} was answered twice, differently`)
      if (answer.replayed) replayed += 1
      known.set(key, answer)
    }
    // What the child before was not told and this one had no time to ask again stays open.
    again = [...new Set([...again.filter((key) => !known.has(key)), ...child.unanswered()])]
    for (const violation of await judged(options, known, round)) violations.push(`round ${round}: ${violation}`)
  }
  return { kills: round, answers: known.size, replayed, violations }
}

// A place that cannot be read is a violation too.
async function judged(
  options: CrashRunnerOptions,
  known: ReadonlyMap<string, Acknowledged>,
  round: number,
): Promise<readonly string[]> {
  try {
    return await options.judge(known, round)
  } catch (error) {
    return [`the place cannot be judged: ${String(error)}`]
  }
}

async function endLife(
  child: CrashChild,
  options: CrashRunnerOptions,
  round: number,
  fraction: number,
  early: boolean,
): Promise<void> {
  const longestMs = options.longestMs ?? 60
  if (options.killsItself?.(round) === true) {
    await Promise.race([child.ended(), wait(SELF_KILL_PATIENCE_MS, undefined, { ref: false })])
  } else if (early) {
    await Promise.race([child.ready(), wait(fraction * 400)])
  } else {
    await child.ready()
    await wait(fraction * longestMs)
  }
  child.signal('SIGKILL')
  await child.ended()
}
