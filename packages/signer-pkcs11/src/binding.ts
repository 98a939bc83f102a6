// The port over pkcs11js 2 (optional dependency, loaded when used). Two traps of it are avoided here: named imports do not exist at run time,
// and initialising without the OS-locking flag corrupts memory as soon as two sessions sign at once (observed, 6 of 6 runs).
import { signerError } from '@sigillo/core'
import { CryptokiFailure, type Cryptoki, type Handle, type Mechanism, type Template, type TokenFacts } from './cryptoki.js'
import { CKR_CANT_LOCK, CKR_CRYPTOKI_ALREADY_INITIALIZED, CKR_USER_ALREADY_LOGGED_IN } from './return-values.js'

type Pkcs11js = typeof import('pkcs11js')
type Native = InstanceType<Pkcs11js['PKCS11']>

const OS_LOCKING = 2
const SERIAL_SESSION = 4
const USER = 1
const CONTEXT = 2
const LOGGED_IN_STATES: readonly number[] = [1, 3]
const CKR_ATTRIBUTE_SENSITIVE = 0x11
const CKR_ATTRIBUTE_TYPE_INVALID = 0x12

/** The port for a module file. @throws FiscalError CONFIG_INVALID (binding-missing, module-unreadable) naming what to install */
export async function loadCryptoki(modulePath: string): Promise<Cryptoki> {
  const pkcs11js = await importBinding()
  const native = new pkcs11js.PKCS11()
  try {
    native.load(modulePath)
  } catch {
    throw signerError('CONFIG_INVALID', {
      message: `the PKCS#11 module ${modulePath} cannot be loaded`,
      reason: 'module-unreadable',
    })
  }
  return cryptokiOf(pkcs11js, native)
}

async function importBinding(): Promise<Pkcs11js> {
  try {
    return (await import('pkcs11js')).default as unknown as Pkcs11js
  } catch {
    const message =
      'the package pkcs11js is not installed or was not built; run: npm install pkcs11js (needs python3, make and a C++ compiler)'
    throw signerError('CONFIG_INVALID', { message, reason: 'binding-missing' })
  }
}

function cryptokiOf(pkcs11js: Pkcs11js, native: Native): Cryptoki {
  let locking = true
  const call = <T>(work: () => T): T => {
    try {
      return work()
    } catch (error) {
      throw failure(error)
    }
  }
  return {
    initialize: () => {
      const owned = initialize(native, { flags: OS_LOCKING })
      if (owned !== 'cannot lock') return { owned, locking }
      locking = false
      return { owned: initialize(native) === true, locking }
    },
    finalize: () => call(() => native.C_Finalize()),
    slots: () => call(() => native.C_GetSlotList(true)),
    token: (slot) => call(() => factsOf(native.C_GetTokenInfo(slot as Buffer))),
    mechanisms: (slot) => call(() => native.C_GetMechanismList(slot as Buffer)),
    openSession: (slot) => call(() => native.C_OpenSession(slot as Buffer, SERIAL_SESSION)),
    closeSession: (session) => call(() => native.C_CloseSession(session as Buffer)),
    isLoggedIn: (session) => call(() => LOGGED_IN_STATES.includes(native.C_GetSessionInfo(session as Buffer).state)),
    login: (session, kind, pin) => login(native, session as Buffer, kind === 'user' ? USER : CONTEXT, pin),
    find: (session, template, most) => find(native, session as Buffer, template, most),
    attributes: (session, object, types) => attributes(native, session as Buffer, object as Buffer, types),
    signInit: (session, mechanism, key) =>
      call(() => native.C_SignInit(session as Buffer, mechanismOf(pkcs11js, mechanism), key as Buffer)),
    sign: async (session, data, maxBytes) => {
      const [input, output] = [Buffer.from(data), Buffer.alloc(maxBytes)]
      try {
        // A module that cannot lock must not be called from the thread pool.
        const signature = locking
          ? await native.C_SignAsync(session as Buffer, input, output)
          : native.C_Sign(session as Buffer, input, output)
        return new Uint8Array(signature)
      } catch (error) {
        throw failure(error)
      }
    },
  }
}

