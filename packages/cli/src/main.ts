#!/usr/bin/env node
// The process around the command: signals in, exit code out.
import { run } from './run.js'

const stop = new AbortController()
// Once is a request to finish cleanly; twice ends at once, which a till survives too.
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(name, () => {
    stop.abort()
    process.once(name, () => process.exit(130))
  })
}

const { stdin, stdout, stderr, env } = process
process.exitCode = await run(process.argv.slice(2), { stdin, stdout, stderr, env, signal: stop.signal })
