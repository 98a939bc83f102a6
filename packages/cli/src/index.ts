// The public names of @sigillo/cli: the command as a function, for programs that embed it.
export { run } from './run.js'
export { EXIT } from './command.js'
export type { Command, World } from './command.js'
