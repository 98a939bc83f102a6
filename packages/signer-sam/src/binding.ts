// The port over pcsc-mini (optional dependency, loaded when used): PC/SC on Linux, macOS and Windows, with transactions and prebuilt binaries. Every
// connection has a child process of its own (host.ts), because this binding can block for ever when it is stopped and keeps a place for every
// card that was pulled out, of which it has four.
import { signerError } from '@sigillo/core'
import { CardFailure, type CardConnection, type CardReaders, type CardTrouble } from './card-port.js'
import { Host, HostFailure, type HostWork } from './host.js'

/** Longest call into the binding: beyond any time-out of a signer, since who waited was answered before. */
const CALL_MS = 20_000
/** Longest wait for the card to be let go of before its process is ended. */
const LEAVE_MS = 1_000

const TROUBLES: Readonly<Record<string, CardTrouble>> = {
  Lost: 'lost',
  // Pulled out in the middle of a command: neither an answer nor the news that it is gone.
  NotTransacted: 'lost',
  CommDataLost: 'lost',
  RemovedCard: 'removed',
  NoSmartCard: 'removed',
  NoReadersAvailable: 'removed',
  // The service was started anew: the handle means nothing to it.
  InvalidHandle: 'removed',
  ReaderUnavailable: 'removed',
  UnknownReader: 'removed',
  UnpoweredCard: 'removed',
  UnresponsiveCard: 'removed',
  // Just put in, and its protocol not settled yet.
  ProtoMismatch: 'removed',
  ResetCard: 'reset',
  SharingViolation: 'busy',
  ServerTooBusy: 'busy',
  NoService: 'no-service',
  ServiceStopped: 'no-service',
  Shutdown: 'no-service',
  SystemCancelled: 'no-service',
  CommError: 'no-service',
}

/** Readers of this machine. @throws FiscalError CONFIG_INVALID (binding-missing) naming what to install, DEVICE_FAULT without a PC/SC service */
export async function pcscReaders(): Promise<CardReaders> {
  const readers = new Readers()
  try {
    await readers.host()
  } catch (error) {
    await readers.close()
    throw refusal(error)
  }
  return readers
}

class Readers implements CardReaders {
  /** The host that answers questions about readers, and becomes the next connection's. */
  #idle: Promise<Host> | undefined
  readonly #hosts = new Set<Host>()
  #isClosed = false

  async list(): Promise<readonly string[]> {
    return this.#with(this.host(), (host) => host.ask<readonly string[]>('list'))
  }

  async connect(name: string, how: 'exclusive' | 'shared'): Promise<CardConnection> {
    // From here on the host is this connection's; whoever asks next starts another one.
    const taken = this.host()
    this.#idle = undefined
    return this.#with(taken, async (host) => {
      // A host just started has to see the reader first.
      await host.ask('list')
      const found = await host.ask<{ readonly atr: Uint8Array; readonly protocol: 'T0' | 'T1' }>('connect', { name, how })
      return connectionOf(host, found, () => void this.#hosts.delete(host))
    })
  }

  async close(): Promise<void> {
    this.#isClosed = true
    for (const host of this.#hosts) host.end()
    this.#hosts.clear()
  }

  host(): Promise<Host> {
    return (this.#idle ??= this.#start())
  }

  async #with<T>(starting: Promise<Host>, work: (host: Host) => Promise<T>): Promise<T> {
    try {
      return await work(await starting)
    } catch (error) {
      const failure = troubleOf(error)
      const host = await starting.catch(() => undefined)
      // A service that went away leaves nothing to be mended in this process; the next call starts another one.
      const isOver = failure.trouble === 'no-service' || failure.trouble === 'lost'
      if (host !== undefined && !isOver && (this.#idle === undefined || this.#idle === starting)) this.#idle = starting
      else {
        if (this.#idle === starting) this.#idle = undefined
        if (host !== undefined) this.#end(host)
      }
      throw failure
    }
  }

  async #start(): Promise<Host> {
    if (this.#isClosed) throw new HostFailure('Lost')
    const host = new Host(CALL_MS)
    this.#hosts.add(host)
    try {
      await host.ask('open')
      return host
    } catch (error) {
      this.#end(host)
      throw error
    }
  }

  #end(host: Host): void {
    this.#hosts.delete(host)
    host.end()
  }
}

function connectionOf(
  host: Host,
  { atr, protocol }: { readonly atr: Uint8Array; readonly protocol: 'T0' | 'T1' },
  ended: () => void,
): CardConnection {
  const ask = async <T>(work: HostWork, args: Readonly<Record<string, string | Uint8Array>> = {}): Promise<T> => {
    try {
      return await host.ask<T>(work, args)
    } catch (error) {
      throw troubleOf(error)
    }
  }
  return {
    atr: Uint8Array.from(atr),
    protocol: protocol === 'T0' ? 'T0' : 'T1',
    transmit: async (command) => {
      const answer: unknown = await ask('transmit', { command })
      if (answer instanceof Uint8Array) return Uint8Array.from(answer)
      throw new CardFailure('other')
    },
    begin: () => ask('begin'),
    end: (how) => ask('end', { how }),
    reconnect: (how) => ask('reconnect', { how }),
    disconnect: async (how) => {
      let timer: ReturnType<typeof setTimeout> | undefined
      const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, LEAVE_MS)))
      try {
        await Promise.race([ask('disconnect', { how }), late])
      } finally {
        clearTimeout(timer)
        host.end()
        ended()
      }
    },
  }
}

function refusal(error: unknown): Error {
  if (error instanceof HostFailure && error.code === 'BindingMissing') {
    return signerError('CONFIG_INVALID', {
      message: 'the package pcsc-mini is not installed; run: npm install pcsc-mini',
      reason: 'binding-missing',
    })
  }
  const { trouble } = troubleOf(error)
  return signerError('DEVICE_FAULT', { message: 'the PC/SC service does not answer; start pcscd', nativeCode: trouble })
}

function troubleOf(error: unknown): CardFailure {
  if (error instanceof CardFailure) return error
  if (!(error instanceof HostFailure)) return new CardFailure('other')
  return new CardFailure(TROUBLES[error.code] ?? 'other', error.code)
}
