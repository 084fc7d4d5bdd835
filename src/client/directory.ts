/** Who and what there is on the server, page by page: people, and the user's chats with what is new in them. */
import { fieldOf, integerOf, textOf } from './json.ts'

const PAGE_SIZE = 30

/** Which page of a list, from 1, and how many there are to one, at most 100; the first of 30 by default. */
export type PageOptions = { page?: number | undefined, pageSize?: number | undefined }

/** A page of a list. */
export type Page<Item> = { items: Item[], totalPages: number, totalCount: number }

/** Somebody with an account. `name` is what they are called, `username` what they are known by. */
export type Person = { userID: number, username: string, name: string }

/** The account of the user. */
export type Account = Person & { email: string }

/** A chat of the user. `name` and `userID` are those of the other one. */
export type ChatSummary = { chatID: number, name: string, userID: number, lastSeq: number, lastActivity: string }

/** The newest message of a chat. */
export type LastMessage = { messageID: number, userID: number, text: string, timestamp: string }

/** A chat with what is new in it. */
export type Conversation = {
  chatID: number
  /** What the other is called. */
  name: string
  /** Who is in it, the user included; who has left is missing. */
  people: Person[]
  /** Undefined while nothing was posted. */
  lastMessage: LastMessage | undefined
  /** How many messages are new to the user. */
  unread: number
  /** When something last happened, as ISO 8601 in UTC. */
  updatedAt: string
}

/** The address of a page of a list. */
export function pathOfPage (path: string, { page = 1, pageSize = PAGE_SIZE }: PageOptions): string {
  return `${path}?page=${String(page)}&page_size=${String(pageSize)}`
}

/** Reads a page of what is in a field of an answer. */
export function pageOf<Item> (answer: unknown, field: string, itemOf: (value: unknown) => Item): Page<Item> {
  const pagination = fieldOf(answer, 'pagination')
  return {
    items: listOf(answer, field).map(itemOf),
    totalPages: integerOf(pagination, 'total_pages') ?? 0,
    totalCount: integerOf(pagination, 'total_count') ?? 0
  }
}

/** Reads a person. */
export function personOf (value: unknown): Person {
  const username = textOf(value, 'username') ?? ''
  return { userID: integerOf(value, 'id') ?? 0, username, name: textOf(value, 'name') ?? username }
}

/** Reads the user's own account. */
export function accountOf (answer: unknown): Account {
  const user = fieldOf(answer, 'user')
  return { ...personOf(user), email: textOf(user, 'email') ?? '' }
}

/** Reads a chat with what is new in it. */
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
