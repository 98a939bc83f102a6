// Each text relied on: id, title, edition, address. Requirements known only from certified products are marked as schemes; the
// referentials NF525 and LNE are not freely published.

/** One text. */
export interface LawText {
  readonly title: string
  /** The same in French, for papers. */
  readonly fr: string
  readonly edition: string
  readonly url?: string
}

/** Texts by the id that docstrings and checks cite. */
export const law: Readonly<Record<string, LawText>> = {
  'CGI-286': {
    title: 'Code général des impôts, art. 286, I, 3° bis: conditions of cash-register software',
    fr: 'Code général des impôts, art. 286, I, 3° bis : conditions des logiciels et systèmes de caisse',
    edition: '2026-02-21',
    url: 'https://www.legifrance.gouv.fr/codes/id/LEGITEXT000006069577',
  },
  'CGI-1770D': {
    title: 'Code général des impôts, art. 1770 duodecies: fine',
    fr: 'Code général des impôts, art. 1770 duodecies : amende',
    edition: '2026-02-21',
  },
  'BOI-30': {
    title: 'BOI-TVA-DECLA-30-10-30: inalterability, security, keeping, archiving',
    fr: 'BOI-TVA-DECLA-30-10-30 : inaltérabilité, sécurisation, conservation, archivage',
    edition: '2026-03-25',
    url: 'https://bofip.impots.gouv.fr/bofip/10691-PGP.html',
  },
  'BOI-LETTRE-242': {
    title: 'BOI-LETTRE-000242: model of the individual attestation',
    fr: 'BOI-LETTRE-000242 : modèle d’attestation individuelle',
    edition: '2026-03-25',
  },
  'LPF-102B': {
    title: 'Livre des procédures fiscales, art. L. 102 B: six years',
    fr: 'Livre des procédures fiscales, art. L. 102 B : conservation pendant six ans',
    edition: '2026-01-01',
  },
  'LPF-80O': {
    title: 'Livre des procédures fiscales, art. L. 80 O: control',
    fr: 'Livre des procédures fiscales, art. L. 80 O : contrôle inopiné',
    edition: '2026-01-01',
  },
  'COM-123-22': {
    title: 'Code de commerce, art. L. 123-22: ten years',
    fr: 'Code de commerce, art. L. 123-22 : conservation pendant dix ans',
    edition: '2026-01-01',
  },
  'A-83-50': {
    title: 'Arrêté n° 83-50/A: note of services of 25 € or more',
    fr: 'Arrêté n° 83-50/A : note pour les prestations de 25 € et plus',
    edition: '1983-10-03',
  },
  NF525: {
    title: 'NF525 scheme, as certified products show it',
    fr: 'Référentiel NF525, d’après des produits audités',
    edition: 'V2.x',
  },
  LNE: {
    title: 'LNE referential for cash-register systems, requirements 1 to 21',
    fr: 'Référentiel LNE des systèmes de caisse, exigences 1 à 21, d’après des produits audités',
    edition: '1.7',
  },
}
