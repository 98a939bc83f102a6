// The texts relied on. Technical documents of the authority that were read only as quoted by others are marked so; what none of
// them says is a choice of this project (docs/countries/it.md).

/** One text. */
export interface LawText {
  readonly title: string
  readonly edition: string
}

/** Texts by the id that docstrings cite. */
export const law: Readonly<Record<string, LawText>> = {
  'DLGS-127-2015-2': { title: 'D.Lgs. 127/2015, art. 2: storing and transmitting daily receipts', edition: '2015-08-05' },
  'DM-2016-12-07': { title: 'Decree of 7 December 2016: the commercial document', edition: '2016-12-07' },
  'AE-182017': {
    title: 'Agenzia delle Entrate, act 182017: registers and messages, schemas 1.0',
    edition: '2016-10-28, as quoted',
  },
  'DM-DGFT-LOTTERY': { title: 'Receipt lottery, deferred and instant', edition: '2021, as quoted' },
  'L-207-2024-1-74': {
    title: 'Law 207/2024, art. 1, paragraphs 74 to 77: terminals linked to registers',
    edition: '2024-12-30, as quoted',
  },
}
