// The Italian commands, in the order of help. Each is loaded when it is run.
import type { Group } from '../command.js'

/** The group. */
export const italianGroup: Group = {
  name: 'it',
  summary: 'What the Italian rules ask for: enrolment, closings, transmissions, lottery',
  commands: {
    check: async () => (await import('./check.js')).checkCommand,
  },
}
