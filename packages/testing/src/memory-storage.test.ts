// Memory storage passes the kit every storage passes.
import { describe, it } from 'vitest'
import { memoryStorage } from './memory-storage.js'
import { storageKit } from './storage-kit.js'

describe('memory storage', () => {
  for (const { name, run } of storageKit(async () => ({ storage: memoryStorage() }))) it(name, run)
})
