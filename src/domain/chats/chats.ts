/** The chats of this server: direct ones and groups, their members and lists. */
import { isDirectChatBlocked } from '../../store/blocks.ts'
import type { Orm } from '../../store/database.ts'
import * as store from '../../store/chats.ts'
import { findUsernames, listContacts, listContactsIn } from '../../store/contacts.ts'
import { type ConversationRow, listConversations } from '../../store/conversations.ts'
import { listParticipants } from '../../store/members.ts'
import { findChosen, findMemberships, findNumbered, findOpenChats } from '../../store/subscriptions.ts'
import { findAdded, findUserChatsVersions, listUserChats } from '../../store/user-chats.ts'
import { atOnce, type UnitOfWork } from '../../store/unit-of-work.ts'
import { ChatError } from '../errors.ts'
import type { Features } from '../features.ts'
import { findDefinitions } from './access.ts'
import { bindBans } from './bans.ts'
import { addUsers, changeMember, joinChat, leaveChat, putMember, removeMember } from './changing-members.ts'
import { deleteChat, freeze, updateSettings } from './changing.ts'
import { bindInvites } from './chat-invites.ts'
import { parseChatId, publicChatId } from './chat-id.ts'
import { createChat, putChat } from './creating.ts'
import { listTypes, putType } from './defining-types.ts'
import { type ChatDeps, chatWithUser, openDirectChat, putDirectChat } from './direct-chats.ts'
import { eraseStep } from './erasure.ts'
import { addMembers, createGroup, listGroupMembers, removeMembers } from './groups.ts'
import { leave } from './leaving.ts'
import { type MembershipDeps, Memberships } from './membership.ts'
import { setOwn } from './own-settings.ts'
import { transferChat } from './ownership.ts'
import { readPartnerMessages } from './partner-messages.ts'
import { getChat, getOwn, listChats, listMembers } from './reading.ts'
import type { ReadMarks } from './read-marks.ts'

/** Dependencies of the chats. */
export type ChatsDeps = Omit<MembershipDeps, 'afterCommit'> & { readMarks: Pick<ReadMarks, 'note'> }

/** A chat as one of its members sees it. */
export type Conversation = ConversationRow

/** A chat in a list of its member. */
export type ChatSummary = store.ChatSummary

/** The chats of one of several users, and a chat in that list. */
export type { Added, UserChat, UserChats } from '../../store/user-chats.ts'

/** The chats of this server. */
export type Chats = ReturnType<typeof createChats>

/** Wires the chats. */
export function createChats (deps: ChatsDeps) {
  const memberships = new Memberships({ ...deps, afterCommit: atOnce })
  return {
    ...bindChats(deps.orm, memberships, deps.readMarks, deps.features),
    /** The same in a unit. */
    within: (unit: UnitOfWork) => bindChats(unit.orm, memberships.within(unit), deps.readMarks, deps.features)
  }
}

