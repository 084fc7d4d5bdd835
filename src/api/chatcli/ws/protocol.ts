/** The commands of `/ws` and their answers. The life of the socket is `realtime/socket-session.ts`. */
import { joinChat } from '../../../realtime/socket-join.ts'
import type { SocketProtocol } from '../../../realtime/socket-protocol.ts'
import type { SocketSession } from '../../../realtime/socket-session.ts'
import { CHATCLI_CODEC, CHATCLI_CURRENT_CODEC } from './codec.ts'
import {
  type Action, ACTION_TYPES, AUTH_ACK, changeAck, decodeAction, errorFrame, joinAck, leaveAck, postAck
} from './frames.ts'

type Session = SocketSession<Action>

/** See {@link SocketProtocol}. */
export const CHATCLI_PROTOCOL: SocketProtocol<Action> = {
  codec: CHATCLI_CODEC,
  followingCodec: CHATCLI_CURRENT_CODEC,
  commandTypes: ACTION_TYPES,
  answerTypes: ['auth_ack', 'ack', 'chat_created', 'user_typing', 'online_users', 'user_status', 'error'],
  authentication: {
    command: 'auth',
    tokenOf: (action) => (action.type === 'auth' ? action.token : undefined)
  },
  postSpan: 'post_msg',
  decode: decodeAction,
  welcome: (session) => {
    session.send(AUTH_ACK)
    return undefined
  },
  perform,
  postAck: (ref, receipt) => (ref === undefined ? undefined : postAck(ref, receipt)),
  changeAck: (ref, chatID, receipt) => (ref === undefined ? undefined : changeAck(ref, chatID, receipt)),
  error: errorFrame
}

function perform (session: Session, action: Action): Promise<void> | undefined {
  switch (action.type) {
    case 'post_msg': {
      const { chatID: chatId, text, clientMessageID: clientMessageId, ref, traceparent } = action
      session.post({ chatId, text, clientMessageId, ref, traceparent })
      return undefined
    }
    case 'join_chat':
      return join(session, action)
    case 'join_idle':
      session.followSession()
      return session.followAll()
    case 'typing':
      session.noteTyping(action.chatID)
      return undefined
    case 'chat_created':
      // The server itself tells the others, and has done so.
      return session.confirmMember(action.chatID)
    case 'edit_msg':
    case 'delete_msg': {
      const { chatID: chatId, messageID: messageId, ref } = action
      session.change({ chatId, messageId, ref, text: action.type === 'edit_msg' ? action.text : undefined })
      return undefined
    }
    case 'leave_chat':
      session.leave(action.chatID)
      if (action.ref !== undefined) session.send(leaveAck(action.ref, action.chatID))
      return undefined
    case 'auth':
      return renew(session, action.token)
  }
}

async function join (
  session: Session,
  { chatID, after, epoch, ref }: Extract<Action, { type: 'join_chat' }>
): Promise<void> {
  const joined = await joinChat(session, chatID, { after, known: epoch ?? undefined })
  if (joined === undefined || ref === undefined) return
  // Only a client that sends an epoch receives one.
  session.send(joinAck(ref, chatID, joined.seq, epoch === undefined ? undefined : joined.epoch))
}

async function renew (session: Session, token: string): Promise<void> {
  await session.renew(token)
  session.send(AUTH_ACK)
}
