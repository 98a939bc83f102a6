// The Transport port over `fetch`, for tills in a browser and wherever else it is at hand.
import { FiscalError } from '../errors.js'
import type { Transport } from '../transport.js'

/**
 * One exchange by the platform's `fetch`. It never says whether a byte has left, so a failure is always `registered: 'unknown'`:
 * the request's key makes sending it again harmless.
 */
export function fetchTransport(): Transport {
  return {
    send: async ({ method, url, headers, body, timeoutMs, signal }) => {
      const limits = [
        ...(signal === undefined ? [] : [signal]),
        ...(timeoutMs === undefined ? [] : [AbortSignal.timeout(timeoutMs)]),
      ]
      try {
        const response = await fetch(url, {
          method,
          ...(headers !== undefined && { headers: { ...headers } }),
          // A copy: the type of a view says nothing of the memory it may share.
          ...(body !== undefined && { body: body.slice() }),
          ...(limits.length > 0 && { signal: AbortSignal.any(limits) }),
          cache: 'no-store',
          redirect: 'error',
        })
        return {
          status: response.status,
          headers: Object.fromEntries(response.headers),
          body: new Uint8Array(await response.arrayBuffer()),
        }
      } catch (cause) {
        throw new FiscalError('UNREACHABLE', {
          kind: 'transmission',
          registered: 'unknown',
          retry: 'same-handle',
          message: `no answer from ${new URL(url, 'http://here').pathname}: ${cause instanceof Error ? cause.name : 'unknown error'}`,
          cause,
        })
      }
    },
  }
}
