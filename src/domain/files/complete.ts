/** From an upload to a content: what it is, and what of it is kept. */
import { setTimeout as sleep } from 'node:timers/promises'
import { servingOf } from '../../files/content/content-type.ts'
import { inspect, type Inspection } from '../../files/content/inspect.ts'
import { TooManyPicturesError } from '../../files/content/picture-turns.ts'
import { type FileStorage, StorageError, type Upload } from '../../files/files.ts'
import type { Orm } from '../../store/database.ts'
import * as store from '../../store/files.ts'
import type { FileRow } from '../../store/files.ts'
import { ChatError } from '../errors.ts'
import { dispositionOf } from './file-name.ts'

/** A replica that dies over an upload has it for so long. Longer than a look takes. */
const LEASE_MS = 120_000
/** What was uploaded may be sent again for as long as its link is good, and is deleted after that. */
const UPLOAD_KEPT_MS = 7_200_000
/** How long another one is waited for that looks at the same upload. */
const [WAIT_MS, POLL_MS] = [10_000, 100]

/**
 * Makes a content of what was uploaded for a file, unless that was done meanwhile.
 * @throws {ChatError} `file_incomplete`, `size_differs`, `unknown_file`, `overloaded`, `storage_unavailable`
 */
export async function completeUpload (orm: Orm, storage: FileStorage, row: FileRow): Promise<void> {
  const { id } = row
  const upload = await orUnavailable(storage.findUpload(id))
  if (upload === undefined) throw new ChatError('file_incomplete')
  if (upload.size !== row.size) throw new ChatError('size_differs')
  if (!(await store.claimFile(orm, id, LEASE_MS))) {
    await waitForOther(orm, id)
    return
  }
  try {
    const inspection = await orUnavailable(lookAt(storage, row, upload))
    const { contentType, width = null, height = null, content, thumbnail } = inspection
    const size = content?.length ?? upload.size
    const completed = { size, contentType, width, height, hasThumbnail: thumbnail !== undefined }
    if (await store.completeFile(orm, id, completed, UPLOAD_KEPT_MS)) return
  } catch (error) {
    await store.releaseFile(orm, id).catch(() => undefined)
    throw error
  }
  // It was deleted meanwhile, and what was just stored must not remain.
  await orUnavailable(storage.remove(id, 'all'))
  throw new ChatError('unknown_file')
}

async function lookAt (
  storage: FileStorage, { id, name, declaredType, userId }: FileRow, upload: Upload
): Promise<Inspection> {
  const read = (range: { start: number, end: number }) => storage.readUpload(id, upload, range)
  const inspection = await inspect({ size: upload.size, read }, declaredType, userId)
  const { servedType, isShown } = servingOf(inspection)
  const { content, thumbnail } = inspection
  await storage.keep(id, upload, { content, thumbnail, servedType, disposition: dispositionOf(name, isShown) })
  return inspection
}

async function waitForOther (orm: Orm, id: string): Promise<void> {
  for (let waited = 0; waited < WAIT_MS; waited += POLL_MS) {
    const row = await store.findFile(orm, id)
    if (row === undefined) throw new ChatError('unknown_file')
    if (row.completedAt !== null) return
    await sleep(POLL_MS)
  }
  throw new ChatError('file_incomplete')
}

/** The errors of the storage in words of the product. */
export async function orUnavailable<Result> (work: Promise<Result>): Promise<Result> {
  try {
    return await work
  } catch (error) {
    if (error instanceof StorageError) throw new ChatError('storage_unavailable', undefined, { cause: error })
    if (error instanceof TooManyPicturesError) throw new ChatError('overloaded')
    throw error
  }
}
