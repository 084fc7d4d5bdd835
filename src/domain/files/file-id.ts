/** The ids of files: they cannot be guessed, and are the names of their contents. */
import { randomBytes } from 'node:crypto'

const ID_BYTES = 16

/** The form of an id. */
export const FILE_ID = /^[0-9a-f]{32}$/

/** Makes an id. */
export function newFileId (): string {
  return randomBytes(ID_BYTES).toString('hex')
}
