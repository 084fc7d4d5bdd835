/** The commands of `/v1/realtime` and their answers. The life of the socket is `realtime/socket-session.ts`. */
import type { ChatRight } from '../../../domain/accounts/chat-claim.ts'
import { userIdOf } from '../../../domain/accounts/user-id.ts'
import type { Chats } from '../../../domain/chats/chats.ts'
import type { ReadMarks } from '../../../domain/chats/read-marks.ts'
import { asChatError, ChatError } from '../../../domain/errors.ts'
import type { ChangeReceipt } from '../../../domain/events/change.ts'
import type { MessageChanges } from '../../../domain/events/message-changes.ts'
import type { FeedEvent, Feeds } from '../../../domain/feeds/feeds.ts'
import type { Files } from '../../../domain/files/files.ts'
import type { SocketProtocol } from '../../../realtime/socket-protocol.ts'
import type { SocketSession } from '../../../realtime/socket-session.ts'
import { subscribe } from './subscribe.ts'
import { CLIENT_FRAME_TYPES, type ClientFrame, decodeFrame } from './client-frames.ts'
import { V1_CODEC } from './codec.ts'
import {
  ackFrame, drainFrame, feedFrame, presenceFrame, problemFrame, resetFrame, welcomeFrame
} from './server-frames.ts'

/** What the commands need besides the socket. */
export type ProtocolDeps = {
  chats: Pick<Chats, 'idsOf'>
  readMarks: Pick<ReadMarks, 'mark' | 'receiptsOf'>
  changes: Pick<MessageChanges, 'edit' | 'delete' | 'hide' | 'react' | 'unreact'>
  feeds: Pick<Feeds, 'heads'>
  files: Pick<Files, 'prepare'>
  /** Returns those of these users that exist, by their ids. */
  findUsers: (ids: readonly string[]) => Promise<ReadonlyMap<string, { userId: number }>>
  pingIntervalMs: number
}

type Session = SocketSession<ClientFrame>
type FrameOf<Type extends ClientFrame['type']> = Extract<ClientFrame, { type: Type }>

/** Makes the protocol. */
export function createProtocol (deps: ProtocolDeps): SocketProtocol<ClientFrame> {
  return {
    codec: V1_CODEC,
    commandTypes: CLIENT_FRAME_TYPES,
    answerTypes: ['welcome', 'ack', 'problem', 'subscribed', 'feed', 'typing', 'read', 'presence', 'reset', 'drain'],
    authentication: {
      command: 'hello',
      tokenOf: (frame) => (frame.type === 'hello' ? frame.token : undefined),
      isExplained: true
    },
    postSpan: 'send',
    decode: decodeFrame,
    welcome: (session, first) => (first?.type === 'hello' ? welcome(session, deps, first) : undefined),
    perform: (session, frame) => perform(session, deps, frame),
    postAck: (ref, { message: { seq }, duplicate }) => ackFrame(ref, { seq, duplicate }),
    error: (error, ref) => problemFrame(error, ref),
    farewell: drainFrame
  }
}

function perform (session: Session, deps: ProtocolDeps, frame: ClientFrame): Promise<void> | undefined {
  if ('chat' in frame) requireRight(session, frame.chat, isOfReaders(frame) ? 'read' : 'post')
  switch (frame.type) {
    case 'send':
      return frame.attachments === undefined
        ? inChat(session, deps, frame.chat, (chatId) => send(session, chatId, frame))
        : sendWithFiles(session, deps, frame)
    case 'edit':
    case 'delete':
    case 'react':
    case 'unreact':
      return changeMessage(session, deps, frame)
    case 'subscribe':
      return subscribe(session, deps, frame).then(() => session.send(ackFrame(frame.ref)))
    case 'unsubscribe':
      return unsubscribe(session, deps, frame)
    case 'typing':
      return inChat(session, deps, frame.chat, (chatId) => session.noteTyping(chatId))
    case 'read':
      return read(session, deps, frame)
    case 'watch':
      return watch(session, deps, frame)
    case 'unwatch':
      return unwatch(session, deps, frame)
    case 'token':
      return session.renew(frame.token).then(() => session.send(ackFrame(frame.ref)))
    case 'hello':
      throw new ChatError('invalid_input', 'The frame "hello" comes first, and once.')
  }
}

