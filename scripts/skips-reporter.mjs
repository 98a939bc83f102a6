// Counts the tests, names the skipped ones, and refuses them where skipping would hide something (CI=true). Only tests marked
// [reference files] may be left out there: they judge us by files of an authority that are not ours to publish, where those lie beside
// the project (`../shared`).
// SIGILLO_SUMMARY names a file to which one line "passed failed refused" is appended, for scripts that add up several runs.
import { appendFileSync, existsSync } from 'node:fs'

const refuse = process.env.CI === 'true'
const beside = existsSync(new URL('../../shared', import.meta.url))
const excused = (name) => !beside && name.includes('[reference files]')

// By the first part of the title that tells the reason, so that a suite is one line however many tests it has.
function suitesOf(skipped) {
  const suites = new Map()
  for (const name of skipped) {
    const parts = name.split(' > ')
    const reason = parts.findIndex((part) => /\((?:needs?|skipped:) |\[reference files\]/.test(part))
    const suite = reason < 0 ? name : parts.slice(0, reason + 1).join(' > ')
    suites.set(suite, (suites.get(suite) ?? 0) + 1)
  }
  return suites
}

export default class SkipsReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const count = { passed: 0, failed: unhandledErrors.length, skipped: 0 }
    const skipped = []
    for (const file of modules) {
      if (file.errors().length > 0) count.failed += 1
      for (const test of file.children.allTests()) {
        const { state } = test.result()
        if (state === 'pending') count.failed += 1
        else count[state] += 1
        if (state === 'skipped') skipped.push(`${file.relativeModuleId ?? file.moduleId} › ${test.fullName}`)
      }
    }
    if (skipped.length > 0) {
      process.stderr.write(`\n${skipped.length} tests were skipped; each says what it needs:\n`)
      for (const [name, tests] of suitesOf(skipped)) process.stderr.write(`  ${name}${tests > 1 ? ` (${tests} tests)` : ''}\n`)
    }
    const refused = skipped.filter((name) => !excused(name)).length
    if (refuse && refused > 0) {
      process.stderr.write(`CI=true: ${refused} of them count as failed.\n`)
      process.exitCode = 1
    }
    const summary = process.env.SIGILLO_SUMMARY
    if (summary !== undefined && summary !== '') appendFileSync(summary, `${count.passed} ${count.failed} ${refused}\n`)
  }
}
