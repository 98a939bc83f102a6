// The stage both halves of the demo play on: a folder of their own, what they say, and the commands they run as a person would type
// them. Each half is a module with one function: `export async function run(stage)`.
import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const sigillo = fileURLToPath(new URL('../../packages/cli/bin/sigillo.js', import.meta.url))
const colour = process.stdout.isTTY && !process.env.NO_COLOR
const bold = (text) => (colour ? `\u001b[1m${text}\u001b[22m` : text)

/** A heading. */
export const title = (text) => console.log(`\n${bold(`── ${text}`)}`)
/** A remark. */
export const say = (text) => console.log(`   ${text}`)

/** Runs `npx sigillo …`, shows it, and insists on its exit code. */
export function command(args, expected = 0) {
  console.log(`\n   $ npx sigillo ${args.join(' ')}`)
  const done = spawnSync(process.execPath, [sigillo, ...args], { encoding: 'utf8' })
  console.log(`${done.stdout}${done.stderr}`.trimEnd().replaceAll(/^/gm, '     '))
  console.log(`     (exit code ${done.status})`)
  if (done.status !== expected) throw new Error(`sigillo ${args[0]} ended with ${done.status} instead of ${expected}`)
}

/**
 * A stage for one half. `folder` exists and is that half's alone; what it writes there stays when the demo runs with --out. A half
 * releases what it opens and throws when something is not as it claims.
 */
export function openStage(base, name) {
  const folder = join(base, name)
  mkdirSync(folder, { recursive: true })
  return { folder, title, say, command }
}
