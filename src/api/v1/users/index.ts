/** `/v1/users`: users, and how the application's backend manages them. */
import { requireCaller } from '../../http/principals.ts'
import type { Scope } from '../../http/scope.ts'
import { batch } from './batch.ts'
import { exportUser } from './export.ts'
import { list } from './list.ts'
import { erase, getOne, patch, put } from './one.ts'
import { resume, revokeTokens, suspend } from './tokens.ts'

/** Adds the routes. */
export default async function users (app: Scope): Promise<void> {
  await app.register(async (scope) => {
    requireCaller(scope, { user: true, key: 'users:read', isNarrowed: true })
    list(scope)
    getOne(scope)
  })
  await app.register(async (scope) => {
    requireCaller(scope, { key: 'users:read' })
    exportUser(scope)
  })
  await app.register(async (scope) => {
    requireCaller(scope, { key: 'users:write' })
    put(scope)
    patch(scope)
    erase(scope)
    batch(scope)
    suspend(scope)
    resume(scope)
    revokeTokens(scope)
  })
}
