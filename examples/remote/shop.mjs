// The shop both sides speak of.
export const shop = {
  siret: '12345678900012',
  legalName: 'Café du Port',
  address: '1 quai de la Gare, Nantes',
  tillId: 'CAISSE-01',
  software: { name: 'example', version: '1.0.0' },
}
