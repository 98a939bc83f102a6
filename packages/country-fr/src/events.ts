// The list of technical events, JET (2.3): code, whether a partial purge may drop it, French label. `till` says who may send it:
// events only the plugin's own actions produce are refused from a till.
import { invalid } from './errors.js'
import type { Plan } from './plan.js'
import { cleanText } from './text.js'

/** One row of the list. */
export interface EventRow {
  readonly keep: boolean
  readonly label: string
  /** False for events that only an action of the plugin may write. */
  readonly till: boolean
}

const keep = (label: string, till = true): EventRow => ({ keep: true, label, till })
const drop = (label: string, till = true): EventRow => ({ keep: false, label, till })

/** Every listed event. */
export const events: Readonly<Record<number, EventRow>> = {
  10: keep('Changement du mode de séquence continue'),
  20: drop('Archivage de période', false),
  30: keep('Archivage annuel', false),
  40: drop('Arrêt, déconnexion'),
  50: drop('Clôture de période', false),
  60: keep('Clôture annuelle', false),
  70: keep('Début de mode dégradé', false),
  80: drop('Démarrage, connexion'),
  90: keep('Défaut d’intégrité'),
  95: keep('Rupture de séquence'),
  100: keep('Début de fonction spéciale'),
  105: keep('Fin de fonction spéciale'),
  110: drop('Exportation'),
  120: keep('Fin de mode dégradé', false),
  123: keep('Renvoi forcé'),
  125: keep('Centralisation après mode dégradé', false),
  126: keep('Ajout d’un point de vente ou d’un poste'),
  127: keep('Retrait d’un point de vente ou d’un poste'),
  128: keep('Changement d’assujetti'),
  130: drop('Habilitations'),
  140: drop('Importation'),
  150: drop('Imprimante indisponible'),
  155: drop('Duplicata de note', false),
  156: drop('Duplicata de justificatif de paiement', false),
  160: keep('Enregistrement en comptabilité'),
  170: drop('Fond de caisse'),
  180: drop('Fichier d’export comptable'),
  190: drop('Annulation de ticket', false),
  200: keep('Purge des données', false),
  205: keep('Purge partielle du JET', false),
  210: keep('Reprise des données d’un autre produit'),
  220: keep('Restauration', false),
  230: keep('Sauvegarde'),
  240: keep('Intervention de maintenance'),
  250: keep('Nouvelle version majeure', false),
  255: drop('Nouvelle version mineure', false),
  260: keep('Initialisation des données', false),
  270: keep('Changement d’un paramètre de conformité', false),
  280: drop('Début ou fin de contrôle fiscal'),
  290: drop('Échange avec l’expert-comptable'),
  295: keep('Remise d’un fichier à l’administration'),
  300: keep('Activation d’un paramètre documenté'),
  320: drop('Vente abandonnée'),
  323: drop('Ligne annulée avant enregistrement'),
  324: drop('Note validée abandonnée'),
  325: drop('Article annulé après envoi de la commande'),
  326: drop('Article repris après émission de la note'),
  327: drop('Note offerte'),
  328: drop('Article offert'),
  329: drop('Note non imprimée'),
  330: drop('Début de clôture de période', false),
  400: keep('Changement de durée de l’exercice', false),
  410: keep('Changement des données de l’assujetti', false),
  420: drop('Changement de règlement après ticket', false),
  430: drop('Changement de table d’une note'),
  440: keep('Transfert d’archives sur support externe'),
  450: keep('Changement de clé de signature', false),
  901: drop('Ouverture du tiroir'),
  902: drop('Export signé'),
  910: keep('Recul de l’horloge', false),
  911: keep('Saut en avant de l’horloge', false),
  912: keep('Rupture de chaîne prise en compte', false),
  913: keep('Saisie a posteriori d’un ticket manuscrit', false),
  914: keep('Durée hors ligne maximale dépassée'),
  915: drop('Clôture forcée par le système', false),
  916: drop('Signature indisponible puis rétablie', false),
  917: drop('Justificatif remis par voie électronique', false),
  918: drop('Justificatif non remis', false),
}

/** Whether a partial purge keeps an event; codes of other vendors are kept. */
export function isKept(code: number): boolean {
  return events[code]?.keep ?? true
}

/** @throws FiscalError REQUEST_INVALID for a code that is not listed, below 900, or the plugin's own */
export function checkEventCode(code: number): void {
  const row = events[code]
  if (row === undefined && (code < 900 || code > 999))
    throw invalid('code', `${code} is not a listed event, nor in the vendor range 900 to 999`)
  if (row?.till === false) throw invalid('code', `event ${code} is written by the action it reports, not by a till`)
}

/** Operator of what the system does by itself. */
export const SYSTEM = 'SYSTEM'

/** Adds an event of the plugin to a plan. */
export function addEvent(
  plan: Plan,
  code: number,
  info: string,
  data?: Readonly<Record<string, unknown>>,
  options: { readonly operator?: string; readonly principal?: boolean } = {},
): void {
  const payload = { code, info: cleanText(info), ...(data !== undefined && { data: { ...data } }) }
  plan.add('event', () => ({ ...payload }), options)
}
