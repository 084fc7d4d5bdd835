/**
 * How EmoteChat shows events: a message of a direct chat is a frame, with the ids of both users. Its clients know
 * nothing else.
 */
import type { MessageCreated } from '../../../domain/events/event.ts'
import { plainTextOf } from '../../../domain/events/message.ts'
import { encodeTextFrame } from '../../../lib/websocket/frame.ts'
import type { ChatView, Codec } from '../../../realtime/codec.ts'
import { escapeText } from '../escaped-text.ts'
import type { MessageFrame } from './frames.ts'

const SHOWS_NOTHING = { name: 'emotechat', eventFrameType: 'emote_message', encodeEvent: () => undefined }

/** See {@link Codec}. The receiver of a message follows from the members of its chat. */
export const EMOTECHAT_CODEC: Codec = { ...SHOWS_NOTHING, forChat }

function forChat ({ userId, otherId }: ChatView): Codec {
  if (otherId === null) return SHOWS_NOTHING
  return {
    ...SHOWS_NOTHING,
    encodeEvent: (event) =>
      event.kind === 'message.created'
        ? encodeMessage(event, event.authorId === userId ? otherId : userId)
        : undefined
  }
}

function encodeMessage (event: MessageCreated, receiver: number): Buffer {
  const { id, authorId, at } = event
  const frame: MessageFrame = {
    message: escapeText(plainTextOf(event)),
    sender: authorId,
    receiver,
    time: at.toISOString(),
    id
  }
  return encodeTextFrame(JSON.stringify(frame))
}
