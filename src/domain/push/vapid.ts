/**
 * The key pair by which push services know this installation (VAPID, RFC 8292). Browsers subscribe to its public half,
 * so all replicas have the same one: it is made once and stored, its private half encrypted.
 */
import { createECDH } from 'node:crypto'
import { SealedTexts } from '../../lib/sealed-texts.ts'
import type { Orm } from '../../store/database.ts'
import { findVapidKeys, provideVapidKeys, resealVapidKeys } from '../../store/vapid-keys.ts'

/** The purpose of the keys that the private half is encrypted with. */
export const VAPID_PURPOSE = 'confab vapid keys'
const PLACE = 'vapid'
const CURVE = 'prime256v1'
const PRIVATE_BYTES = 32

/** A key pair, each half in base64url. */
export type VapidKeys = { readonly publicKey: string, readonly privateKey: string }

/** The key pair of a private half. @throws when it is none */
export function vapidKeysOf (privateKey: string): VapidKeys {
  const pair = createECDH(CURVE)
  pair.setPrivateKey(Buffer.from(privateKey, 'base64url'))
  return { publicKey: pair.getPublicKey('base64url', 'uncompressed'), privateKey }
}

/**
 * Returns the key pair of this installation, made if it is the first start.
 * @returns undefined when it was encrypted with a key that this replica does not have
 */
export async function loadVapidKeys (orm: Orm, sealed: SealedTexts): Promise<VapidKeys | undefined> {
  const stored = await findVapidKeys(orm) ?? await provideVapidKeys(orm, newPair(sealed))
  const opened = sealed.open(stored.privateKey, PLACE)
  if (opened === undefined) return undefined
  if (!opened.isCurrent) await resealVapidKeys(orm, { ...stored, privateKey: sealed.seal(opened.text, PLACE) })
  return { publicKey: stored.publicKey, privateKey: opened.text }
}

/** What is known of the stored key pair: a `sealed` one was encrypted with a secret that is not there. */
export type VapidState = 'missing' | 'readable' | 'sealed'

/** Looks for the stored key pair, and makes none. @param secrets as in `JWT_SECRET` */
export async function findVapidState (orm: Orm, secrets: readonly string[]): Promise<VapidState> {
  const stored = await findVapidKeys(orm)
  if (stored === undefined) return 'missing'
  return new SealedTexts(secrets, VAPID_PURPOSE).open(stored.privateKey, PLACE) === undefined ? 'sealed' : 'readable'
}

function newPair (sealed: SealedTexts): VapidKeys {
  const pair = createECDH(CURVE)
  const publicKey = pair.generateKeys('base64url', 'uncompressed')
  // Leading zeros are not left out.
  const privateKey = Buffer.concat([Buffer.alloc(PRIVATE_BYTES), pair.getPrivateKey()]).subarray(-PRIVATE_BYTES)
  return { publicKey, privateKey: sealed.seal(privateKey.toString('base64url'), PLACE) }
}
