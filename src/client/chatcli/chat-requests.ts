/** Requests about the chats of the user: their lists, their beginning, and their messages. */
import { integerOf } from '../json.ts'
import type { HistoryRange } from './client-options.ts'
import {
  type ChatSummary, type Conversation, conversationOf, type Page, type PageOptions, pageOf, pathOfPage, summariesOf
} from './directory.ts'
import { ConfabError } from './errors.ts'
import type { CallOptions } from './http.ts'
import { type Message, messageOf } from './message.ts'
import type { Session } from './session.ts'

/** Lists chats with their unread counts, latest activity first. */
export async function listConversations (
  session: Session, { signal, ...page }: PageOptions & CallOptions
): Promise<Page<Conversation>> {
  const answer = await session.request(pathOfPage('/api/conversations', page), { signal, method: 'GET' })
  return pageOf(answer, 'conversations', conversationOf)
}

/** Lists all chats, latest activity first. */
export async function listChats (session: Session, options: CallOptions): Promise<ChatSummary[]> {
  return summariesOf(await session.request('/chat/fetch-chats', options))
}

/** Returns the id of the chat with another user, which is created if needed. */
export async function createChat (session: Session, receiver: string, options: CallOptions): Promise<number> {
  try {
    return integerOf(await session.request('/chat/create-chat', { ...options, body: { receiver } }), 'chatID') ?? 0
  } catch (error) {
    if (!(error instanceof ConfabError) || error.code !== 'chat_exists') throw error
    const known = (await listChats(session, options)).find(
      ({ name, isGroup }) => !isGroup && name.toLowerCase() === receiver.toLowerCase()
    )
    if (known === undefined) throw error
    return known.chatID
  }
}

/** Reads messages, oldest first; see {@link HistoryRange}. */
export async function readHistory (
  session: Session, chatID: number, { signal, ...range }: HistoryRange & CallOptions
): Promise<Message[]> {
  const list = await session.request('/chat/messages', { signal, body: { chatID, ...range } })
  return Array.isArray(list) ? list.map(messageOf).filter((message) => message !== undefined) : []
}

/** Marks messages up to a seq as read. */
export async function markRead (session: Session, chatID: number, seq: number, options: CallOptions): Promise<void> {
  await session.request('/chat/messages', { ...options, body: { chatID, limit: 1, before: seq + 1 } })
}
