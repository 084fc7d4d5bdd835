/** Reads a stream of server-sent events. */

/** An event: its id, if it has one, and its data. */
export type StreamEvent = { readonly id: string | undefined, readonly data: string }

/**
 * Reads events as they come. A comment is an event without data: it shows that the stream is alive.
 * @param body of an answer with the type `text/event-stream`
 */
export async function * readEvents (body: ReadableStream<Uint8Array>): AsyncGenerator<StreamEvent> {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  let rest = ''
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      const blocks = (rest + decoder.decode(part.value, { stream: true })).split('\n\n')
      rest = blocks.pop() ?? ''
      for (const block of blocks) yield eventIn(block)
    }
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}

function eventIn (block: string): StreamEvent {
  const field = (name: string) => block.split('\n').find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2)
  return { id: field('id'), data: field('data') ?? '' }
}
