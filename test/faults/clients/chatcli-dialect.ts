/** ChatCLI, with the opt-in frames. */
import { CHATCLI } from '../../support/clients/chat-client.ts'
import { integerAt, textAt } from '../../support/data/json.ts'
import type { Dialect } from './dialect.ts'

/** See {@link Dialect}. */
export const CHATCLI_DIALECT: Dialect = {
  name: 'chatcli',
  face: CHATCLI,
  showsEvents: false,
  greeting: () => ({}),
  post: (chatID, text, id) => ({ type: 'post_msg', chatID, text, clientMessageID: id }),
  change: ({ chatID, messageID }, text) =>
    ({ type: text === undefined ? 'delete_msg' : 'edit_msg', chatID, messageID, text }),
  hasLateEdits: true,
  async follow (client, { chatID, after, epoch }, onAnswer) {
    const answer = await client.request({ type: 'join_chat', chatID, after, epoch }, onAnswer)
    if (answer['code'] === 'epoch_changed') return { kind: 'void', epoch: textAt(answer, 'epoch') }
    if (answer['type'] !== 'ack') return { kind: 'refused', answer }
    const known = answer['epoch']
    return { kind: 'followed', seq: Number(answer['seq']), epoch: typeof known === 'string' ? known : undefined }
  },
  read (frame) {
    if (frame['type'] === 'error') return { kind: 'error' }
    if (frame['type'] !== 'new_message') return { kind: 'unexpected' }
    const event = {
      kind: 'message.created',
      seq: integerAt(frame, 'seq'),
      messageID: integerAt(frame, 'messageID'),
      text: textAt(frame, 'message')
    }
    return { kind: 'event', chatID: integerAt(frame, 'chatID'), event }
  }
}
