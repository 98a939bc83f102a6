// `sigillo it activate DIR`: binds the device to its merchant (2.1, 5.3).
import { EXIT, textFlag, type Call, type Command } from '../command.js'
import { usageError } from '../errors.js'
import { openSending, sendingOptions, stateOf } from './italian-till.js'
import { drain } from './sending.js'
import { freshKey, registered, technicianOf, technicianOptions, underWay } from './setup.js'
import { exitOf } from './words.js'

/** The command. */
export const activateCommand: Command = {
  name: 'it activate',
  summary: 'Activate the device for its merchant',
  args: 'DIR',
  arity: [1, 1],
  options: {
    ...technicianOptions,
    'service-from': { type: 'string', value: 'YYYY-MM-DD', help: 'Day on which it goes into service' },
    'old-register': { type: 'string', value: 'TEXT', help: 'Serial number of the old register a sending module is for' },
    place: { type: 'string', value: 'LAT,LONG', help: 'Where it stands, decimal degrees' },
    operator: { type: 'string', value: 'NAME', help: 'Who does it; default cli' },
    ...sendingOptions,
  },
  notes: [
    'The merchant is the one of the settings. After a deactivation the same call activates the device for a new owner, once everything\nof the former one is delivered.',
    'Exit code: 0 activated; 1 refused; 2 could not be done; 3 sent, and the outcome is not known yet: sigillo it send goes on.',
    'JSON: a line for each step as it send has, then device {state, merchant}.',
  ],
  run: activate,
}

async function activate(call: Call): Promise<number> {
  const { flags, out } = call
  const operator = textFlag(flags, 'operator') ?? 'cli'
  const [serviceFrom, oldRegister] = [textFlag(flags, 'service-from'), textFlag(flags, 'old-register')]
  const place = placeOf(textFlag(flags, 'place'))
  const request = {
    technician: technicianOf(flags),
    ...(serviceFrom !== undefined && { serviceFrom }),
    ...(oldRegister !== undefined && { oldRegister }),
    ...(place && { place }),
  }
  await using till = await openSending(call)
  if (!(await underWay(till, 'activate', operator)))
    await registered(till, { type: 'activate', key: freshKey('activate'), operatorId: operator, ...request })
  await drain(till, call, true)
  const { device, merchant, outbox } = stateOf(till)
  const done = device === 'ATTIVATO'
  if (out.json) await out.object({ device: { state: device, merchant } })
  else if (done) {
    const { matricola } = till.italy.settings
    await out.line(
      `${out.paint.green('✔')} ${matricola} is activated (ATTIVATO) for ${merchant?.name ?? ''}, VAT number ${merchant?.vat ?? ''}`,
    )
    await out.line('  Sales may begin; the first closing the authority accepts puts it into service.')
  }
  return done ? EXIT.ok : exitOf(outbox)
}

function placeOf(text: string | undefined): { lat: string; long: string } | undefined {
  if (text === undefined) return undefined
  const [, lat, long] = /^(\d{1,2}\.\d{2,9}),(\d{1,2}\.\d{2,9})$/.exec(text) ?? []
  if (lat === undefined || long === undefined) throw usageError('--place takes latitude and longitude, as 45.07,7.69')
  return { lat, long }
}
