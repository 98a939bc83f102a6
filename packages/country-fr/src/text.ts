// Text that enters a data string or a table: no separators, one line, bounded (5.4).

/** NFC, separators and control characters become one space, runs collapse, at most 200 code points. */
export function cleanText(text: string): string {
  // eslint-disable-next-line no-control-regex
  const flat = text
    .normalize('NFC')
    .replace(/[\s,|:\u0000-\u001f\u007f-\u009f]+/gu, ' ')
    .trim()
  return flat.length <= 200 ? flat : Array.from(flat).slice(0, 200).join('').trimEnd()
}

/** Till or operator in a data string: `[A-Za-z0-9._-]{1,32}`, every other character becomes `-`. */
export function cleanName(text: string): string {
  return /^[A-Za-z0-9._-]{1,32}$/.test(text)
    ? text
    : Array.from(text.normalize('NFC'), (c) => (/[A-Za-z0-9._-]/.test(c) ? c : '-'))
        .join('')
        .slice(0, 32)
}
