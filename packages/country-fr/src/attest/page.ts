// A small page for papers that people fill in, print and sign: built once, written as Markdown and as HTML that needs nothing else. In
// a text, `…` is code and ⟦label⟧ a blank to be filled in; everything else is plain.

/** One part of a page. */
export type Block =
  | { readonly kind: 'heading'; readonly level: 1 | 2 | 3; readonly text: string; readonly newPage?: boolean }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'note'; readonly text: string }
  | { readonly kind: 'list'; readonly items: readonly string[] }
  | { readonly kind: 'table'; readonly head: readonly string[]; readonly rows: readonly (readonly string[])[] }
  | { readonly kind: 'code'; readonly text: string }
  | { readonly kind: 'signature'; readonly label: string }

/** A page. */
export interface Page {
  readonly title: string
  /** Wide tables are printed across the paper. */
  readonly wide?: boolean
  readonly blocks: readonly Block[]
}

/** A value, or the blank somebody fills in. */
export function blank(label: string, value?: string): string {
  return value === undefined || value.trim() === '' ? `⟦${label}⟧` : value.replaceAll(/[`⟦⟧\r\n]+/g, ' ').trim()
}

type Write = (text: string) => string

// Code and blanks are told apart from plain text, each written by its own rule.
function inline(text: string, plain: Write, code: Write, field: Write): string {
  return text
    .split(/(`[^`]*`|⟦[^⟧]*⟧)/)
    .map((part) =>
      part.startsWith('`') ? code(part.slice(1, -1)) : part.startsWith('⟦') ? field(part.slice(1, -1)) : plain(part),
    )
    .join('')
}

/** The page as Markdown. */
export function toMarkdown({ title, blocks }: Page): string {
  return `${[`# ${mark(title)}`, ...blocks.map(markdownBlock)].join('\n\n')}\n`
}

const mark: Write = (text) =>
  inline(
    text,
    (plain) => plain.replaceAll(/[\\*_<>[\]#|~]/g, '\\$&'),
    (code) => `\`${code}\``,
    (label) => `\\[${label} : ........................\\]`,
  )

function markdownBlock(block: Block): string {
  switch (block.kind) {
    case 'heading':
      return `${'#'.repeat(block.level + 1)} ${mark(block.text)}`
    case 'text':
      return mark(block.text)
    case 'note':
      return `> ${mark(block.text)}`
    case 'list':
      return block.items.map((item) => `- ${mark(item)}`).join('\n')
    case 'table':
      return [block.head, block.head.map(() => '---'), ...block.rows]
        .map((cells, i) => `| ${cells.map((cell) => (i === 1 ? cell : mark(cell).replaceAll('\n', '<br>'))).join(' | ')} |`)
        .join('\n')
    case 'code':
      return `\`\`\`sh\n${block.text}\n\`\`\``
    case 'signature':
      return `${mark(block.label)}\n\n\\[signature : ........................................\\]`
  }
}

const STYLE = `body{font:11pt/1.45 Georgia,serif;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#111}
body.wide{max-width:72rem}h1{font-size:1.5rem}h2{font-size:1.2rem;margin-top:2rem}h3{font-size:1rem}
table{border-collapse:collapse;width:100%;font-size:.82rem}th,td{border:1px solid #888;padding:.3rem .45rem;vertical-align:top;text-align:left}
th{background:#eee}tr{break-inside:avoid}code,pre{font:.85em ui-monospace,Menlo,Consolas,monospace;overflow-wrap:break-word}
body.wide table{table-layout:fixed}body.wide th:nth-child(n+2):nth-child(-n+5){width:17%}td{overflow-wrap:break-word}
pre{background:#f4f4f4;padding:.6rem;white-space:pre-wrap}.note{border-left:4px solid #888;padding:.2rem .8rem;background:#f7f7f7}
.champ{display:inline-block;min-width:11rem;border-bottom:1px dotted #333}.champ:empty::before{content:attr(title);color:#999;font-size:.8em}
.signature{border:1px solid #888;height:5.5rem;margin:.5rem 0 1.5rem}.neuve{break-before:page}
@media print{body{margin:0;max-width:none;font-size:10pt;line-height:1.35}p{margin:.5rem 0}h1{font-size:1.3rem}h2{margin-top:1rem}.champ:empty::before{content:""}.note{background:none}}`

/** The page as one HTML file: nothing is loaded, blanks can be typed into, and it prints on A4. */
export function toHtml({ title, wide = false, blocks }: Page): string {
  const page = `@page{size:A4${wide ? ' landscape' : ''};margin:${wide ? '12mm' : '18mm'}}`
  return `<!DOCTYPE html>
<html lang="fr">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title>
<style>
${STYLE}
${page}
</style>
</head>
<body${wide ? ' class="wide"' : ''}>
<h1>${html(title)}</h1>
${blocks.map(htmlBlock).join('\n')}
</body>
</html>
`
}

const escape: Write = (text) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

const html: Write = (text) =>
  inline(
    text,
    (plain) => escape(plain).replaceAll('\n', '<br>'),
    // A path may break behind its slashes.
    (code) => `<code>${escape(code).replaceAll('/', '/<wbr>')}</code>`,
    (label) => `<span class="champ" contenteditable="true" title="${escape(label)}"></span>`,
  )

function htmlBlock(block: Block): string {
  switch (block.kind) {
    case 'heading': {
      const name = `h${block.level + 1}`
      return `<${name}${block.newPage === true ? ' class="neuve"' : ''}>${html(block.text)}</${name}>`
    }
    case 'text':
      return `<p>${html(block.text)}</p>`
    case 'note':
      return `<p class="note">${html(block.text)}</p>`
    case 'list':
      return `<ul>\n${block.items.map((item) => `<li>${html(item)}</li>`).join('\n')}\n</ul>`
    case 'table': {
      const row = (cells: readonly string[], cell: string): string =>
        `<tr>${cells.map((text) => `<${cell}>${html(text)}</${cell}>`).join('')}</tr>`
      return `<table>\n<thead>${row(block.head, 'th')}</thead>\n<tbody>\n${block.rows.map((cells) => row(cells, 'td')).join('\n')}\n</tbody>\n</table>`
    }
    case 'code':
      return `<pre>${escape(block.text)}</pre>`
    case 'signature':
      return `<p>${html(block.label)}</p>\n<div class="signature"></div>`
  }
}
