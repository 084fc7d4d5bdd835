/**
 * Channel exports of Stream Chat: the JSON that `exportChannels` gives, which is one object with `channel`, `messages`
 * and `members` for each channel, alone, in a list, or one in each line. It is read as a whole: an export of Stream has
 * 25 channels at the most.
 */
import { readFile } from 'node:fs/promises'
import { ImportError } from '../../domain/transfer/import-error.ts'
import type { Source } from '../../domain/transfer/import.ts'
import type { ChatRecord, MemberRecord, TransferRecord, UserRecord } from '../../domain/transfer/records.ts'
import { parseJson, sourceOf } from './converting.ts'
import { messagesOfChannel } from './stream-messages.ts'
import {
  avatarOf, chatNameOf, dataOf, descriptionOf, field, idOf, listAt, textAt, timeAt, userIdIn, userNameOf
} from './values.ts'

/** Types of chats by the types of channels; others are groups. */
const TYPES: Readonly<Record<string, string>> = { livestream: 'channel' }
/** The ids of channels that are made by their members begin like this. */
const DISTINCT = '!members-'
/** Fields of users that are none of the application's own. */
const KNOWN_OF_USERS = new Set([
  'id', 'name', 'image', 'role', 'roles', 'teams', 'teams_role', 'created_at', 'updated_at', 'deleted_at',
  'deactivated_at', 'last_active', 'last_engaged_at', 'banned', 'online', 'invisible', 'language', 'shadow_banned',
  'blocked_user_ids', 'privacy_settings', 'revoke_tokens_issued_before', 'avg_response_time'
])
/** The same of channels. */
const KNOWN_OF_CHANNELS = new Set([
  'id', 'type', 'cid', 'name', 'image', 'description', 'created_at', 'updated_at', 'created_by', 'last_message_at',
  'frozen', 'disabled', 'member_count', 'message_count', 'config', 'own_capabilities', 'hidden', 'team', 'truncated_at',
  'auto_translation_language', 'auto_translation_enabled', 'blocked', 'cooldown', 'deleted_at'
])

/** Opens an export. @throws {ImportError} when it is none */
export async function openStreamExport (file: string): Promise<Source> {
  const text = await readFile(file, 'utf8')
  const channels = channelsIn(text, file)
  return sourceOf('stream', text, recordsOf(channels))
}

