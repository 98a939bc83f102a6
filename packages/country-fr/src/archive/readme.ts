// LISEZMOI.txt: what each file of an archive is and how to check it by hand, in French, with commands any system with OpenSSL
// has. A test follows the steps literally.
import type { RecordAlg } from '@sigillo/core'
import { tables } from './tables.js'

const VERIFY: Readonly<Record<RecordAlg, string>> = {
  ES256: ecdsa(32, 'sha256'),
  ES384: ecdsa(48, 'sha384'),
  EdDSA: 'openssl pkeyutl -verify -pubin -inkey "certificats/$CLE.pem" -rawin -in signe.txt -sigfile signature.bin',
  RS256: 'openssl dgst -sha256 -verify "certificats/$CLE.pem" -signature signature.bin signe.txt',
  PS256:
    'openssl dgst -sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32 -verify "certificats/$CLE.pem" -signature signature.bin signe.txt',
}

// OpenSSL wants the two numbers of an ECDSA signature as an ASN.1 sequence.
function ecdsa(size: number, hash: string): string {
  return [
    `R=$(head -c ${size} signature.bin | od -An -v -tx1 | tr -d ' \\n')`,
    `S=$(tail -c ${size} signature.bin | od -An -v -tx1 | tr -d ' \\n')`,
    `printf 'asn1=SEQUENCE:s\\n[s]\\nr=INTEGER:0x%s\\nt=INTEGER:0x%s\\n' "$R" "$S" > signature.cnf`,
    'openssl asn1parse -genconf signature.cnf -noout -out signature.der',
    `openssl dgst -${hash} -verify "certificats/$CLE.pem" -signature signature.der signe.txt`,
  ].join('\n')
}

const DECODE = `decode() { S=$(tr '_-' '/+'); while [ $(( \${#S} % 4 )) -ne 0 ]; do S="$S="; done; printf %s "$S" | openssl base64 -d -A; }`

/** Facts the text names. */
export interface ReadmeFacts {
  readonly title: string
  readonly legalName: string
  readonly siret: string
  readonly till: string
  readonly from: string
  readonly to: string
  readonly alg: RecordAlg
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
    'Un texte qui commencerait comme une formule est précédé d’une apostrophe.',
    '',
    'VERIFIER A LA MAIN',
    '',
    'Dans le dossier où l’archive est décompressée (sh et OpenSSL suffisent) :',
    '',
    'Etape 1. Chaque fichier correspond à l’inventaire : chaque ligne doit finir par OK ou Réussi.',
    '',
    '--- commandes 1 ---',
    `grep -o '"bytes":[0-9]*,"name":"[^"]*"\\(,"rows":[0-9]*\\)\\{0,1\\},"sha256":"[0-9a-f]*"' manifest.json | sed 's/.*"name":"\\([^"]*\\)".*"sha256":"\\([0-9a-f]*\\)"/\\2  \\1/' | sha256sum -c`,
    '--- fin ---',
    '',
    'Etape 2. Le SHA-256 de l’inventaire figure dans l’enregistrement signé : la commande affiche le nombre 1.',
    '',
    '--- commandes 2 ---',
    DECODE,
    "SOMME=$(sha256sum manifest.json | cut -d' ' -f1)",
    `cut -d. -f2 manifest.jws | tr -d '\\r\\n' | decode | grep -c "$SOMME"`,
    '--- fin ---',
    '',
    'Etape 3. La signature est celle de la clé nommée : la commande affiche Verified OK ou Signature Verified Successfully.',
    '',
    '--- commandes 3 ---',
    DECODE,
    `CLE=$(cut -d. -f1 manifest.jws | tr -d '\\r\\n' | decode | sed 's/.*"kid":"\\([^"]*\\)".*/\\1/')`,
    "cut -d. -f1,2 manifest.jws | tr -d '\\r\\n' > signe.txt",
    "cut -d. -f3 manifest.jws | tr -d '\\r\\n' | decode > signature.bin",
    VERIFY[facts.alg],
    '--- fin ---',
    '',
    'Comparer enfin l’empreinte de la clé avec celle que l’éditeur ou l’exploitant a publiée.',
    '',
    'La vérification complète (enchaînements, signatures, TVA, totaux, clôtures) se fait par la commande',
    '« sigillo fr verify-archive », qui n’a besoin que de ce fichier ZIP, sans réseau ni base de données.',
  ]
  return `${text.flatMap((line) => line.split('\n')).join('\n')}\n`
}
