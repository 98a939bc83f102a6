// Counts the tests, names the skipped ones, and refuses them where skipping would hide something (CI=true).
// SIGILLO_SUMMARY names a file to which one line "passed failed skipped" is appended, for scripts that add up several runs.
import { appendFileSync } from 'node:fs'

const refuse = process.env.CI === 'true'

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
      process.stderr.write(`\n${skipped.length} tests were skipped (a system program is missing, or the test says why):\n`)
      for (const name of skipped.slice(0, 40)) process.stderr.write(`  ${name}\n`)
      if (skipped.length > 40) process.stderr.write(`  … and ${skipped.length - 40} more\n`)
    }
    if (refuse && skipped.length > 0) {
      process.stderr.write('CI=true: a skipped test counts as a failed one.\n')
      process.exitCode = 1
    }
    const summary = process.env.SIGILLO_SUMMARY
    if (summary !== undefined && summary !== '') appendFileSync(summary, `${count.passed} ${count.failed} ${count.skipped}\n`)
  }
}
