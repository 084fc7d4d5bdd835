/** The socket of EmoteChat in the AsyncAPI document. */
import { ERRORS } from '../../../domain/errors.ts'
import { CLOSE_CODES } from '../../../realtime/close-codes.ts'
import type { CloseDescription, FrameDescription, SocketDescription } from '../../http/face.ts'
import { ErrorFrame, errorFrame, FRAME_ERRORS, MessageFrame, PostFrame } from './frames.ts'

const EXAMPLE: MessageFrame = {
  message: '2 &lt; 3',
  sender: 3,
  receiver: 1,
  time: '2026-11-22T12:00:05.123Z',
  id: 9
}

const CLIENT_FRAMES: readonly FrameDescription[] = [
  {
    name: 'emote_post',
    summary: 'Send a message to a user',
    description:
      'The text has 1 to 4,000 characters, not only blank ones. A chat between the two is opened if there is none. ' +
      'Other fields are ignored: the sender is the user of the cookie.',
    schema: PostFrame,
    examples: [{ message: '2 < 3', receiver: 1 }]
  }
]

const SERVER_FRAMES: readonly FrameDescription[] = [
  {
    name: 'emote_message',
    summary: 'A message between the user and another',
    description: 'In the order of their chat, each once, one\'s own included.',
    schema: MessageFrame,
    examples: [EXAMPLE]
  },
  {
    name: 'emote_error',
    summary: 'A frame was refused; the socket stays open',
    schema: ErrorFrame,
    examples: [errorFrame({ code: 'unknown_receiver', message: ERRORS.unknown_receiver })]
  }
]

const CLOSES: readonly CloseDescription[] = [
  { code: 1002, meaning: 'Not a WebSocket frame.', comeBack: 'yes' },
  { code: 1007, meaning: 'A text was not UTF-8.', comeBack: 'yes' },
  {
    code: CLOSE_CODES.refused,
    meaning: 'The token has expired, the session has ended, or the frame rate was exceeded for long.',
    comeBack: 'not with the same token'
  },
  { code: CLOSE_CODES.tooBig, meaning: 'A frame was larger than `MAX_FRAME_BYTES`.', comeBack: 'yes' },
  { code: CLOSE_CODES.internal, meaning: 'A bug of the server.', comeBack: 'yes' },
  {
    code: CLOSE_CODES.restart,
    meaning: 'The replica stops, or a new epoch has begun.',
    comeBack: 'at once, and read the history'
  },
  {
    code: CLOSE_CODES.tryAgainLater,
    meaning: 'The client reads too slowly, or has too many sockets.',
    comeBack: 'in a moment, and read the history'
  }
]

/** The WebSocket in the documents. */
export const SOCKET: SocketDescription = {
  name: 'emotechat',
  path: '/ws/{id}',
  isAtRoot: true,
  parameters: { id: 'Any number; it means nothing.' },
  title: 'The WebSocket of EmoteChat',
  description:
    'The WebSocket of the EmoteChat dialect carries the messages of all direct chats of the user whose token is in ' +
    'the cookie `sessionId`.',
  fromClient: {
    operation: 'fromEmoteClient',
    summary: 'Messages to users.',
    frames: CLIENT_FRAMES
  },
  fromServer: {
    operation: 'fromEmoteServer',
    summary: 'Messages of all direct chats of the user, from the opening of the socket on.',
    frames: SERVER_FRAMES
  },
  closes: CLOSES,
  errors: FRAME_ERRORS,
  encodeError: (error) => errorFrame(error)
}
