// A few power cuts on real file systems with every test run; two hundred and more in real-disk.long.test.ts. (J-28)
import { realDiskSuite } from './real-disk-suite.fixture.js'

realDiskSuite({ rounds: 6, seed: 1 })
