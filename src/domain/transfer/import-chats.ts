/** Brings chats: each is hidden until its end, and then there as a whole. */
import { parseChatId } from '../chats/chat-id.ts'
import type { ChatTypeDefinition } from '../chats/chat-types.ts'
import { findDefinitions } from '../chats/access.ts'
import { builtInType } from '../chats/chat-types.ts'
import { lockChatType } from '../../store/chat-types.ts'
import { lockPair } from '../../store/blocks.ts'
import type { Orm } from '../../store/database.ts'
import { eraseAgain } from '../../store/erasures.ts'
import * as store from '../../store/transfer/chats.ts'
import { deriveThreads } from '../../store/transfer/messages.ts'
import { findErased } from '../../store/transfer/users.ts'
import { ImportError } from './import-error.ts'
import type { ChatEnd, Line } from './numbering.ts'
import type { BanRecord, ChatRecord, MemberRecord } from './records.ts'
import type { UserLookup } from './user-numbers.ts'

/** A chat of which a part is stored. */
export type OpenChat = {
  readonly line: number
  readonly chat: ChatRecord
  readonly chatId: number
  /** The id that the application has chosen, if it has. */
  readonly chosenId: string | null
  membersVersion: number
  lastSeq: number
  /** The users whom its records name, by the ids of the file. */
  readonly users: Set<string>
}

type EndedChat = { open: OpenChat, end: ChatEnd }

/** A chat at its beginning. */
export function openedChat (line: Line<ChatRecord>, chatId: number): OpenChat {
  const { publicId } = namesOf(line)
  return {
    line: line.line, chat: line.record, chatId, chosenId: publicId, membersVersion: 1, lastSeq: 0, users: new Set()
  }
}

/** The chats of a part of an import. */
export class ChatsOfPart {
  readonly #tx: Orm
  readonly #users: UserLookup
  readonly #ended: EndedChat[] = []
  #open: OpenChat | undefined
  readonly #members: number[] = []

  /** @param open the chat of which earlier parts have stored something; it is not changed */
  constructor (tx: Orm, users: UserLookup, open: OpenChat | undefined) {
    this.#tx = tx
    this.#users = users
    this.#open = open && { ...open, users: new Set(open.users) }
  }

  /** The chat to which the next records belong. */
  get open (): OpenChat | undefined {
    return this.#open
  }

  /** The members of the chats that are shown. */
  get members (): readonly number[] {
    return this.#members
  }

