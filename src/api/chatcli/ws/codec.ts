/** How ChatCLI shows events: a message is a `new_message`, and there is nothing else that its clients know. */
import type { ChatEvent } from '../../../domain/events/event.ts'
import type { Message } from '../../../domain/events/message.ts'
import { encodeTextFrame } from '../../../lib/websocket/frame.ts'
import type { Codec } from '../../../realtime/codec.ts'

/** See {@link Codec}. */
export const CHATCLI_CODEC: Codec = { name: 'chatcli', eventFrameType: 'new_message', encodeEvent }

const ENCODERS: Readonly<Record<ChatEvent['kind'], (event: ChatEvent) => Buffer | undefined>> = {
  'message.created': encodeNewMessage
}

function encodeEvent (event: ChatEvent): Buffer | undefined {
  return ENCODERS[event.kind](event)
}

/** Text that is the same in JSON, between quotes: as a rule, and three times as fast to find out as to encode. */
const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/

const quote = (text: string) => (PLAIN.test(text) ? `"${text}"` : JSON.stringify(text))

/** The messages of a batch are of the same few milliseconds. */
let lastTime = NaN
let lastTimestamp = ''

function timestampOf (at: Date): string {
  const time = at.getTime()
  if (time !== lastTime) {
    lastTime = time
    lastTimestamp = at.toISOString()
  }
  return lastTimestamp
}

/** A message as its subscribers get it. Written by hand: this is the one object that is encoded for every message. */
export function encodeNewMessage ({ id, chatId, authorId, username, text, at, seq, clientMessageId }: Message): Buffer {
  const tail = clientMessageId === undefined ? '' : `,"clientMessageID":${quote(clientMessageId)}`
  return encodeTextFrame(
    `{"type":"new_message","messageID":${String(id)},"chatID":${String(chatId)},"userID":${String(authorId)}` +
    `,"username":${quote(username)},"message":${quote(text)}` +
    `,"timestamp":"${timestampOf(at)}","seq":${String(seq)}${tail}}`
  )
}
