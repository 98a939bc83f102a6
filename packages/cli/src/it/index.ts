// The Italian commands, in the order of help. Each is loaded when it is run.
import type { Group } from '../command.js'

/** The group. */
export const italianGroup: Group = {
  name: 'it',
  summary: 'What the Italian rules ask for: enrolment, closings, transmissions, lottery',
  commands: {
    enrol: async () => (await import('./enrol.js')).enrolCommand,
    activate: async () => (await import('./activate.js')).activateCommand,
    status: async () => (await import('./status.js')).statusCommand,
    close: async () => (await import('./close.js')).closeCommand,
    send: async () => (await import('./send.js')).sendCommand,
    outbox: async () => (await import('./outbox.js')).outboxCommand,
    lottery: async () => (await import('./lottery.js')).lotteryCommand,
    authority: async () => (await import('./authority.js')).authorityCommand,
    check: async () => (await import('./check.js')).checkCommand,
  },
}
