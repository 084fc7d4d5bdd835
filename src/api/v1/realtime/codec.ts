/** How `/v1/realtime` shows the events of a chat: all of them, since its clients count the seqs. */
import { publicChatId } from '../../../domain/chats/chat-id.ts'
import { userIdOf } from '../../../domain/accounts/user-id.ts'
import { type ChatEvent, type MessageCreated, onlyReaderOf } from '../../../domain/events/event.ts'
import { isoTime, quote } from '../../../lib/json-text.ts'
import { encodeTextFrame } from '../../../lib/websocket/frame.ts'
import type { ChatView, Codec } from '../../../realtime/codec.ts'
import { encodeEvent, encodeHiddenEvent, type EventJson, type EventPlace } from '../event.ts'
import { presenceFrame, readFrame, resetFrame, typingFrame } from './server-frames.ts'

/** See {@link Codec}. What it encodes depends on the id of the chat and on the epoch. */
export const V1_CODEC: Codec = {
  name: 'v1',
  eventFrameType: 'event',
  encodeEvent: () => undefined,
  showNotice: (notice) =>
    notice.kind === 'read' ? readFrame(notice) : notice.kind === 'presence' ? presenceFrame(notice) : undefined,
  forChat
}

function forChat ({ chatId, chosenId, epoch }: ChatView): Codec {
  const place = { chat: publicChatId(chatId, chosenId), epoch }
  return {
    ...V1_CODEC,
    encodeEvent: (event) => encodeTextFrame(frameText(event, place)),
    encodeOwn: (event) => encodeTextFrame(eventText(encodeEvent(event, place, onlyReaderOf(event)))),
    encodePlace: (event) => encodeTextFrame(eventText(encodeHiddenEvent(event, place))),
    showNotice: (notice) =>
      notice.kind === 'typing' ? typingFrame(place.chat, notice) : V1_CODEC.showNotice?.(notice),
    showEnd: (reason) => resetFrame(reason, place.chat)
  }
}

function frameText (event: ChatEvent, place: EventPlace): string {
  return isPlain(event)
    ? messageText(event, place)
    : eventText(encodeEvent(event, place))
}

/** Whether an event is a message as it was posted, with a text alone. */
function isPlain (event: ChatEvent): event is MessageCreated {
  return (
    event.kind === 'message.created' && event.deletedAt === null && event.editedAt === null &&
    event.extras === undefined
  )
}

function eventText (event: EventJson): string {
  return `{"type":"event","event":${JSON.stringify(event)}}`
}

/** A message that was not changed: written by hand, as this is encoded for every message. Ids need no escapes. */
function messageText (message: MessageCreated, { chat, epoch }: EventPlace): string {
  const { seq, authorId, username, at, version, text, clientMessageId } = message
  const user = userIdOf(authorId, username)
  const time = isoTime(at)
  return (
    `{"type":"event","event":{"type":"message.created","chat":"${chat}","seq":${String(seq)},"epoch":"${epoch}"` +
    `,"at":"${time}","actor":${user === undefined ? '{}' : `{"user":"${user}"}`},"data":{"message":{"chat":"${chat}"` +
    `,"seq":${String(seq)},"author":${user === undefined ? 'null' : `"${user}"`},"version":${String(version)}` +
    `,"created_at":"${time}","parent":null,"text":${quote(text)}` +
    `,"client_id":${clientMessageId === undefined ? 'null' : quote(clientMessageId)},"edited_at":null` +
    ',"deleted_at":null,"reply_to":null,"thread":null,"mentions":[],"attachments":[],"reactions":{},"pinned_at":null' +
    ',"data":{}}}}}'
  )
}
