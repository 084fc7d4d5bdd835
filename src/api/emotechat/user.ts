/** An account as this dialect shows it. */
import Type, { type Static } from 'typebox'
import type { Account } from '../../domain/accounts/account.ts'

/** An account. */
export const UserSchema = Type.Object(
  {
    id: Type.Integer({ minimum: 1 }),
    name: Type.String({ description: 'Display name; not unique.' }),
    username: Type.String({ description: 'Unique; derived from the name.' }),
    email: Type.Optional(Type.String({ description: 'Only in the caller\'s own record.' })),
    email_verified: Type.Optional(Type.Boolean({ description: 'Only in the caller\'s own record.' })),
    created_at: Type.String({ format: 'date-time' })
  },
  { title: 'User' }
)

/** An example of the caller's own account. */
export const EXAMPLE_USER = {
  id: 2,
  name: 'Emma',
  username: 'emma',
  email: 'emma@example.com',
  email_verified: false,
  created_at: '2026-01-31T12:34:56.789Z'
}

/** The account's fields with the names of this dialect; its address only for its owner. */
export function encodeUser (
  { id, name, username, email, isEmailVerified, createdAt }: Account,
  readerId: number
): Static<typeof UserSchema> {
  return {
    id,
    name,
    username,
    ...(id === readerId && { email, email_verified: isEmailVerified }),
    created_at: createdAt.toISOString()
  }
}
