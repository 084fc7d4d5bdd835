/** Writes the contents of files that an export names to a folder. It may be run again, and goes on then. */
import type { FileStorage, Variant } from '../../files/files.ts'
import { eachOf } from '../../lib/each-of.ts'
import type { ContentFolder } from './content-folder.ts'
import { nameOfContent } from './content-name.ts'
import type { TransferRecord } from './records.ts'

/** Contents that are copied at a time. */
const CONCURRENCY = 8

/** Files by their ids. */
export type WantedFiles = Map<string, { size: number, isPicture: boolean }>
/** Numbers of files: whose contents were written, were there before, or are in the storage no more. */
export type ExportedContents = { written: number, present: number, missing: number }

/** Notes the files that a record names. */
export function noteFiles (wanted: WantedFiles, record: TransferRecord): void {
  if (record.record !== 'message') return
  for (const { file, size, width } of record.attachments ?? []) wanted.set(file, { size, isPicture: width != null })
}

/** Writes contents. @throws {StorageError} while the storage cannot be reached */
export async function exportContents (
  storage: FileStorage, folder: ContentFolder, wanted: WantedFiles
): Promise<ExportedContents> {
  const counts: ExportedContents = { written: 0, present: 0, missing: 0 }
  await eachOf(wanted, CONCURRENCY, async ([file, { size, isPicture }]) => {
    // The thumbnail first: where the content is, it was looked for.
    if (await folder.has(file, size)) counts.present++
    else {
      if (isPicture) await copy(storage, folder, { file, variant: 'thumbnail', size: undefined })
      counts[await copy(storage, folder, { file, variant: 'content', size }) ? 'written' : 'missing']++
    }
  })
  return counts
}

async function copy (
  storage: FileStorage, folder: ContentFolder,
  { file, variant, size }: { file: string, variant: Variant, size: number | undefined }
): Promise<boolean> {
  const content = await storage.readContent(file, variant)
  if (content === undefined) return false
  return folder.write(nameOfContent(file, variant), content.body, size ?? content.size)
}
