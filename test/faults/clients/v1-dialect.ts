/** `/v1/realtime`. */
import { publicChatId } from '../../../src/domain/chats/chat-id.ts'
import { type ChatClient, V1_FACE } from '../../support/clients/chat-client.ts'
import type { Frame } from '../../support/clients/socket.ts'
import { at, integerAt, isRecord, textAt } from '../../support/data/json.ts'
import type { Dialect, Told } from './dialect.ts'

/** Frames that tell a reader nothing about the chat: the end of an answer, marks of others, and a coming close. */
const OF_NO_INTEREST: ReadonlySet<unknown> = new Set(['ack', 'read', 'typing', 'drain'])
const ID = /^cf~(\d+)$/

const nameOf = (chatID: number) => publicChatId(chatID, null)

/** The epoch of a socket, and whether the server has said at its start that another one is void. */
function epochOf ({ welcome }: ChatClient): { epoch: string, isReset: boolean } {
  const isReset = welcome.some((frame) => frame['type'] === 'reset' && frame['reason'] === 'epoch_changed')
  return { epoch: textAt(welcome.at(-1), 'epoch'), isReset }
}

/** See {@link Dialect}. */
export const V1_DIALECT: Dialect = {
  name: 'v1',
  face: V1_FACE,
  showsEvents: true,
  greeting: (epoch) => (epoch === null ? {} : { epoch }),
  post: (chatID, text, id) => ({ type: 'send', chat: nameOf(chatID), client_id: id, text }),
  change: ({ chatID, seq }, text, key) => text === undefined
    ? { type: 'delete', chat: nameOf(chatID), seq }
    : { type: 'edit', chat: nameOf(chatID), seq, text, key },
  hasLateEdits: false,
  async follow (client, { chatID, after, epoch: known }, onAnswer) {
    const { epoch, isReset } = epochOf(client)
    if (known !== null && known !== epoch) {
      if (!isReset) throw new Error(`a socket of the epoch ${known} was not told of ${epoch}`)
      return { kind: 'void', epoch }
    }
    const chat = { chat: nameOf(chatID), ...(after !== undefined && { after }) }
    const answer = await client.request({ type: 'subscribe', chats: [chat] }, onAnswer)
    return answer['type'] === 'subscribed'
      ? { kind: 'followed', seq: integerAt(answer, 'head'), epoch }
      : { kind: 'refused', answer }
  },
  read (frame) {
    if (frame['type'] === 'event') return eventOf(frame)
    if (frame['type'] === 'problem') return { kind: 'error' }
    if (frame['type'] === 'reset') return { kind: frame['reason'] === 'removed' ? 'removed' : 'nothing' }
    return { kind: OF_NO_INTEREST.has(frame['type']) ? 'nothing' : 'unexpected' }
  }
}

function eventOf (frame: Frame): Told {
  const event = at(frame, 'event')
  const [, chatID] = ID.exec(textAt(event, 'chat')) ?? []
  const kind = textAt(event, 'type')
  const message = at(event, 'data', 'message')
  const isMessage = kind === 'message.created' && isRecord(message)
  return {
    kind: 'event',
    chatID: Number(chatID),
    event: {
      kind,
      seq: integerAt(event, 'seq'),
      ...(isMessage && { text: message['deleted_at'] === null ? textAt(message, 'text') : '' })
    }
  }
}
