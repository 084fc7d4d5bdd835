/** The embedded store cannot be used; `message` is one sentence for the operator and contains no secret. */
export class EmbeddedStoreError extends Error {
  override readonly name: string = 'EmbeddedStoreError'
}

/** Another process uses the folder of the embedded store. */
export class FolderInUseError extends EmbeddedStoreError {
  override readonly name = 'FolderInUseError'
  constructor (folder: string) {
    super(`The embedded store in ${folder} is in use by another process. Stop that one first, give this one another ` +
      'DATA_DIR, or set DATABASE_URL to run replicas on Postgres.')
  }
}

/** Whether an error of Node has one of these codes. */
export function hasCode (error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}
