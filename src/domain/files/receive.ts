/** Uploads that pass through this server. */
import type { Readable } from 'node:stream'
import { type FileStorage, type ServerTransfer, SizeError } from '../../files/files.ts'
import type { Orm } from '../../store/database.ts'
import * as store from '../../store/files.ts'
import type { FileRow } from '../../store/files.ts'
import { ChatError } from '../errors.ts'
import { completeUpload, orUnavailable } from './complete.ts'

/** Uploads at the same time: of one user, and of all. */
const [MAX_PER_USER, MAX_IN_ALL] = [5, 200]

/** What a client sends. */
export type IncomingUpload = {
  body: Readable
  /** What it says of its length, in bytes. */
  length: number | undefined
  /** Called with each part. */
  onProgress: () => void
}

/** Uploads under way, by user. */
const running = new Map<number, number>()
let total = 0

/** Reads an upload, and makes a content of it; see `Files.receive`. */
export async function receiveUpload (
  orm: Orm,
  storage: FileStorage & { transfer: ServerTransfer },
  row: FileRow,
  upload: IncomingUpload
): Promise<void> {
  const { id, userId, size } = row
  if (row.completedAt !== null) throw new ChatError('file_complete')
  if (upload.length !== undefined && upload.length !== size) throw new ChatError('size_differs')
  const count = running.get(userId) ?? 0
  if (count >= MAX_PER_USER || total >= MAX_IN_ALL) throw new ChatError('overloaded')
  running.set(userId, count + 1)
  total++
  try {
    await read(storage, row, upload)
  } finally {
    total--
    const left = (running.get(userId) ?? 1) - 1
    if (left === 0) running.delete(userId)
    else running.set(userId, left)
  }
  const present = await store.findFile(orm, id)
  if (present?.completedAt === null) {
    await completeUpload(orm, storage, present)
    return
  }
  // Another one was faster, or the file was deleted: nothing would delete what has just arrived.
  await orUnavailable(storage.remove(id, present === undefined ? 'all' : 'upload'))
  throw new ChatError(present === undefined ? 'unknown_file' : 'file_complete')
}

async function read (
  { transfer }: { transfer: ServerTransfer }, { id, size }: FileRow, { body, onProgress }: IncomingUpload
): Promise<void> {
  try {
    await orUnavailable(transfer.receive(id, body, size, onProgress))
  } catch (error) {
    if (error instanceof SizeError) throw new ChatError('size_differs')
    if (body.errored !== null || body.destroyed)
      throw new ChatError('invalid_input', 'The body was broken off.', { cause: error })
    throw error
  }
}
