// The queue's side of the week: examples/remote/server.mjs as a process of its own, started, killed and started again.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { selfSigned } from '../../remote/certificate.mjs'

const program = fileURLToPath(new URL('../../remote/server.mjs', import.meta.url))

/** A server that may come and go; `place` names its files. */
export function openServer({ queueFolder, place, passphrase, options, clockFile }) {
  const [cert, key, settings] = [place('server-cert.pem'), place('server-key.pem'), place('server.json')]
  const identity = selfSigned()
  writeFileSync(cert, identity.cert)
  writeFileSync(key, identity.key, { mode: 0o600 })
  writeFileSync(settings, JSON.stringify({ options, clockFile }))
  const server = { port: '0', queue: '', pid: 0, ca: identity.cert }
  let child
  server.start = async () => {
    child = spawn(process.execPath, [program, queueFolder, server.port, cert, key, settings], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, SIGILLO_PASSPHRASE: passphrase },
    })
    const lines = createInterface({ input: child.stdout })
    const [line] = await Promise.race([once(lines, 'line'), once(child, 'exit').then(() => ['the server ended'])])
    if (!line.startsWith('ready ')) throw new Error(line)
    const [, port, queue] = line.split(' ')
    Object.assign(server, { port, queue, pid: child.pid })
  }
  const end = async (signal) => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill(signal)
    await gone
  }
  server.kill = () => end('SIGKILL')
  server.stop = () => end('SIGTERM')
  return server
}
