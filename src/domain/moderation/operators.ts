/** Operators of the installation: who sees the reports of all chats, the audit log and the health report. */
import type { Orm } from '../../store/database.ts'
import * as store from '../../store/reports.ts'
import { findUserByName } from '../../store/users.ts'
import { findUsers, type KnownUser } from '../accounts/find-users.ts'
import { ChatError } from '../errors.ts'
import { COMMAND_LINE, recordAudit } from './audit.ts'

export { isOperator, listOperators } from '../../store/reports.ts'

/**
 * Makes a user an operator, or ends that.
 * @param name the id of a user in `/v1`, or the username of an account
 * @returns whether something has changed
 * @throws {ChatError} `unknown_user`
 */
export async function setOperator (orm: Orm, name: string, isOn: boolean): Promise<boolean> {
  const { userId } = await findNamed(orm, name)
  return orm.transaction(async (tx) => {
    const isChanged = await store.setOperator(tx, userId, isOn)
    if (isChanged)
      await recordAudit(tx, COMMAND_LINE, { action: isOn ? 'operator.granted' : 'operator.revoked', userId })
    return isChanged
  })
}

async function findNamed (orm: Orm, name: string): Promise<KnownUser> {
  const account = await findUserByName(orm, name)
  if (account?.activatedAt != null) return { userId: account.id, username: account.username }
  const user = (await findUsers(orm, [name])).get(name)
  if (user === undefined) throw new ChatError('unknown_user')
  return user
}
