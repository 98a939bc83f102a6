// The export bundle, both ways; importable alone.
export { writeBundle, parseBundleIndex } from './write.js'
export type { BundleIndex, BundleOptions } from './write.js'
export { verifyBundle } from './read.js'
export type { BundleReport, BundleVerifyOptions } from './read.js'
