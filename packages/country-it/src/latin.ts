// Text for messages and paper: every character in U+0000 to U+00FF, no line breaks (4). Others are written with the nearest
// letters by a table, and by `?` where there are none.

const TABLE: Readonly<Record<string, string>> = {
  '‘': "'",
  '’': "'",
  '‚': "'",
  '‛': "'",
  '“': '"',
  '”': '"',
  '„': '"',
  '‐': '-',
  '‑': '-',
  '‒': '-',
  '–': '-',
  '—': '-',
  '―': '-',
  '−': '-',
  '…': '...',
  '•': '·',
  '€': 'EUR',
  '™': 'TM',
  ł: 'l',
  Ł: 'L',
  œ: 'oe',
  Œ: 'OE',
  đ: 'd',
  Đ: 'D',
  ı: 'i',
  ſ: 's',
  ẞ: 'SS',
  ħ: 'h',
  Ħ: 'H',
  ŧ: 't',
  Ŧ: 'T',
  ŋ: 'n',
  Ŋ: 'N',
  '\u00a0': ' ',
  '\u2009': ' ',
  '\u202f': ' ',
  '\u200b': '',
  '№': 'N.',
  '‹': '<',
  '›': '>',
  '≤': '<=',
  '≥': '>=',
  '×': '×',
}

/** Text with every character a message may carry, and whether any was replaced. */
export function latin(text: string): { readonly text: string; readonly replaced: boolean } {
  let [out, replaced] = ['', false]
  for (const char of text.normalize('NFC')) {
    const kept = keep(char)
    out += kept ?? substitute(char)
    replaced ||= kept === undefined
  }
  return { text: out.replace(/ +/g, ' ').trim(), replaced }
}

// White space of any kind is a blank and does not count as a replacement; control characters cannot stand in XML.
function keep(char: string): string | undefined {
  if (/\s/u.test(char)) return ' '
  const code = char.codePointAt(0) as number
  if (code < 32 || (code >= 127 && code < 160)) return undefined
  return code <= 255 ? char : undefined
}

function substitute(char: string): string {
  if (Object.hasOwn(TABLE, char)) return TABLE[char] as string
  const base = char.normalize('NFKD').replace(/\p{M}/gu, '')
  return base !== '' && base !== char && /^[\u0020-\u007e\u00a0-\u00ff]+$/.test(base) ? base : '?'
}

/** The first `length` characters of text made Latin; never empty: `?` when nothing is left. */
export function latinUpTo(text: string, length: number): string {
  return latin(text).text.slice(0, length).trim() || '?'
}
