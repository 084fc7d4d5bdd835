/** Writing much to a stream. */

/** Writes a text; resolves when the stream takes more, and rejects when its reader is gone. */
export function writeTo (stream: NodeJS.WritableStream, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (error?: Error | null) => {
      stream.off('error', done)
      if (error == null) resolve()
      else reject(error)
    }
    stream.once('error', done)
    if (stream.write(text, done)) done()
  })
}