async function welcome (
  session: Session, { feeds, pingIntervalMs }: ProtocolDeps, { ref, epoch: known, feed }: FrameOf<'hello'>
): Promise<void> {
  const { context: { epoch, limits, userFeeds }, user: { userId, username }, connection } = session
  if (known !== undefined && known !== null) {
    await epoch.confirm(known).catch((error: unknown) => {
      if (asChatError(error).code !== 'epoch_changed') throw error
      session.send(resetFrame('epoch_changed'))
    })
  }
  const greet = (pos: number) => session.send(welcomeFrame(ref, {
    user: userIdOf(userId, username) ?? '',
    epoch: epoch.current,
    pos,
    heartbeat_ms: pingIntervalMs,
    limits: {
      frame_bytes: limits.maxFrameBytes,
      chats: limits.maxChatsPerSocket,
      frames_per_second: limits.framesPerSecond
    }
  }))
  if (connection === undefined) return
  if (feed === undefined) {
    greet((await feeds.heads([userId])).get(userId) ?? 0)
    return
  }
  const encode = (event: FeedEvent) => feedFrame(event, epoch.current, connection.principal.chats)
  await userFeeds.follow(connection, encode, (head) => {
    greet(head)
    const { after = head } = feed
    if (after > head) session.send(problemFrame(new ChatError('position_unknown'), ref))
    return Math.min(after, head)
  })
}

function send (session: Session, chatId: number, frame: FrameOf<'send'>): void {
  const { text, client_id: clientMessageId, ref, reply_to: replyToSeq, parent: parentSeq, mentions, data } = frame
  const attachments = frame.attachments?.map(({ file }) => file)
  const isPlain = replyToSeq === undefined && parentSeq === undefined && mentions === undefined && data === undefined &&
    attachments === undefined
  const extras = isPlain ? undefined : { replyToSeq, parentSeq, mentions, data, attachments }
  session.post({ chatId, text, clientMessageId, ref, traceparent: undefined, extras })
}

/** Later frames wait while files are looked at that were sent past this server. */
async function sendWithFiles (session: Session, deps: ProtocolDeps, frame: FrameOf<'send'>): Promise<void> {
  const ids = frame.attachments?.map(({ file }) => file) ?? []
  if (ids.length > 0) await deps.files.prepare(session.user.userId, ids)
  await inChat(session, deps, frame.chat, (chatId) => send(session, chatId, frame))
}

/** Whether a frame changes nothing for others. */
function isOfReaders (frame: ClientFrame): boolean {
  return frame.type === 'read' || (frame.type === 'delete' && frame.for === 'me')
}

/** Later frames wait, so that changes keep their order. A socket that is to be closed waits for the answer. */
async function changeMessage (
  session: Session, { chats, changes }: ProtocolDeps, frame: FrameOf<'edit' | 'delete' | 'react' | 'unreact'>
): Promise<void> {
  const { connection, user, address } = session
  const chatId = session.chatIdOf(frame.chat) ?? requireId(await chats.idsOf([frame.chat]), frame.chat)
  connection?.beginPost()
  try {
    const actor = { ...user, address, isNarrowed: connection?.principal.chats !== undefined }
    const receipt = await change(changes, { chatId, actor, seq: frame.seq }, frame)
    session.send(ackFrame(frame.ref, { seq: receipt.event?.seq ?? null, duplicate: receipt.duplicate }))
  } finally {
    connection?.endPost()
  }
}

