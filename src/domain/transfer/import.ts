/** Imports a file: users, chats and messages, with their times and authors. It may be run again at any time. */
import { createHash } from 'node:crypto'
import type { Orm } from '../../store/database.ts'
import { mayWriteEvents } from '../../store/features.ts'
import { removeChat } from '../../store/chats.ts'
import { openImport, removeImport } from '../../store/transfer/imports.ts'
import { ChatError } from '../errors.ts'
import { ImportError } from './import-error.ts'
import { type ImportCounts, Importer, type Part } from './importer.ts'
import { type Line, numbered, type Unit } from './numbering.ts'
import type { Header } from './records.ts'

/** Units that are stored in one transaction, unless said otherwise, and how many characters they may have together. */
const [PART, PART_LENGTH] = [4_000, 4_000_000]

/** A file that is read: what it is, and its records. */
export type Source = { header: Header, records: AsyncIterable<Line> }

/** How an import is run. */
export type ImportOptions = {
  /** Units that are stored in one transaction. */
  partSize?: number
  /** Called after each commit with the members of the chats that are there from now on. */
  onChats?: (userIds: readonly number[]) => void
  /** Called after each commit with the number of records that are stored. */
  onProgress?: (records: number) => void
}

/** What an import has done; `skipped` records were stored by an earlier run. */
export type ImportResult = ImportCounts & { skipped: number }

/**
 * Stores everything in a file that is not stored yet.
 * @throws {ImportError} at the first record that cannot be stored; those before it may be stored then
 * @throws {ChatError} `updating` while a replica of release 0.1 runs
 */
export async function importRecords (
  orm: Orm, { header, records }: Source, options: ImportOptions = {}
): Promise<ImportResult> {
  if (header.scope === 'user')
    throw new ImportError(1, 'the export of a user is for that user, and has a part of each chat only')
  if (!await mayWriteEvents(orm)) throw new ChatError('updating')
  const state = await openImport(orm, header.id)
  const importer = new Importer(orm, header.id)
  const parts = new Parts(options.partSize ?? PART)
  let skipped = 0
  // While a part is being stored, the next one is read.
  let storing: Promise<void> = Promise.resolve()
  const store = async (part: Part) => {
    const members = await importer.store(part)
    options.onChats?.(members)
    options.onProgress?.(part.to)
  }
  try {
    for await (const unit of numbered(records)) {
      const isKnown = parts.count < state.records
      parts.add(unit)
      if (isKnown && parts.count === state.records && parts.digest !== state.digest) throw changed(header.id)
      if (isKnown && (parts.isFull || parts.count === state.records)) {
        const { units } = parts.take(false)
        await importer.replay(units, state.chatId ?? 0)
        skipped += units.length
      } else if (parts.isFull || unit.record.record === 'end') {
        const part = parts.take(unit.record.record === 'end')
        await storing
        storing = store(part)
        // Its failure is met when it is awaited.
        storing.catch(() => undefined)
      }
    }
    if (parts.count < state.records) throw changed(header.id)
  } catch (error) {
    await storing
    throw error
  }
  await storing
  return { ...importer.counts, skipped }
}

/**
 * Removes what is stored of a chat that is not complete, and forgets how far the import is: the next one begins anew.
 * Chats that are complete stay. @returns whether there was anything
 */
export async function discardImport (orm: Orm, { header: { id } }: Source): Promise<boolean> {
  return orm.transaction(async (tx) => {
    const state = await removeImport(tx, id)
    if (state?.chatId != null) await removeChat(tx, state.chatId)
    return state !== undefined
  })
}

/**
 * Reads a file to its end and stores nothing.
 * @returns the number of its records
 * @throws {ImportError} at the first record that is wrong by itself, or where it is
 */
export async function checkRecords ({ records }: Source): Promise<number> {
  let count = 0
  for await (const { line } of numbered(records)) if (line > 0) count++
  return count
}

function changed (id: string): ImportError {
  return new ImportError(undefined, `a part of the import ${JSON.stringify(id)} is stored, and that part of the file ` +
    'has changed since: restore it, or give another "id" to a file of what is missing')
}

/** Collects units for the next part. */
class Parts {
  #units: Unit[] = []
  #length = 0
  #from = 0
  readonly #hash = createHash('sha256')
  readonly #size: number
  count = 0

  constructor (size: number) {
    this.#size = size
  }

  add (unit: Unit): void {
    const text = JSON.stringify(unit.record)
    this.#hash.update(text)
    this.#units.push(unit)
    this.#length += text.length
    this.count++
  }

  get isFull (): boolean {
    return this.#units.length >= this.#size || this.#length >= PART_LENGTH
  }

  /** The digest of all units so far. */
  get digest (): string {
    return this.#hash.copy().digest('base64url')
  }

  take (isLast: boolean): Part {
    const part = { units: this.#units, from: this.#from, to: this.count, digest: this.digest, isLast }
    this.#units = []
    this.#length = 0
    this.#from = this.count
    return part
  }
}
