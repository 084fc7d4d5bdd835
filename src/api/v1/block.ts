/** A block, in answers. */
import Type, { type Static } from 'typebox'
import type { Block } from '../../domain/accounts/blocks.ts'
import { userIdOf } from '../../domain/accounts/user-id.ts'

/** A user whom another one has blocked. */
export const BlockSchema = Type.Object(
  {
    user: Type.Union([Type.String(), Type.Null()], { description: 'The id of the user; null of one who is erased.' }),
    created_at: Type.String({ format: 'date-time' })
  },
  { title: 'Block' }
)

export const EXAMPLE_BLOCK: Static<typeof BlockSchema> = { user: 'user-17', created_at: '2026-11-28T10:15:04.512Z' }

/** Encodes a block. */
export function encodeBlock ({ userId, username, createdAt }: Block): Static<typeof BlockSchema> {
  return { user: userIdOf(userId, username) ?? null, created_at: createdAt.toISOString() }
}
