/** What webhooks and hooks have in common: a URL, the types of chats that they are for, and secrets to sign with. */
import { findChatTypes } from '../../store/chat-types.ts'
import type { Orm } from '../../store/database.ts'
import type { SealedTexts } from '../../lib/sealed-texts.ts'
import { parseTargetUrl } from '../../lib/target-url.ts'
import { ChatError, type FieldFault } from '../errors.ts'
import { builtInType } from '../chats/chat-types.ts'

/** How long the secret before the present one is valid. */
export const SECRET_OVERLAP_MS = 86_400_000

/** The purpose of the keys that secrets are encrypted with. */
export const SECRETS_PURPOSE = 'confab webhook secrets'

/** The stored secrets of a target. */
export type StoredSecrets = { secret: string, previousSecret: string | null, previousUntil: Date | null }

/** The sentence about a field of a body that is refused. */
export function fieldError (field: string, detail: string): ChatError {
  const fault: FieldFault = { place: { pointer: `/${field}` }, code: 'invalid', detail }
  return new ChatError('invalid_input', detail, { fields: [fault] })
}

/** @throws {ChatError} `invalid_input` unless the server may call the URL */
export function checkUrl (url: string, isPrivateAllowed: boolean): void {
  const parsed = parseTargetUrl(url, isPrivateAllowed)
  if (typeof parsed === 'string') throw fieldError('url', parsed)
}

/** @throws {ChatError} `invalid_input` unless these types of chats exist */
export async function checkChatTypes (orm: Orm, types: readonly string[] | null): Promise<void> {
  const others = (types ?? []).filter((type) => builtInType(type) === undefined)
  const known = new Set((await findChatTypes(orm, others)).map(({ type }) => type))
  const unknown = others.find((type) => !known.has(type))
  if (unknown !== undefined) throw fieldError('chat_types', `There is no type of chats ${JSON.stringify(unknown)}.`)
}

/**
 * The secrets to sign with: the present one first. None when it was encrypted with a key that the server no longer has;
 * then only another secret helps.
 * @param place what they were encrypted for: the id of the webhook, or the name of the hook
 */
export function signingSecrets (
  sealed: SealedTexts, place: string, { secret, previousSecret, previousUntil }: StoredSecrets
): string[] {
  const present = sealed.open(secret, place)
  if (present === undefined) return []
  const isOverlapping = previousSecret !== null && previousUntil !== null && previousUntil.getTime() > Date.now()
  const previous = isOverlapping ? sealed.open(previousSecret, place) : undefined
  return previous === undefined ? [present.text] : [present.text, previous.text]
}

/** The secrets as the first key encrypts them; undefined when it has, or when they cannot be read. */
export function resealed (
  sealed: SealedTexts, place: string, { secret, previousSecret }: StoredSecrets
): { secret: string, previousSecret: string | null } | undefined {
  const present = sealed.open(secret, place)
  if (present === undefined || present.isCurrent) return undefined
  const previous = previousSecret === null ? undefined : sealed.open(previousSecret, place)
  return {
    secret: sealed.seal(present.text, place),
    previousSecret: previous === undefined ? null : sealed.seal(previous.text, place)
  }
}
