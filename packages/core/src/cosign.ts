// Asking a witness to cosign a tree head (FORMAT 6; C2SP tlog-witness, add-checkpoint). The answer either adds a signature to our
// note or tells that somebody knows a newer end (409) or another history (422): both stop a queue.
import { fromHex, fromUtf8, utf8 } from './bytes.js'
import { FiscalError } from './errors.js'
import { toBase64 } from './note.js'
import type { Transport } from './transport.js'

/** One request to a witness. */
export interface CosignRequest {
  readonly transport: Transport
  /** Address of the witness; `/add-checkpoint` is added. */
  readonly url: string
  readonly note: string
  readonly size: number
  /** Size this witness cosigned last; 0 the first time. */
  readonly oldSize: number
  /** Consistency proof from `oldSize` to `size`, hex; empty the first time. */
  readonly proof: readonly string[]
  readonly signal?: AbortSignal
}

/**
 * The note with the witness's signature lines added.
 * @throws FiscalError ROLLBACK_SUSPECTED (the witness knows a larger tree), FORK_SUSPECTED (it knows another one), UNREACHABLE or
 *   WITNESS_REFUSED of kind transmission for everything else
 */
export async function requestCosignature(request: CosignRequest): Promise<string> {
  const { transport, url, note, size, oldSize, proof, signal } = request
  const lines = proof.map((hash) => `${toBase64(fromHex(hash) as Uint8Array)}\n`).join('')
  const response = await transport.send({
    method: 'POST',
    url: `${url.replace(/\/$/, '')}/add-checkpoint`,
    headers: { 'content-type': 'text/plain; charset=utf-8' },
    body: utf8(`old ${oldSize}\n${lines}\n${note}`),
    ...(signal !== undefined && { signal }),
  })
  const text = fromUtf8(response.body) ?? ''
  if (response.status === 200 && /^(— \S+ [A-Za-z0-9+/]+={0,2}\n)+$/.test(text)) return note + text
  throw answerAsError(response.status, text, size)
}

function answerAsError(status: number, text: string, size: number): FiscalError {
  const known = status === 409 ? Number(/^(\d{1,16})\n?$/.exec(text)?.[1] ?? Number.NaN) : Number.NaN
  if (known > size) {
    const message = `a witness knows a tree of ${known} records; this journal has ${size}`
    return new FiscalError('ROLLBACK_SUSPECTED', { message, details: { known, size } })
  }
  if (status === 422)
    return new FiscalError('FORK_SUSPECTED', {
      message: `a witness knows another tree than ours of ${size} records`,
      details: { size },
    })
  const message = `the witness answered ${status}${Number.isNaN(known) ? '' : ` and says it cosigned ${known}`}`
  return new FiscalError('WITNESS_REFUSED', {
    kind: 'transmission',
    message,
    retry: 'same-handle',
    remedy: 'Nothing: the next checkpoint asks again.',
    details: { status, ...(!Number.isNaN(known) && { known }) },
  })
}
