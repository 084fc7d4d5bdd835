/** The frames of clients in the AsyncAPI document of ChatCLI. */
import type { FrameDescription } from '../../http/face.ts'
import { EXAMPLE_EPOCH, EXAMPLE_MESSAGE } from '../message.ts'
import {
  AuthFrame, ChatCreatedFrame, DeleteMsgFrame, EditMsgFrame, JoinChatFrame, JoinIdleFrame, LeaveChatFrame,
  PostMsgFrame, TypingFrame
} from './frames.ts'

const { chatID, messageID } = EXAMPLE_MESSAGE
const epoch = EXAMPLE_EPOCH

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
