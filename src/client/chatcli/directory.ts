/** Lists of the server, in pages: users, and the user's chats with their unread counts. */
import { fieldOf, integerOf, textOf } from '../json.ts'

const PAGE_SIZE = 30

/** Number of the page, from 1, and its size, at most 100; by default the first 30. */
export type PageOptions = { page?: number | undefined, pageSize?: number | undefined }

/** A page of the users of the server, or of those whose name or username begins with a text. */
export type PeopleOptions = PageOptions & { search?: string | undefined }

/** A page of a list. */
export type Page<Item> = { items: Item[], totalPages: number, totalCount: number }

/** A user of the server. `name` is the display name. */
export type Person = { userID: number, username: string, name: string }

/** The account of the user. */
export type Account = Person & { email: string }

/** A chat of the user. `name` and `userID` are those of the other user; a group has a name of its own, and 0. */
export type ChatSummary = {
  chatID: number
  name: string
  isGroup: boolean
  userID: number
  lastSeq: number
  lastActivity: string
}

/** The newest message of a chat. */
export type LastMessage = { messageID: number, userID: number, text: string, timestamp: string }

/** A chat with its unread count. */
export type Conversation = {
  chatID: number
  /** Display name of the other user. */
  name: string
  /** Its members, including the user; a user who has left is missing. */
  people: Person[]
  /** Undefined before the first message. */
  lastMessage: LastMessage | undefined
  /** Number of unread messages. */
  unread: number
  /** Time of the last activity, as ISO 8601 in UTC. */
  updatedAt: string
}

/** The path of a page of a list. */
export function pathOfPage (path: string, { page = 1, pageSize = PAGE_SIZE, search = '' }: PeopleOptions): string {
  const query = { page: String(page), page_size: String(pageSize), ...(search !== '' && { search }) }
  return `${path}?${new URLSearchParams(query).toString()}`
}

/** Reads a page from a field of an answer. */
export function pageOf<Item> (answer: unknown, field: string, itemOf: (value: unknown) => Item): Page<Item> {
  const pagination = fieldOf(answer, 'pagination')
  return {
    items: listOf(answer, field).map(itemOf),
    totalPages: integerOf(pagination, 'total_pages') ?? 0,
    totalCount: integerOf(pagination, 'total_count') ?? 0
  }
}

/** Reads a user. */
export function personOf (value: unknown): Person {
  const username = textOf(value, 'username') ?? ''
  return { userID: integerOf(value, 'id') ?? 0, username, name: textOf(value, 'name') ?? username }
}

/** Reads the user's own account. */
export function accountOf (answer: unknown): Account {
  const user = fieldOf(answer, 'user')
  return { ...personOf(user), email: textOf(user, 'email') ?? '' }
}

/** Reads a chat with its unread count. */
export function conversationOf (value: unknown): Conversation {
  return {
    chatID: integerOf(value, 'id') ?? 0,
    name: textOf(value, 'name') ?? '',
    people: listOf(value, 'participants').map(personOf),
    lastMessage: lastMessageOf(fieldOf(value, 'last_message')),
    unread: integerOf(value, 'unread_count') ?? 0,
    updatedAt: textOf(value, 'updated_at') ?? ''
  }
}

/** Reads the list of the user's chats. */
export function summariesOf (answer: unknown): ChatSummary[] {
  return listOf(answer, 'response').map((value) => ({
    chatID: integerOf(value, 'chatID') ?? 0,
    name: textOf(value, 'name') ?? '',
    isGroup: textOf(value, 'type') === 'group',
    userID: integerOf(value, 'userID') ?? 0,
    lastSeq: integerOf(value, 'lastSeq') ?? 0,
    lastActivity: textOf(value, 'lastActivity') ?? ''
  }))
}

function lastMessageOf (value: unknown): LastMessage | undefined {
  const messageID = integerOf(value, 'id')
  if (messageID === undefined) return undefined
  return {
    messageID,
    userID: integerOf(value, 'sender_id') ?? 0,
    text: textOf(value, 'message') ?? '',
    timestamp: textOf(value, 'timestamp') ?? ''
  }
}

function listOf (value: unknown, field: string): unknown[] {
  const list = fieldOf(value, field)
  return Array.isArray(list) ? list : []
}