function bindChats (orm: Orm, memberships: Memberships, readMarks: ChatsDeps['readMarks'], features: Features) {
  const inner = { orm, memberships, features }
  return {
    get: getChat.bind(undefined, orm),
    own: getOwn.bind(undefined, orm),
    listOf: listChats.bind(undefined, orm),
    create: createChat.bind(undefined, inner),
    put: putChat.bind(undefined, inner),
    putDirect: putDirectChat.bind(undefined, inner),
    update: updateSettings.bind(undefined, inner),
    freeze: freeze.bind(undefined, inner),
    remove: deleteChat.bind(undefined, inner),
    memberList: listMembers.bind(undefined, orm),
    addUsers: addUsers.bind(undefined, inner),
    putMember: putMember.bind(undefined, inner),
    changeMember: changeMember.bind(undefined, inner),
    removeMember: removeMember.bind(undefined, inner),
    join: joinChat.bind(undefined, inner),
    leaveBy: leaveChat.bind(undefined, inner),
    transfer: transferChat.bind(undefined, inner),
    setOwn: setOwn.bind(undefined, inner),
    ...bindInvites(inner),
    bans: bindBans(inner),
    types: () => listTypes(orm),
    putType: putType.bind(undefined, inner),
    openDirect: openDirectChat.bind(undefined, inner),
    withUser: chatWithUser.bind(undefined, inner),
    createGroup: createGroup.bind(undefined, inner),
    members: listGroupMembers.bind(undefined, inner),
    addMembers: addMembers.bind(undefined, inner),
    removeMembers: removeMembers.bind(undefined, inner),
    leave: leave.bind(undefined, inner),
    eraseStep: eraseStep.bind(undefined, inner),
    archive: archive.bind(undefined, inner),
    /** Returns the chats of a user that are archived, or those that are not, latest activity first. */
    list: (userId: number, options: { isArchived?: boolean } = {}) => store.listChats(orm, userId, options),
    /** Returns a page of a user's chats with their unread counts, latest activity first. */
    conversations: listConversations.bind(undefined, orm),
    withPartner: readPartnerMessages.bind(undefined, { orm, readMarks }),
    /** Records that a member has read up to a seq; the mark never goes back. */
    markRead: (userId: number, chatId: number, seq: number) => readMarks.note({ userId, chatId, seq }),
    membership: membership.bind(undefined, orm),
    /** A user's memberships of those of these chats that the user is in. */
    memberships: (userId: number, chatIds: readonly number[]) => findMemberships(orm, userId, chatIds),
    /** Those of these chats that anybody may read, from their beginning. */
    openChats: (chatIds: readonly number[]) => findOpenChats(orm, chatIds),
    /** The chats that these ids of `/v1` name, whoever is in them; an id that can name none is passed over. */
    idsOf: (names: readonly string[]) => findChatIds(orm, names),
    heads: (chatIds: number[]) => store.findHeads(orm, chatIds),
    /** Whether others see that a member of a chat of this type is typing. */
    hasTyping: async (type: string) => (await findDefinitions(orm, [type])).get(type)?.features.typing ?? false,
    /** Whether one of the two of a direct chat has blocked the other. */
    isDirectChatBlocked: (chatId: number) => isDirectChatBlocked(orm, chatId),
    participants: (chatId: number, userIds: readonly number[]) => listParticipants(orm, chatId, userIds),
    /** The chats of each of these users, and the versions of their lists in the same snapshot. */
    chatsOf: (userIds: readonly number[]) => listUserChats(orm, userIds),
    /** The versions of the lists of these users: each change of a list counts. */
    versionsOf: (userIds: readonly number[]) => findUserChatsVersions(orm, userIds),
    /** Those of these memberships that another user has made: the one that opened the chat, or added the member. */
    addedAmong: (memberships: readonly { userId: number, chatId: number }[]) => findAdded(orm, memberships),
    /** Those who share a chat with each of these users, large chats aside. */
    contactsOf: (userIds: readonly number[]) => listContacts(orm, userIds),
    /** The same of one user, with those of whom nobody may know whether they are online. */
    everyContactOf: async (userId: number) => (await listContacts(orm, [userId], true))[0]?.contactIds ?? [],
    /** The members of a chat whom it makes contacts; none in a large one. */
    contactsIn: (chatId: number) => listContactsIn(orm, chatId),
    /** The usernames of users. */
    namesOf: (userIds: readonly number[]) => findUsernames(orm, userIds),
    /** Calls `listener` with the events of each committed change of members, before its request is answered. */
    onCommitted: memberships.onCommitted.bind(memberships),
    /** Calls `listener` with the users whose list of chats has changed, before the request is answered. */
    onListsChanged: memberships.onListsChanged.bind(memberships)
  }
}

/**
 * Puts a chat away for one of its members, or takes it out again; the others do not notice.
 * @throws {ChatError} `not_a_participant`
 */
async function archive (
  { orm, memberships }: ChatDeps, userId: number, chatId: number, isArchived: boolean
): Promise<void> {
  if (!(await store.setArchived(orm, chatId, userId, isArchived))) throw new ChatError('not_a_participant')
  memberships.announceLists([userId])
}

async function findChatIds (orm: Orm, names: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const ids = new Map<string, number>()
  const [chosen, numbered]: [string[], number[]] = [[], []]
  for (const name of names) {
    const parsed = parseChatId(name)
    if (parsed === undefined) continue
    if ('chatId' in parsed) numbered.push(parsed.chatId)
    else chosen.push(parsed.chosen)
  }
  // A chat with a chosen id has no other: what a token may do is said of that one.
  for (const chatId of numbered.length === 0 ? [] : await findNumbered(orm, numbered))
    ids.set(publicChatId(chatId, null), chatId)
  for (const { chatId, chosenId } of chosen.length === 0 ? [] : await findChosen(orm, chosen)) ids.set(chosenId, chatId)
  return ids
}

/** Returns a user's membership of a chat. @throws {ChatError} `not_a_participant` */
async function membership (orm: Orm, userId: number, chatId: number): Promise<store.Membership> {
  const found = await store.findMembership(orm, chatId, userId)
  if (found === undefined) throw new ChatError('not_a_participant')
  return found
}
