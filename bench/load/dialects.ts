/** How the generator talks to each server: the same conversation in six spellings. */
import type { DialectName, Seat } from './plan.ts'

/** What a frame that is no delivery asks of the client. */
export interface Reaction { send?: string[], joined?: boolean, failed?: boolean }

export interface Dialect {
  /** Path of the upgrade request. */
  path: string
  /** Bytes that only a delivered message contains. */
  mark: string
  /** Key of the text of a message. */
  text: string
  /** Key of the number that tells the order of a chat's messages; undefined: the server gives none. */
  order: string | undefined
  /** Frames one post causes at each socket. */
  framesPerPost: number
  /** Frames to send right after the upgrade; `after` resumes. */
  greet: (seat: Seat, after: number | undefined) => string[]
  react: (text: string, seat: Seat) => Reaction
  /** @param id like no other of the author, where the server wants one */
  post: (seat: Seat, text: string, id: string) => string
}

const confab: Dialect = {
  path: '/ws',
  mark: '"new_message"',
  text: '"message":"',
  order: '"seq":',
  framesPerPost: 1,
  greet: (seat, after) => [
    JSON.stringify({ type: 'auth', token: seat.token }),
    JSON.stringify({ type: 'join_chat', chatID: seat.chatID, ref: 'j', ...(after === undefined ? {} : { after }) })
  ],
  react: (text) => {
    if (text.includes('"type":"ack"')) return { joined: true }
    return { failed: text.includes('"type":"error"') }
  },
  post: (seat, text) => JSON.stringify({ type: 'post_msg', chatID: seat.chatID, text })
}

/** ChatCLI as its newest clients post: with an id of the client, and an acknowledgement. */
const acked: Dialect = {
  ...confab,
  react: (text) => text.includes('"type":"ack"') && text.includes('"ref":"j"')
    ? { joined: true }
    : { failed: text.includes('"type":"error"') },
  post: (seat, text, id) =>
    JSON.stringify({ type: 'post_msg', chatID: seat.chatID, text, clientMessageID: id, ref: id })
}

/** Confab by its own API. */
const v1: Dialect = {
  path: '/v1/realtime',
  mark: '"message.created"',
  text: '"text":"',
  order: '"seq":',
  framesPerPost: 1,
  greet: ({ token, chatID }, after) => [
    JSON.stringify({ type: 'hello', token }),
    JSON.stringify({
      type: 'subscribe', ref: 'j', chats: [{ chat: `cf~${String(chatID)}`, ...(after === undefined ? {} : { after }) }]
    })
  ],
  // A post is acknowledged, too.
  react: (text) => text.includes('"type":"ack"') && text.includes('"ref":"j"')
    ? { joined: true }
    : { failed: text.includes('"type":"problem"') },
  post: ({ chatID }, text, id) => JSON.stringify({ type: 'send', chat: `cf~${String(chatID)}`, client_id: id, text })
}

const plain: Dialect = {
  path: '/ws',
  mark: '"new_message"',
  text: '"message":"',
  order: '"messageID":',
  framesPerPost: 1,
  greet: ({ chatID, userID, username }) => [JSON.stringify({ type: 'join_chat', chatID, userID, username })],
  react: (text) => text.includes('"joined"') ? { joined: true } : { failed: true },
  post: confab.post
}

/** Socket.IO over its WebSocket transport: engine.io packets 0 open, 2 ping, 3 pong; 40 connect, 42 event. */
const socketio: Dialect = {
  ...plain,
  path: '/socket.io/?EIO=4&transport=websocket',
  greet: () => [],
  react: (text, { chatID, userID, username }) => {
    if (text.startsWith('0')) return { send: ['40'] }
    if (text === '2') return { send: ['3'] }
    if (text.startsWith('40')) return { send: [`42${JSON.stringify(['join_chat', { chatID, userID, username }])}`] }
    return text.startsWith('42["joined"') ? { joined: true } : { failed: true }
  },
  post: (seat, text) => `42${JSON.stringify(['post_msg', { chatID: seat.chatID, text }])}`
}

/** The floor sends the same bytes for each post, so there is no order to check. */
const floor: Dialect = { ...plain, order: undefined }

export const dialects: Record<DialectName, Dialect> = {
  confab, acked, v1, plain, socketio, floor, floor16: { ...floor, framesPerPost: 16 }
}
