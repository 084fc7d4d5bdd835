/** `/v1/realtime` in the documents: every frame in both directions, and every close code of the server. */
import { ERRORS } from '../../../domain/errors.ts'
import { CLOSE_CODES } from '../../../realtime/close-codes.ts'
import { noBody } from '../../http/answers.ts'
import type { CloseDescription, FrameDescription, SocketDescription, UpgradeDescription } from '../../http/face.ts'
import { EXAMPLE_EVENT } from '../event.ts'
import { EXAMPLE_FEED_EVENT } from '../feed-event.ts'
import { EXAMPLE_USER } from '../user.ts'
import { REALTIME } from '../tags.ts'
import {
  DeleteFrame, EditFrame, HelloFrame, ReactFrame, ReadFrame, SendFrame, SubscribeFrame, TokenFrame, TypingFrame,
  UnreactFrame, UnsubscribeFrame, UnwatchFrame, WatchFrame
} from './client-frames.ts'
import {
  AckFrame, DrainFrame, EventFrame, FeedFrame, FRAME_ERRORS, PresenceFrame, problemFrame, ProblemFrame, ReadMarkFrame,
  ResetFrame, SubscribedFrame, TypingNoticeFrame, WelcomeFrame
} from './server-frames.ts'

const { chat, seq, epoch } = EXAMPLE_EVENT
const { id: user } = EXAMPLE_USER

const CLIENT_FRAMES: readonly FrameDescription[] = [
  {
    name: 'realtime.hello',
    summary: 'Authenticate the socket; the first frame of all',
    description:
      'Later frames are queued and handled in order, so a client need not wait for the `welcome`. With the last ' +
      '`epoch` that it knows, a client learns that its seqs are void.',
    schema: HelloFrame,
    examples: [{ type: 'hello', token: 'the-token', client: 'my-app/1.0', epoch, feed: { after: 7 } }]
  },
  {
    name: 'realtime.token',
    summary: 'Go on under a newer token of the same user',
    description: 'A socket ends with its token.',
    schema: TokenFrame,
    examples: [{ type: 'token', token: 'the-newer-token', ref: 't1' }]
  },
  {
    name: 'realtime.subscribe',
    summary: 'Follow chats, from now on, from behind a seq, or with the last events',
    description:
      'For each chat come the missed or the last events and `subscribed`, or a `problem`; after the last one an ' +
      '`ack`. A chat that the socket follows already stays as it is, and is answered by `subscribed` alone.',
    schema: SubscribeFrame,
    examples: [{ type: 'subscribe', chats: [{ chat, after: 117 }, { chat: 'team-1', last: 50 }], ref: 's1' }]
  },
  {
    name: 'realtime.unsubscribe',
    summary: 'Stop following chats',
    schema: UnsubscribeFrame,
    examples: [{ type: 'unsubscribe', chats: [chat], ref: 's2' }]
  },
  {
    name: 'realtime.send',
    summary: 'Post a message',
    description: 'The `ack` comes after the commit, with the `seq`.',
    schema: SendFrame,
    examples: [{ type: 'send', chat, client_id: 'c-1', text: 'Where is my parcel?', ref: 'm1' }]
  },
  {
    name: 'realtime.edit',
    summary: 'Give a message another text, or change its data',
    description: 'Its `ack` has no `seq` if nothing had to be changed.',
    schema: EditFrame,
    examples: [{ type: 'edit', chat, seq, text: 'Where is my letter?', version: 1, ref: 'e1' }]
  },
  {
    name: 'realtime.delete',
    summary: 'Delete a message, for all or for oneself',
    schema: DeleteFrame,
    examples: [{ type: 'delete', chat, seq, ref: 'd1' }, { type: 'delete', chat, seq, for: 'me', ref: 'd2' }]
  },
  {
    name: 'realtime.react',
    summary: 'React to a message',
    schema: ReactFrame,
    examples: [{ type: 'react', chat, seq, emoji: '👍', ref: 'x1' }]
  },
  {
    name: 'realtime.unreact',
    summary: 'Take a reaction back',
    schema: UnreactFrame,
    examples: [{ type: 'unreact', chat, seq, emoji: '👍', ref: 'x2' }]
  },
  {
    name: 'realtime.read',
    summary: 'Mark a chat as read',
    description: 'The mark only grows.',
    schema: ReadFrame,
    examples: [{ type: 'read', chat, seq, ref: 'r1' }]
  },
  {
    name: 'realtime.typing',
    summary: 'Show the others in a chat that you are typing',
    description:
      'It may be sent with every key: of one user and chat it is passed on at most once in 3 seconds. Nothing ' +
      'answers it.',
    schema: TypingFrame,
    examples: [{ type: 'typing', chat }]
  },
  {
    name: 'realtime.watch',
    summary: 'Follow the presence of users',
    description:
      'Of each comes a `presence` after the `ack`, and at each change, until `unwatch`. It is `unknown` of users ' +
      'with whom you share no chat, or who do not want it to be known, and while the server cannot know it. A user ' +
      'who has closed the last socket is offline some seconds later.',
    schema: WatchFrame,
    examples: [{ type: 'watch', users: [user, 'bob'], ref: 'w1' }]
  },
  {
    name: 'realtime.unwatch',
    summary: 'Stop following the presence of users',
    schema: UnwatchFrame,
    examples: [{ type: 'unwatch', users: [user], ref: 'w2' }]
  }
]

