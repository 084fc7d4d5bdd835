'use client'
/** Hooks for React: what they return is always in step with the server. */
import {
  createContext, createElement, type ReactElement, type ReactNode, useContext, useEffect, useMemo, useSyncExternalStore
} from 'react'
import type {
  Chat, ChatInfo, ChatState, Chats, ConfabClient, ConnectionState, ListedMessage, Live, Member, Members, Messages,
  Presence, SendOptions, Sent, User
} from '../index.ts'

const Context = createContext<ConfabClient | null>(null)

/** Properties of {@link ConfabProvider}. */
export type ConfabProviderProps = {
  client: ConfabClient
  /** Whether the client is connected as long as the provider is there; by default it is. */
  connect?: boolean
  children?: ReactNode
}

/** Gives a client to the hooks below it. */
export function ConfabProvider ({ client, connect = true, children }: ConfabProviderProps): ReactElement {
  useEffect(() => {
    if (!connect) return undefined
    client.connect()
    return () => client.close()
  }, [client, connect])
  return createElement(Context.Provider, { value: client }, children)
}

/** The client. */
export function useConfab (): ConfabClient {
  const client = useContext(Context)
  if (client === null) throw new Error('There is no <ConfabProvider> around this component.')
  return client
}

/** The present value of a live collection, or of anything else that is live. */
export function useLive<Value> ({ subscribe, getSnapshot, getInitialSnapshot }: Live<Value>): Value {
  return useSyncExternalStore(subscribe, getSnapshot, getInitialSnapshot)
}

/** The state of the connection. */
export function useConnection (): ConnectionState {
  return useLive(useConfab().connection)
}

/** The chats of the user, the latest active first. */
export function useChats (): Omit<Chats, 'items'> & { chats: readonly ChatInfo[], loadMore: () => void } {
  const { chats: list } = useConfab()
  const { items: chats, ...state } = useLive(list)
  return { ...state, chats, loadMore: useMemo(() => () => quietly(list.loadMore()), [list]) }
}

/** A chat, followed as long as the component is there. */
export function useChat (id: string): ChatState & { chat: Chat } {
  const chat = useConfab().chat(id)
  return { ...useLive(chat.state), chat }
}

/** What {@link useMessages} returns. */
export type UsedMessages = Omit<Messages, 'items'> & {
  /** Oldest first; those on their way last. */
  messages: readonly ListedMessage[]
  /** Loads a page upwards. */
  loadOlder: () => void
  /** Sends a message, which shows at once. */
  send: (text: string, options?: SendOptions) => Promise<Sent>
  /** For everything else. */
  chat: Chat
}

/** The messages of a chat, or the replies to one of them. */
export function useMessages (id: string, { parent }: { parent?: number } = {}): UsedMessages {
  const chat = useConfab().chat(id)
  const list = parent === undefined ? chat.messages : chat.thread(parent)
  const { items: messages, ...state } = useLive(list)
  const actions = useMemo(() => ({
    loadOlder: () => quietly(list.loadOlder()),
    send: (text: string, options: SendOptions = {}) =>
      chat.send(text, { ...(parent !== undefined && { parent }), ...options })
  }), [chat, list, parent])
  return { ...state, ...actions, messages, chat }
}

/** The members of a chat. */
export function useMembers (id: string): Omit<Members, 'items'> & { members: readonly Member[], loadMore: () => void } {
  const { members: list } = useConfab().chat(id)
  const { items: members, ...state } = useLive(list)
  return { ...state, members, loadMore: useMemo(() => () => quietly(list.loadMore()), [list]) }
}

/** Who is typing in a chat, and `notify`, to be called with every key of the user. */
export function useTyping (id: string): { users: readonly string[], notify: () => void } {
  const chat = useConfab().chat(id)
  return { users: useLive(chat.typing), notify: useMemo(() => () => chat.notifyTyping(), [chat]) }
}

/** Up to which seq users have read a chat. */
export function useReceipts (id: string): Readonly<Record<string, number>> {
  return useLive(useConfab().chat(id).receipts)
}

/** Whether a user is there. */
export function usePresence (user: string): Presence {
  return useLive(useConfab().presenceOf(user))
}

/** The profile of a user; null before it is loaded. */
export function useUser (id: string): User | null {
  return useLive(useConfab().userOf(id))
}

/** The list shows why it failed. */
function quietly (loading: Promise<void>): void {
  loading.catch(() => undefined)
}
