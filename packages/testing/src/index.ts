// The public names of @sigillo/testing, one by one. Nothing here needs Node; what does is in @sigillo/testing/node.
export { fixedClock } from './fixed-clock.js'
export type { FixedClock } from './fixed-clock.js'
export { memoryStorage } from './memory-storage.js'
export { bareCountry } from './bare-country.js'
export type { BareNeeds, BareOptions } from './bare-country.js'
export type { BareKind, BareRequest } from './bare-request.js'
export type { BareState } from './bare-state.js'