const SERVER_FRAMES: readonly FrameDescription[] = [
  {
    name: 'realtime.welcome',
    summary: 'The token was accepted',
    schema: WelcomeFrame,
    examples: [{
      type: 'welcome',
      user,
      epoch,
      pos: 7,
      heartbeat_ms: 25_000,
      limits: { frame_bytes: 131_072, chats: 1_000, frames_per_second: 100 }
    }]
  },
  {
    name: 'realtime.ack',
    summary: 'A command was carried out',
    schema: AckFrame,
    examples: [{ type: 'ack', ref: 'm1', seq }, { type: 'ack', ref: 's1' }]
  },
  {
    name: 'realtime.problem',
    summary: 'A command was refused, or a chat of it; the socket stays open',
    schema: ProblemFrame,
    examples: [problemFrame({ code: 'unknown_chat', message: ERRORS.unknown_chat }, 's1', 'team-1')]
  },
  {
    name: 'realtime.subscribed',
    summary: 'The socket follows a chat, and has received everything up to `head`',
    schema: SubscribedFrame,
    examples: [{ type: 'subscribed', ref: 's1', chat, head: seq }]
  },
  {
    name: 'realtime.event',
    summary: 'An event of a chat that the socket follows',
    description: 'In the order of their seqs, each once and without a gap, one\'s own included.',
    schema: EventFrame,
    examples: [{ type: 'event', event: EXAMPLE_EVENT }]
  },
  {
    name: 'realtime.feed',
    summary: 'An event of your feed, for a socket whose `hello` has a `feed`',
    description: 'In the order of their positions, each once and without a gap, from `after` on.',
    schema: FeedFrame,
    examples: [{ type: 'feed', event: EXAMPLE_FEED_EVENT }]
  },
  {
    name: 'realtime.typing_user',
    summary: 'Another member of a chat is typing',
    schema: TypingNoticeFrame,
    examples: [{ type: 'typing', chat, user, until: '2026-11-28T10:15:10.512Z' }]
  },
  {
    name: 'realtime.read_mark',
    summary: 'A member of a chat has read it up to a seq',
    description:
      'Of others in small chats whose type has receipts, unless they keep it to themselves; your own always. ' +
      'Messages of a member count as read by that member, too, without this frame.',
    schema: ReadMarkFrame,
    examples: [{ type: 'read', chat, user, seq }]
  },
  {
    name: 'realtime.presence',
    summary: 'A watched user is online, or not',
    schema: PresenceFrame,
    examples: [
      { type: 'presence', user, status: 'online' },
      { type: 'presence', user: 'bob', status: 'offline', last_seen: '2026-11-28T10:14:51.007Z' }
    ]
  },
  {
    name: 'realtime.reset',
    summary: 'What the client knows is void: of one chat, or of all',
    description:
      'A chat with the reason `removed` or `deleted` is followed no longer. With `epoch_changed` forget the seqs of ' +
      'all chats and start over.',
    schema: ResetFrame,
    examples: [{ type: 'reset', chat, reason: 'removed' }, { type: 'reset', reason: 'epoch_changed' }]
  },
  {
    name: 'realtime.drain',
    summary: 'The socket is about to be closed with 1012',
    schema: DrainFrame,
    examples: [{ type: 'drain', reconnect_in_ms: 310 }]
  }
]

const CLOSES: readonly CloseDescription[] = [
  { code: 1002, meaning: 'Not a WebSocket frame.', comeBack: 'yes' },
  { code: 1007, meaning: 'A text was not UTF-8.', comeBack: 'yes' },
  {
    code: CLOSE_CODES.refused,
    meaning:
      'Not authenticated (in time), the token has expired or was revoked, the session has ended, or the frame rate ' +
      'was exceeded for long.',
    comeBack: 'not with the same token'
  },
  { code: CLOSE_CODES.tooBig, meaning: 'A frame was larger than `limits.frame_bytes`.', comeBack: 'yes' },
  { code: CLOSE_CODES.internal, meaning: 'A bug of the server.', comeBack: 'yes' },
  {
    code: CLOSE_CODES.restart,
    meaning: 'The replica stops, or a new epoch has begun.',
    comeBack: 'after `reconnect_in_ms`, with `epoch` and `after`; repeat what was not acknowledged with its `client_id`'
  },
  {
    code: CLOSE_CODES.tryAgainLater,
    meaning: 'The client reads too slowly, has too many sockets, or cannot be authenticated now.',
    comeBack: 'in a moment, with `epoch` and `after`'
  }
]

/** The WebSocket in the documents. */
export const SOCKET: SocketDescription = {
  name: 'realtime',
  path: '/realtime',
  title: 'The WebSocket of /v1',
  description:
    'The WebSocket of `/v1`. Every frame is one JSON object in a text message, with a `type`. The first one is ' +
    '`hello`; the frames after it are handled in the order they were sent. A command may carry a `ref`, which comes ' +
    'back on everything that answers it. Unknown fields of a client are refused; ignore those of the server.',
  fromClient: {
    operation: 'fromRealtimeClient',
    summary: 'Commands, handled in the order they were sent; the first is `hello`.',
    frames: CLIENT_FRAMES
  },
  fromServer: {
    operation: 'fromRealtimeServer',
    summary: 'Answers, and the events of the chats that the socket follows.',
    frames: SERVER_FRAMES
  },
  closes: CLOSES,
  errors: FRAME_ERRORS,
  encodeError: (error) => problemFrame(error)
}

/** The upgrade in the documents. */
export const UPGRADE: UpgradeDescription = {
  errors: ['invalid_input', 'draining', 'too_many_sockets'],
  schema: {
    operationId: 'openRealtime',
    tags: [REALTIME],
    summary: 'Open the WebSocket',
    description:
      'Its frames are in the description of the WebSocket, `/asyncapi.json`. The token comes in the first frame, ' +
      'never in the URL. API keys open no sockets.',
    response: { 101: noBody('The connection is a WebSocket from here on.') }
  }
}
