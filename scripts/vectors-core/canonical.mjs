// canonical.json: texts that are canonical and texts that are not (FORMAT 2), and values with their one spelling.
import { jcs } from './bytes.mjs'

const utf8 = (text) => ({ text })
const hex = (...parts) => ({ hex: Buffer.concat(parts.map((part) => Buffer.from(part))).toString('hex') })

const nested = (open, close, depth, core = '') => open.repeat(depth) + core + close.repeat(depth)

const valid = [
  ['null', 'null'],
  ['booleans', '[false,true]'],
  ['zero', '0'],
  ['negative', '-1'],
  ['largest integer', '9007199254740991'],
  ['smallest integer', '-9007199254740991'],
  ['empty text', '""'],
  ['short escapes', '"\\b\\t\\n\\f\\r\\"\\\\"'],
  ['other control characters', '"\\u0000\\u0001\\u000b\\u001f"'],
  ['U+007F stands as itself', '"\u007f"'],
  ['slash is not escaped', '"a/b"'],
  ['line separators stand as themselves', '"\u2028\u2029"'],
  ['beyond the basic plane', '"\u{1f600}"'],
  ['noncharacter', '"\uffff"'],
  ['not normalised: composed', '"\u00e9"'],
  ['not normalised: decomposed', '"e\u0301"'],
  ['empty containers', '[[],{}]'],
  ['order by code units', '{"":1,"1":2,"10":3,"2":4,"A":5,"a":6,"aa":7,"é":8}'],
  ['a pair of surrogates sorts below U+E000', '{"\u{10000}":1,"\ue000":2}'],
  ['escaped names sort by their value', '{"\\n":1,"\\r":2,"\\"":3,"0":4}'],
  ['a name that looks special', '{"__proto__":1,"constructor":2,"toString":3}'],
  ['32 arrays', nested('[', ']', 32)],
  ['32 objects', `${'{"a":'.repeat(31)}{}${'}'.repeat(31)}`],
]

const invalid = [
  ['nothing', utf8('')],
  ['only a space', utf8(' ')],
  ['leading space', utf8(' 1')],
  ['trailing line feed', utf8('1\n')],
  ['trailing carriage return', utf8('1\r')],
  ['space after colon', utf8('{"a": 1}')],
  ['space after comma', utf8('[1, 2]')],
  ['members out of order', utf8('{"b":1,"a":2}')],
  ['order by code point instead of code unit', utf8('{"\ue000":2,"\u{10000}":1}')],
  ['order by length', utf8('{"b":1,"aa":2}')],
  ['repeated member', utf8('{"a":1,"a":1}')],
  ['repeated member, once escaped', utf8('{"a":1,"\\u0061":1}')],
  ['fraction', utf8('1.5')],
  ['whole number with fraction', utf8('1.0')],
  ['exponent', utf8('1e2')],
  ['capital exponent', utf8('1E2')],
  ['negative zero', utf8('-0')],
  ['leading zero', utf8('01')],
  ['negative leading zero', utf8('-01')],
  ['plus sign', utf8('+1')],
  ['lone minus', utf8('-')],
  ['hexadecimal', utf8('0x10')],
  ['2^53', utf8('9007199254740992')],
  ['−2^53', utf8('-9007199254740992')],
  ['2^53 + 1', utf8('9007199254740993')],
  ['seventeen digits', utf8('10000000000000000')],
  ['thirty digits', utf8('123456789012345678901234567890')],
  ['not a number', utf8('NaN')],
  ['infinity', utf8('Infinity')],
  ['capital literal', utf8('True')],
  ['undefined', utf8('undefined')],
  ['unneeded escape of a letter', utf8('"\\u0061"')],
  ['escaped slash', utf8('"a\\/b"')],
  ['long escape of a line feed', utf8('"\\u000a"')],
  ['long escape of a quote', utf8('"\\u0022"')],
  ['capital hex digits', utf8('"\\u001F"')],
  ['escaped U+007F', utf8('"\\u007f"')],
  ['escaped text beyond ASCII', utf8('"\\u00e9"')],
  ['escaped pair of surrogates', utf8('"\\ud83d\\ude00"')],
  ['escaped lone surrogate', utf8('"\\ud800"')],
  ['unknown escape', utf8('"\\x"')],
  ['unfinished escape', utf8('"\\u00"')],
  ['raw line feed', utf8('"a\nb"')],
  ['raw tab', utf8('"a\tb"')],
  ['raw NUL', hex('"', [0], '"')],
  ['unfinished text', utf8('"abc')],
  ['single quotes', utf8("'a'")],
  ['name without quotes', utf8('{a:1}')],
  ['trailing comma in an array', utf8('[1,]')],
  ['trailing comma in an object', utf8('{"a":1,}')],
  ['leading comma', utf8('[,1]')],
  ['missing value', utf8('{"a":}')],
  ['missing colon', utf8('{"a"1}')],
  ['unclosed array', utf8('[1')],
  ['unclosed object', utf8('{"a":1')],
  ['wrong closing', utf8('[1}')],
  ['two values', utf8('1 2')],
  ['two objects', utf8('{}{}')],
  ['comment', utf8('1/**/')],
  ['33 arrays', utf8(nested('[', ']', 33))],
  ['33 objects', utf8(`${'{"a":'.repeat(32)}{}${'}'.repeat(32)}`)],
  ['10,000 arrays', utf8(nested('[', ']', 10_000))],
  ['byte order mark', hex([0xef, 0xbb, 0xbf], '1')],
  ['stray continuation byte', hex('"', [0x80], '"')],
  ['cut multi-byte character', hex('"', [0xc3], '"')],
  ['overlong slash', hex('"', [0xc0, 0xaf], '"')],
  ['overlong NUL', hex('"', [0xc0, 0x80], '"')],
  ['surrogate in UTF-8', hex('"', [0xed, 0xa0, 0x80], '"')],
  ['beyond U+10FFFF', hex('"', [0xf4, 0x90, 0x80, 0x80], '"')],
  ['Latin-1', hex('"', [0xe9], '"')],
  ['UTF-16', { hex: Buffer.from('"a"', 'utf16le').toString('hex') }],
]

