// What the check of an archive reports, in French and English.

/** Kinds of fault. */
export type ArchiveFaultCode =
  | 'CONTAINER'
  | 'MANIFEST'
  | 'FILE_CHANGED'
  | 'FILE_MISSING'
  | 'FILE_FOREIGN'
  | 'SIGNATURE'
  | 'KEY'
  | 'RECORD'
  | 'TOTALS'
  | 'TABLE'
  | 'CONTINUITY'

/** One fault. */
export interface ArchiveFault {
  readonly code: ArchiveFaultCode
  /** File of the archive, or empty for the whole. */
  readonly file: string
  /** Record number, when one is meant. */
  readonly seq: number | null
  /** For a record: code and place of the finding, as `PAY_WRONG payload`. */
  readonly detail: string
  readonly fr: string
  readonly en: string
}

const words: Readonly<Record<ArchiveFaultCode, readonly [fr: string, en: string]>> = {
  CONTAINER: ['l’archive ZIP est endommagée', 'the ZIP is damaged'],
  MANIFEST: ['l’inventaire est absent ou illisible', 'the manifest is missing or unreadable'],
  FILE_CHANGED: ['le fichier a été modifié', 'the file was changed'],
  FILE_MISSING: ['le fichier manque', 'the file is missing'],
  FILE_FOREIGN: ['le fichier n’est pas dans l’inventaire', 'the file is not in the manifest'],
  SIGNATURE: ['la signature de l’inventaire est fausse', 'the signature of the manifest is wrong'],
  KEY: ['la clé n’est pas une clé connue', 'the key is not a known one'],
  RECORD: ['un enregistrement est faux', 'a record is wrong'],
  TOTALS: ['les totaux de l’inventaire ne sont pas ceux du journal', 'totals of the manifest are not those of the records'],
  TABLE: ['le tableau ne correspond pas au journal', 'the table does not match the records'],
  CONTINUITY: ['l’archive ne suit pas la précédente', 'the archive does not follow the previous one'],
}

/** A fault with its words. */
export function faultOf(code: ArchiveFaultCode, file: string, detail = '', seq: number | null = null): ArchiveFault {
  const [fr, en] = words[code]
  const more = detail === '' ? '' : ` (${detail})`
  const at = `${file === '' ? '' : `${file}: `}${seq === null ? '' : `n° ${seq}: `}`
  return { code, file, seq, detail, fr: `${at}${fr}${more}`, en: `${at}${en}${more}` }
}
