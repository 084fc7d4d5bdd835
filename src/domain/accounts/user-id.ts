/** The ids of users in `/v1`: those of the application's users are its own, accounts of ours have a reserved prefix. */

const ACCOUNT_PREFIX = 'cf~'
/** Begins the username of a user of the application, before its id; no account of ours has it. */
const APPLICATION_NAME = '~'
/** The username of an account that is erased, before its number. */
const ERASED_NAME = 'deleted_'
/** Lengths and characters of an id, as a regular expression. `.` and `..` would change the meaning of a URL. */
export const USER_ID_PATTERN = '^(?!\\.{1,2}$)[A-Za-z0-9._~-]{1,64}$'

const FORM = new RegExp(USER_ID_PATTERN)
const ACCOUNT = new RegExp(`^${ACCOUNT_PREFIX}([1-9]\\d{0,15})$`)

/** The id of an account of ours. */
export function accountUserId (id: number): string {
  return `${ACCOUNT_PREFIX}${String(id)}`
}

/** Whether the application may give this id to a user of its own. */
export function isExternalId (text: string): boolean {
  return FORM.test(text) && !text.startsWith(ACCOUNT_PREFIX)
}

/** The number of the account that an id names; undefined when it names none. */
export function accountOfUserId (text: string): number | undefined {
  const [, id] = ACCOUNT.exec(text) ?? []
  return id === undefined ? undefined : Number(id)
}

/** The id of a user by its number and username; undefined for one that is erased. */
export function userIdOf (userId: number, username: string): string | undefined {
  if (username.startsWith(APPLICATION_NAME)) return username.slice(APPLICATION_NAME.length)
  const erased = `${ERASED_NAME}${String(userId)}`
  return username === erased || username.startsWith(`${erased}_`) ? undefined : accountUserId(userId)
}
