// The key pulled out while a shop sells: SIGILLO_COUNT times (100), at moments SIGILLO_SEED decides. Prints its account.
import { pulledSuites } from './pulled.fixture.js'

pulledSuites(Number(process.env['SIGILLO_COUNT'] ?? 100))
