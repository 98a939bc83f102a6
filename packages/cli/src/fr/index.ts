// The French commands, in the order of help. Each is loaded when it is run.
import type { Group } from '../command.js'

/** The group. */
export const frenchGroup: Group = {
  name: 'fr',
  summary: 'What the French rules ask for: closings, archive, purge, events, attestation',
  commands: {
    close: async () => (await import('./close.js')).closeCommand,
    archive: async () => (await import('./archive.js')).archiveCommand,
    'verify-archive': async () => (await import('./verify-archive.js')).verifyArchiveCommand,
    stop: async () => (await import('./stop.js')).stopCommand,
    purge: async () => (await import('./purge.js')).purgeCommand,
    translate: async () => (await import('./translate.js')).translateCommand,
    export: async () => (await import('./export.js')).exportCommand,
    jet: async () => (await import('./jet.js')).jetCommand,
    attest: async () => (await import('./attest.js')).attestCommand,
  },
}
