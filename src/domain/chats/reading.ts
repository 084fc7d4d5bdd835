/** Chats and their members, as a caller may see them. */
import * as store from '../../store/chat-views.ts'
import type { Orm } from '../../store/database.ts'
import { inSnapshot } from '../../store/snapshot.ts'
import { ChatError } from '../errors.ts'
import { findDefinitions } from './access.ts'
import { Authority } from './authority.ts'
import { requireClaimed, requireReadable } from './chat-reader.ts'
import { type ChatTypeDefinition, duringBlock, type Permission } from './chat-types.ts'
import { stateOf } from './chat-transaction.ts'
import type { ChatState } from '../events/event.ts'
import type { Actor, Caller } from './caller.ts'
import { countUnread, type Unread } from './unread.ts'

/** A place in a list of chats. */
export type { ChatPosition, PageOf } from '../../store/chat-views.ts'

/** What a caller is in a chat. */
export type OwnView = {
  /** Null for one who is no member. */
  role: string | null
  permissions: readonly Permission[]
  readSeq: number
  isMuted: boolean
  isPinned: boolean
  isArchived: boolean
  notifications: 'all' | 'mentions' | 'none'
}

/** A chat as a caller sees it. `own` is null for a key. */
export type ChatView = {
  state: ChatState
  chatId: number
  lastSeq: number
  activeAt: Date
  lastMessage: store.LastMessage | null
  /** The other one of a direct chat, for one of the two. */
  partner: { userId: number, username: string } | null
  /** Null for one who is no member. */
  unread: Unread | null
  own: OwnView | null
}

/** Returns a chat. @throws {ChatError} `unknown_chat` */
export async function getChat (orm: Orm, caller: Caller, id: string): Promise<ChatView> {
  return inSnapshot(orm, async (tx) => {
    const { chatId, definition } = await requireClaimed(tx, { userId: userOf(caller), claim: caller.claim }, id, 'read')
    const row = await store.findChatView(tx, userOf(caller), chatId)
    const isHidden = caller.user !== null && row?.own === null && definition.visibility === 'private'
    if (row === undefined || isHidden) throw new ChatError('unknown_chat')
    const [counts] = await countIn(tx, caller, [row])
    return viewOf(row, caller, definition, counts)
  })
}

/** Returns what a user is in a chat. @throws {ChatError} `unknown_chat` */
export async function getOwn (orm: Orm, caller: Caller & { user: Actor }, id: string): Promise<OwnView> {
  const { own } = await getChat(orm, caller, id)
  if (own === null) throw new ChatError('unknown_chat')
  return own
}

/**
 * Returns a page of chats and one more: a user's own, the latest active first; for a key all, the latest made first.
 * @param isArchived only those that are archived, or that are not
 */
export async function listChats (
  orm: Orm,
  caller: Caller,
  page: store.PageOf<store.ChatPosition>,
  isArchived: boolean | undefined
): Promise<ChatView[]> {
  return inSnapshot(orm, async (tx) => {
    const rows = caller.user === null
      ? await store.listAllChatViews(tx, page)
      : await store.listChatViews(tx, caller.user.userId, page, { isArchived, seen: caller.claim?.seen })
    const definitions = await findDefinitions(tx, rows.map(({ type }) => type))
    const counts = await countIn(tx, caller, rows)
    return rows.flatMap((row, index) => {
      const definition = definitions.get(row.type)
      return definition === undefined ? [] : [viewOf(row, caller, definition, counts[index])]
    })
  })
}

/** The unread messages of a user in these chats. */
async function countIn (orm: Orm, { user }: Caller, rows: readonly store.ChatView[]): Promise<(Unread | undefined)[]> {
  if (user === null) return []
  const chatIds = rows.flatMap(({ chatId, own }) => own === null ? [] : [chatId])
  const counts = await countUnread(orm, user.userId, chatIds)
  return rows.map(({ chatId }) => counts.get(chatId))
}

/**
 * Returns a page of the members of a chat and one more, with the head that it is true for.
 * @throws {ChatError} `unknown_chat`, `forbidden`
 */
export async function listMembers (
  orm: Orm,
  caller: Caller,
  id: string,
  page: store.PageOf<number>
): Promise<{ lastSeq: number, members: store.MemberRow[] }> {
  const access = await requireReadable(orm, { userId: userOf(caller), claim: caller.claim }, id)
  const found = await store.listMemberRows(orm, access.chatId, page)
  if (found === undefined) throw new ChatError('unknown_chat')
  return found
}

function userOf ({ user }: Caller): number | null {
  return user?.userId ?? null
}

function viewOf (
  row: store.ChatView,
  { user, claim }: Caller,
  definition: ChatTypeDefinition,
  unread: Unread | undefined
): ChatView {
  const { own, other, lastSeq, activeAt, memberCount, lastMessage } = row
  const authority = new Authority(definition, own?.role ?? null, user === null)
  const isShown = user === null || own !== null || definition.history === 'all'
  const state = stateOf(row, memberCount)
  const permissions = row.isBlocked ? duringBlock(authority.permissions) : authority.permissions
  return {
    state: {
      ...state,
      ...(other !== null && other.name !== null && { name: other.name, avatar: state.avatar ?? other.avatar })
    },
    partner: other,
    chatId: row.chatId,
    lastSeq,
    activeAt,
    lastMessage: isShown && authority.permissions.includes('read') ? lastMessage : null,
    unread: unread ?? null,
    own: user === null
      ? null
      : {
          role: authority.role,
          permissions: claim?.narrow(state.id, permissions) ?? permissions,
          readSeq: unread?.readSeq ?? 0,
          isMuted: own?.mutedAt != null,
          isPinned: own?.pinnedAt != null,
          isArchived: own?.archivedAt != null,
          notifications: own?.notifications ?? 'all'
        }
  }
}
