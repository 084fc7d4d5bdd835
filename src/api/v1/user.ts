/** A user in requests and answers. */
import Type, { type Static } from 'typebox'
import { USER_ID_PATTERN } from '../../domain/accounts/user-id.ts'
import type { OwnProfile, UserProfile } from '../../domain/accounts/user-profiles.ts'

/** Only bound the input; the domain has the rules. */
const [MAX_NAME_LENGTH, MAX_AVATAR_LENGTH] = [256, 2_048]

/** JSON of the application's own. */
export const DataSchema = Type.Record(Type.String(), Type.Unknown(), {
  description: 'JSON of your application: at most 8 KiB and 16 levels.'
})

const Avatar = Type.Union([Type.String({ maxLength: MAX_AVATAR_LENGTH }), Type.Null()])

/** The fields of a profile that replaces another. */
export const PROFILE_FIELDS = {
  name: Type.Optional(Type.String({ maxLength: MAX_NAME_LENGTH, description: 'The id without it.' })),
  avatar: Type.Optional(Avatar),
  data: Type.Optional(DataSchema)
}

/** A change of a profile: a JSON Merge Patch (RFC 7396). */
export const ProfilePatchBody = Type.Object(
  {
    name: Type.Optional(Type.String({ maxLength: MAX_NAME_LENGTH })),
    avatar: Type.Optional(Avatar),
    data: Type.Optional(Type.Union([DataSchema, Type.Null()], { description: 'Fields that are null are removed.' }))
  },
  { additionalProperties: false, examples: [{ name: 'Ann Example', data: { plan: 'pro', trial: null } }] }
)

const USER_FIELDS = {
  id: Type.String({
    pattern: USER_ID_PATTERN, description: 'The id that your application gave; that of an account begins with `cf~`.'
  }),
  name: Type.String(),
  avatar: Type.Union([Type.String(), Type.Null()], { description: 'The URL of a picture.' }),
  data: DataSchema,
  version: Type.Integer({ description: 'Counts the states of the profile.' }),
  created_at: Type.String({ format: 'date-time' })
}

/** A user. */
export const UserSchema = Type.Object(USER_FIELDS, { title: 'UserProfile' })

/** The caller. */
export const OwnUserSchema = Type.Object(
  {
    ...USER_FIELDS,
    email: Type.Optional(Type.String({ description: 'Of an account of ours; a user of your application has none.' })),
    operator: Type.Optional(Type.Literal(true, { description: 'For an operator of the installation.' })),
    pos: Type.Integer({ minimum: 0, description: 'The position in your feed that this answer is true for.' }),
    epoch: Type.String({ description: 'Another one means that the server went back to an earlier state.' })
  },
  { title: 'OwnProfile' }
)

export const EXAMPLE_USER: Static<typeof UserSchema> = {
  id: 'user-17',
  name: 'Ann Example',
  avatar: 'https://example.org/ann.png',
  data: { plan: 'pro' },
  version: 1,
  created_at: '2026-01-31T12:34:56.789Z'
}

export const EXAMPLE_OWN_USER: Static<typeof OwnUserSchema> = { ...EXAMPLE_USER, pos: 17, epoch: '7f3a' }

/** The answer about a user. */
export function encodeUser ({ id, name, avatar, data, version, createdAt }: UserProfile): Static<typeof UserSchema> {
  return { id, name, avatar, data, version, created_at: createdAt.toISOString() }
}

/** The answer about the caller. */
export function encodeOwnUser (
  { email, pos, isOperator, ...user }: OwnProfile, epoch: string
): Static<typeof OwnUserSchema> {
  return {
    ...encodeUser(user), ...(email !== null && { email }), ...(isOperator && { operator: true as const }), pos, epoch
  }
}
