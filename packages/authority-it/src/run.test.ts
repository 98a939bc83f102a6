// The test authority as a command runs it.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { runAuthority, type RunEvent } from './run.js'

it('tells where it listens and what comes in, and ends when asked', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sigillo-run-'))
  const end = new AbortController()
  const events: RunEvent[] = []
  const lines: string[] = []
  let listening: (value: RunEvent & { event: 'listening' }) => void = () => undefined
  const ready = new Promise<RunEvent & { event: 'listening' }>((resolve) => (listening = resolve))
  const running = runAuthority(
    { folder, now: () => Date.parse('2026-11-24T12:00:00Z') },
    {
      signal: end.signal,
      tell(event, line) {
        events.push(event)
        lines.push(line)
        if (event.event === 'listening') listening(event)
      },
    },
  )
  const { url, controlUrl, roots, files } = await ready
  expect(lines[0]).toContain('nothing here comes from or goes to the tax authority')
  expect(lines[0]).toContain(url)
  for (const name of ['device', 'answers', 'tls'] as const) expect(readFileSync(files![name], 'utf8')).toBe(roots[name])
  await fetch(`${controlUrl as string}/trust`, { method: 'POST', body: JSON.stringify({ pem: roots.device }) })
  const { send, operations } = await import('./wire.fixture.js')
  await send({ url, roots }, operations.event, '<x/>')
  end.abort()
  await running
  expect(events.map(({ event }) => event)).toEqual(['listening', 'message', 'message', 'stopped'])
  expect(events[2]).toMatchObject({ route: 'event', status: 406, codes: ['00000'], accepted: false })
  expect(lines[1]).toBe('2026-11-24T12:00:00.000Z #1 by hand')
  expect(lines[2]).toMatch(/^2026-11-24T12:00:00.000Z #2 event \? 406 refused 00000 \(x the root is not EventoDispositivo/)
  expect(existsSync(join(folder, 'lock'))).toBe(false)
  rmSync(folder, { recursive: true })
})
