/** The parameters of the paths of users. */
import Type from 'typebox'
import { USER_ID_PATTERN } from '../../../domain/accounts/user-id.ts'

/** Beside it stands the form with a colon and an action behind it. */
export const USER = ':user(^[^:/]+$)'
/** The user of a path with an action. */
export const USER_OF_ACTION = ':user(^[^:/]+)'

/** The id of a user in a path. */
export const UserOfPath = Type.String({ pattern: USER_ID_PATTERN, description: 'The id of the user.' })
export const UserParams = Type.Object({ user: UserOfPath })
