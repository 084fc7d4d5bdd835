/** `/v1/files`. */
import { requireCaller } from '../../http/principals.ts'
import type { Scope } from '../../http/scope.ts'
import fileContents from './content.ts'
import { createFile, deleteFile, getFile } from './files.ts'

/** Adds the routes. */
export default async function files (app: Scope): Promise<void> {
  await app.register(async (scope) => {
    requireCaller(scope, { user: true, key: 'files:read', isNarrowed: true })
    getFile(scope)
  })
  await app.register(async (scope) => {
    requireCaller(scope, { user: true, key: 'files:write', isNarrowed: true })
    createFile(scope)
    deleteFile(scope)
  })
  await app.register(fileContents)
}
