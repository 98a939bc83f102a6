// Processes on one simulated machine, as storage-fs's Host sees them: who holds a folder lives or is dead (FORMAT 9.4), without
// sockets and without waiting.

/** A sign of life. */
export interface SimulatedPulse {
  readonly address: string
  close(): Promise<void>
}

/** One process, by the shape of storage-fs's Host. */
export interface SimulatedProcess {
  readonly machine: string
  readonly boot: string
  readonly name: string
  readonly pid: number
  now(): number
  wait(ms: number): Promise<void>
  listen(folder: string): Promise<SimulatedPulse>
  probe(folder: string, address: string): Promise<'alive' | 'dead' | 'unknown'>
  /** Ends the process without a word: its pulses stop. */
  kill(): void
}

/** A machine on which processes start and die. */
export interface SimulatedMachine {
  start(): SimulatedProcess
  /** Loss of power: every process dies and the next ones see another boot. */
  reboot(): void
}

/** A machine. Time is that of `now`, by default the real one. */
export function simulatedMachine(now: () => number = Date.now): SimulatedMachine {
  const alive = new Map<string, number>()
  let pids = 100
  let boot = 1
  return {
    reboot: () => {
      alive.clear()
      boot += 1
    },
    start: () => {
      const pid = pids++
      let pulses = 0
      return {
        machine: 'simulated',
        boot: `boot-${boot}`,
        name: 'simulated',
        pid,
        now,
        wait: async () => undefined,
        listen: async () => {
          const address = `pulse-${pid}-${pulses++}`
          alive.set(address, pid)
          return { address, close: async () => void alive.delete(address) }
        },
        probe: async (_folder, address) => (alive.has(address) ? 'alive' : 'dead'),
        kill: () => {
          for (const [address, owner] of alive) if (owner === pid) alive.delete(address)
        },
      }
    },
  }
}
