// Runs a number of cases through both verifiers and tells where they differ.
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomFrom } from '@sigillo/testing/node'
import type { Case } from './case.js'
import { casesOf } from './cases.js'
import { joined } from './damage.js'
import { judgeHere, judgeInPython, type Verdict } from './judge.js'
import { soundJournals } from './sound.js'

/** Cases held in memory at a time. */
const CHUNK = 500

/** What came of a run. */
export interface Outcome {
  readonly cases: number
  readonly unsound: number
  /** Codes that occurred, over all cases. */
  readonly codes: ReadonlySet<string>
  /** Where the two verifiers differ; the journal is kept in a file for a look by hand. */
  readonly differences: readonly {
    readonly label: string
    readonly file: string
    readonly here: Verdict
    readonly there: Verdict
  }[]
}

/** Draws `count` cases from a seed and has both verifiers judge them. */
export async function compare(seed: number, count: number): Promise<Outcome> {
  const random = randomFrom(seed)
  const journals = await soundJournals(random)
  const codes = new Set<string>()
  const differences: { label: string; file: string; here: Verdict; there: Verdict }[] = []
  let unsound = 0
  const judge = async (cases: readonly Case[]): Promise<void> => {
    const there = judgeInPython(cases)
    for (const [i, one] of cases.entries()) {
      const here = await judgeHere(one)
      if (!here.sound) unsound += 1
      for (const finding of here.findings) codes.add(finding.split(' ')[1] as string)
      const other = there[i] as Verdict
      if (JSON.stringify(here) !== JSON.stringify(other))
        differences.push({ label: `seed ${seed} case ${one.label}`, file: kept(one), here, there: other })
    }
  }
  let waiting: Case[] = []
  for await (const one of casesOf(journals, random, count)) {
    waiting.push(one)
    if (waiting.length === CHUNK) await judge(waiting.splice(0))
  }
  await judge(waiting)
  return { cases: count, unsound, codes, differences }
}

// Genesis nonces and signatures differ from run to run, so a seed alone does not bring the very bytes back.
function kept({ chunks, told }: Case): string {
  const folder = mkdtempSync(join(tmpdir(), 'sigillo-corpus-'))
  writeFileSync(join(folder, 'journal.jsonl'), joined(chunks))
  writeFileSync(join(folder, 'told.json'), JSON.stringify(told))
  return folder
}
