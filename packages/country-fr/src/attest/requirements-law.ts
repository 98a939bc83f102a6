// The four conditions of the law (ISCA), with the paragraphs of the doctrine they come from (1.4), and where each is met.
import type { Requirement } from './requirement.js'

const FR = 'packages/country-fr/src'

/** Inalterability, security, keeping, archiving. */
export const lawRequirements: readonly Requirement[] = [
  {
    id: 'ISCA-I',
    title: 'Inaltérabilité',
    law: ['CGI-286', 'BOI-30'],
    duty: 'Les données de règlement d’origine ne sont jamais modifiées ; une correction est une nouvelle opération en plus ou en moins, elle-même enregistrée ; toute atteinte est détectable, quel que soit l’utilisateur (BOI § 80 à 90).',
    how: 'Journal en ajout seul, sans fonction de modification ni d’effacement ; avoirs et annulations sont de nouveaux enregistrements ; chaque enregistrement est haché, signé et chaîné deux fois (par série et dans l’ensemble).',
    code: [
      `${FR}/sale.ts`,
      `${FR}/refund.ts`,
      `${FR}/audit.ts`,
      'packages/core/src/record.ts',
      'packages/core/src/queue/seal.ts',
    ],
    tests: [
      [`${FR}/audit.test.ts`, 'FR-15 a character changed anywhere blames that record'],
      [`${FR}/durability.test.ts`, 'FR-17 a record deleted in the middle breaks both links'],
      [`${FR}/durability.test.ts`, 'FR-17 the newest records deleted'],
      [`${FR}/closings.test.ts`, 'FR-38 a closed day cannot be changed'],
    ],
    evidence: ['`sigillo verify DIR`', 'FORMAT.md', 'SECURITY.md'],
  },
  {
    id: 'ISCA-S',
    title: 'Sécurisation',
    law: ['CGI-286', 'BOI-30'],
    duty: 'Données d’origine, corrections et données nécessaires à la réédition restituées telles qu’enregistrées, par un procédé fiable (chaînage, signature) ; mode école identifié avec son responsable (BOI § 50, 140).',
    how: 'SHA-256 du contenu, chaînage par hachage, signature asymétrique (ES256, ES384, EdDSA, PS256 ou RS256) par clé logicielle, PKCS#11 ou carte ; mode école dans sa propre série, marqué « FACTICE ».',
    code: [
      'packages/core/src/digest.ts',
      'packages/core/src/jws.ts',
      'packages/core/src/signer-guard.ts',
      'packages/signer-software/src/software-signer.ts',
      `${FR}/data-string.ts`,
      `${FR}/training.ts`,
    ],
    tests: [
      [`${FR}/documents.test.ts`, 'FR-14 every accepted request is read back with content, data string and links'],
      [`${FR}/documents.test.ts`, 'FR-10, FR-11, FR-12'],
      [`${FR}/archive/archive.test.ts`, 'FR-16 the seal of a record verifies with another JOSE implementation'],
      [`${FR}/documents.test.ts`, 'FR-46, FR-47'],
      [`${FR}/durability.test.ts`, 'FR-20 a symmetric algorithm never signs a record'],
    ],
    evidence: ['`sigillo show DIR SEQ`', 'FORMAT.md'],
    remains: 'Protection des clés et des postes, procédures d’habilitation.',
  },
  {
    id: 'ISCA-C',
    title: 'Conservation',
    law: ['CGI-286', 'BOI-30', 'LPF-102B', 'COM-123-22'],
    duty: 'Clôtures journalières, mensuelles et annuelles avec données cumulatives et récapitulatives ; toutes les données conservées ligne par ligne six ans, pas seulement les totaux Z (BOI § 160 à 200).',
    how: 'Clôtures signées aux trois niveaux (et par service), totaux de période, grands totaux perpétuels algébrique et absolu ; rien n’est effacé ; la purge est refusée avant dix ans par défaut, six au moins.',
    code: [
      `${FR}/closings.ts`,
      `${FR}/totals.ts`,
      `${FR}/fold.ts`,
      `${FR}/archive-record.ts`,
      'packages/storage-fs/src/durable.ts',
    ],
    tests: [
      [`${FR}/closings.test.ts`, 'FR-31 two days of a month'],
      [`${FR}/closings.test.ts`, 'FR-32 month and year closings'],
      [`${FR}/random-days.test.ts`, '8.2 random days'],
      [`${FR}/durability.test.ts`, 'FR-19 a write that fails'],
    ],
    evidence: ['`sigillo fr close DIR --level day`', '`sigillo inspect DIR`'],
    remains: 'Sauvegarde des dossiers pendant toute la durée de conservation.',
  },
  {
    id: 'ISCA-A',
    title: 'Archivage',
    law: ['CGI-286', 'BOI-30'],
    duty: 'Archivage au rythme choisi, au plus annuel ; données figées, datées, lisibles et contrôlables même après changement de logiciel ; opérations tracées ; purge après archivage seulement (BOI § 220 à 260).',
    how: 'Archive ZIP signée (journal ligne par ligne, tableaux CSV, notice en français), vérifiable sans la caisse ; enregistrement A et événements 20 ou 30 ; purge gardée par l’archive vérifiée, l’événement 440 et la durée de conservation.',
    code: [
      `${FR}/archive/create.ts`,
      `${FR}/archive/verify.ts`,
      `${FR}/archive/readme.ts`,
      `${FR}/archive-record.ts`,
      `${FR}/purgeable.ts`,
    ],
    tests: [
      [`${FR}/archive/archive.test.ts`, 'FR-64 nothing to archive, an open day, more than twelve months'],
      [`${FR}/archive/archive.test.ts`, 'FR-65 an archive is sound with nothing but its bytes'],
      [`${FR}/archive/archive.test.ts`, 'FR-66 the signed digest is that of manifest.json'],
      [`${FR}/archive/archive.test.ts`, 'FR-68 a purge is refused until'],
    ],
    evidence: ['`sigillo fr archive DIR`', '`sigillo fr verify-archive FILE`'],
    remains: 'Support externe sûr et sa confirmation (événement 440).',
  },
]