  /** Begins a chat. @throws {ImportError} when it is there, or has no type */
  async begin (line: Line<ChatRecord>): Promise<void> {
    const { record } = line
    this.#users.at(line.line)
    const { publicId, wanted } = namesOf(line)
    if (await store.isChatThere(this.#tx, { publicId, pair: this.#pairOf(record) })) throw existing(line)
    await this.#definitionOf(line)
    this.#open = openedChat(line, await store.reserveChat(this.#tx, wanted))
  }

  /** Ends the open chat, to be shown when its log is stored. */
  end (end: ChatEnd): void {
    if (this.#open !== undefined) this.#ended.push({ open: this.#open, end })
    this.#open = undefined
  }

  /** How far the logs of the chats are. */
  heads (): { chat_id: number, last_seq: number }[] {
    return this.#open === undefined ? [] : [{ chat_id: this.#open.chatId, last_seq: this.#open.lastSeq }]
  }

  /** Shows the chats that have ended. */
  async show (): Promise<void> {
    for (const { open, end } of this.#ended) await this.#show(open, end)
  }

  async #show (open: OpenChat, end: ChatEnd): Promise<void> {
    const { chat, chatId } = open
    const line = { line: open.line, record: chat }
    this.#users.at(open.line)
    await this.#users.resolve(this.#tx, open.users)
    const definition = await this.#definitionOf(line)
    const pair = this.#pairOf(chat)
    if (pair !== null) await lockPair(this.#tx, pair[0], pair[1])
    const erased = await findErased(this.#tx, [...open.users].map(this.#users.require))
    const members = end.members.map((member) => this.#memberOf(member, definition))
      .filter(({ user_id: userId }) => !erased.has(userId))
    const isThere = !await store.showChat(
      this.#tx,
      {
        chatId,
        pair,
        type: chat.type,
        name: pair === null ? chat.name ?? '' : null,
        createdAt: chat.created_at ?? null,
        createdBy: chat.created_by === undefined ? null : this.#users.require(chat.created_by),
        publicId: open.chosenId,
        description: chat.description ?? null,
        avatar: chat.avatar ?? null,
        data: chat.data ?? null,
        version: chat.version ?? 1,
        frozenAt: chat.frozen_at ?? null
      },
      {
        chatId,
        lastSeq: end.lastSeq,
        lastAt: end.lastAt,
        membersVersion: end.membersVersion,
        memberCount: pair === null ? members.length : null,
        closedAt: chat.closed_at ?? null
      }
    )
    if (isThere) throw existing(line)
    if (end.derivesThreads) await deriveThreads(this.#tx, chatId)
    await store.insertImportedMembers(this.#tx, { chatId, lastSeq: end.lastSeq }, members)
    const bans = end.bans.map((ban) => this.#banOf(chatId, ban)).filter(({ user_id: userId }) => !erased.has(userId))
    await store.insertImportedBans(this.#tx, bans)
    await eraseAgain(this.#tx, chatId, [...erased])
    for (const { user_id: userId } of members) this.#members.push(userId)
  }

  #memberOf ({ line, record }: Line<MemberRecord>, definition: ChatTypeDefinition) {
    const { user, role = definition.default_role, added_by: addedBy, history_after: fromSeq, ...member } = record
    if (!definition.roles.some((one) => one.role === role))
      throw new ImportError(line, `the type of the chat has no role ${JSON.stringify(role)}`)
    this.#users.at(line)
    return {
      user_id: this.#users.require(user),
      role,
      added_by: addedBy === undefined ? null : this.#users.require(addedBy),
      from_seq: fromSeq,
      joined_at: member.joined_at,
      read_seq: member.read_seq,
      read_at: member.read_at,
      muted_at: member.muted_at,
      pinned_at: member.pinned_at,
      archived_at: member.archived_at,
      notifications: member.notifications,
      data: member.data
    }
  }

  #banOf (chatId: number, { line, record }: Line<BanRecord>) {
    this.#users.at(line)
    return {
      chat_id: chatId,
      user_id: this.#users.require(record.user),
      banned_by: record.by === undefined ? null : this.#users.require(record.by),
      key_id: record.key ?? null,
      reason: record.reason ?? '',
      created_at: record.created_at ?? new Date().toISOString(),
      until: record.until ?? null
    }
  }

  /** The definition of the type of a chat, which stays as it is until the transaction ends. */
  async #definitionOf ({ line, record: { type } }: Line<ChatRecord>): Promise<ChatTypeDefinition> {
    if (builtInType(type) === undefined) await lockChatType(this.#tx, type, 'share')
    const definition = (await findDefinitions(this.#tx, [type])).get(type)
    if (definition === undefined) throw new ImportError(line, `there is no type of chats ${JSON.stringify(type)}`)
    return definition
  }

  #pairOf ({ users }: ChatRecord): readonly [low: number, high: number] | null {
    const [one, other] = users?.map(this.#users.require) ?? []
    return one === undefined || other === undefined ? null : [Math.min(one, other), Math.max(one, other)]
  }
}

/** The id that the application has chosen for a chat, or the number that it had. */
function namesOf ({ line, record: { id } }: Line<ChatRecord>): { publicId: string | null, wanted: number | undefined } {
  if (id === undefined) return { publicId: null, wanted: undefined }
  const name = parseChatId(id)
  if (name === undefined) throw new ImportError(line, 'ids that begin with cf~ are given by Confab, such as cf~17')
  return 'chosen' in name ? { publicId: name.chosen, wanted: undefined } : { publicId: null, wanted: name.chatId }
}

function existing ({ line, record }: Line<ChatRecord>): ImportError {
  return new ImportError(line, record.users === undefined
    ? `there is, or was, a chat ${JSON.stringify(record.id ?? '')} here`
    : `the users ${record.users.join(' and ')} have a direct chat here`)
}
