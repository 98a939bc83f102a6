import { expect, it } from 'vitest'
import { readArguments, type Command } from './command.js'

const command: Command = {
  name: 'x',
  summary: 'x',
  args: 'DIR',
  arity: [0, 1],
  options: {
    key: { type: 'string', help: 'a thumbprint' },
    many: { type: 'string', multiple: true, help: 'several' },
    yes: { type: 'boolean', short: 'y', help: 'a switch' },
  },
  notes: [],
  run: () => Promise.resolve(0),
}

it('a value may begin with a dash, an option is never taken for a value', () => {
  expect(readArguments(command, ['--key', '-Ab', 'dir', '--many', '--x', '--many=y']).flags).toEqual({
    key: '-Ab',
    many: ['--x', 'y'],
  })
  expect(readArguments(command, ['--key', '-', '-y']).flags).toEqual({ key: '-', yes: true })
  for (const words of [['--key'], ['--key', '--yes'], ['--key', '-y'], ['--yes', '-z'], ['--', '--key', '-z']])
    expect(() => readArguments(command, words)).toThrow(expect.objectContaining({ code: 'USAGE' }) as Error)
})
