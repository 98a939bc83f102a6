// Collects whole journals with the findings they must cause. Lines are kept once in a pool; a case lists their names.
import { sha256 } from './bytes.mjs'

/** A finding as `seq CODE`, an error; `seq CODE?` is a warning. */
function parseFinding(text) {
  const [, seq, code, warning] = /^(-?\d+) ([A-Z_]+)(\??)$/.exec(text)
  return { seq: Number(seq), code, severity: warning === '' ? 'error' : 'warning' }
}

/** The collection; `add` takes lines as text or bytes. */
export class Cases {
  pool = {}
  tests = []
  #names = new Map()
  #group = ''

  group(name) {
    this.#group = name
  }

  /**
   * One journal. `findings` is what verification must find, in any order; `given` holds what the verifier is told besides
   * (start, keys, endorsers, witness, notes, continues).
   */
  add(comment, lines, findings, given = {}, flags = []) {
    const parsed = findings.map(parseFinding)
    const verdict = parsed.some(({ severity }) => severity === 'error') ? 'unsound' : 'sound'
    const id = `${this.#group}-${this.tests.filter((test) => test.id.startsWith(`${this.#group}-`)).length + 1}`
    parsed.sort((a, b) => a.seq - b.seq || (a.code < b.code ? -1 : a.code > b.code ? 1 : 0))
    this.tests.push({
      id,
      comment,
      flags: [verdict === 'sound' ? 'valid' : 'invalid', ...flags],
      input: { lines: lines.map((line) => this.#name(line)), ...given },
      result: { verdict, findings: parsed },
    })
  }

  #name(line) {
    const key = sha256(line)
    if (!this.#names.has(key)) {
      const name = `l${this.#names.size}`
      this.#names.set(key, name)
      this.pool[name] = typeof line === 'string' ? line : { hex: line.toString('hex') }
    }
    return this.#names.get(key)
  }
}
