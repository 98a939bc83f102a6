// The prompt on a real terminal, made by Python's pty.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { lacking } from '@sigillo/testing/node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildCli, type CliUnderTest } from './cli.fixture.js'

// Runs a command on a terminal, waits for each prompt, types the answer, and prints all that the terminal showed.
const TERMINAL = `
import os, pty, select, sys, time
prompts = [p.split('=', 1) for p in sys.argv[2].split('|')]
pid, fd = pty.fork()
if pid == 0:
    os.execvp('sh', ['sh', '-c', sys.argv[1]])
shown = b''
def read():
    global shown
    try:
        part = os.read(fd, 65536)
    except OSError:
        part = b''
    shown += part
    return part != b''
for prompt, answer in prompts:
    end = time.time() + 20
    mark = len(shown)
    while prompt.encode() not in shown[mark:] and time.time() < end and read():
        pass
    time.sleep(0.05)
    os.write(fd, answer.encode('utf-8').decode('unicode_escape').encode('latin-1') + b'\\r')
while read():
    pass
code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
sys.stdout.write(shown.decode('utf-8', 'replace'))
sys.exit(code)
`

const settings = {
  name: 'test',
  country: 'fr',
  options: { siret: '12345678900012', legalName: 'Café', address: '1 quai', tillId: 'C1' },
}
const start = { type: 'start', key: 'START', operatorId: 'A', posMoment: '2026-03-14T07:00:00Z' }

let cli: CliUnderTest
beforeAll(() => {
  cli = buildCli()
  writeFileSync(join(cli.work, 'cafe.json'), JSON.stringify(settings))
  writeFileSync(join(cli.work, 'start.jsonl'), `${JSON.stringify(start)}\n`)
  writeFileSync(join(cli.work, 'terminal.py'), TERMINAL)
})
afterAll(() => cli?.remove())

const onTerminal = (command: string, prompts: string): ReturnType<CliUnderTest['shell']> =>
  cli.shell(`python3 terminal.py '${command}' '${prompts}'`, { SIGILLO_PASSPHRASE: '' })

describe.skipIf(process.platform === 'win32' || lacking('python3') !== undefined)(
  'passphrase prompt (needs a terminal and python3)',
  () => {
    it('asks twice for a new key, shows nothing, and takes backspace', async () => {
      const typed = 'secX\\x7fret words'
      const made = await onTerminal('sigillo init asked --config cafe.json', `key: =${typed}|again: =secret words`)
      expect(made.stdout).toContain('is a till for France')
      expect(made.code).toBe(0)
      expect(made.stdout).not.toMatch(/sec|words/)
      // The key opens with what was meant, not with what was struck.
      const env = { SIGILLO_PASSPHRASE: 'secret words' }
      expect((await cli.shell('sigillo record asked start.jsonl --text', env)).stdout).toContain('1 registered')
    })

    it('refuses two that differ and makes nothing', async () => {
      const made = await onTerminal('sigillo init differ --config cafe.json', 'key: =one|again: =two')
      expect(made.code).toBe(2)
      expect(made.stdout).toContain('the two passphrases differ')
      expect((await cli.shell('ls -d differ*')).stdout).toBe('')
    })

    it('asks on the terminal while requests come through standard input', async () => {
      expect((await cli.shell('sigillo init piped --config cafe.json --json', { SIGILLO_PASSPHRASE: 'pass' })).code).toBe(0)
      const ran = await onTerminal('cat start.jsonl | sigillo record piped --text', 'key: =pass')
      expect(ran.stdout).toContain('1 registered')
      expect(ran.stdout).not.toMatch(/\bpass\b/)
      expect(ran.code).toBe(0)
    })

    it('is left by Ctrl-C', async () => {
      const ran = await onTerminal('sigillo init left --config cafe.json', 'key: =half\\x03')
      expect(ran.code).not.toBe(0)
      expect((await cli.shell('ls -d left*')).stdout).toBe('')
    })
  },
)
