/** The position of a stream in all that it follows, as the opaque id of its events. */
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'

const MAX_LENGTH = 12_288

const Position = Type.Integer({ minimum: 0 })
const Form = Type.Tuple([Type.String(), Type.Union([Position, Type.Null()]), Type.Record(Type.String(), Position)])
const form = Compile(Form)

/** What of a frame moves the position, at its beginning. */
const MOVES = {
  event: /^\{"type":"event","event":\{"type":"[^"]*","chat":"([^"]*)","seq":(\d+)/,
  subscribed: /^\{"type":"subscribed","chat":"([^"]*)","head":(\d+)/,
  feed: /^\{"type":"feed","event":\{"type":"[^"]*","pos":(\d+)/,
  reset: /^\{"type":"reset","chat":"([^"]*)"/
}

/** See the head of this file. */
export class StreamCursor {
  epoch: string
  feedPos: number | null
  readonly seqs: Map<string, number>

  constructor ([epoch, feedPos, seqs]: Static<typeof Form>) {
    this.epoch = epoch
    this.feedPos = feedPos
    this.seqs = new Map(Object.entries(seqs))
  }

  /** Reads the id of an event; undefined when it is none. */
  static decode (text: string): StreamCursor | undefined {
    if (text.length > MAX_LENGTH) return undefined
    try {
      const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString())
      return form.Check(value) ? new StreamCursor(value) : undefined
    } catch {
      return undefined
    }
  }

  /** The position as an id. */
  encode (): string {
    const value: Static<typeof Form> = [this.epoch, this.feedPos, Object.fromEntries(this.seqs)]
    return Buffer.from(JSON.stringify(value)).toString('base64url')
  }

  /** Notes a frame. @returns whether it has moved the position */
  advance (text: string): boolean {
    const [, chat, seq] = MOVES.event.exec(text) ?? MOVES.subscribed.exec(text) ?? []
    if (chat !== undefined) {
      this.seqs.set(chat, Number(seq))
      return true
    }
    const [, pos] = MOVES.feed.exec(text) ?? []
    if (pos !== undefined) {
      this.feedPos = Number(pos)
      return true
    }
    const [, gone] = MOVES.reset.exec(text) ?? []
    return gone !== undefined && this.seqs.delete(gone)
  }
}
