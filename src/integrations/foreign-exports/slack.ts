/**
 * Exports of Slack: `users.json`, a list of conversations of each kind, and for each conversation a folder with a file
 * of messages for each day. They are read a day at a time, twice: who has written is not known before.
 */
import type { Source } from '../../domain/transfer/import.ts'
import { ImportError } from '../../domain/transfer/import-error.ts'
import type { ChatRecord, MemberRecord, TransferRecord, UserRecord } from '../../domain/transfer/records.ts'
import { parseJson, sourceOf } from './converting.ts'
import { type ExportFiles, openFiles } from './files.ts'
import { authorOf, isShown, messagesOfDay, type Names, reactorsOf, ThreadsSeen } from './slack-messages.ts'
import { avatarOf, chatNameOf, descriptionOf, field, idOf, listAt, textAt, timeOf, userNameOf } from './values.ts'

/** Lists of conversations, and the type that theirs become. */
const LISTS: readonly [file: string, type: string][] = [
  ['channels.json', 'channel'], ['groups.json', 'group'], ['mpims.json', 'group'], ['dms.json', 'direct']
]
const USERS = ['users.json', 'org_users.json']
const MS_PER_S = 1_000

type Conversation = { details: unknown, id: string, type: string, folder: string }

/** Opens an export. @param place a folder, or a ZIP archive @throws {ImportError} when it is none */
export async function openSlackExport (place: string): Promise<Source> {
  const files = await openFiles(place)
  const known = new Set(files.names)
  const usersFile = USERS.find((name) => known.has(name))
  const lists = LISTS.filter(([name]) => known.has(name))
  if (usersFile === undefined || lists.length === 0)
    throw new ImportError(undefined, `${place} is no export of Slack: it has no users.json and channels.json`)
  const texts = await Promise.all([usersFile, ...lists.map(([name]) => name)].map((name) => files.read(name)))
  const users = listAt({ users: parseJson(texts[0] ?? '', usersFile) }, 'users')
  const conversations = lists.flatMap(([name, type], index) =>
    listAt({ all: parseJson(texts[index + 1] ?? '', name) }, 'all').flatMap((details) => conversationOf(details, type)))
  return sourceOf('slack', texts.join('\n'), recordsOf(files, users, conversations))
}

function conversationOf (details: unknown, type: string): Conversation[] {
  const id = textAt(details, 'id')
  if (id === undefined) return []
  return [{ details, id, type, folder: type === 'direct' ? id : textAt(details, 'name') ?? id }]
}

async function * recordsOf (
  files: ExportFiles, listed: readonly unknown[], conversations: readonly Conversation[]
): AsyncGenerator<TransferRecord> {
  const users = new Map(listed.flatMap((user) => {
    const id = textAt(user, 'id')
    return id === undefined ? [] : [[id, userOf(user, id)] as const]
  }))
  for (const conversation of conversations) await addAuthors(files, conversation, users)
  yield* users.values()
  const names: Names = {
    users: new Map([...users].map(([id, { name = id }]) => [id, name])),
    channels: new Map(conversations.map(({ id, folder }) => [id, folder]))
  }
  const pairs = new Set<string>()
  for (const conversation of conversations) {
    const chat = chatOf(conversation, pairs)
    yield chat
    yield* membersOf(conversation, chat)
    const threads = new ThreadsSeen(conversation.details)
    for (const day of daysOf(files, conversation))
      yield* messagesOfDay(parseJson(await files.read(day), day), names, threads)
  }
  yield { record: 'end', users: users.size, chats: conversations.length }
}

/** The files of the days of a conversation, oldest first. */
function daysOf (files: ExportFiles, { folder }: Conversation): string[] {
  return files.names.filter((name) => name.startsWith(`${folder}/`) && name.endsWith('.json') &&
    !name.slice(folder.length + 1).includes('/'))
}

/** Adds those who are in a conversation, or wrote in it, and in no list: apps, and people of other workspaces. */
async function addAuthors (
  files: ExportFiles, conversation: Conversation, users: Map<string, UserRecord>
): Promise<void> {
  const add = (id: string, name?: string) => {
    if (!users.has(id)) users.set(id, { record: 'user', id: idOf(id), name: userNameOf([name], id) })
  }
  for (const member of memberIdsOf(conversation)) add(member)
  const creator = textAt(conversation.details, 'creator')
  if (creator !== undefined) add(creator)
  for (const pin of listAt(conversation.details, 'pins')) {
    const by = textAt(pin, 'user')
    if (by !== undefined) add(by)
  }
  for (const day of daysOf(files, conversation)) {
    for (const message of listAt({ day: parseJson(await files.read(day), day) }, 'day').filter(isShown)) {
      const author = authorOf(message)
      add(author.id, author.name)
      for (const reactor of reactorsOf(message)) add(reactor)
    }
  }
}

function userOf (user: unknown, id: string): UserRecord {
  const names = [['profile', 'display_name'], ['profile', 'real_name'], ['real_name'], ['name']]
    .map((path) => textAt(user, ...path))
  const avatar = ['image_512', 'image_192', 'image_original', 'image_72']
    .map((name) => avatarOf(textAt(user, 'profile', name))).find((url) => url !== undefined)
  return { record: 'user', id: idOf(id), name: userNameOf(names, id), ...(avatar !== undefined && { avatar }) }
}

function memberIdsOf ({ details }: Conversation): string[] {
  return [...new Set(listAt(details, 'members').filter((member) => typeof member === 'string'))]
}

function secondsAt (details: unknown, name: string): string | undefined {
  const seconds = field(details, name)
  return typeof seconds === 'number' ? timeOf(seconds * MS_PER_S) : undefined
}

function chatOf (conversation: Conversation, pairs: Set<string>): ChatRecord {
  const { details, id, type } = conversation
  const [createdAt, creator] = [secondsAt(details, 'created'), textAt(details, 'creator')]
  const common = {
    record: 'chat' as const,
    ...(createdAt !== undefined && { created_at: createdAt }),
    ...(creator !== undefined && { created_by: idOf(creator) })
  }
  const [one, other, third] = memberIdsOf(conversation).map(idOf).sort()
  const pair = `${one ?? ''} ${other ?? ''}`
  const isPair = type === 'direct' && third === undefined && !pairs.has(pair)
  if (isPair && one !== undefined && other !== undefined) {
    pairs.add(pair)
    return { ...common, type, users: [one, other] }
  }
  // The names of conversations of several people are made of theirs.
  const name = textAt(details, 'name') ?? ''
  const shown = type === 'direct' || name.startsWith('mpdm-') ? undefined : chatNameOf(name)
  const description = descriptionOf(textAt(details, 'topic', 'value'), textAt(details, 'purpose', 'value'))
  const isArchived = field(details, 'is_archived') === true
  return {
    ...common,
    id: idOf(id),
    type: type === 'direct' ? 'group' : type,
    ...(shown !== undefined && { name: shown }),
    ...(description !== undefined && { description }),
    ...(isArchived && { frozen_at: createdAt ?? new Date(0).toISOString() })
  }
}

function membersOf (conversation: Conversation, chat: ChatRecord): MemberRecord[] {
  const creator = textAt(conversation.details, 'creator')
  return memberIdsOf(conversation).map((id) => ({
    record: 'member',
    user: idOf(id),
    role: id === creator && chat.type !== 'direct' ? 'owner' : 'member',
    ...(chat.created_at !== undefined && { joined_at: chat.created_at })
  }))
}
