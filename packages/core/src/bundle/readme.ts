// The read-me inside a bundle: how to check it by hand, for somebody without this product.

/** Text of README.txt. */
export function bundleReadme(queue: string): string {
  return `Export of the fiscal journal of queue ${queue}

What is what
  s-*.jsonl     the records, one JSON line each, in order; each file holds one segment
  FORMAT.md     the format of a record and every rule a journal must keep
  queue.json    identity of the queue
  bundle.json   list of the files here with their SHA-256, keys, range
  report.json   what the exporting program found when it verified the records
  anchors/      statements of others about this journal, when there are any
  blobs/        files the records name by their SHA-256, when there are any

Check the files
  sha256sum of each file must be the one in bundle.json.

Check one record by hand (jq, coreutils, openssl). Put its line into line.json, then:
  hash        { printf '\\0'; jq -cSj '{body,sig}' line.json; } | sha256sum        must print .hash
  content     { printf 'sigillo/v1/payload\\n'; jq -cSj .payload line.json; } | sha256sum    must print .body.pay
  order       .body.prev is the .hash of the record before; .body.tprev that of the record before of the same .body.type
  signature   base64url of {"alg","kid","typ":"sigillo-record+jws"} (members in this order, no spaces), a dot, base64url of
              .body in canonical form, checked with the key of the first record or of the last sys.key record before.
              The same string, a dot and .sig is a compact JWS that any JOSE library checks.

Check everything
  npx @sigillo/cli verify FILE      or any verifier written from FORMAT.md
`
}
