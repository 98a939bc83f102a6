// The large run of the power suite. SIGILLO_COUNT is the number of disks at each moment, SIGILLO_SEED the seed.
import { powerSuite } from './power.fixture.js'

const disks = Number(process.env['SIGILLO_COUNT'] ?? 100)
const seed = Number(process.env['SIGILLO_SEED'] ?? Date.now() % 1_000_000)
console.log(`power: ${disks} disks at each moment, seed ${seed}`)
powerSuite({ disks, secondEvery: 1, secondDisks: Math.max(2, Math.round(Math.sqrt(disks))), cutStep: 1, seed })
