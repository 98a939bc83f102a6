// Nothing a test does may leave this machine. The guard stands in front of every way out that Node has (TCP and TLS through sockets,
// UDP, names looked up) and refuses whatever is not loopback before a byte or a question leaves. It also remembers: code that swallows
// the refusal is still found out at the end of its test.
import dgram from 'node:dgram'
import dns from 'node:dns'
import { syncBuiltinESMExports } from 'node:module'
import net from 'node:net'

/** A guard in place. */
export interface LoopbackGuard {
  /** Attempts since the last question, as `connect 192.0.2.1:443`. */
  take(): readonly string[]
  /** Puts everything back. */
  remove(): void
}

type Method = (...args: unknown[]) => unknown
type Holder = Record<string, Method>

const NAMES = /^(localhost|.*\.localhost|ip6-localhost)\.?$/i

/** True for a host that is this machine: a loopback address or a name for one. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '').replace(/%.*$/, '')
  if (net.isIPv4(bare)) return bare.startsWith('127.')
  if (net.isIPv6(bare)) return /^(0*:)*:?0*1$/.test(bare) || /^::ffff:127\./i.test(bare)
  return NAMES.test(bare) || bare === ''
}

/** Puts the guard in place for this process. */
export function guardLoopback(): LoopbackGuard {
  let attempts: string[] = []
  const undo: (() => void)[] = []
  const refuse = (what: string): never => {
    attempts.push(what)
    throw new Error(`not on this machine: ${what}`)
  }
  // A name or address is allowed or refused before the original is called.
  const wrap = (holder: object, name: string, check: (args: readonly unknown[]) => void): void => {
    const methods = holder as Holder
    const original = methods[name]
    if (original === undefined) return
    methods[name] = function (this: unknown, ...args: unknown[]): unknown {
      check(args)
      return original.apply(this, args)
    }
    undo.push(() => void (methods[name] = original))
  }
  const checkHost = (verb: string, host: unknown, port?: unknown): void => {
    if (typeof host === 'string' && !isLoopback(host)) refuse(`${verb} ${host}${port === undefined ? '' : `:${String(port)}`}`)
  }

  wrap(net.Socket.prototype, 'connect', (args) => {
    const { host, port } = targetOf(args)
    checkHost('connect', host, port)
  })
  wrap(dgram.Socket.prototype, 'send', (args) =>
    checkHost(
      'send',
      args.findLast((one) => typeof one === 'string'),
    ),
  )
  wrap(dgram.Socket.prototype, 'connect', ([port, host]) => checkHost('connect', host, port))
  const lookups = ['lookup', 'resolve', 'resolve4', 'resolve6', 'resolveAny', 'resolveSrv', 'resolveTxt', 'resolveMx', 'reverse']
  for (const name of lookups)
    for (const holder of [dns, dns.promises, dns.Resolver.prototype, dns.promises.Resolver.prototype])
      if (Object.hasOwn(holder, name)) wrap(holder, name, ([host]) => checkHost(name, host))
  syncBuiltinESMExports()

  return {
    take: () => {
      const taken = attempts
      attempts = []
      return taken
    },
    remove: () => {
      for (const one of undo) one()
      syncBuiltinESMExports()
    },
  }
}

// The forms of connect: options, port and host, path; inside Node an array of the first form.
function targetOf(args: readonly unknown[]): { readonly host: unknown; readonly port: unknown } {
  const [first, second] = (Array.isArray(args[0]) ? args[0] : args) as readonly unknown[]
  if (typeof first === 'object' && first !== null) {
    const { host = 'localhost', port, path } = first as { host?: unknown; port?: unknown; path?: unknown }
    return path === undefined || path === null ? { host, port } : { host: 'localhost', port }
  }
  const isPath = typeof first === 'string' && !/^\d+$/.test(first)
  return { host: isPath || typeof second !== 'string' ? 'localhost' : second, port: first }
}
