// The small run of the power suite. (J-14, J-15, J-17)
import { powerSuite } from './power.fixture.js'

powerSuite({ disks: 3, secondEvery: 16, secondDisks: 2, cutStep: 41, seed: 1 })
