// The program of the child process a module runs in: it opens the device and signs as isolated-device.ts asks. The PIN comes over the pipe when it is
// needed and is wiped; lines of the audit log are written by the till, which owns it.
import type { AuditEntry, AuditHead, AuditLog, DeviceStatus, JsonObject } from '@sigillo/core'
import { wireError, type FromHost, type ToHost } from './module-messages.js'
import { openDevice } from './open.js'
import type { Pkcs11Device } from './pkcs11-device.js'

const STATUS_MS = 200

let device: Pkcs11Device | undefined
let told = ''
let next = 1
const replies = new Map<number, (reply: { readonly value?: unknown; readonly failed?: true }) => void>()
const aborts = new Map<number, AbortController>()

const say = (message: FromHost): void => {
  if (process.connected) process.send?.(message)
}

function ask(
  question: { readonly what: 'pin' | 'read' } | { readonly what: 'append'; readonly entry: AuditEntry },
): Promise<unknown> {
  const id = next++
  return new Promise((resolve, reject) => {
    replies.set(id, ({ value, failed }) => (failed === true ? reject(new Error('refused')) : resolve(value)))
    say({ kind: 'ask', id, ...question } as FromHost)
  })
}

const audit: AuditLog = {
  append: async (entry) => (await ask({ what: 'append', entry })) as AuditHead,
  read: async function* () {
    for (const line of (await ask({ what: 'read' })) as readonly JsonObject[]) yield line
  },
  head: () => ({ count: 0, hash: '' }),
}

function tellStatus(): void {
  const status: DeviceStatus = device?.status() ?? {}
  const text = JSON.stringify(status)
  if (text === told) return
  told = text
  say({ kind: 'status', status })
}

async function work(message: Exclude<ToHost, { kind: 'reply' | 'abort' }>): Promise<unknown> {
  if (message.kind === 'open') {
    const pin = async (): Promise<Uint8Array> => Uint8Array.from((await ask({ what: 'pin' })) as Uint8Array)
    device = await openDevice({ ...message.options, pin, audit })
    return device.describe()
  }
  if (message.kind === 'close') return device?.close()
  const controller = new AbortController()
  aborts.set(message.id, controller)
  try {
    return (await (device as Pkcs11Device).sign(message.request, { signal: controller.signal })).signature
  } finally {
    aborts.delete(message.id)
    tellStatus()
  }
}

function heard(message: ToHost): void {
  const { id } = message
  if (message.kind === 'reply') {
    replies.get(id)?.(message)
    replies.delete(id)
  } else if (message.kind === 'abort') aborts.get(id)?.abort()
  else {
    work(message).then(
      (value) => say({ kind: 'answer', id, value }),
      (error: unknown) => say({ kind: 'answer', id, error: wireError(error) }),
    )
  }
}

const end = (): void => void process.kill(process.pid, 'SIGKILL')
process.on('message', heard)
// An interrupt in a terminal reaches the whole group; the signature under way is not its business.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => {})
process.on('disconnect', () => {
  setTimeout(end, 1000)
  void (device?.close() ?? Promise.resolve()).finally(end)
})
// A device that is recovering says so while its signature waits.
setInterval(tellStatus, STATUS_MS).unref()
