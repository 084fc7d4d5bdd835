/** The parameters of the paths of users. */
import Type from 'typebox'

/** Beside it stands the form with a colon and an action behind it. */
export const USER = ':user(^[^:/]+$)'
/** The user of a path with an action. */
export const USER_OF_ACTION = ':user(^[^:/]+)'

export const UserParams = Type.Object({ user: Type.String({ maxLength: 64, description: 'The id of the user.' }) })
