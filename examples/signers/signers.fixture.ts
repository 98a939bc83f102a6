// The signers a shop day is played on: a key in memory, a key on a SoftHSM token, a key on the virtual card behind a real PC/SC daemon.
import { memoryAudit, utf8, type AuditLog, type GuardedSigner } from '@sigillo/core'
import { openPkcs11, type Pkcs11Options } from '@sigillo/signer-pkcs11'
import { openSam, type SamOptions } from '@sigillo/signer-sam'
import { USER_PIN } from '../../packages/signer-pkcs11/src/fixtures/softhsm.js'
import { CARD_PIN, virtualProfile, type VirtualCard } from '../../packages/signer-sam/src/fixtures/virtual-card.js'

/** Label of the token of these tests. */
export const TOKEN = 'shop day'

/** A key on the SoftHSM token, `record` unless told. */
export function hsmSigner(module: string, over: Partial<Pkcs11Options> = {}, object = 'record'): Promise<GuardedSigner> {
  const uri = `pkcs11:token=${TOKEN};object=${object}`
  return openPkcs11({ module, uri, pin: () => utf8(USER_PIN), audit: memoryAudit(), ...over })
}

/** The key on the virtual card. */
export function cardSigner(card: VirtualCard, over: Partial<SamOptions> = {}): Promise<GuardedSigner> {
  return openSam({
    profile: virtualProfile(),
    key: 'record',
    pin: () => utf8(CARD_PIN),
    audit: memoryAudit(),
    publicJwk: card.publicJwk('ec'),
    reader: '00 00',
    ...over,
  })
}

/** How often a log says that a PIN was about to be sent, and how often it was refused. */
export async function pinsIn(audit: AuditLog): Promise<{ readonly sent: number; readonly failed: number }> {
  let [sent, failed] = [0, 0]
  for await (const line of audit.read()) {
    if (line['event'] === 'pin-intent') sent++
    if (line['event'] === 'pin-outcome' && line['outcome'] === 'failed') failed++
  }
  return { sent, failed }
}
