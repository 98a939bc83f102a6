// A device whose module runs in a child process (module-host.ts): a vendor's library that crashes or hangs ends that process and not the till. The
// process is started again for whoever waits, with a new login on the same token only: the PIN goes to it under the rules of PinSafety, which
// finds an attempt without an answer in the audit log and sends nothing more.
import {
  signerError,
  type DeviceSigner,
  type DeviceStatus,
  type FiscalError,
  type SignerDescription,
  type SignRequest,
  type SignResult,
} from '@sigillo/core'
import { ModuleProcess, ModuleLost } from './module-process.js'
import { descriptionIn, signatureIn, type WireOptions } from './module-messages.js'
import type { DeviceOptions, IsolateOptions } from './options.js'

/** A module that crashes more often than this within the time is left alone for that long. */
const MOST_CRASHES = 5
const CRASH_WINDOW_MS = 60_000
const CLOSE_MS = 2_000

/** Opens the device in a process of its own. @throws FiscalError as openDevice; DEVICE_FAULT (module-crashed) when the process died */
export async function openIsolated(options: DeviceOptions, isolate: IsolateOptions): Promise<DeviceSigner> {
  const device = new IsolatedDevice(options, isolate)
  await device.open()
  return device
}

class IsolatedDevice implements DeviceSigner {
  readonly #options: DeviceOptions
  readonly #isolate: IsolateOptions
  readonly #crashes: number[] = []
  #running: Promise<ModuleProcess> | undefined
  #current: ModuleProcess | undefined
  #description: SignerDescription | undefined
  #status: DeviceStatus = {}
  #isClosed = false

  constructor(options: DeviceOptions, isolate: IsolateOptions) {
    this.#options = options
    this.#isolate = isolate
  }

  async open(): Promise<void> {
    try {
      await this.#process().catch((error: unknown) => {
        // A crash, as at the pairwise test, is met with another process once; what hung and was killed would only hang again.
        if (!(error instanceof ModuleLost) || error.how === 'SIGKILL') throw error
        return this.#process()
      })
    } catch (error) {
      throw this.#failure(error)
    }
  }

  describe(): SignerDescription {
    return this.#description as SignerDescription
  }

  status(): DeviceStatus {
    return this.#status
  }

  async sign(request: SignRequest, { signal }: { readonly signal?: AbortSignal } = {}): Promise<SignResult> {
    for (let attempt = 1; ; attempt++) {
      try {
        const module = await this.#process()
        const signature = signatureIn(await module.sign(request, signal))
        if (signature !== undefined) return { signature }
        throw signerError('DEVICE_FAULT', {
          message: 'the process of the module answered without a signature',
          outcome: 'unknown',
        })
      } catch (error) {
        // Whether the module had signed is not known, but nothing left its process: signing again is another signature of the same bytes.
        const mayRetry = error instanceof ModuleLost && attempt === 1 && !this.#isClosed && signal?.aborted !== true
        if (!mayRetry) throw this.#failure(error)
      }
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    const module = await this.#running?.catch(() => undefined)
    await module?.close(CLOSE_MS)
  }

  #process(): Promise<ModuleProcess> {
    if (this.#isClosed) return Promise.reject(signerError('CLOSED', { message: 'the signer is closed' }))
    if (this.#running !== undefined) return this.#running
    const starting = this.#start()
    this.#running = starting
    starting.catch(() => {
      if (this.#running === starting) this.#running = undefined
    })
    return starting
  }

  async #start(): Promise<ModuleProcess> {
    this.#checkCrashes()
    const { pin, audit, cryptoki: _none, ...rest } = this.#options
    const module = new ModuleProcess({
      ...this.#isolate,
      pin,
      audit,
      status: (status) => (this.#status = status),
      lost: () => this.#lost(module),
    })
    try {
      const description = descriptionIn(await module.open(this.#wanted(rest)))
      if (description === undefined)
        throw signerError('DEVICE_FAULT', { message: 'the process of the module answered without sense' })
      this.#description ??= description
      this.#status = {}
      this.#current = module
      return module
    } catch (error) {
      module.end()
      throw error
    }
  }

  // The first time whatever the URI means; from then on that key on that token, and no other gets the PIN.
  #wanted(options: WireOptions): WireOptions {
    if (this.#description === undefined) return options
    const { keyId, hardware } = this.#description
    return { ...options, keyId, serial: hardware?.serial as string }
  }

  #lost(module: ModuleProcess): void {
    this.#crashes.push(Date.now())
    this.#status = { state: 'degraded', reasons: ['MODULE_CRASHED'] }
    // One that is still being started is given up by whoever started it.
    if (this.#current === module) this.#running = undefined
  }

  #checkCrashes(): void {
    const since = Date.now() - CRASH_WINDOW_MS
    while (this.#crashes.length > 0 && (this.#crashes[0] as number) < since) this.#crashes.shift()
    if (this.#crashes.length < MOST_CRASHES) return
    const retryAfterMs = (this.#crashes[0] as number) - since
    const message = `the module crashed ${this.#crashes.length} times within a minute; it is left alone for a while`
    throw signerError('DEVICE_FAULT', { message, reason: 'module-crashes', exhausted: true, retryAfterMs })
  }

  #failure(error: unknown): FiscalError {
    if (!(error instanceof ModuleLost)) return error as FiscalError
    const message = `the process of the module ended: ${error.how}`
    return signerError('DEVICE_FAULT', {
      message,
      reason: 'module-crashed',
      nativeCode: error.how,
      outcome: 'unknown',
      exhausted: true,
    })
  }
}
