// The public names of @sigillo/storage-idb, one by one.
export { openOfflineDatabase } from './open-database.js'
export type { OfflineDatabase, OfflineDatabaseOptions } from './open-database.js'
export type { BrowserParts } from './parts.js'
export type { HealthWarning, OfflineHealth } from './health.js'
