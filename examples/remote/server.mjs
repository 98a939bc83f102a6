// A queue behind HTTPS: POST its requests, get its outcomes.
//   node server.mjs FOLDER PORT CERT.pem KEY.pem [SETTINGS.json]     (SIGILLO_PASSPHRASE)
// SETTINGS holds `options` of the country; `clockFile` names a file with the time, for a shop whose days lie in the past.
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { openQueue } from '@sigillo/core'
import { france } from '@sigillo/country-fr'
import { createKeyFile, openKeyFile } from '@sigillo/signer-software'
import { openFolder } from '@sigillo/storage-fs'
import { shop } from './shop.mjs'
import { fileWitness } from './witness.mjs'

const [folder, port, cert, key, file] = process.argv.slice(2)
const { options, clockFile } = file === undefined ? { options: shop } : JSON.parse(readFileSync(file, 'utf8'))
const clock = clockFile && { now: () => Number(readFileSync(clockFile, 'utf8')) }
const keyFile = `${folder}.keys/main.pem`
const signer = await (existsSync(keyFile) ? openKeyFile : createKeyFile)(keyFile, {
  passphrase: () => process.env.SIGILLO_PASSPHRASE,
})
const [storage, witness] = [await openFolder(folder), fileWitness(`${folder}.witness.json`)]
const queue = await openQueue({
  country: france(options),
  storage,
  signer,
  witness,
  create: 'if-missing',
  ...(clock && { clock }),
})

const answer = (response, status, value) =>
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
const server = createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (request, response) => {
  const parts = []
  let size = 0
  request.on('data', (part) => {
    size += part.length
    if (size > 1_000_000) request.destroy()
    else parts.push(part)
  })
  request.on('end', async () => {
    if (request.method !== 'POST') return answer(response, 405, { message: 'POST a request' })
    try {
      answer(response, 200, await queue.record(JSON.parse(Buffer.concat(parts).toString('utf8'))))
    } catch {
      answer(response, 400, { message: 'not JSON' })
    }
  })
})
// Loopback only: who may reach a queue, and how he proves it, is the operator's to decide before this leaves the machine.
server.listen(Number(port), '127.0.0.1', () => process.stdout.write(`ready ${server.address().port} ${queue.id}\n`))
process.on('SIGTERM', () => {
  server.close(() => queue.close().then(() => process.exit(0)))
  server.closeAllConnections()
})
