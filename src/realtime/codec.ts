/** A codec: how the sockets of one face are shown the events of a chat's log. */
import type { ChatEvent } from '../domain/events/event.ts'

/** Longest name of a codec, in bytes. */
export const MAX_CODEC_NAME_BYTES = 16

/**
 * Turns events into the bytes of one face. The bytes are made once per event and replica and written to every socket
 * of the codec, so they must not depend on the socket.
 */
export type Codec = {
  /**
   * Names the codec on the bus as well, to replicas of other builds: a change of the bytes that clients of another
   * build could not read needs another name. At most {@link MAX_CODEC_NAME_BYTES} of ASCII.
   */
  readonly name: string
  /** The `type` of the frames that show events: a label of the metrics. */
  readonly eventFrameType: string
  /** An event as the bytes of one WebSocket frame; undefined when the codec does not show it. It must not throw. */
  readonly encodeEvent: (event: ChatEvent) => Buffer | undefined
}

/** The codecs of a replica. The first one is the common codec: every build that shares the bus has it. */
export type Codecs = readonly [Codec, ...Codec[]]

/** Bytes of events in one codec, one after the other. */
export type Frames = {
  /** The name of the codec. */
  readonly codec: string
  /** Where the frame of each event ends in `bytes`. A frame without bytes is of an event that is not shown. */
  readonly ends: readonly number[]
  readonly bytes: Buffer
  /** How many of the events are shown. */
  readonly shown: number
}

/** Joins the frames of events. @param codec the name of the codec that made them */
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

/** The bytes of the events behind the first `skipped` ones. */
export function bytesBehind ({ ends, bytes }: Frames, skipped: number): Buffer {
  return skipped <= 0 ? bytes : bytes.subarray(ends[skipped - 1] ?? bytes.length)
}

/** How many of the events behind the first `skipped` ones are shown. */
export function shownBehind ({ ends, shown }: Frames, skipped: number): number {
  if (skipped <= 0 || shown === ends.length) return Math.min(shown, shown - skipped)
  let count = 0
  for (let index = skipped; index < ends.length; index++) {
    if ((ends[index] ?? 0) > (ends[index - 1] ?? 0)) count++
  }
  return count
}