function channelsIn (text: string, file: string): unknown[] {
  const isInLines = /^\{[^\n]*\}\s*\n\s*\{/.test(text)
  const parsed = isInLines
    ? text.split('\n').filter((line) => line.trim() !== '').map((line) => parseJson(line, file))
    : [parseJson(text, file)].flat()
  const channels = parsed.flatMap((one) => field(one, 'channels') === undefined ? [one] : listAt(one, 'channels'))
  if (channels.length === 0 || channels.some((one) => textAt(one, 'channel', 'id') === undefined))
    throw new ImportError(undefined, `${file} is no export of channels: objects with "channel" and "messages"`)
  return channels
}

function * recordsOf (channels: readonly unknown[]): Generator<TransferRecord> {
  const users = usersIn(channels)
  yield* users.values()
  const [ids, pairs] = [new Set<string>(), new Set<string>()]
  const counts = { users: users.size, chats: 0 }
  for (const channel of channels) {
    const members = membersOf(channel)
    const chat = chatOf(channel, members, { ids, pairs })
    counts.chats++
    yield chat
    yield* members.filter(({ user }) => chat.users?.includes(user) !== false)
      .map((member) => chat.type === 'direct' ? { ...member, role: 'member' } : member)
    yield* messagesOfChannel(channel)
  }
  yield { record: 'end', ...counts }
}

/** All users that are named anywhere, each once. */
function usersIn (channels: readonly unknown[]): Map<string, UserRecord> {
  const users = new Map<string, UserRecord>()
  const add = (user: unknown, id = textAt(user, 'id')) => {
    const isNew = id !== undefined && (!users.has(id) || (users.get(id)?.created_at === undefined))
    if (isNew) users.set(id, userOf(user, id))
  }
  for (const channel of channels) {
    add(field(channel, 'channel', 'created_by'))
    for (const member of listAt(channel, 'members')) add(field(member, 'user'), userIdIn(member))
    for (const read of readsOf(channel)) add(field(read, 'user'), userIdIn(read))
    for (const message of listAt(channel, 'messages')) {
      add(field(message, 'user'), userIdIn(message))
      add(field(message, 'pinned_by'))
      for (const user of listAt(message, 'mentioned_users')) add(user)
      for (const name of ['latest_reactions', 'reactions', 'own_reactions'])
        for (const reaction of listAt(message, name)) add(field(reaction, 'user'), userIdIn(reaction))
    }
  }
  return users
}

function userOf (user: unknown, id: string): UserRecord {
  const avatar = avatarOf(textAt(user, 'image'))
  const createdAt = timeAt(user, 'created_at')
  const data = dataOf(otherFields(user, KNOWN_OF_USERS))
  return {
    record: 'user',
    id: idOf(id),
    name: userNameOf([textAt(user, 'name')], id),
    ...(avatar !== undefined && { avatar }),
    ...(data !== undefined && { data }),
    ...(createdAt !== undefined && { created_at: createdAt })
  }
}

function otherFields (object: unknown, known: ReadonlySet<string>): Record<string, unknown> {
  if (typeof object !== 'object' || object === null) return {}
  const isOwn = ([name, value]: [string, unknown]) => !known.has(name) && value !== '' && value !== null
  return Object.fromEntries(Object.entries(object).filter(isOwn))
}

type Taken = { ids: Set<string>, pairs: Set<string> }

function chatOf (channel: unknown, members: readonly MemberRecord[], { ids, pairs }: Taken): ChatRecord {
  const settings = field(channel, 'channel')
  const [id = '', type = ''] = [textAt(settings, 'id'), textAt(settings, 'type')]
  const [createdAt, creator] = [timeAt(settings, 'created_at'), textAt(settings, 'created_by', 'id')]
  const frozen = field(settings, 'frozen') === true
    ? timeAt(settings, 'updated_at') ?? createdAt ?? new Date(0).toISOString()
    : undefined
  const common = {
    record: 'chat' as const,
    ...(createdAt !== undefined && { created_at: createdAt }),
    ...(creator !== undefined && { created_by: idOf(creator) }),
    ...(frozen !== undefined && { frozen_at: frozen })
  }
  const [one, other] = members.map(({ user }) => user).sort()
  const pair = `${one ?? ''} ${other ?? ''}`
  const isPair = id.startsWith(DISTINCT) && members.length === 2 && !pairs.has(pair)
  if (isPair && one !== undefined && other !== undefined) {
    pairs.add(pair)
    return { ...common, type: 'direct', users: [one, other] }
  }
  // Another type may have a channel of the same id.
  const chosen = ids.has(idOf(id)) ? idOf(`${type}.${id}`) : idOf(id)
  ids.add(chosen)
  const name = chatNameOf(textAt(settings, 'name'))
  const description = descriptionOf(textAt(settings, 'description'))
  const avatar = avatarOf(textAt(settings, 'image'))
  const data = dataOf(otherFields(settings, KNOWN_OF_CHANNELS))
  return {
    ...common,
    id: chosen,
    type: TYPES[type] ?? 'group',
    ...(name !== undefined && { name }),
    ...(description !== undefined && { description }),
    ...(avatar !== undefined && { avatar }),
    ...(data !== undefined && { data })
  }
}

function membersOf (channel: unknown): MemberRecord[] {
  const creator = textAt(channel, 'channel', 'created_by', 'id')
  const moderator = TYPES[textAt(channel, 'channel', 'type') ?? ''] === 'channel' ? 'moderator' : 'admin'
  const readAt = new Map(readsOf(channel).map((read) => [userIdIn(read), timeAt(read, 'last_read')]))
  const members = new Map<string, MemberRecord>()
  for (const member of listAt(channel, 'members')) {
    const id = userIdIn(member)
    if (id === undefined) continue
    const moderates = [textAt(member, 'channel_role'), textAt(member, 'role')]
      .some((role) => role === 'channel_moderator' || role === 'moderator')
    const [joinedAt, archivedAt, pinnedAt] = ['created_at', 'archived_at', 'pinned_at']
      .map((name) => timeAt(member, name))
    const read = readAt.get(id)
    members.set(id, {
      record: 'member',
      user: idOf(id),
      role: id === creator ? 'owner' : moderates ? moderator : 'member',
      ...(joinedAt !== undefined && { joined_at: joinedAt }),
      ...(archivedAt !== undefined && { archived_at: archivedAt }),
      ...(pinnedAt !== undefined && { pinned_at: pinnedAt }),
      ...(field(member, 'notifications_muted') === true && joinedAt !== undefined && { muted_at: joinedAt }),
      ...(read !== undefined && { read_at: read })
    })
  }
  return [...members.values()]
}

function readsOf (channel: unknown): readonly unknown[] {
  return [...listAt(channel, 'reads'), ...listAt(channel, 'read')]
}
