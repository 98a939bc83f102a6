// Both verifiers over the same cases: ours in this process, the one in Python in one run for all cases.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { verifyChunks, type Start, type VerifyOptions } from '@sigillo/core/verify'
import type { Case, Told } from './case.js'
import { joined } from './damage.js'

/** What a verifier says: the verdict, and each finding as `seq code severity`, in order. */
export interface Verdict {
  readonly sound: boolean
  readonly findings: readonly string[]
}

const program: string = fileURLToPath(new URL('../python/sigillo_verify.py', import.meta.url))

/** The command that runs Python 3, if there is one. */
export const python: string | undefined = ['python3', 'python'].find(
  (name) => spawnSync(name, ['-c', 'import sys; sys.exit(sys.version_info < (3, 9))']).status === 0,
)

/** Ours. */
export async function judgeHere({ chunks, told }: Case): Promise<Verdict> {
  const report = await verifyChunks([{ bytes: joined(chunks) }], { ...optionsOf(told), bytesExpected: 0 })
  return verdictOf(
    report.sound,
    report.findings.map(({ seq, code, severity }) => [seq ?? -1, code, severity]),
  )
}

function optionsOf({ keys, endorsers, witness, notes, continues, start, purge }: Told): VerifyOptions {
  const from =
    purge === undefined ? start && startOf(start) : { seq: purge.floor - 1, hash: purge.last, frontier: purge.frontier }
  return {
    ...(keys !== undefined && { offeredKeys: keys }),
    ...(endorsers !== undefined && { endorserKeys: endorsers }),
    ...(witness !== undefined && { witnesses: [witness] }),
    ...(notes !== undefined && { notes }),
    ...(continues !== undefined && { continues }),
    ...(from !== undefined && { start: from }),
  }
}

function startOf(start: NonNullable<Told['start']>): Start {
  return { ...(start.state['head'] as unknown as { readonly seq: number; readonly hash: string }), ...start }
}

/** The one in Python, over many cases at once: lines that occur in several are sent once. */
export function judgeInPython(cases: readonly Case[]): Verdict[] {
  if (cases.length === 0) return []
  const pool = new Map<string, number>()
  const places = cases.map(({ chunks }) =>
    chunks.map((chunk) => {
      const text = Buffer.from(chunk).toString('base64')
      if (!pool.has(text)) pool.set(text, pool.size)
      return pool.get(text) as number
    }),
  )
  const asked = [{ pool: [...pool.keys()] }, ...cases.map(({ told }, i) => ({ ...told, chunks: places[i] }))]
  const input = asked.map((line) => `${JSON.stringify(line)}\n`).join('')
  const run = spawnSync(python as string, [program, '--batch'], { input, maxBuffer: 1 << 30, encoding: 'utf8' })
  if (run.status !== 0) throw new Error(`the verifier in Python failed: ${run.stderr}`)
  const answers = run.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { sound: boolean; findings: [number, string, string][] })
  return answers.map(({ sound, findings }) => verdictOf(sound, findings))
}

function verdictOf(sound: boolean, findings: readonly (readonly [number, string, string])[]): Verdict {
  const order = [...findings].sort(
    ([a, x, s], [b, y, t]) => a - b || Number(x > y) - Number(x < y) || Number(s > t) - Number(s < t),
  )
  return { sound, findings: order.map((finding) => finding.join(' ')) }
}
