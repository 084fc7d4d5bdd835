/** AsyncAPI description of the socket: every frame in both directions, and every close code of the server. */
import { ERRORS } from '../../../domain/errors.ts'
import { CLOSE_CODES } from '../../../realtime/close-codes.ts'
import { noBody } from '../../http/answers.ts'
import type { CloseDescription, FrameDescription, SocketDescription, UpgradeDescription } from '../../http/face.ts'
import { EXAMPLE_MESSAGE } from '../message.ts'
import { REALTIME } from '../tags.ts'
import {
  AuthFrame, ChatCreatedFrame, DeleteMsgFrame, EditMsgFrame, errorFrame, JoinChatFrame, JoinIdleFrame, LeaveChatFrame,
  PostMsgFrame, TypingFrame
} from './frames.ts'
import {
  AddedToChatFrame,
  AuthAckFrame,
  ChangeAckFrame,
  ChangingMessageFrame,
  DeletedMessageFrame,
  EditedMessageFrame,
  ErrorFrame,
  FRAME_ERRORS,
  JoinAckFrame,
  LeaveAckFrame,
  NewMessageFrame,
  OnlineUsersFrame,
  PostAckFrame,
  UserStatusFrame,
  UserTypingFrame
} from './server-frames.ts'

const { chatID, messageID, seq, timestamp } = EXAMPLE_MESSAGE
const epoch = '6a1f0c52'
const EDITED_AT = '2026-01-31T12:35:10.012Z'

/** Frames of clients. */
export const CLIENT_FRAMES: readonly FrameDescription[] = [
  {
    name: 'auth',
    summary: 'Authenticate the socket; the first frame of all',
    description:
      'Later frames are queued and handled in order, so a client need not wait for the answer. Sent again with a ' +
      'newer token of the same user, it extends the life of the socket until that token expires.',
    schema: AuthFrame,
    examples: [{ type: 'auth', token: 'the-access-token' }]
  },
  {
    name: 'join_chat',
    summary: 'Follow a chat from now on, or from a position',
    description:
      'With `after` the messages after that seq are replayed first, in order. With `epoch` the server checks that ' +
      'the seq belongs to its data.',
    schema: JoinChatFrame,
    examples: [
      { type: 'join_chat', chatID },
      { type: 'join_chat', chatID, after: 3, epoch, ref: 'j1' }
    ]
  },
  {
    name: 'leave_chat',
    summary: 'Stop following a chat',
    schema: LeaveChatFrame,
    examples: [
      { type: 'leave_chat', chatID },
      { type: 'leave_chat', chatID, ref: 'l1' }
    ]
  },
  {
    name: 'join_idle',
    summary: 'Follow all chats of the user from now on',
    description:
      'As the Electron clients 0.3 to 0.5 do behind `auth`. From then on the socket gets the messages of every chat ' +
      'of its user, joined or not, each once, and their changes; chats come and go with the user\'s list. ' +
      '`leave_chat` ends what a join has given, and nothing else. The socket lives as long as its session, whichever ' +
      'token it was opened with. Nothing is replayed, and a second time nothing changes.',
    schema: JoinIdleFrame,
    examples: [{ type: 'join_idle' }]
  },
  {
    name: 'typing',
    summary: 'Tell the others in a chat that one is typing',
    description:
      'It may be sent with every key: of one user and chat it is passed on at most once in 2 seconds. Nothing ' +
      'answers it, also when one is not in the chat.',
    schema: TypingFrame,
    examples: [{ type: 'typing', chatID }]
  },
  {
    name: 'chat_created',
    summary: 'Accepted from those in the chat, and changes nothing',
    description: 'Electron clients send it behind `create-chat` and `create-group`; the server itself tells others.',
    schema: ChatCreatedFrame,
    examples: [{ type: 'chat_created', chatID }]
  },
  {
    name: 'post_msg',
    summary: 'Post a message',
    description:
      'The text has 1 to 4,000 characters, not only blank ones; half a surrogate pair is stored as U+FFFD. With a ' +
      '`clientMessageID`, unique per chat and author, it can be sent again and is stored once.',
    schema: PostMsgFrame,
    examples: [
      { type: 'post_msg', chatID, text: 'Hello Alice' },
      { type: 'post_msg', chatID, text: 'Hello Alice', clientMessageID: 'c-1', ref: 'r1' }
    ]
  },
  {
    name: 'edit_msg',
    summary: 'Give a message of one\'s own another text',
    description: 'The same text again changes nothing.',
    schema: EditMsgFrame,
    examples: [
      { type: 'edit_msg', chatID, messageID, text: 'Hello Bob' },
      { type: 'edit_msg', chatID, messageID, text: 'Hello Bob', ref: 'e1' }
    ]
  },
  {
    name: 'delete_msg',
    summary: 'Delete a message of one\'s own',
    description: 'It keeps its place, and its text is erased. A second time nothing changes.',
    schema: DeleteMsgFrame,
    examples: [
      { type: 'delete_msg', chatID, messageID },
      { type: 'delete_msg', chatID, messageID, ref: 'd1' }
    ]
  }
]

