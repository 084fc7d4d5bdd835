/** What the readers of other chats' exports share. */
import { createHash } from 'node:crypto'
import { ImportError } from '../../domain/transfer/import-error.ts'
import type { Source } from '../../domain/transfer/import.ts'
import type { Line } from '../../domain/transfer/numbering.ts'
import { checkRecord } from '../../domain/transfer/parse.ts'
import type { MessageRecord, TransferRecord } from '../../domain/transfer/records.ts'
import { textsOf } from './values.ts'

/**
 * The source of converted records, each checked like a line of a file: its number is that of the line that it has in
 * the file of `--output`.
 * @param origin names the kind of the export @param identity what differs between two exports
 */
export function sourceOf (
  origin: string, identity: string, records: Iterable<TransferRecord> | AsyncIterable<TransferRecord>
): Source {
  const hash = createHash('sha256').update(identity).digest('base64url')
  return { header: { confab: 'export', version: 1, id: `${origin} ${hash}` }, records: checked(records) }
}

async function * checked (records: Iterable<TransferRecord> | AsyncIterable<TransferRecord>): AsyncGenerator<Line> {
  // The first line is that of the header.
  let line = 1
  for await (const record of records) yield { line: ++line, record: checkRecord(record, line) }
}

/** Parses JSON of an export. @throws {ImportError} */
export function parseJson (text: string, name: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new ImportError(undefined, `${name} is not JSON`)
  }
}

/** A message with any text: a long one becomes several, of which the first one has the rest. */
export function messagesOf (message: Omit<MessageRecord, 'record' | 'text'>, text: string): MessageRecord[] {
  const [first, ...others] = textsOf(text)
  if (first === undefined) return []
  const { user, created_at: createdAt, parent } = message
  return [
    { record: 'message', ...message, text: first },
    ...others.map((part): MessageRecord => ({
      record: 'message', user, text: part, created_at: createdAt, ...(parent !== undefined && { parent })
    }))
  ]
}
