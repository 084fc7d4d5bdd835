/** `confab-client`, the client library of `/v1`. */
import { WebSocket } from 'ws'
import { publicChatId } from '../../../src/domain/chats/chat-id.ts'
import { type ChatEvent, ConfabClient, MemoryStorage } from '../../../src/client/index.ts'
import type { SeenEvent } from '../checking/history.ts'
import { type OpenLibrary, PATIENCE } from './library-client.ts'

/** See {@link OpenLibrary}. Its list has the newest messages as the library keeps them up to date. */
export const openV1Library: OpenLibrary = ({ url, token, chatID }, { onEvent, onReset, onFailure }) => {
  const client = new ConfabClient({
    url,
    WebSocket,
    storage: new MemoryStorage(),
    getToken: () => Promise.resolve(token),
    ...PATIENCE
  })
  const chat = client.chat(publicChatId(chatID, null))
  client.on('event', (event) => onEvent(seenOf(event)))
  client.on('reset', ({ chat: id, reason }) => {
    if (id !== chat.id) return
    if (reason === 'epoch_changed') onReset(undefined)
    else onFailure(`was told to start over: ${reason}`)
  })
  chat.state.subscribe(() => {
    const { status, problem } = chat.state.getSnapshot()
    if (status === 'ended') onFailure(`was refused: ${String(problem?.code)}`)
  })
  const stop = chat.messages.subscribe(() => undefined)
  client.connect()
  return {
    showsEvents: true,
    // It begins with the newest page.
    start: undefined,
    post: async (text) => chat.send(text),
    list: () => chat.messages.getSnapshot().items.flatMap(({ seq, text, deleted_at: deletedAt }) =>
      seq === null ? [] : [{ seq, text: deletedAt === null ? text : '' }]),
    close: () => {
      stop()
      client.close()
    }
  }
}

function seenOf (event: ChatEvent): Omit<SeenEvent, 'at'> {
  const { type: kind, seq } = event
  if (event.type !== 'message.created' || event.data === null) return { kind, seq }
  const { text, deleted_at: deletedAt } = event.data.message
  return { kind, seq, text: typeof deletedAt === 'string' ? '' : text ?? '' }
}