async function change (
  changes: ProtocolDeps['changes'],
  message: { chatId: number, actor: Session['user'] & { isNarrowed: boolean, address: string }, seq: number },
  frame: FrameOf<'edit' | 'delete' | 'react' | 'unreact'>
): Promise<Pick<ChangeReceipt, 'event' | 'duplicate'>> {
  switch (frame.type) {
    case 'edit': {
      const { text, data, version: expectedVersion, key } = frame
      if (text === undefined && data === undefined)
        throw new ChatError('invalid_input', 'The frame "edit" needs a "text" or "data".')
      return changes.edit({ ...message, text, data, expectedVersion, key })
    }
    case 'delete': {
      if (frame.for !== 'me') return changes.delete(message)
      await changes.hide({ ...message, userId: message.actor.userId })
      return { event: undefined, duplicate: false }
    }
    default:
      return changes[frame.type]({ ...message, emoji: frame.emoji, key: frame.key })
  }
}

/** Acts in the chat of a name: at once if the socket follows it or its number is in its name. */
function inChat (
  session: Session, { chats }: ProtocolDeps, name: string, act: (chatId: number) => void
): Promise<void> | undefined {
  const chatId = session.chatIdOf(name)
  if (chatId !== undefined) {
    act(chatId)
    return undefined
  }
  return chats.idsOf([name]).then((ids) => act(requireId(ids, name)))
}

/**
 * Checks that a narrowed token may do something in a chat.
 * @throws {ChatError} `unknown_chat` where it may do nothing; `forbidden`
 */
function requireRight (session: Session, chat: string, right: ChatRight): void {
  const claim = session.connection?.principal.chats
  if (claim === undefined || claim.may(chat, right)) return
  throw new ChatError(claim.may(chat, right === 'post' ? 'read' : 'post') ? 'forbidden' : 'unknown_chat')
}

function requireId (ids: ReadonlyMap<string, number>, name: string): number {
  const chatId = ids.get(name)
  if (chatId === undefined) throw new ChatError('unknown_chat')
  return chatId
}

async function unsubscribe (session: Session, { chats }: ProtocolDeps, { chats: names, ref }: FrameOf<'unsubscribe'>) {
  const unknown = names.filter((name) => session.chatIdOf(name) === undefined)
  const ids = unknown.length === 0 ? new Map<string, number>() : await chats.idsOf(unknown)
  for (const name of names) {
    const chatId = session.chatIdOf(name) ?? ids.get(name)
    if (chatId !== undefined) session.leave(chatId)
  }
  session.send(ackFrame(ref))
}

async function read (
  session: Session, { chats, readMarks }: ProtocolDeps, { chat, seq, parent: parentSeq, ref }: FrameOf<'read'>
): Promise<void> {
  const chatId = session.chatIdOf(chat) ?? requireId(await chats.idsOf([chat]), chat)
  await readMarks.mark({ chatId, userId: session.user.userId, seq, parentSeq })
  session.send(ackFrame(ref))
}

async function watch (session: Session, { findUsers }: ProtocolDeps, { users, ref }: FrameOf<'watch'>): Promise<void> {
  const { connection, context: { watchedUsers } } = session
  if (connection === undefined) return
  const ids = [...new Set(users)]
  const found = await findUsers(ids)
  const known = [...found].map(([id, { userId }]) => ({ id, userId }))
  await watchedUsers.watch(connection, known, () => session.send(ackFrame(ref)))
  for (const user of ids.filter((id) => !found.has(id)))
    session.send(presenceFrame({ kind: 'presence', user, status: 'unknown', lastSeenAt: undefined }))
}

async function unwatch (session: Session, { findUsers }: ProtocolDeps, { users, ref }: FrameOf<'unwatch'>) {
  const { connection, context: { watchedUsers } } = session
  if (connection === undefined) return
  watchedUsers.unwatch(connection, [...(await findUsers(users)).values()].map(({ userId }) => userId))
  session.send(ackFrame(ref))
}
