// The attestation dossier as files: letter, requirement matrix, fiscal perimeter with its fingerprint, index, and all facts as JSON. It
// states facts; it is no certificate and claims none.
import { law } from '../law.js'
import { fiscalFingerprint, type FiscalFile, type Fingerprint } from './fingerprint.js'
import { letterPage, rootsOf, type LetterFacts } from './letter.js'
import { toHtml, toMarkdown, type Block, type Page } from './page.js'
import type { Requirement } from './requirement.js'
import { requirements } from './requirements.js'

/** What the dossier is made from. */
export interface DossierFacts extends Omit<LetterFacts, 'fingerprint'> {
  /** Files of the fiscal perimeter, as installed. */
  readonly files: readonly FiscalFile[]
  /** Packages they belong to. */
  readonly packages: readonly { readonly name: string; readonly version: string }[]
  /** Day of the dossier, `YYYY-MM-DD`. */
  readonly date: string
  /** Program and version that made it. */
  readonly madeBy: string
}

/** One file of the dossier. */
export interface DossierFile {
  readonly name: string
  readonly text: string
}

/** The dossier. */
export interface Dossier {
  readonly fingerprint: Fingerprint
  readonly files: readonly DossierFile[]
}

/**
 * Makes the dossier.
 * @throws RangeError for a path that a fingerprint cannot hold
 */
export function attestationDossier(facts: DossierFacts): Dossier {
  const fingerprint = fiscalFingerprint(facts.files)
  const letter: LetterFacts = { ...facts, fingerprint: fingerprint.digest }
  const pages: readonly (readonly [string, Page])[] = [
    ['LISEZMOI', indexPage(facts, fingerprint)],
    ['attestation', letterPage(letter)],
    ['matrice', matrixPage()],
    ['perimetre', perimeterPage(facts, fingerprint)],
  ]
  return {
    fingerprint,
    files: [
      ...pages.flatMap(([name, page]) => [
        { name: `${name}.md`, text: toMarkdown(page) },
        { name: `${name}.html`, text: toHtml(page) },
      ]),
      { name: 'empreinte.txt', text: fingerprint.list },
      { name: 'dossier.json', text: `${JSON.stringify(factsJson(letter, facts), null, 2)}\n` },
    ],
  }
}

function factsJson(letter: LetterFacts, { packages, files, date, madeBy }: DossierFacts): object {
  const { software, publisher, licence, marketed, covered, notCovered, user, acquired, supplier, inUseSince, fingerprint } =
    letter
  const { root, minor } = rootsOf(letter)
  const stated = { software, licence, marketed, publisher, majorRoot: root, minorPattern: minor, covered, notCovered }
  const given = { user, acquired, supplier, inUseSince }
  return { format: 'fr-attestation-dossier/1', date, madeBy, ...stated, ...given, fingerprint, packages, files, requirements }
}

const heading = (text: string): Block => ({ kind: 'heading', level: 1, text })
const text = (value: string): Block => ({ kind: 'text', text: value })

function indexPage({ software, date, madeBy }: DossierFacts, { digest }: Fingerprint): Page {
  const { name, version } = software
  return {
    title: `Dossier d’attestation : ${name} ${version}`,
    blocks: [
      text(`Établi le ${date} par ${madeBy}. Empreinte fiscale : \`${digest}\`.`),
      {
        kind: 'note',
        text: 'Ce dossier réunit des faits. Il n’est pas un certificat, n’en tient pas lieu et n’a été examiné par aucun organisme. L’éditeur du logiciel de caisse répond seul de ce qu’il signe.',
      },
      heading('Pièces'),
      {
        kind: 'table',
        head: ['fichier', 'contenu'],
        rows: [
          [
            '`attestation.html`, `attestation.md`',
            'attestation individuelle : volet 1 (éditeur) et volet 2 (utilisateur), à compléter et à signer',
          ],
          ['`matrice.html`, `matrice.md`', 'exigences, code, essais et preuves'],
          ['`perimetre.html`, `perimetre.md`', 'périmètre fiscal et manière de recalculer l’empreinte'],
          ['`empreinte.txt`', 'fichiers du périmètre avec leur SHA-256'],
          ['`dossier.json`', 'les mêmes faits pour un programme'],
        ],
      },
      heading('Ce que l’éditeur ajoute'),
      { kind: 'list', items: requirements.flatMap(({ id, remains }) => (remains === undefined ? [] : [`${id} : ${remains}`])) },
      heading('Textes'),
      {
        kind: 'table',
        head: ['repère', 'texte', 'édition'],
        rows: Object.entries(law).map(([id, { fr, edition }]) => [id, fr, edition]),
      },
      text(
        'Les référentiels NF525 et LNE ne sont pas publiés librement ; leurs exigences sont résumées d’après des produits audités.',
      ),
    ],
  }
}

function matrixPage(): Page {
  return {
    title: 'Matrice des exigences',
    wide: true,
    blocks: [
      text(
        'Chaque ligne nomme les sources et les essais du dépôt public qui la portent ; un essai du dépôt vérifie que tous existent.',
      ),
      {
        kind: 'table',
        head: ['exigence', 'obligation', 'réponse', 'code', 'essais', 'preuves', 'reste à l’éditeur'],
        rows: requirements.map(matrixRow),
      },
    ],
  }
}

function matrixRow({ id, title, law: texts, duty, how, code, tests, evidence, remains = '' }: Requirement): readonly string[] {
  return [
    `${id}\n${title}\n(${texts.join(', ')})`,
    duty,
    how,
    code.map((path) => `\`${path}\``).join('\n'),
    tests.map(([file, name]) => `\`${file}\` : ${name}`).join('\n'),
    evidence.join('\n'),
    remains,
  ]
}

function perimeterPage({ packages, files }: DossierFacts, { digest }: Fingerprint): Page {
  return {
    title: 'Périmètre fiscal et empreinte',
    blocks: [
      text(
        'Le périmètre comprend le code qui touche aux quatre conditions, tel qu’il est installé. Les autres dépendances sont fixées par leur version.',
      ),
      { kind: 'table', head: ['paquet', 'version'], rows: packages.map(({ name, version }) => [name, version]) },
      heading('Empreinte'),
      text(`SHA-256 de \`empreinte.txt\` (${files.length} fichiers) :`),
      { kind: 'code', text: digest },
      heading('La recalculer'),
      text(
        'Chaque ligne de `empreinte.txt` porte le SHA-256 d’un fichier en hexadécimal, deux espaces, son chemin et un saut de ligne ; les lignes suivent l’ordre des octets des chemins ; l’empreinte est le SHA-256 de ce texte. Dans le dossier qui contient les paquets (par exemple `node_modules`), avec les outils ordinaires d’un système Unix :',
      ),
      {
        kind: 'code',
        text: [
          '# chaque fichier installé est celui de la liste',
          'sha256sum -c empreinte.txt',
          '# l’empreinte est celle de la liste',
          'sha256sum empreinte.txt',
          '# la liste, faite de nouveau à partir des chemins',
          "cut -c67- empreinte.txt | LC_ALL=C sort | tr '\\n' '\\0' | xargs -0 sha256sum | sha256sum",
        ].join('\n'),
      },
      text(
        'Pour un paquet publié, la liste comprend tous ses fichiers exécutables, `dist` et au-dessous, de nom `*.js`. Réglée comme `fiscalFingerprint`, l’empreinte est inscrite aux événements 250 et 255 et dans l’inventaire des archives.',
      ),
    ],
  }
}