/** Frames of the server. A client that uses neither `ref` nor `after` nor `epoch` receives the first two and errors. */
export const SERVER_FRAMES: readonly FrameDescription[] = [
  {
    name: 'auth_ack',
    summary: 'The token was accepted',
    schema: AuthAckFrame,
    examples: [{ type: 'auth_ack', status: 'ok' }]
  },
  {
    name: 'new_message',
    summary: 'A message of a chat that this socket has joined',
    description: 'In the order of their seqs, each once, one\'s own included.',
    schema: NewMessageFrame,
    examples: [{ type: 'new_message', ...EXAMPLE_MESSAGE }]
  },
  {
    name: 'changing_message',
    summary: 'A message, for a socket that has sent `join_idle`',
    schema: ChangingMessageFrame,
    examples: [{ type: 'new_message', ...EXAMPLE_MESSAGE, edited_at: null, deleted_at: null }]
  },
  {
    name: 'edited_message',
    summary: 'A message has another text: only for a socket that has sent `join_idle`',
    description: '`timestamp` and `seq` are those of the message.',
    schema: EditedMessageFrame,
    examples: [{ type: 'edited_message', ...EXAMPLE_MESSAGE, edited_at: EDITED_AT, deleted_at: null }]
  },
  {
    name: 'deleted_message',
    summary: 'A message was deleted: only for a socket that has sent `join_idle`',
    schema: DeletedMessageFrame,
    examples: [{ type: 'deleted_message', messageID, chatID, deleted_at: EDITED_AT }]
  },
  {
    name: 'added_to_chat',
    summary: 'Another user has brought one into a chat: only for a socket that has sent `join_idle`',
    description:
      'Once, when somebody has opened a chat with the user, made a group with the user in it, or added the user. Who ' +
      'comes back to a chat by themself is not told.',
    schema: AddedToChatFrame,
    examples: [{ type: 'chat_created', chatID, creator: 'alice' }]
  },
  {
    name: 'user_typing',
    summary: 'Another user in a chat is typing: only for a socket that has sent `join_idle`',
    schema: UserTypingFrame,
    examples: [{ type: 'user_typing', chatID, username: 'alice' }]
  },
  {
    name: 'online_users',
    summary: 'Who of the user\'s contacts is online: the answer to the first `join_idle`',
    description:
      'Contacts share a chat of at most 100 members with the user. It is sent again after `fetch-chats` and ' +
      '`fetch-archived`, since clients forget it when they read their list. Without names where presence is off.',
    schema: OnlineUsersFrame,
    examples: [{ type: 'online_users', users: ['bob'] }]
  },
  {
    name: 'user_status',
    summary: 'A contact has come or gone: only for a socket that has sent `join_idle`',
    description:
      'A user is online from the first socket on, of any client, until some seconds after the last one has closed.',
    schema: UserStatusFrame,
    examples: [{ type: 'user_status', username: 'bob', online: true }]
  },
  {
    name: 'post_ack',
    summary: 'A post with a `ref` is committed',
    schema: PostAckFrame,
    examples: [
      { type: 'ack', ref: 'r1', chatID, messageID, seq, timestamp },
      { type: 'ack', ref: 'r1', chatID, messageID, seq, timestamp, duplicate: true }
    ]
  },
  {
    name: 'join_ack',
    summary: 'A join with a `ref` is done: everything up to `seq` was sent, live messages follow',
    schema: JoinAckFrame,
    examples: [
      { type: 'ack', ref: 'j1', chatID, seq },
      { type: 'ack', ref: 'j1', chatID, seq, epoch }
    ]
  },
  {
    name: 'change_ack',
    summary: 'A change with a `ref` is committed, or nothing had to be changed',
    schema: ChangeAckFrame,
    examples: [
      { type: 'ack', ref: 'e1', chatID, seq },
      { type: 'ack', ref: 'd1', chatID }
    ]
  },
  {
    name: 'leave_ack',
    summary: 'A leave with a `ref` is done',
    schema: LeaveAckFrame,
    examples: [{ type: 'ack', ref: 'l1', chatID }]
  },
  {
    name: 'error',
    summary: 'An action was refused; the socket stays open',
    description: 'With the `ref` of the action, if it had one, and with the `epoch` for errors about it.',
    schema: ErrorFrame,
    examples: [
      { type: 'error', ref: 'r1', code: 'not_a_participant', message: ERRORS.not_a_participant },
      { type: 'error', ref: 'j1', code: 'epoch_changed', message: ERRORS.epoch_changed, epoch }
    ]
  }
]

