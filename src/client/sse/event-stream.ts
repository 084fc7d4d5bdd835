/** Reads a stream of server-sent events. */

/**
 * Reads the data of events as they come. A comment is an event without data: it shows that the stream is alive.
 * @param body of an answer with the type `text/event-stream`
 */
export async function * readEvents (body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  let rest = ''
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      const blocks = (rest + decoder.decode(part.value, { stream: true })).split('\n\n')
      rest = blocks.pop() ?? ''
      for (const block of blocks) yield dataOf(block)
    }
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}

function dataOf (block: string): string {
  const name = 'data: '
  return block.split('\n').find((line) => line.startsWith(name))?.slice(name.length) ?? ''
}
