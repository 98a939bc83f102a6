// The commands about keys, in the order of help. Each is loaded when it is run.
import type { Group } from '../command.js'

/** The group. */
export const keyGroup: Group = {
  name: 'key',
  summary: 'Keys and their certificates: make, request, install, change, test',
  commands: {
    new: async () => (await import('./new.js')).newCommand,
    import: async () => (await import('./import.js')).importCommand,
    status: async () => (await import('./status.js')).statusCommand,
    test: async () => (await import('./test-key.js')).testCommand,
    approve: async () => (await import('./approve.js')).approveCommand,
    policy: async () => (await import('./policy.js')).policyCommand,
    request: async () => (await import('./request.js')).requestCommand,
    install: async () => (await import('./install.js')).installCommand,
    check: async () => (await import('./check.js')).checkCommand,
    rotate: async () => (await import('./rotate.js')).rotateCommand,
    ceremony: async () => (await import('./ceremony.js')).ceremonyCommand,
    stop: async () => (await import('./stop.js')).stopCommand,
    unlock: async () => (await import('./unlock.js')).unlockCommand,
  },
}
