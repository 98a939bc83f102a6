// The commands of LISEZMOI.txt: what sh, sha256sum and OpenSSL need to check an archive from its own files. Each block stands alone, so
// that it can be copied alone.
import type { RecordAlg } from '@sigillo/core'

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

// Reads signe.txt, signature.bin and the key named; a change of key may change the algorithm, so each signature says its own.
const verifyWith = (algs: readonly RecordAlg[]): string[] => [
  'verifier() { case $ALG in',
  ...algs.map((alg) => `${alg})\n${VERIFY[alg]} ;;`),
  '*) echo "algorithme inconnu : $ALG" ;;',
  'esac; }',
]

const DECODE = `decode() { S=$(tr '_-' '/+'); while [ $(( \${#S} % 4 )) -ne 0 ]; do S="$S="; done; printf %s "$S" | openssl base64 -d -A; }`
const ENCODE = `encode() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }`

// A body holds no text `,"hash":"`, and nothing that looks like the signature follows it: FORMAT 3.5.
const READ_LINE = [`CORPS=\${LIGNE#'{"body":'}; CORPS=\${CORPS%%',"hash":"'*}`, `SIG=\${LIGNE##*',"sig":"'}; SIG=\${SIG%%'"'*}`]

/** Step 1: every file against the inventory. */
export const FILES: readonly string[] = [
  `grep -o '"bytes":[0-9]*,"name":"[^"]*"\\(,"rows":[0-9]*\\)\\{0,1\\},"sha256":"[0-9a-f]*"' manifest.json | sed 's/.*"name":"\\([^"]*\\)".*"sha256":"\\([0-9a-f]*\\)"/\\2  \\1/' | sha256sum -c`,
]

/** Step 2: the digest of the inventory in the signed record. */
export const INVENTORY: readonly string[] = [
  DECODE,
  "SOMME=$(sha256sum manifest.json | cut -d' ' -f1)",
  `cut -d. -f2 manifest.jws | tr -d '\\r\\n' | decode | grep -c "$SOMME"`,
]

/** Step 3: the signature of that record. */
export function sealCommands(algs: readonly RecordAlg[]): string[] {
  return [
    DECODE,
    ...verifyWith(algs),
    `ENTETE=$(cut -d. -f1 manifest.jws | tr -d '\\r\\n' | decode)`,
    `ALG=$(printf %s "$ENTETE" | sed 's/.*"alg":"\\([^"]*\\)".*/\\1/'); CLE=$(printf %s "$ENTETE" | sed 's/.*"kid":"\\([^"]*\\)".*/\\1/')`,
    "cut -d. -f1,2 manifest.jws | tr -d '\\r\\n' > signe.txt",
    "cut -d. -f3 manifest.jws | tr -d '\\r\\n' | decode > signature.bin",
    'verifier',
  ]
}

/** Step 4: hash, content and link of every record. */
export const CHAIN: readonly string[] = [
  'N=0; FAUX=0; AVANT=',
  'faux() { FAUX=$((FAUX + 1)); echo "ligne $N : $1"; }',
  'while IFS= read -r LIGNE; do',
  'N=$((N + 1))',
  ...READ_LINE,
  `RESTE=\${LIGNE#*',"hash":"'}; EMPREINTE=\${RESTE%%'"'*}`,
  `CONTENU=\${RESTE#*',"payload":'}; CONTENU=\${CONTENU%',"sig":"'*}`,
  `H=$({ printf '\\000'; printf '{"body":%s,"sig":"%s"}' "$CORPS" "$SIG"; } | sha256sum | cut -d' ' -f1)`,
  `P=$({ printf 'sigillo/v1/payload\\n'; printf %s "$CONTENU"; } | sha256sum | cut -d' ' -f1)`,
  '[ "$H" = "$EMPREINTE" ] || faux "empreinte"',
  'case $CORPS in *"\\"pay\\":\\"$P\\""*) ;; *) [ "$CONTENU" = null ] || faux "contenu" ;; esac',
  '[ -z "$AVANT" ] || case $CORPS in *"\\"prev\\":\\"$AVANT\\""*) ;; *) faux "chaînage" ;; esac',
  'AVANT=$EMPREINTE',
  'done < records.ndjson',
  'echo "$N enregistrements, $FAUX faux"',
]

/** Step 5: the signature of every record. */
export function recordCommands(algs: readonly RecordAlg[]): string[] {
  return [
    DECODE,
    ENCODE,
    ...verifyWith(algs),
    'while IFS= read -r LIGNE; do',
    ...READ_LINE,
    `ALG=\${CORPS#*'"alg":"'}; ALG=\${ALG%%'"'*}; CLE=\${CORPS#*'"kid":"'}; CLE=\${CLE%%'"'*}`,
    `{ printf '{"alg":"%s","kid":"%s","typ":"sigillo-record+jws"}' "$ALG" "$CLE" | encode; printf .; printf %s "$CORPS" | encode; } > signe.txt`,
    'printf %s "$SIG" | decode > signature.bin',
    'verifier',
    'done < records.ndjson | sort | uniq -c',
  ]
}
