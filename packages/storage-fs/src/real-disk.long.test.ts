// The large run: SIGILLO_COUNT rounds (default 250) on each file system, SIGILLO_SEED the seed.
import { realDiskSuite } from './real-disk-suite.fixture.js'

realDiskSuite({
  rounds: Number(process.env['SIGILLO_COUNT'] ?? 250),
  seed: Number(process.env['SIGILLO_SEED'] ?? Date.now() % 1_000_000),
})
