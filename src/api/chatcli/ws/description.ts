/** AsyncAPI description of the socket: its upgrade, every frame in both directions, every close code of the server. */
import { CLOSE_CODES } from '../../../realtime/close-codes.ts'
import { noBody } from '../../http/answers.ts'
import type { CloseDescription, SocketDescription, UpgradeDescription } from '../../http/face.ts'
import { REALTIME } from '../tags.ts'
import { CLIENT_FRAMES } from './client-frame-descriptions.ts'
import { errorFrame } from './frames.ts'
import { SERVER_FRAMES } from './server-frame-descriptions.ts'
import { FRAME_ERRORS } from './server-frames.ts'

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
