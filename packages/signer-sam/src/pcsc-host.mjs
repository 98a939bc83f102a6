// The child process behind one card connection: it loads the PC/SC binding and does what the messages of host.ts ask. Plain JavaScript, so that
// the same file runs from the sources and from the package. It never stops the binding's client: stopping joins a thread whose wait may have
// missed its cancellation, and blocks for ever then. The process is ended instead; the card service lets go of the card and resets it.
import process from 'node:process'

const LIST_WAIT_MS = 2_000
const ANSWER_BYTES = 70_000

const names = new Map()
let binding
let failure
let card
let mode
let transaction
let onReader = () => {}

const end = () => process.kill(process.pid, 'SIGKILL')
// Whoever started this process is gone, or has let go of it.
process.on('disconnect', end)
// An interrupt in a terminal reaches the whole group; the signature under way is not its business.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => {})

const disposition = (how) => binding.CardDisposition[how.toUpperCase()]

const works = {
  async open() {
    const pcsc = await import('pcsc-mini').catch(() => {
      throw Object.assign(new Error('binding'), { code: 'BindingMissing' })
    })
    binding = pcsc
    const client = new pcsc.Client()
    client.on('reader', (reader) => {
      names.set(reader.name(), reader)
      reader.on('disconnect', () => names.delete(reader.name()))
      onReader()
    })
    client.on('error', (error) => {
      failure = error
      onReader()
    })
    client.start()
  },
  async list() {
    // The service reports its readers one after the other, shortly after the start.
    if (names.size === 0 && failure === undefined) {
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, LIST_WAIT_MS)
        onReader = () => {
          clearTimeout(timer)
          // Readers of one moment come together.
          setTimeout(resolve, 20)
        }
      })
    }
    if (failure !== undefined) throw failure
    return [...names.keys()]
  },
  async connect({ name, how }) {
    if (failure !== undefined) throw failure
    const reader = names.get(name)
    if (reader === undefined) throw Object.assign(new Error('reader'), { code: 'UnknownReader' })
    mode = how === 'exclusive' ? binding.CardMode.EXCLUSIVE : binding.CardMode.SHARED
    card = await reader.connect(mode, binding.Protocol.ANY)
    const { atr, protocol } = await card.state()
    return { atr: new Uint8Array(atr), protocol: protocol === binding.Protocol.T0 ? 'T0' : 'T1' }
  },
  async transmit({ command }) {
    try {
      const answer = await card.transmit(command)
      if (answer.length > ANSWER_BYTES) throw new Error('answer')
      return new Uint8Array(answer)
    } finally {
      command.fill(0)
    }
  },
  async begin() {
    transaction = await card.transaction()
  },
  async end({ how }) {
    const open = transaction
    transaction = undefined
    await open?.end(disposition(how))
  },
  async reconnect({ how }) {
    await card.reconnect(mode, disposition(how))
  },
  async disconnect({ how }) {
    await card?.disconnect(disposition(how))
  },
}

process.on('message', async ({ id, work, ...args }) => {
  try {
    const value = await works[work](args)
    process.send({ id, value })
  } catch (error) {
    // Only the binding's own word for what happened leaves: its texts may quote anything.
    const code = typeof error?.code === 'string' && /^[A-Za-z]{1,40}$/.test(error.code) ? error.code : 'Other'
    process.send({ id, code })
  }
})