// Loosely spelt JSON and the canonical text of its value, or a refusal when the value has none.
const written = [
  ['members are sorted', '{"b":1,"a":2}', '{"a":2,"b":1}'],
  ['by code units', '{"\\ue000":2,"\\ud800\\udc00":1}', '{"\u{10000}":1,"\ue000":2}'],
  ['at every depth', '[{"z":{"y":1,"x":2}}]', '[{"z":{"x":2,"y":1}}]'],
  ['white space goes', ' { "a" : [ 1 , 2 ] } ', '{"a":[1,2]}'],
  ['escapes are the shortest', '"\\u0061\\u000a\\u002f\\u0022\\u001F\\u007f"', '"a\\n/\\"\\u001f\u007f"'],
  ['pairs of escapes become one character', '"\\ud83d\\ude00"', '"\u{1f600}"'],
  ['nothing is normalised', '"e\\u0301"', '"e\u0301"'],
  ['a fraction is refused', '{"price":1.5}', null],
  ['2^53 is refused', '9007199254740992', null],
  ['a lone surrogate is refused', '{"a":"\\udc00"}', null],
  ['in a name too', '{"\\ud800":1}', null],
  ['excess depth is refused', nested('[', ']', 33), null],
]

/** Content of canonical.json. */
export function canonicalVectors() {
  const texts = [
    ...valid.map(([comment, text]) => ({ comment, flags: ['read', 'valid'], input: { text }, result: { accepted: true } })),
    ...invalid.map(([comment, input]) => ({ comment, flags: ['read', 'invalid'], input, result: { accepted: false } })),
    ...written.map(([comment, json, canonical]) => ({
      comment,
      flags: ['write', canonical === null ? 'invalid' : 'valid'],
      input: { json },
      result: canonical === null ? { accepted: false } : { accepted: true, canonical },
    })),
  ]
  for (const { flags, input } of texts)
    if (flags.includes('valid') && input.text && jcs(JSON.parse(input.text)) !== input.text) throw new Error(input.text)
  for (const { result, input } of texts)
    if (result.canonical && jcs(JSON.parse(input.json)) !== result.canonical) throw new Error(input.json)
  return {
    comment: 'Canonical JSON of FORMAT 2. `read`: is this text canonical? `write`: the canonical text of a value.',
    tests: numbered('canonical', texts),
  }
}

/** Gives every case an id. */
export function numbered(name, tests) {
  return tests.map((test, i) => ({ id: `${name}-${i + 1}`, ...test }))
}
