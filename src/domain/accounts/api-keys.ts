/** API keys of the application's backend: `cfk_<id>_<secret>`, of which only a hash is stored. */
import { randomBytes, timingSafeEqual } from 'node:crypto'
import * as store from '../../store/api-keys.ts'
import type { Orm } from '../../store/database.ts'
import { ChatError } from '../errors.ts'
import { type AuditActor, COMMAND_LINE, recordAudit } from '../moderation/audit.ts'
import { createToken, hashToken } from './secrets.ts'

const SUBJECTS = ['users', 'chats', 'messages', 'webhooks', 'moderation', 'keys', 'files', 'ops'] as const
const ID_BYTES = 8
const MAX_NAME_LENGTH = 100
const FORM = /^cfk_([0-9a-f]{16})_([\w-]{43})$/

/** What a key may do; `write` includes `read`. */
export type Scope = `${typeof SUBJECTS[number]}:${'read' | 'write'}`

/** All scopes. */
export const SCOPES: readonly Scope[] = SUBJECTS.flatMap((subject) => [`${subject}:read`, `${subject}:write`] as const)

/** A caller without a user: a key, within its scopes. */
export type ApiKey = { id: string, name: string, scopes: readonly string[], expiresAt: Date | null }

/** A key in a list. */
export type ApiKeySummary = ApiKey & { createdAt: Date, lastUsedAt: Date | null }

/** A key to be made. */
export type ApiKeyRequest = { name: string, scopes: readonly string[], expiresAt: Date | null }

/** Whether a text begins like a key. */
export function looksLikeApiKey (token: string): boolean {
  return token.startsWith('cfk_')
}

/** The API keys of this server. */
export type ApiKeys = ReturnType<typeof createApiKeys>

/** Wires the API keys. */
export function createApiKeys (orm: Orm) {
  return {
    grant: grantApiKey.bind(undefined, orm),
    find: findApiKey.bind(undefined, orm),
    list: () => listApiKeys(orm),
    revoke: async (id: string, by: AuditActor): Promise<void> => {
      if (!(await revokeApiKey(orm, id, by))) throw new ChatError('unknown_key')
    }
  }
}

/**
 * Makes a key by another one, which can grant only what it has, and no longer than it has it.
 * @returns the key, which cannot be had again, and how it is listed
 * @throws {ChatError} `insufficient_scope`, `invalid_input`
 */
async function grantApiKey (
  orm: Orm, granter: ApiKey, { expiresAt: wanted, ...request }: ApiKeyRequest, by: AuditActor
): Promise<{ secret: string, summary: ApiKeySummary }> {
  const lacking = SCOPES.filter((scope) => request.scopes.includes(scope) && !hasScope(granter, scope))
  if (lacking.length > 0)
    throw new ChatError('insufficient_scope', `The API key cannot grant what it lacks: ${lacking.join(', ')}.`)
  const expiresAt = wanted ?? granter.expiresAt
  if (granter.expiresAt !== null && expiresAt !== null && expiresAt > granter.expiresAt)
    throw new ChatError('invalid_input', 'The new key cannot live longer than the one that grants it.')
  const secret = await createApiKey(orm, { ...request, expiresAt }, by)
  return { secret, summary: await findApiKey(orm, FORM.exec(secret)?.[1] ?? '') }
}

/** Returns a key that is not revoked. @throws {ChatError} `unknown_key` */
async function findApiKey (orm: Orm, id: string): Promise<ApiKeySummary> {
  const row = await store.findApiKey(orm, id)
  if (row === undefined) throw new ChatError('unknown_key')
  return toSummary(row)
}

/** Makes a key. @returns the key, which cannot be had again @throws {ChatError} `invalid_input` */
export async function createApiKey (
  orm: Orm, { name, scopes, expiresAt }: ApiKeyRequest, by = COMMAND_LINE
): Promise<string> {
  const unknown = scopes.find((scope) => !SCOPES.some((known) => known === scope))
  if (unknown !== undefined || scopes.length === 0)
    throw new ChatError('invalid_input', `The scopes are some of ${SCOPES.join(', ')}.`)
  if (name.length > MAX_NAME_LENGTH || /\p{Cc}/u.test(name))
    throw new ChatError('invalid_input', 'The name of a key has at most 100 characters and no control characters.')
  if (expiresAt !== null && !(expiresAt.getTime() > Date.now()))
    throw new ChatError('invalid_input', 'A key must expire in the future.')
  const id = randomBytes(ID_BYTES).toString('hex')
  const key = createToken(`cfk_${id}_`)
  await orm.transaction(async (tx) => {
    await store.insertApiKey(tx, { id, secretHash: hashToken(key), name, scopes: [...new Set(scopes)], expiresAt })
    const data = { scopes, expires_at: expiresAt?.toISOString() ?? null }
    await recordAudit(tx, by, { action: 'key.created', target: { key: id }, data })
  })
  return key
}

/**
 * Returns the key that a text is. The store is asked each time, so that a revocation holds at once on every replica.
 * @throws {ChatError} `unauthenticated`
 */
export async function authenticateApiKey (orm: Orm, key: string): Promise<ApiKey> {
  const [, id] = FORM.exec(key) ?? []
  const row = id === undefined ? undefined : await store.findLiveApiKey(orm, id)
  if (row === undefined || !timingSafeEqual(Buffer.from(hashToken(key)), Buffer.from(row.secretHash)))
    throw new ChatError('unauthenticated')
  await store.noteApiKeyUse(orm, row.id)
  return { id: row.id, name: row.name, scopes: row.scopes, expiresAt: row.expiresAt }
}

/** @throws {ChatError} `insufficient_scope` unless the key has the scope */
export function requireScope (key: ApiKey, scope: Scope): void {
  if (!hasScope(key, scope)) throw new ChatError('insufficient_scope', `The API key lacks the scope ${scope}.`)
}

function hasScope ({ scopes }: ApiKey, scope: Scope): boolean {
  return scopes.includes(scope) || scopes.includes(scope.replace(/:read$/, ':write'))
}

/** Returns the keys that are not revoked, oldest first. */
export async function listApiKeys (orm: Orm): Promise<ApiKeySummary[]> {
  return (await store.listApiKeys(orm)).map(toSummary)
}

function toSummary ({ id, name, scopes, createdAt, expiresAt, lastUsedAt }: store.ApiKeyRow): ApiKeySummary {
  return { id, name, scopes, createdAt, expiresAt, lastUsedAt }
}

/** Revokes a key, by its id or the key itself. @returns whether there was one */
export async function revokeApiKey (orm: Orm, idOrKey: string, by = COMMAND_LINE): Promise<boolean> {
  const [, id = idOrKey] = FORM.exec(idOrKey) ?? []
  return orm.transaction(async (tx) => {
    const isRevoked = await store.revokeApiKey(tx, id)
    if (isRevoked) await recordAudit(tx, by, { action: 'key.revoked', target: { key: id } })
    return isRevoked
  })
}
