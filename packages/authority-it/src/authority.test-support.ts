// A test authority in a process of its own, so that it can be killed: `node … FOLDER [PORT]`, told lines as JSON.
import { runAuthority } from './run.js'

const [folder, port] = process.argv.slice(2)
const end = new AbortController()
process.on('SIGTERM', () => end.abort())
await runAuthority(
  { ...(folder !== undefined && { folder }), port: Number(port ?? 0), controlPort: 0 },
  { signal: end.signal, tell: (event) => void process.stdout.write(`${JSON.stringify(event)}\n`) },
)
