// Serves the till's page on loopback and passes its sales on to the queue's server of ../remote.
//   node serve.mjs PORT QUEUE-PORT CERT.pem        opens nothing to other machines; prints "ready PORT"
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { request as ask } from 'node:https'
import { buildPage } from './build.mjs'

const [port, queuePort, cert] = process.argv.slice(2)
const files = await buildPage()
const queue = { host: 'localhost', port: queuePort, path: '/records', method: 'POST', ca: readFileSync(cert), timeout: 5000 }

function passOn(request, response) {
  const onward = ask(queue, (reply) => {
    response.writeHead(reply.statusCode, { 'content-type': 'application/json' })
    reply.pipe(response)
  })
  // No outcome: the till sees that the queue cannot be reached.
  onward.on('error', () => (response.headersSent ? response.destroy() : response.writeHead(502).end()))
  onward.on('timeout', () => onward.destroy())
  request.pipe(onward)
}

const server = createServer((request, response) => {
  if (request.method === 'POST') return passOn(request, response)
  const file = files.get(new URL(request.url, 'http://localhost').pathname)
  if (file === undefined) return response.writeHead(404).end()
  return response.writeHead(200, { 'content-type': file.type, 'cache-control': 'no-cache' }).end(file.text)
})
server.listen(Number(port), '127.0.0.1', () => process.stdout.write(`ready ${server.address().port}\n`))
