// Checks an exported bundle with nothing but its bytes: what an inspector's program does.  node examples/verify-a-bundle.mjs FILE
import { createReadStream } from 'node:fs'
import { verifyBundle } from '@sigillo/core/bundle'

const file = process.argv[2] ?? 'bundle.zip'
const report = await verifyBundle(() => createReadStream(file))

console.log(`${report.records} records of queue ${report.queue}: ${report.sound ? 'sound' : 'NOT SOUND'}`)
for (const { seq, code, where, message } of report.findings) console.log(`  record ${seq ?? '-'}  ${code}  ${where}: ${message}`)
process.exitCode = report.sound ? 0 : 1
