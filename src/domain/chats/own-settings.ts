/** What a member sets for themself in a chat: the others do not notice. */
import { updateOwnSettings } from '../../store/own-settings.ts'
import { ChatError } from '../errors.ts'
import { requireAccess } from './access.ts'
import type { ChatDeps } from './direct-chats.ts'

/** Settings of a membership that are replaced; undefined leaves one. */
export type OwnSettingsRequest = {
  muted?: boolean
  pinned?: boolean
  archived?: boolean
  notifications?: 'all' | 'mentions' | 'none'
}

/**
 * Changes the settings of a membership.
 * @throws {ChatError} `unknown_chat`, `not_a_member` in a public chat
 */
export async function setOwn (
  { orm, memberships }: ChatDeps,
  userId: number,
  id: string,
  request: OwnSettingsRequest
): Promise<void> {
  const { chatId, role } = await requireAccess(orm, userId, id)
  const isMember = role !== null && await updateOwnSettings(orm, chatId, userId, request)
  if (!isMember) throw new ChatError('not_a_member')
  memberships.announceLists([userId])
}
