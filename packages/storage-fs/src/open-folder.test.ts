import { describe, expect, it } from 'vitest'
import { openFolder } from './open-folder.js'

describe('openFolder', () => {
  it.each([undefined, null, 5, {}, '', '/tmp/x\0y'])('refuses %s in place of a path', async (path) => {
    const refused = { name: 'FiscalError', code: 'OPTION_INVALID', path: 'path' }
    await expect(openFolder(path as string)).rejects.toMatchObject(refused)
  })
})
