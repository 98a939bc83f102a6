// What the demo says, and the commands it runs as a person would type them.
import { spawnSync } from 'node:child_process'
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
