/** The commands of `/ws/:id` and their answers. The life of the socket is `realtime/socket-session.ts`. */
import type { Chats } from '../../../domain/chats/chats.ts'
import type { SocketProtocol } from '../../../realtime/socket-protocol.ts'
import type { SocketSession } from '../../../realtime/socket-session.ts'
import { EMOTECHAT_CODEC } from './codec.ts'
import { decodePost, errorFrame, type SendCommand } from './frames.ts'

/** Makes the protocol, whose clients follow all their direct chats and name users instead of chats. */
export function createProtocol (chats: Pick<Chats, 'withUser'>): SocketProtocol<SendCommand> {
  return {
    codec: EMOTECHAT_CODEC,
    commandTypes: ['message'],
    answerTypes: ['error'],
    postSpan: 'emote_message',
    decode: decodePost,
    welcome: (session) => session.followAll().then(() => undefined),
    perform: (session, command) => send(session, chats, command),
    error: errorFrame
  }
}

async function send (
  session: SocketSession<SendCommand>,
  chats: Pick<Chats, 'withUser'>,
  { text, receiverId }: SendCommand
): Promise<void> {
  const chatId = await chats.withUser(session.user, receiverId)
  session.post({ chatId, text, clientMessageId: undefined, ref: undefined, traceparent: undefined })
}
