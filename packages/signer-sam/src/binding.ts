// The port over pcsc-mini (optional dependency, loaded when used): PC/SC on Linux, macOS and Windows, with transactions and prebuilt binaries.
import { signerError } from '@sigillo/core'
import { CardFailure, type CardConnection, type CardReaders, type CardTrouble } from './card-port.js'

type PcscMini = typeof import('pcsc-mini')
type NativeCard = Awaited<ReturnType<NonNullable<ReturnType<InstanceType<PcscMini['Client']>['reader']>>['connect']>>

const LIST_WAIT_MS = 2_000
/** Silence after which the binding's thread is certainly waiting inside the service, and the longest wait for it. */
const QUIET_MS = 300
const QUIET_WAIT_MS = 3_000

const TROUBLES: Readonly<Record<string, CardTrouble>> = {
  RemovedCard: 'removed',
  NoSmartCard: 'removed',
  NoReadersAvailable: 'removed',
  // The service was started anew: the handle means nothing to it.
  InvalidHandle: 'removed',
  ReaderUnavailable: 'removed',
  UnknownReader: 'removed',
  UnpoweredCard: 'removed',
  UnresponsiveCard: 'removed',
  ResetCard: 'reset',
  SharingViolation: 'busy',
  ServerTooBusy: 'busy',
  NoService: 'no-service',
  ServiceStopped: 'no-service',
  CommError: 'no-service',
}

/** Readers of this machine. @throws FiscalError CONFIG_INVALID (binding-missing) naming what to install, DEVICE_FAULT without a PC/SC service */
export async function pcscReaders(): Promise<CardReaders> {
  const pcsc = await importBinding()
  const client = new pcsc.Client()
  const names = new Set<string>()
  let failure: unknown
  let lastChange = Date.now()
  client.on('reader', (reader) => {
    names.add(reader.name())
    reader.on('change', () => {
      lastChange = Date.now()
    })
    reader.on('disconnect', () => void names.delete(reader.name()))
  })
  client.on('error', (error) => {
    failure = error
  })
  start(client)
  return {
    list: async () => {
      // The service reports its readers one after the other, shortly after the start.
      for (let waited = 0; names.size === 0 && failure === undefined && waited < LIST_WAIT_MS; waited += 50) await delay(50)
      if (failure !== undefined) throw troubleOf(failure)
      return [...names]
    },
    connect: async (name, mode) => {
      const reader = client.reader(name)
      if (reader === undefined) throw new CardFailure('removed')
      const cardMode = mode === 'exclusive' ? pcsc.CardMode.EXCLUSIVE : pcsc.CardMode.SHARED
      const card = await guarded(() => reader.connect(cardMode, pcsc.Protocol.ANY))
      return connectionOf(pcsc, card, cardMode)
    },
    close: async () => {
      // The binding's thread holds a lock while it waits for changes; cancelling is lost when the thread is just between two waits,
      // and stopping then blocks this process for ever (seen). Right after a card was let go it is between two waits.
      const began = Date.now()
      lastChange = began
      while (Date.now() - lastChange < QUIET_MS && Date.now() - began < QUIET_WAIT_MS) await delay(50)
      client.stop()
    },
  }
}

function start(client: InstanceType<PcscMini['Client']>): void {
  try {
    client.start()
  } catch (error) {
    const { trouble } = troubleOf(error)
    throw signerError('DEVICE_FAULT', { message: 'the PC/SC service does not answer; start pcscd', nativeCode: trouble })
  }
}

async function importBinding(): Promise<PcscMini> {
  try {
    return await import('pcsc-mini')
  } catch {
    throw signerError('CONFIG_INVALID', {
      message: 'the package pcsc-mini is not installed; run: npm install pcsc-mini',
      reason: 'binding-missing',
    })
  }
}

async function connectionOf(
  pcsc: PcscMini,
  card: NativeCard,
  mode: InstanceType<typeof Object> & number,
): Promise<CardConnection> {
  const { LEAVE, RESET, UNPOWER } = pcsc.CardDisposition
  const dispositions = { leave: LEAVE, reset: RESET, unpower: UNPOWER } as const
  const { atr, protocol } = await guarded(() => card.state())
  let transaction: { end(then: number): Promise<void> } | undefined
  return {
    atr: new Uint8Array(atr),
    protocol: protocol === pcsc.Protocol.T0 ? 'T0' : 'T1',
    transmit: (command) => guarded(async () => new Uint8Array(await card.transmit(command))),
    begin: async () => {
      transaction = await guarded(() => card.transaction())
    },
    end: async (how) => {
      const open = transaction
      transaction = undefined
      await guarded(async () => open?.end(dispositions[how]))
    },
    reconnect: async (how) => {
      await guarded(() => card.reconnect(mode, dispositions[how]))
    },
    disconnect: (how) => guarded(() => card.disconnect(dispositions[how])),
  }
}

async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw troubleOf(error)
  }
}

function troubleOf(error: unknown): CardFailure {
  const code = (error as { readonly code?: unknown } | undefined)?.code
  return new CardFailure((typeof code === 'string' ? TROUBLES[code] : undefined) ?? 'other')
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
