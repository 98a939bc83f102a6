// A French shop for the ticket bench: country, its first request, and tickets of the same size as the bare receipt.
import { france as country } from '@sigillo/country-fr'

let number = 0
const moment = () => new Date().toISOString()

export const france = {
  country: country({
    siret: '73282932000074',
    legalName: 'Banc d’essai',
    address: '1 rue de la Mesure, 75001 Paris',
    tillId: 'CAISSE-01',
    software: { name: 'Bench', version: '1.0.0' },
  }),
  start: () => ({ type: 'start', key: 'START', operatorId: 'OP-7', posMoment: moment() }),
  ticket: () => ({
    type: 'ticket',
    key: `POS-${String(++number).padStart(9, '0')}`,
    operatorId: 'OP-7',
    posMoment: moment(),
    lines: Array.from({ length: 8 }, (_, i) => ({
      label: `Café crème n° ${i + 1}`,
      quantity: '1',
      rateBp: 1000,
      total: 250 + i,
      unitPrice: 250 + i,
    })),
    payments: [{ amount: 2028, mode: 'CB' }],
  }),
}
