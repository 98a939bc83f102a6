// What the folder protocol wants to know about the machine it runs on: who we are, and whether the holder of a claim still lives
// (FORMAT 9.4). Only availability depends on it, never safety. node-host.ts is the real one.

/** A sign of life others can look for; ends with the process at the latest. */
export interface Pulse {
  /** Written into the claim; understood by {@link Host.probe}. */
  readonly address: string
  close(): Promise<void>
}

/** This machine, as far as the protocol needs it. */
export interface Host {
  /** Stable name of the machine, not its readable identity; empty when there is none. */
  readonly machine: string
  /** Changes with every start of the system; empty when unknown. */
  readonly boot: string
  /** Host name for people. */
  readonly name: string
  readonly pid: number
  /** Milliseconds since 1970. */
  now(): number
  wait(ms: number): Promise<void>
  /** Shows that this process holds a folder. */
  listen(folder: string): Promise<Pulse>
  /** Whether anybody answers at the address a claim in this folder names. */
  probe(folder: string, address: string): Promise<'alive' | 'dead' | 'unknown'>
}
