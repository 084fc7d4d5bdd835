/**
 * That somebody is typing, as a payload on the channel of the chat, big-endian:
 *
 *     version 4 u8 · origin u32 · user u48 · seal 16 bytes · name of the user
 *
 * Batches of events are versions 2 and 3 (`bus-payload.ts`); a build that does not know this one drops it.
 */
import { type PayloadSeal, SEAL_BYTES } from './payload-seal.ts'

const VERSION = 4
const [ORIGIN_AT, USER_AT, SEAL_AT] = [1, 5, 11]
const NAME_AT = SEAL_AT + SEAL_BYTES

/** Somebody is typing. `origin` is the number of the replica that says so. */
export type TypingHint = { origin: number, userId: number, username: string }

/** Encodes a hint, which is sealed if there is a seal. */
export function encodeTyping ({ origin, userId, username }: TypingHint, chatId: number, seal?: PayloadSeal): Buffer {
  const name = Buffer.from(username)
  const payload = Buffer.alloc(NAME_AT + name.length)
  payload[0] = VERSION
  payload.writeUInt32BE(origin, ORIGIN_AT)
  payload.writeUIntBE(userId, USER_AT, SEAL_AT - USER_AT)
  name.copy(payload, NAME_AT)
  seal?.write(payload, SEAL_AT, chatId)
  return payload
}

/** Whether a payload on the channel of a chat is such a hint. */
export function isTyping (payload: Buffer): boolean {
  return payload[0] === VERSION && payload.length > NAME_AT
}

/** Decodes a hint; undefined when there is a seal and it is not valid. */
export function decodeTyping (payload: Buffer, chatId: number, seal?: PayloadSeal): TypingHint | undefined {
  if (seal !== undefined && !seal.isValid(payload, SEAL_AT, chatId)) return undefined
  return {
    origin: payload.readUInt32BE(ORIGIN_AT),
    userId: payload.readUIntBE(USER_AT, SEAL_AT - USER_AT),
    username: payload.toString('utf8', NAME_AT)
  }
}
