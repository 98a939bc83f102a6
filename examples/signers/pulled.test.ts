// The key pulled out while a shop sells, a few times; hundreds of times in pulled.long.test.ts.
import { pulledSuites } from './pulled.fixture.js'

pulledSuites(3)
