/** Selects the configured adapter. */
import type { FileSettings } from '../config/config.ts'
import { openDiskStorage } from './disk.ts'
import type { FileStorage } from './files.ts'

/**
 * Opens the configured storage; nothing is connected or written yet. What S3 takes is loaded only where it is used.
 * @returns undefined when there is none
 */
export async function openFileStorage ({ storage, origin }: FileSettings): Promise<FileStorage | undefined> {
  switch (storage.kind) {
    case 'off':
      return undefined
    case 'disk':
      return openDiskStorage(storage.folder)
    case 's3': {
      const { openS3Storage } = await import('./s3.ts')
      return openS3Storage(storage, origin)
    }
  }
}
