/** Brings what is neither a user nor a chat: types of chats, blocks, and ids that are not given out again. */
import { isDeepStrictEqual } from 'node:util'
import type { Orm } from '../../store/database.ts'
import { insertChatType } from '../../store/chat-types.ts'
import * as store from '../../store/transfer/users.ts'
import { findDefinitions } from '../chats/access.ts'
import { builtInType } from '../chats/chat-types.ts'
import { ImportError } from './import-error.ts'
import type { Unit } from './numbering.ts'
import type { UserLookup } from './user-numbers.ts'

/** Adds the types of chats. @throws {ImportError} when one of the name is another here */
export async function ensureTypes (tx: Orm, units: readonly Unit[]): Promise<void> {
  for (const { line, record } of units) {
    if (record.record !== 'chat_type') continue
    const { type, definition } = record
    if (builtInType(type) !== undefined) throw new ImportError(line, `the type ${type} is built in`)
    if (await insertChatType(tx, type, definition)) continue
    const here = (await findDefinitions(tx, [type])).get(type)
    if (!isDeepStrictEqual(here, definition))
      throw new ImportError(line, `the type of chats ${type} is another here`)
  }
}

/** Adds the blocks. */
export async function insertBlocks (tx: Orm, units: readonly Unit[], users: UserLookup): Promise<void> {
  const rows = units.flatMap(({ line, record }) => {
    if (record.record !== 'block') return []
    users.at(line)
    const at = record.created_at ?? new Date().toISOString()
    return [{ user_id: users.require(record.user), blocked_id: users.require(record.blocked), created_at: at }]
  })
  await store.insertBlocks(tx, rows)
}

/** Adds the ids and names that are not given out again. */
export async function retire (tx: Orm, units: readonly Unit[]): Promise<void> {
  const retired = units.flatMap(({ record }) => record.record === 'retired' ? [record] : [])
  await store.retire(tx, {
    nameHashes: retired.flatMap(({ name_hash: hash }) => hash ?? []),
    chatIds: retired.flatMap(({ chat }) => chat ?? [])
  })
}
