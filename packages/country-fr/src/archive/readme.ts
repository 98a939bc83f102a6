// LISEZMOI.txt: what each file of an archive is, what a record is and how to check all by hand, in French, with commands any system
// with OpenSSL has. A test follows the steps literally.
import type { RecordAlg } from '@sigillo/core'
import { CHAIN, FILES, INVENTORY, recordCommands, sealCommands } from './readme-commands.js'
import { tables } from './tables.js'

/** Facts the text names. */
export interface ReadmeFacts {
  readonly title: string
  readonly legalName: string
  readonly siret: string
  readonly till: string
  readonly from: string
  readonly to: string
  /** Algorithms the keys of the archive may sign with. */
  readonly algs: readonly RecordAlg[]
  /** True when the signed record is an export event and not an archive. */
  readonly export: boolean
}

/** The text. Line feeds alone, so that its commands run as they are copied. */
export function readmeText(facts: ReadmeFacts): string {
  const text = [
    facts.title,
    `${facts.legalName}, SIRET ${facts.siret}, caisse ${facts.till}`,
    `Période du ${facts.from} au ${facts.to}`,
    '',
    'CONTENU',
    '',
    'manifest.json      inventaire : entreprise, caisse, période, totaux, clés, taille et SHA-256 de chaque fichier (JSON canonique)',
    `manifest.jws       signature (JWS compact) de l’enregistrement ${facts.export ? 'd’exportation' : 'd’archive'}, qui contient le SHA-256 de manifest.json`,
    'records.ndjson     le journal lui-même, un enregistrement JSON par ligne, octet pour octet, dans l’ordre',
    'certificats/       clés publiques et certificats (PEM) ; le nom est l’empreinte de la clé (RFC 7638)',
    ...tables.map(({ file, columns }) => `${file.padEnd(18)} ${columns.length} colonnes, décrites dans csv/colonnes.csv`),
    'csv/colonnes.csv   dictionnaire : fichier, colonne, signification, format',
    'degrade/           reçus du mode dégradé tels que la caisse les a écrits, s’il y en a',
    '',
    'Les tableaux CSV sont en UTF-8 avec BOM, séparés par des points-virgules, montants en euros avec virgule décimale.',
    'Chiffre d’affaires : tickets.csv et les factures comptées (comptee = oui) donnent les totaux de l’inventaire (totals) ; tva.csv de même,',
    'par taux ; reglements.csv par moyen de règlement, encaissements et mouvements de caisse compris. Une facture de tickets déjà comptés',
    '(comptee = non), une note et une ligne hors chiffre d’affaires (nature V, C, T ou O) ne sont pas du chiffre d’affaires.',
    'Un texte qui commencerait comme une formule est précédé d’une apostrophe.',
    '',
    'UN ENREGISTREMENT',
    '',
    'Chaque ligne de records.ndjson a la forme {"body":…,"hash":"…","payload":…,"sig":"…"}.',
    'body      ce qui est signé : rang (seq), série (type) et rang dans la série (tseq), moment UTC (ts), clé (kid), SHA-256 du contenu (pay),',
    '          empreinte de l’enregistrement précédent (prev) et du précédent de la même série (tprev) ; dans x la chaîne de données (ds),',
    '          le SIRET, la caisse et les grands totaux perpétuels après l’enregistrement (gta algébrique, gtp absolu, en centimes)',
    'payload   le contenu, montants en centimes ; null s’il a été purgé après archivage',
    'hash      SHA-256 de l’octet 0 suivi de {"body":…,"sig":"…"}',
    'pay       SHA-256 de la ligne « sigillo/v1/payload » (avec son saut de ligne) suivie du contenu',
    'sig       signature (base64url) de base64url({"alg":…,"kid":…,"typ":"sigillo-record+jws"}) + "." + base64url(body), comme un JWS',
    'Les séries : ticket T, invoice I (factures), payment P, note B, closing G (clôtures), event L (JET), copy C (duplicatas), archive A,',
    'training X (école). Celles dont le nom commence par sys. sont propres au journal.',
    '',
    'VÉRIFIER À LA MAIN',
    '',
    'Dans le dossier où l’archive est décompressée (sh, sha256sum et OpenSSL suffisent) :',
    '',
    'Étape 1. Chaque fichier correspond à l’inventaire : chaque ligne doit finir par OK ou Réussi. Un fichier que l’inventaire ne nomme pas,',
    'hors manifest.json et manifest.jws, n’appartient pas à l’archive.',
    ...block(1, FILES),
    'Étape 2. Le SHA-256 de l’inventaire figure dans l’enregistrement signé : la commande affiche le nombre 1.',
    ...block(2, INVENTORY),
    'Étape 3. La signature est celle de la clé nommée : la commande affiche Verified OK ou Signature Verified Successfully.',
    ...block(3, sealCommands(facts.algs)),
    'Comparer ensuite l’empreinte de la clé avec celle que l’éditeur ou l’exploitant a publiée.',
    '',
    'Étape 4. Chaque enregistrement a son empreinte, son contenu et son lien au précédent : la commande affiche à la fin « 0 faux ».',
    ...block(4, CHAIN),
    'Étape 5. Chaque enregistrement est signé : une seule ligne, Verified OK ou Signature Verified Successfully, avec leur nombre.',
    'Compter une minute pour quelques milliers d’enregistrements.',
    ...block(5, recordCommands(facts.algs)),
    'La vérification complète (séries, clés, chaînes de données, TVA, totaux, clôtures, tableaux) se fait par la commande',
    '« sigillo fr verify-archive », qui n’a besoin que de ce fichier ZIP, sans réseau ni base de données.',
  ]
  return `${text.flatMap((line) => line.split('\n')).join('\n')}\n`
}

function block(n: number, commands: readonly string[]): string[] {
  return ['', `--- commandes ${n} ---`, ...commands, '--- fin ---', '']
}
