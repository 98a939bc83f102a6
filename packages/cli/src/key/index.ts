// The commands about keys, in the order of help. Each is loaded when it is run.
import type { Group } from '../command.js'

/** The group. */
export const keyGroup: Group = {
  name: 'key',
  summary: 'Keys and their certificates: make, request, install, change, test',
  commands: {},
}
