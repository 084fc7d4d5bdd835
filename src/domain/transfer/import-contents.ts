/**
 * Brings the contents of files that messages name and that are not here, from a folder beside an export. Which are
 * missing follows from the messages, so that it may be run again, also after an import without contents.
 */
import { servingOf } from '../../files/content/content-type.ts'
import type { FileStorage } from '../../files/files.ts'
import { eachOf } from '../../lib/each-of.ts'
import type { Orm } from '../../store/database.ts'
import { type AttachedFile, insertAttachedFile, isFileThere, listAbsentFiles } from '../../store/transfer/files.ts'
import { dispositionOf } from '../files/file-name.ts'
import type { ContentFolder, FolderContent } from './content-folder.ts'
import { nameOfContent } from './content-name.ts'

/** Contents that are copied at a time, and files that are looked for in one query. */
const [CONCURRENCY, PAGE] = [8, 1_000]

/** What became of files. */
export type ImportedContents = {
  stored: number
  /** Named by messages, and not in the folder. */
  missing: number
  /** In the folder, and not as they were exported: they are left out. */
  differing: string[]
}

/** Brings contents. @throws {StorageError} while the storage cannot be reached */
export async function importContents (
  orm: Orm, storage: FileStorage, folder: ContentFolder
): Promise<ImportedContents> {
  const result: ImportedContents = { stored: 0, missing: 0, differing: [] }
  for (let after: { chatId: number, seq: number } | undefined = { chatId: 0, seq: 0 }; after !== undefined;) {
    const page: Awaited<ReturnType<typeof listAbsentFiles>> = await listAbsentFiles(orm, after, PAGE)
    await eachOf(page.files, CONCURRENCY, async (file) => {
      const outcome = await bring(orm, storage, folder, file)
      if (outcome === 'differs') result.differing.push(file.id)
      else result[outcome]++
    })
    after = page.next
  }
  return result
}

async function bring (
  orm: Orm, storage: FileStorage, folder: ContentFolder, file: AttachedFile
): Promise<'stored' | 'missing' | 'differs'> {
  const { id, name, size, contentType, width, height } = file
  const content = await folder.find(nameOfContent(id, 'content'))
  if (content === undefined) return 'missing'
  if (content === 'differs' || content.size !== size) return 'differs'
  const thumbnail = await folder.find(nameOfContent(id, 'thumbnail'))
  if (thumbnail === 'differs') return 'differs'
  const { servedType, isShown } = servingOf({ contentType, width, height })
  await storage.writeContent(id, {
    ...content,
    thumbnail: thumbnail && await bytesOf(thumbnail),
    servedType,
    disposition: dispositionOf(name, isShown)
  })
  if (await insertAttachedFile(orm, file, thumbnail !== undefined)) return 'stored'
  // The message was deleted meanwhile, unless another process has brought the same.
  if (!await isFileThere(orm, id)) await storage.remove(id, 'all')
  return 'missing'
}

async function bytesOf ({ read }: FolderContent): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of read()) if (Buffer.isBuffer(chunk)) chunks.push(chunk)
  return Buffer.concat(chunks)
}
