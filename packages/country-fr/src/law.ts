// Each text relied on: id, title, edition, address. Requirements known only from certified products are marked as schemes; the
// referentials NF525 and LNE are not freely published.

/** One text. */
export interface LawText {
  readonly title: string
  readonly edition: string
  readonly url?: string
}

/** Texts by the id that docstrings and checks cite. */
export const law: Readonly<Record<string, LawText>> = {
  'CGI-286': {
    title: 'Code général des impôts, art. 286, I, 3° bis: conditions of cash-register software',
    edition: '2026-02-21',
    url: 'https://www.legifrance.gouv.fr/codes/id/LEGITEXT000006069577',
  },
  'CGI-1770D': { title: 'Code général des impôts, art. 1770 duodecies: fine', edition: '2026-02-21' },
  'BOI-30': {
    title: 'BOI-TVA-DECLA-30-10-30: inalterability, security, keeping, archiving',
    edition: '2026-03-25',
    url: 'https://bofip.impots.gouv.fr/bofip/10691-PGP.html',
  },
  'LPF-102B': { title: 'Livre des procédures fiscales, art. L. 102 B: six years', edition: '2026-01-01' },
  'LPF-80O': { title: 'Livre des procédures fiscales, art. L. 80 O: control', edition: '2026-01-01' },
  'COM-123-22': { title: 'Code de commerce, art. L. 123-22: ten years', edition: '2026-01-01' },
  'A-83-50': { title: 'Arrêté n° 83-50/A: note of services of 25 € or more', edition: '1983-10-03' },
  NF525: { title: 'NF525 scheme, as certified products show it', edition: 'V2.x' },
  LNE: { title: 'LNE referential for cash-register systems, requirements 1 to 21', edition: '1.7' },
}