/** Close codes of the server. */
export const CLOSES: readonly CloseDescription[] = [
  { code: 1002, meaning: 'Not a WebSocket frame.', comeBack: 'yes' },
  { code: 1007, meaning: 'A text was not UTF-8.', comeBack: 'yes' },
  {
    code: CLOSE_CODES.refused,
    meaning:
      'Not authenticated (in time), the token has expired, the session has ended, or the frame rate was exceeded ' +
      'for long.',
    comeBack: 'not with the same token'
  },
  { code: CLOSE_CODES.tooBig, meaning: 'A frame was larger than `MAX_FRAME_BYTES`.', comeBack: 'yes' },
  { code: CLOSE_CODES.internal, meaning: 'A bug of the server.', comeBack: 'yes' },
  {
    code: CLOSE_CODES.restart,
    meaning: 'The replica stops, or a new epoch has begun.',
    comeBack: 'at once, with `after`; repeat posts without an acknowledgement with their `clientMessageID`'
  },
  {
    code: CLOSE_CODES.tryAgainLater,
    meaning: 'The client reads too slowly, has too many sockets, or cannot be authenticated now.',
    comeBack: 'in a moment, with `after`'
  }
]

/** The WebSocket in the documents. */
export const SOCKET: SocketDescription = {
  name: 'ws',
  path: '/ws',
  title: 'The WebSocket of ChatCLI',
  description:
    'The WebSocket of the ChatCLI dialect. Every frame is one JSON object in a text message, with a `type`. ' +
    'The first one is `auth`; the frames after it are handled in the order they were sent. Fields that belong ' +
    'to a `ref`, an `after` or an `epoch` are sent only to clients that use them.',
  fromClient: {
    operation: 'fromClient',
    summary: 'Actions, handled in the order they were sent; the first is `auth`.',
    frames: CLIENT_FRAMES
  },
  fromServer: {
    operation: 'fromServer',
    summary:
      'Answers, and the messages of joined chats. Fields that belong to a `ref`, an `after` or an `epoch` are sent ' +
      'only to clients that use them.',
    frames: SERVER_FRAMES
  },
  closes: CLOSES,
  errors: FRAME_ERRORS,
  encodeError: (error) => errorFrame(error)
}

/** The upgrade in the documents. */
export const UPGRADE: UpgradeDescription = {
  // The pages of the Electron clients are files. The token comes in the first frame, so that a page has no right here
  // that it was not given. `null` is the origin of sandboxed frames of any page.
  origins: ['file://'],
  errors: ['invalid_input', 'draining', 'too_many_sockets'],
  schema: {
    operationId: 'openSocket',
    tags: [REALTIME],
    summary: 'Open the WebSocket',
    description: 'Its frames are in the description of the WebSocket, `/asyncapi.json`.',
    response: { 101: noBody('The connection is a WebSocket from here on.') }
  }
}
