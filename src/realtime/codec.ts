/** A codec: how events of a chat's log are encoded for the sockets of one face. */
import type { ChatEvent, MessageCreated } from '../domain/events/event.ts'
import type { Notice, ShownNotice } from './notice.ts'

/** Longest name of a codec, in bytes. */
export const MAX_CODEC_NAME_BYTES = 16

/**
 * Encodes events for one face. The bytes are made once per event and replica and written to every socket of the codec,
 * so they must not depend on the socket.
 */
export type Codec = {
  /**
   * Also identifies the codec on the bus, to replicas of other builds: a change of the bytes that clients of another
   * build could not read needs another name. At most {@link MAX_CODEC_NAME_BYTES} of ASCII.
   */
  readonly name: string
  /** The `type` of frames with events: a label of the metrics. */
  readonly eventFrameType: string
  /** Encodes an event as one WebSocket frame; undefined when the codec does not show it. It must not throw. */
  readonly encodeEvent: (event: ChatEvent) => Buffer | undefined
  /**
   * Decodes the frame of a `message.created`; undefined when that is not all the frame says, or it is no such frame.
   * With it, replicas with sockets of another codec need nothing beside the frames of the common one.
   */
  readonly decodeMessage?: (frame: Buffer) => MessageCreated | undefined
  /**
   * Returns the codec, of the same name, for all sockets in one chat, where the frames depend on what does not change
   * about it. It must encode the same bytes whichever of the members it is called with.
   */
  readonly forChat?: (chat: ChatView) => Codec
  /**
   * Encodes the place of an event whose content is not visible to a member. With it a replay has every seq; missing
   * where clients do not count them.
   */
  readonly encodePlace?: (event: ChatEvent) => Buffer
  /**
   * Encodes an event for the member that it is about, where others are not told all of it (see `onlyReaderOf`). Missing
   * where all are told the same.
   */
  readonly encodeOwn?: (event: ChatEvent) => Buffer
  /** Shows a notice; undefined when the face does not show its kind. Missing when it shows none. */
  readonly showNotice?: (notice: Notice) => ShownNotice | undefined
  /** Tells a socket that it follows the chat no longer. Missing when the face does not tell. */
  readonly showEnd?: (reason: SubscriptionEnd) => ShownNotice
}

/** A chat as a codec knows it. */
export type ChatView = {
  readonly chatId: number
  /** The id that the application has chosen for the chat, if it has. */
  readonly chosenId: string | null
  /** A member of the chat, and the other one if it is a direct chat. */
  readonly userId: number
  readonly otherId: number | null
  /** The epoch of the seqs. */
  readonly epoch: string
}

/** Why a subscription has ended without its client: the membership has, or the chat was deleted. */
export type SubscriptionEnd = 'removed' | 'deleted'

/** The codecs of a replica. The first one is the common codec, which every build on the same bus has. */
export type Codecs = readonly [Codec, ...Codec[]]

/** Consecutive events in one codec. */
export type Frames = {
  /** Name of the codec. */
  readonly codec: string
  /** End of each event's frame in `bytes`. An event that is not shown has a frame without bytes. */
  readonly ends: readonly number[]
  readonly bytes: Buffer
  /** Number of events that are shown. */
  readonly shown: number
}

/** Concatenates the frames of events. @param codec name of the codec that encoded them */
export function joinFrames (codec: string, frames: readonly (Buffer | undefined)[]): Frames {
  const [only] = frames
  if (frames.length === 1 && only !== undefined)
    return { codec, ends: [only.length], bytes: only, shown: only.length > 0 ? 1 : 0 }
  const ends: number[] = []
  const shown: Buffer[] = []
  let end = 0
  for (const frame of frames) {
    if (frame !== undefined && frame.length > 0) {
      end += frame.length
      shown.push(frame)
    }
    ends.push(end)
  }
  return { codec, ends, bytes: Buffer.concat(shown, end), shown: shown.length }
}

/** Encodes events. */
export function encodeFrames (codec: Codec, events: readonly ChatEvent[]): Frames {
  return joinFrames(codec.name, events.map((event) => codec.encodeEvent(event)))
}

/** The bytes of the events after the first `skipped` ones. */
export function bytesBehind ({ ends, bytes }: Frames, skipped: number): Buffer {
  return skipped <= 0 ? bytes : bytes.subarray(ends[skipped - 1] ?? bytes.length)
}

/** Number of shown events after the first `skipped` ones. */
export function shownBehind ({ ends, shown }: Frames, skipped: number): number {
  if (skipped <= 0 || shown === ends.length) return Math.min(shown, shown - skipped)
  let count = 0
  for (let index = skipped; index < ends.length; index++) {
    if ((ends[index] ?? 0) > (ends[index - 1] ?? 0)) count++
  }
  return count
}