function initialize(native: Native, options?: { readonly flags: number }): boolean | 'cannot lock' {
  try {
    if (options === undefined) native.C_Initialize()
    else native.C_Initialize(options as Parameters<Native['C_Initialize']>[0])
    return true
  } catch (error) {
    const { rv } = failure(error)
    if (rv === CKR_CRYPTOKI_ALREADY_INITIALIZED) return false
    if (rv === CKR_CANT_LOCK && options !== undefined) return 'cannot lock'
    throw new CryptokiFailure(rv)
  }
}

function login(native: Native, session: Buffer, kind: number, pin: Uint8Array): void {
  try {
    // The binding wants text, which cannot be wiped afterwards; the bytes are the caller's to wipe.
    native.C_Login(session, kind, Buffer.from(pin.buffer, pin.byteOffset, pin.length).toString('utf8'))
  } catch (error) {
    const fault = failure(error)
    if (fault.rv !== CKR_USER_ALREADY_LOGGED_IN) throw fault
  }
}

function find(native: Native, session: Buffer, template: Template, most: number): readonly Handle[] {
  try {
    native.C_FindObjectsInit(
      session,
      template.map(({ type, value }) => ({ type, value: value instanceof Uint8Array ? Buffer.from(value) : value })),
    )
    try {
      return native.C_FindObjects(session, most)
    } finally {
      native.C_FindObjectsFinal(session)
    }
  } catch (error) {
    throw failure(error)
  }
}

// Asked one by one: a module may refuse a whole list for one attribute it does not know.
function attributes(native: Native, session: Buffer, object: Buffer, types: readonly number[]): ReadonlyMap<number, Uint8Array> {
  const values = new Map<number, Uint8Array>()
  for (const type of types) {
    try {
      const value = native.C_GetAttributeValue(session, object, [{ type }])[0]?.value
      if (value !== undefined && value !== null) values.set(type, new Uint8Array(value as Buffer))
    } catch (error) {
      const fault = failure(error)
      if (fault.rv !== CKR_ATTRIBUTE_TYPE_INVALID && fault.rv !== CKR_ATTRIBUTE_SENSITIVE) throw fault
    }
  }
  return values
}

function mechanismOf(pkcs11js: Pkcs11js, { type, pss }: Mechanism): Parameters<Native['C_SignInit']>[1] {
  if (pss === undefined) return { mechanism: type, parameter: null } as unknown as Parameters<Native['C_SignInit']>[1]
  const parameter = { type: pkcs11js.CK_PARAMS_RSA_PSS, hashAlg: pss.hash, mgf: pss.mgf, saltLen: pss.saltBytes }
  return { mechanism: type, parameter } as unknown as Parameters<Native['C_SignInit']>[1]
}

function factsOf(info: ReturnType<Native['C_GetTokenInfo']>): TokenFacts {
  const text = (value: string): string => value.replace(/[\s\0]+$/, '')
  const unlimited = (count: number): number => (count > 0 && count < 0xffff ? count : 0)
  return {
    label: text(info.label),
    manufacturer: text(info.manufacturerID),
    model: text(info.model),
    serial: text(info.serialNumber),
    firmware: `${info.firmwareVersion.major}.${info.firmwareVersion.minor}`,
    flags: info.flags,
    minPinBytes: info.minPinLen,
    maxPinBytes: info.maxPinLen,
    maxSessions: unlimited(info.maxSessionCount),
  }
}

function failure(error: unknown): CryptokiFailure {
  const code = (error as { readonly code?: unknown } | undefined)?.code
  // Errors of the binding itself (wrong argument, closed library) carry no return value: to us they are CKR_ARGUMENTS_BAD.
  return new CryptokiFailure(typeof code === 'number' && code !== 0 ? code : 0x07)
}
