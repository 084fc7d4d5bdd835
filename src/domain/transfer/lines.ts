/** Reads files with a JSON object in each line. */
import { isUtf8 } from 'node:buffer'
import { ImportError } from './import-error.ts'
import type { Source } from './import.ts'
import type { Line } from './numbering.ts'
import { parseHeader, parseRecord } from './parse.ts'
import { MAX_LINE_BYTES } from './records.ts'

const NEWLINE = 0x0a
const BYTE_ORDER_MARK = '\ufeff'

/** A line that is not blank, with its number. */
export type TextLine = { line: number, text: string }

/** Reads the lines of a file, without blank ones. @throws {ImportError} for one that is too long or no UTF-8 */
export async function * readLines (bytes: AsyncIterable<Uint8Array>): AsyncGenerator<TextLine> {
  let line = 0
  let parts: Buffer[] = []
  let length = 0
  const take = (): TextLine => {
    const whole = Buffer.concat(parts)
    parts = []
    length = 0
    line++
    if (!isUtf8(whole)) throw new ImportError(line, 'this is not UTF-8')
    const text = whole.toString()
    return { line, text: line === 1 && text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text }
  }
  for await (const chunk of bytes) {
    let rest = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    for (let end = rest.indexOf(NEWLINE); end !== -1; end = rest.indexOf(NEWLINE)) {
      parts.push(rest.subarray(0, end))
      rest = rest.subarray(end + 1)
      const found = take()
      if (found.text.trim() !== '') yield found
    }
    parts.push(rest)
    length += rest.length
    if (length > MAX_LINE_BYTES) throw new ImportError(line + 1, 'it has more than 16 MiB')
  }
  const last = take()
  if (last.text.trim() !== '') yield last
}

/** Opens an export of Confab: reads its first line. @throws {ImportError} */
export async function openExport (bytes: AsyncIterable<Uint8Array>): Promise<Source> {
  const lines = readLines(bytes)
  const first = await lines.next()
  if (first.done === true) throw new ImportError(undefined, 'the file is empty')
  return { header: parseHeader(first.value.text), records: recordsOf(lines) }
}

async function * recordsOf (lines: AsyncIterable<TextLine>): AsyncGenerator<Line> {
  for await (const { line, text } of lines) yield { line, record: parseRecord(text, line) }
}
