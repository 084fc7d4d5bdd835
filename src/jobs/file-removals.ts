/**
 * The jobs that delete contents of files which are no longer needed. A trigger writes them in the transaction that
 * deletes the row of a file, so that no content is forgotten. To delete one twice does no harm.
 */
import Type from 'typebox'
import { Compile } from 'typebox/compile'
import type { FileStorage } from '../files/files.ts'
import { FILE_REMOVAL_KIND } from '../store/files.ts'
import { backoff, type JobKind } from './job-kind.ts'

const CONCURRENCY = 8
const [FIRST_RETRY_MS, MAX_RETRY_MS] = [5_000, 3_600_000]

const payloadForm = Compile(Type.Object({
  file: Type.String(),
  /** Whether it is only about what was uploaded: the content itself stays. */
  uploadOnly: Type.Optional(Type.Boolean())
}))

/** Deletes contents of files. */
export function createFileRemovals (storage: FileStorage): JobKind {
  return {
    name: FILE_REMOVAL_KIND,
    concurrency: CONCURRENCY,
    perTarget: CONCURRENCY,
    // A content that stays is of no use to anybody: it is tried for ever.
    maxAttempts: Infinity,
    retryDelayMs: backoff(FIRST_RETRY_MS, MAX_RETRY_MS),
    run: async ({ payload }) => {
      const { file, uploadOnly } = payloadForm.Parse(payload)
      await storage.remove(file, uploadOnly === true ? 'upload' : 'all')
      return { status: 'done' }
    }
  }
}
