/**
 * That a member has read a chat up to a seq, as a payload on the channel of the chat, or of the member, big-endian:
 *
 *     version 5 u8 · origin u32 · user u48 · chat u48 · seq u48 · message of the thread u48 or 0 · shared u8
 *     · seal 16 bytes · name of the user and id of the chat as JSON
 *
 * Other payloads have other versions (`bus-payload.ts`, `typing-payload.ts`); a build that does not know this one drops
 * it.
 */
import Type from 'typebox'
import { Compile } from 'typebox/compile'
import type { MovedMark } from '../domain/chats/read-marks.ts'
import { type PayloadSeal, SEAL_BYTES } from './payload-seal.ts'

const VERSION = 5
const [ORIGIN_AT, USER_AT, CHAT_AT, SEQ_AT, PARENT_AT, SHARED_AT, SEAL_AT] = [1, 5, 11, 17, 23, 29, 30]
const LONG_BYTES = 6
const NAMES_AT = SEAL_AT + SEAL_BYTES
const names = Compile(Type.Tuple([Type.String(), Type.String()]))

/** A mark that has grown. `origin` is the number of the replica that says so. */
export type ReadHint = MovedMark & { origin: number }

/** Encodes a hint for the channel of a chat, or of a user, of that number; it is sealed if there is a seal. */
export function encodeRead (hint: ReadHint, channelOf: number, seal?: PayloadSeal): Buffer {
  const { origin, userId, chatId, seq, parentSeq = 0, isShared, username, chat } = hint
  const named = Buffer.from(JSON.stringify([username, chat]))
  const payload = Buffer.alloc(NAMES_AT + named.length)
  payload[0] = VERSION
  payload.writeUInt32BE(origin, ORIGIN_AT)
  for (const [value, offset] of [[userId, USER_AT], [chatId, CHAT_AT], [seq, SEQ_AT], [parentSeq, PARENT_AT]] as const)
    payload.writeUIntBE(value, offset, LONG_BYTES)
  payload[SHARED_AT] = isShared ? 1 : 0
  named.copy(payload, NAMES_AT)
  seal?.write(payload, SEAL_AT, channelOf)
  return payload
}

/** Whether a payload is such a hint. */
export function isRead (payload: Buffer): boolean {
  return payload[0] === VERSION && payload.length > NAMES_AT
}

/** Decodes a hint; undefined when it is damaged, or there is a seal and it is not valid. */
export function decodeRead (payload: Buffer, channelOf: number, seal?: PayloadSeal): ReadHint | undefined {
  if (seal !== undefined && !seal.isValid(payload, SEAL_AT, channelOf)) return undefined
  const named = parse(payload.toString('utf8', NAMES_AT))
  if (!names.Check(named)) return undefined
  const [username, chat] = named
  const parentSeq = payload.readUIntBE(PARENT_AT, LONG_BYTES)
  return {
    origin: payload.readUInt32BE(ORIGIN_AT),
    userId: payload.readUIntBE(USER_AT, LONG_BYTES),
    chatId: payload.readUIntBE(CHAT_AT, LONG_BYTES),
    seq: payload.readUIntBE(SEQ_AT, LONG_BYTES),
    parentSeq: parentSeq === 0 ? undefined : parentSeq,
    isShared: payload[SHARED_AT] === 1,
    username,
    chat
  }
}

function parse (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
