/** A client of `/v1/realtime/sse`. */
import { expectEqual } from './expectations.ts'
import { objectOf } from './json.ts'
import { type Frame, within } from './socket.ts'
import type { World } from './world.ts'

/** An event with its id. */
export type StreamEvent = { id: string | undefined, frame: Frame }

/** A stream of server-sent events. */
export class EventStream {
  readonly #abort = new AbortController()
  readonly #events: AsyncGenerator<StreamEvent, undefined>

  constructor (response: Response) {
    this.#events = eventsOf(response)
  }

  /** Opens a stream as a user. @param query what it follows */
  static async open (world: World, user: string, query: string, lastEventId?: string): Promise<EventStream> {
    const abort = new AbortController()
    const response = await within(fetch(`${world.server.nextUrl()}/v1/realtime/sse?${query}`, {
      headers: {
        authorization: `Bearer ${world.tokenOf(user)}`,
        ...(lastEventId !== undefined && { 'last-event-id': lastEventId })
      },
      signal: abort.signal
    }), 'a stream to open')
    expectEqual(response.status, 200, 'the status of a stream')
    const stream = new EventStream(response)
    stream.#abort.signal.addEventListener('abort', () => abort.abort())
    return stream
  }

  /** Takes events up to the first of this kind. @returns that */
  async next (isWanted: (frame: Frame) => boolean, name: string): Promise<StreamEvent> {
    for (;;) {
      const result = await within(this.#events.next(), name)
      if (result.done === true) throw new Error(`The stream ended before ${name}.`)
      if (isWanted(result.value.frame)) return result.value
    }
  }

  /** Ends it. */
  close (): void {
    this.#abort.abort()
  }
}

async function * eventsOf (response: Response): AsyncGenerator<StreamEvent, undefined> {
  let rest = ''
  for await (const text of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    rest += text
    const blocks = rest.split('\n\n')
    rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const field = (name: string) => new RegExp(`^${name}: ?(.*)$`, 'm').exec(block)?.[1]
      const data = field('data')
      if (data !== undefined) yield { id: field('id'), frame: objectOf(data) }
    }
  }
  return undefined
}
