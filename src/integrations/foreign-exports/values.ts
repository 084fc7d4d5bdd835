/** Values of other chats in the form of ours: what has no such form is cut, replaced or left out. */
import { createHash } from 'node:crypto'
import { isAvatar } from '../../domain/accounts/names.ts'
import { isExternalId } from '../../domain/accounts/user-id.ts'
import { checkCustomData } from '../../domain/custom-data.ts'
import { isEmoji, MAX_TEXT_LENGTH } from '../../domain/events/message-input.ts'
import { isBlank, isShowable } from '../../domain/text.ts'

const [MAX_ID, HASH_LENGTH] = [64, 22]
/** Longest names of users and of chats, and longest description of a chat, in characters. */
const [MAX_NAME, MAX_CHAT_NAME, MAX_DESCRIPTION] = [64, 100, 2_000]
/** A text is cut at a space or a line break if there is one in its last part. */
const CUT_FROM = MAX_TEXT_LENGTH - 400

/** A field of JSON of which nothing is known. */
export function field (value: unknown, ...path: (string | number)[]): unknown {
  let inner = value
  for (const name of path) {
    if (typeof inner !== 'object' || inner === null || !Object.hasOwn(inner, name)) return undefined
    inner = Reflect.get(inner, name)
  }
  return inner
}

/** A text in JSON; undefined for an empty one, and for anything else. */
export function textAt (value: unknown, ...path: (string | number)[]): string | undefined {
  const text = field(value, ...path)
  return typeof text === 'string' && text !== '' ? text : undefined
}

/** A list in JSON; empty for anything else. */
export function listAt (value: unknown, ...path: (string | number)[]): readonly unknown[] {
  const list = field(value, ...path)
  return Array.isArray(list) ? list : []
}

/** The id of the user of a part of an export, by either of its fields. */
export function userIdIn (part: unknown): string | undefined {
  return textAt(part, 'user', 'id') ?? textAt(part, 'user_id')
}

/** A time in JSON, in the form of RFC 3339 with milliseconds. */
export function timeAt (value: unknown, ...path: (string | number)[]): string | undefined {
  return timeOf(textAt(value, ...path))
}

/** A time, to the millisecond. @param time a text, or milliseconds since 1970 */
export function timeOf (time: string | number | undefined): string | undefined {
  const date = new Date(time ?? NaN)
  return Number.isNaN(date.getTime()) || date.getTime() <= 0 ? undefined : date.toISOString()
}

/** An id of the other chat as one of ours: other characters become `~` and their code; a long one ends with a hash. */
export function idOf (text: string): string {
  const id = text.replace(/[^A-Za-z0-9._-]/gu, (one) => `~${(one.codePointAt(0) ?? 0).toString(16)}`)
  const isUsable = id.length <= MAX_ID && isExternalId(id)
  if (isUsable) return id
  const hash = createHash('sha256').update(text).digest('base64url').slice(0, HASH_LENGTH)
  return `${id.slice(0, MAX_ID - HASH_LENGTH - 1).replace(/^\.+/, '')}-${hash}`
}

/** The name of a user. */
export function userNameOf (names: readonly (string | undefined)[], otherwise: string): string {
  for (const name of names) {
    const clean = cut(plain(name ?? ''), MAX_NAME)
    if (isShowable(clean)) return clean
  }
  return cut(otherwise, MAX_NAME)
}

/** The name of a chat, if it has one. */
export function chatNameOf (name: string | undefined): string | undefined {
  const clean = cut(plain(name ?? ''), MAX_CHAT_NAME)
  return isShowable(clean) ? clean : undefined
}

/** The description of a chat, if it has one. */
export function descriptionOf (...texts: readonly (string | undefined)[]): string | undefined {
  const whole = texts.filter((one) => one !== undefined).join('\n')
  const text = cut(whole.replaceAll('\0', '').toWellFormed(), MAX_DESCRIPTION)
  return isBlank(text) ? undefined : text
}

/** The URL of a picture, if it can be one. */
export function avatarOf (url: string | undefined): string | undefined {
  return url !== undefined && isAvatar(url) ? url : undefined
}

/** Fields of the other chat's own, if they fit. */
export function dataOf (fields: Record<string, unknown>): Record<string, unknown> | undefined {
  if (Object.keys(fields).length === 0) return undefined
  try {
    checkCustomData(fields)
    return fields
  } catch {
    return undefined
  }
}

/** A reaction, if it can be one. */
export function emojiOf (emoji: string): string | undefined {
  return isEmoji(emoji) ? emoji : undefined
}

/** A text as those of messages: none for a blank one, and several for a long one. */
export function textsOf (text: string): string[] {
  const texts: string[] = []
  let rest = text.replaceAll('\0', '').toWellFormed()
  while (rest.length > MAX_TEXT_LENGTH) {
    const end = endOfPart(rest)
    texts.push(rest.slice(0, end))
    rest = rest.slice(end)
  }
  texts.push(rest)
  return texts.filter((part) => !isBlank(part))
}

function endOfPart (text: string): number {
  const part = text.slice(0, MAX_TEXT_LENGTH)
  const at = Math.max(part.lastIndexOf('\n'), part.lastIndexOf(' '))
  if (at >= CUT_FROM) return at + 1
  // Not within a character of two units.
  return /[\ud800-\udbff]$/.test(part) ? MAX_TEXT_LENGTH - 1 : MAX_TEXT_LENGTH
}

function plain (text: string): string {
  return text.toWellFormed().replace(/[\p{Cc}\p{Zl}\p{Zp}\u202A-\u202E\u2066-\u2069]+/gu, ' ').trim()
}

function cut (text: string, length: number): string {
  return Array.from(text).slice(0, length).join('').trim()
}
