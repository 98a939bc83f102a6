// The individual attestation in two parts (1.10), after the structure of the administration's model BOI-LETTRE-000242: what the publisher
// states and signs, what the user adds and signs. Unsigned it states nothing; whoever signs checks it against the model in force.
import { blank, type Block, type Page } from './page.js'

/** A company and the person who signs for it. */
export interface Party {
  readonly name?: string | undefined
  readonly address?: string | undefined
  readonly siret?: string | undefined
  /** First and last name of its legal representative. */
  readonly representative?: string | undefined
}

/** What the letter is filled in with; whatever is missing stays blank. */
export interface LetterFacts {
  readonly software: { readonly name: string; readonly version: string }
  readonly licence?: string | undefined
  /** When this version came to the market. */
  readonly marketed?: string | undefined
  readonly publisher: Party
  /** Root that names the major version; by default the first number of the version. */
  readonly majorRoot?: string | undefined
  /** How minor versions are numbered below it. */
  readonly minorPattern?: string | undefined
  readonly covered: readonly string[]
  readonly notCovered: readonly string[]
  readonly user: Party
  readonly acquired?: string | undefined
  /** From whom. */
  readonly supplier?: string | undefined
  readonly inUseSince?: string | undefined
  /** Fiscal fingerprint of the code, 64 hex digits. */
  readonly fingerprint: string
}

/** Root and pattern that the version itself suggests: `2` and `2.x.y`. */
export function rootsOf({ software, majorRoot, minorPattern }: LetterFacts): { readonly root: string; readonly minor: string } {
  const root = majorRoot ?? (software.version.split('.')[0] as string)
  return { root, minor: minorPattern ?? `${root}.x.y` }
}

/** The letter. */
export function letterPage(facts: LetterFacts): Page {
  return {
    title: 'Attestation individuelle relative à un logiciel ou système de caisse',
    blocks: [
      text(
        'Article 286, I, 3° bis du code général des impôts (CGI). Document préparé d’après la structure du modèle BOI-LETTRE-000242 ; en vérifier les termes sur l’édition en vigueur du modèle avant signature.',
      ),
      {
        kind: 'note',
        text: 'Projet non signé : ce document n’atteste rien tant que l’éditeur n’a pas complété et signé le volet 1, et l’utilisateur le volet 2. Il ne vaut pas certificat et aucun organisme ne l’a examiné. L’original est établi pour chaque client.',
      },
      ...publisherPart(facts),
      ...userPart(facts),
    ],
  }
}

const text = (value: string): Block => ({ kind: 'text', text: value })

function publisherPart(facts: LetterFacts): Block[] {
  const { software, publisher, licence, marketed, covered, notCovered, fingerprint } = facts
  const { root, minor } = rootsOf(facts)
  const company = blank('raison sociale de l’éditeur', publisher.name)
  return [
    { kind: 'heading', level: 1, text: 'Volet 1 : à remplir par l’éditeur du logiciel ou système de caisse' },
    text(
      `Je soussigné(e) ${blank('prénom et nom', publisher.representative)}, représentant légal de la société ${company}, ` +
        `SIRET ${blank('SIRET de l’éditeur', publisher.siret)}, ${blank('adresse de l’éditeur', publisher.address)}, ` +
        `éditrice du logiciel ou système de caisse ${blank('nom du logiciel', software.name)}, ` +
        `mis sur le marché à compter du ${blank('date', marketed)} dans sa version n° ${blank('version', software.version)}, ` +
        `sous le numéro de licence ${blank('numéro, s’il y a lieu', licence)}, ` +
        'atteste que ce logiciel ou système satisfait, pour ses fonctionnalités de caisse, aux conditions d’inaltérabilité, de sécurisation, de conservation et d’archivage des données en vue du contrôle de l’administration fiscale, prévues au 3° bis du I de l’article 286 du CGI.',
    ),
    text(
      `J’atteste que la dernière version majeure est identifiée par la racine ${blank('racine', root)} et que les versions mineures qui la suivent sont ou seront identifiées par les subdivisions ${blank('subdivisions', minor)} de cette racine. ` +
        `${company} s’engage à n’employer ces subdivisions que pour des versions mineures, jamais pour une version majeure, au sens du BOI-TVA-DECLA-30-10-30, § 340.`,
    ),
    text('Fonctionnalités couvertes par la présente attestation :'),
    { kind: 'list', items: covered.length > 0 ? covered.map((item) => blank('', item)) : [blank('fonctionnalités couvertes')] },
    text('Fonctionnalités qui ne sont pas couvertes :'),
    {
      kind: 'list',
      items: notCovered.length > 0 ? notCovered.map((item) => blank('', item)) : [blank('fonctionnalités non couvertes')],
    },
    text(`Empreinte fiscale du code attesté (SHA-256, voir l’annexe « Périmètre fiscal ») : \`${fingerprint}\``),
    text(`Fait à ${blank('lieu')}, le ${blank('date')}`),
    { kind: 'signature', label: 'Signature du représentant légal de l’éditeur :' },
    penalty(),
  ]
}

function userPart({ user, acquired, supplier, inUseSince }: LetterFacts): Block[] {
  return [
    { kind: 'heading', level: 1, text: 'Volet 2 : à remplir par l’entreprise utilisatrice', newPage: true },
    text(
      `Je soussigné(e) ${blank('prénom et nom', user.representative)}, représentant légal de la société ${blank('raison sociale', user.name)}, ` +
        `SIRET ${blank('SIRET', user.siret)}, ${blank('adresse', user.address)}, ` +
        `certifie avoir acquis ou téléchargé le ${blank('date', acquired)}, auprès de ${blank('nom de l’éditeur ou du distributeur', supplier)}, ` +
        'le logiciel ou système de caisse désigné au volet 1.',
    ),
    text(
      `J’atteste l’utiliser pour enregistrer les règlements de mes clients depuis le ${blank('date de première utilisation', inUseSince)}.`,
    ),
    text(`Fait à ${blank('lieu')}, le ${blank('date')}`),
    { kind: 'signature', label: 'Signature du représentant légal de l’entreprise :' },
    penalty(),
  ]
}

function penalty(): Block {
  return {
    kind: 'note',
    text: 'Établir une fausse attestation est un délit puni de trois ans d’emprisonnement et de 45 000 € d’amende (code pénal, art. 441-1). En faire usage expose aux mêmes peines.',
  }
}
