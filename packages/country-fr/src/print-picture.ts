// Print items as a picture: the whole receipt as SVG, a QR code as SVG or PNG. uqr makes the code's squares: it is pure, small and
// without dependencies; SVG and PNG around them are plain text and fflate's compression.
import { concat, utf8, type PrintItem } from '@sigillo/core'
import { zlibSync } from 'fflate'
import { encode } from 'uqr'
import { receiptLines, type Columns } from './print-lines.js'

const CHAR = 8
const LINE = 18
const MARGIN = 12

/** A receipt as SVG: monospaced lines, QR codes below. Text is escaped; nothing outside is referred to. */
export function receiptSvg(items: readonly PrintItem[], columns: Columns = 42): string {
  const lines = receiptLines(items, columns)
  const codes = items.filter(({ kind }) => kind === 'qr')
  const side = columns * CHAR
  const width = side + 2 * MARGIN
  const top = MARGIN + lines.length * LINE
  const height = top + codes.length * (side + MARGIN) + MARGIN
  const texts = lines.map(
    (line, i) =>
      `<text x="${MARGIN}" y="${MARGIN + (i + 1) * LINE - 5}" textLength="${Array.from(line).length * CHAR}" xml:space="preserve">${escape(line)}</text>`,
  )
  const squares = codes.map(
    ({ text }, i) => `<g transform="translate(${MARGIN} ${top + i * (side + MARGIN)})">${path(text, side)}</g>`,
  )
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="monospace" font-size="13"><rect width="100%" height="100%" fill="#fff"/>${texts.join('')}${squares.join('')}</svg>`
}

/** A QR code as SVG, `side` user units wide. */
export function qrSvg(text: string, side = 256): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${side} ${side}" width="${side}" height="${side}"><rect width="100%" height="100%" fill="#fff"/>${path(text, side)}</svg>`
}

// A quiet zone of four squares, as the standard asks.
function squaresOf(text: string): boolean[][] {
  return encode(text, { ecc: 'L', border: 4 }).data
}

function path(text: string, side: number): string {
  const rows = squaresOf(text)
  const scale = side / rows.length
  const steps = rows.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : '')))
  return `<path transform="scale(${scale})" d="${steps.join('')}"/>`
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

/** A QR code as PNG, one bit a pixel; `scale` pixels to a square. */
export function qrPng(text: string, scale = 3): Uint8Array {
  const rows = squaresOf(text)
  const size = rows.length * scale
  const stride = Math.ceil(size / 8) + 1
  const raster = new Uint8Array(stride * size)
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const dark = rows[Math.floor(y / scale)]?.[Math.floor(x / scale)] === true
      if (!dark) raster[y * stride + 1 + (x >> 3)] = (raster[y * stride + 1 + (x >> 3)] as number) | (0x80 >> (x & 7))
    }
  }
  const header = concat(uint32(size), uint32(size), new Uint8Array([1, 0, 0, 0, 0]))
  const magic = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  return concat(magic, chunk('IHDR', header), chunk('IDAT', zlibSync(raster, { level: 9 })), chunk('IEND', new Uint8Array()))
}

function uint32(value: number): Uint8Array {
  return new Uint8Array([value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255])
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const body = concat(utf8(type), data)
  return concat(uint32(data.length), body, uint32(crc32(body)))
}

const CRC = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1
  return c
})

// CRC-32 of PNG (ISO 3309): a check of transport, not of integrity.
function crc32(bytes: Uint8Array): number {
  let c = 0xffffffff
  for (const byte of bytes) c = (CRC[(c ^ byte) & 255] as number) ^ (c >>> 8)
  return (c ^ 0xffffffff) >>> 0
}
