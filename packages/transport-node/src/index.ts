// The public names of @sigillo/transport-node, one by one.
export { nodeTransport } from './transport.js'
export type { NodeTransportOptions } from './transport.js'
