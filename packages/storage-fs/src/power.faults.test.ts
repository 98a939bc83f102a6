// The small run of the power suite.
import { powerSuite } from './power.fixture.js'

powerSuite({ disks: 3, secondEvery: 16, secondDisks: 2, cutStep: 41, seed: 1 })
