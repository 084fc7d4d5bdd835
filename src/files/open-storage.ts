/** Selects the configured adapter. */
import type { FileSettings } from '../config/config.ts'
import { openDiskStorage } from './disk.ts'
import type { FileStorage } from './files.ts'

/** Opens the configured storage; nothing is connected or written yet. @returns undefined when there is none */
export async function openFileStorage ({ storage }: FileSettings): Promise<FileStorage | undefined> {
  switch (storage.kind) {
    case 'off':
      return undefined
    case 'disk':
      return openDiskStorage(storage.folder)
    case 's3':
      throw new Error('TODO')
  }
}
