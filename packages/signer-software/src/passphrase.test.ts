import { describe, expect, it } from 'vitest'
import { withPassphrase, type Passphrase } from './passphrase.js'

describe('withPassphrase', () => {
  it.each([5, {}, [1, 2], true])('refuses %o, given or fetched, and uses nothing', async (value) => {
    const refused = { code: 'CONFIG_INVALID', details: { reason: 'missing-passphrase' } }
    const used = async (): Promise<never> => Promise.reject(new Error('used'))
    await expect(withPassphrase(value as unknown as Passphrase, used)).rejects.toMatchObject(refused)
    await expect(withPassphrase((() => value) as unknown as Passphrase, used)).rejects.toMatchObject(refused)
  })
})
