// The public names of @sigillo/country-it/devices, one by one.
export { openDeviceTill, type DeviceTill, type DeviceTillParts, type Issued } from './till.js'
export { openVolatileMemory, type TillMemory } from './memory.js'
export type { Dialect, Position, Prepared, Verdict, Whereabouts } from './dialect.js'
export { readDocument, type DeviceDocument, type DeviceReference, type DeviceRules, type ReadDocument } from './document.js'
export type { Reach } from './exchange.js'
export { keyedDialect, type KeyedOptions } from './keyed.js'
export { fiscalData, type KeyedPlace } from './keyed-document.js'
export { controlCode, keyedSeal, readToken, type KeyedSeal, type Token } from './seal.js'
