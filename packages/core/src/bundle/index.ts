// The export bundle, both ways; importable alone.
export { writeBundle } from './write.js'
export type { BundleOptions } from './write.js'
export { parseBundleIndex } from './index-file.js'
export type { BundleIndex } from './index-file.js'
export { verifyBundle, verifyBundleFiles } from './read.js'
export type { BundleReport, BundleVerifyOptions } from './read.js'
export { unzipInto } from './unzip.js'
export type { TakeEntry } from './unzip.js'
