// The Transport port: one exchange with an authority or a remote queue. Retries, order and outcome belong to the caller.

/** One request on the wire. */
export interface TransportRequest {
  readonly method: 'GET' | 'POST' | 'PUT'
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
  /** Milliseconds until the exchange is given up; its outcome is then unknown. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

/** What came back. */
export interface TransportResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/**
 * One exchange. `send` rejects with a FiscalError of kind transmission: UNREACHABLE with registered `no` when no byte of the
 * request can have left, with `unknown` when some may have.
 */
export interface Transport {
  send(request: TransportRequest): Promise<TransportResponse>
  close?(): Promise<void>
}
