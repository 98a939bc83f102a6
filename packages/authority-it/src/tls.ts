// What the server shows: its certificate with the root above it, and its key.
import { pem } from './certificates.js'
import type { Hierarchy } from './hierarchy.js'

/** Key and certificates of the server, PEM. */
export function certificateChain({ server, tls }: Hierarchy): { readonly key: string; readonly cert: string } {
  return {
    key: server.key.export({ format: 'pem', type: 'pkcs8' }) as string,
    cert: pem(server.certificate.raw) + pem(tls.certificate.raw),
  }
}
