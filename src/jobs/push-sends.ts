/**
 * The jobs that tell a device of a chat: there is one at a time for both, which tells the newest message that its user
 * has not read, or takes back what the device shows.
 */
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { publicChatId } from '../domain/chats/chat-id.ts'
import { countUnread } from '../domain/chats/unread.ts'
import { messageContent, topicOf } from '../domain/push/notice.ts'
import type { PushContent, PushResult, PushServices } from '../domain/push/push.ts'
import type { Orm } from '../store/database.ts'
import type { Job } from '../store/jobs.ts'
import { noteFailing, noteWorking, removeGoneDevice } from '../store/push-devices.ts'
import { noteShown, SEND_KIND } from '../store/push-marks.ts'
import { type DueNotice, findDueNotice } from '../store/push-notices.ts'
import { backoff, type JobKind, type Outcome } from './job-kind.ts'

const CONCURRENCY = 64
/** The services of browsers are few, and each is one target. */
const PER_SERVICE = 32
/** Nine pauses, which together take about half an hour. */
const MAX_ATTEMPTS = 10
const FIRST_RETRY_MS = 5_000
const MAX_RETRY_MS = 600_000
/** Longest pause that a service may ask for. */
const MAX_RETRY_AFTER_MS = 3_600_000
/** How long a replica that stops waits for answers. */
const STOP_GRACE_MS = 3_000
/** A device at which nothing has arrived for so long is removed. */
const PATIENCE_MS = 14 * 86_400_000

/** How an attempt ended. */
export type PushStatus = PushResult['status']

/** Dependencies of the sending. */
export type PushSendsDeps = {
  orm: Orm
  services: PushServices
  epoch: () => string
  /** Counts what became of an attempt. */
  count?: (status: PushStatus) => void
}

const PayloadSchema = Type.Object({
  device: Type.Integer(),
  chat: Type.Integer(),
  /** Messages up to this one were read. */
  read: Type.Optional(Type.Union([Type.Integer(), Type.Null()])),
  /** The message that was told last. */
  sent: Type.Optional(Type.Integer())
})
const payloadForm = Compile(PayloadSchema)
type Payload = Static<typeof PayloadSchema>

/** What to tell: a message by its seq, or that messages were read. */
type Telling = { content: PushContent, fields: Partial<Payload> }

/** Tells devices. */
export function createPushSends (deps: PushSendsDeps): JobKind {
  return {
    name: SEND_KIND,
    concurrency: CONCURRENCY,
    perTarget: PER_SERVICE,
    // Beyond that are attempts that did not come to an end.
    maxAttempts: 2 * MAX_ATTEMPTS,
    retryDelayMs: backoff(FIRST_RETRY_MS, MAX_RETRY_MS),
    run: async (job, signal) => withGrace(signal, (late) => run(deps, job, late))
  }
}

/** A replica that stops lets what is under way come to an end: given up, it might be told twice. */
async function withGrace (signal: AbortSignal, work: (late: AbortSignal) => Promise<Outcome>): Promise<Outcome> {
  const ending = new AbortController()
  const end = () => void setTimeout(() => ending.abort(), STOP_GRACE_MS).unref()
  signal.addEventListener('abort', end, { once: true })
  try {
    return await work(ending.signal)
  } finally {
    signal.removeEventListener('abort', end)
  }
}

async function run (deps: PushSendsDeps, job: Job, signal: AbortSignal): Promise<Outcome> {
  const payload = payloadForm.Parse(job.payload)
  const notice = await findDueNotice(deps.orm, payload.device, payload.chat)
  const telling = notice && await tellingOf(deps, notice, payload)
  if (notice === undefined || telling === undefined) return { status: 'done', fields: { read: null } }
  const { device: { address, kind } } = notice
  const push = { to: address, content: telling.content, topic: topicOf(deps.epoch(), payload.chat) }
  const result = await deps.services[kind]?.send(push, signal) ??
    { status: 'refused', reason: 'This kind of devices is not configured any more.' } as const
  // A replica that stops leaves the device to another one.
  if (result.status === 'failed' && signal.aborted) return { status: 'continues', afterMs: 0 }
  deps.count?.(result.status)
  return settle(deps.orm, { result, notice, telling, job, chatId: payload.chat })
}

/** What a device is to be told now; undefined for nothing. */
async function tellingOf (
  { orm }: PushSendsDeps,
  { device, chat, mark, message, previews }: DueNotice,
  { chat: chatId, read, sent = 0 }: Payload
): Promise<Telling | undefined> {
  if (mark !== undefined && chat !== undefined && message !== undefined && message.seq > sent) {
    const counted = (await countUnread(orm, device.userId, [chatId])).get(chatId)
    // What is before an own message is read.
    if (counted !== undefined && (message.parentSeq !== null || counted.readSeq < message.seq)) {
      const content = messageContent({ chatId, chat, previews, message, unread: counted.unread })
      return { content, fields: { sent: message.seq, read: null } }
    }
  }
  if (read == null || mark !== undefined) return undefined
  const id = publicChatId(chatId, chat?.publicId ?? null)
  return { content: { type: 'read', chat: id, seq: read }, fields: { read: null } }
}

async function settle (
  orm: Orm,
  { result, notice: { device, mark }, telling: { content, fields }, job, chatId }:
  { result: PushResult, notice: DueNotice, telling: Telling, job: Job, chatId: number }
): Promise<Outcome> {
  switch (result.status) {
    case 'sent':
      if (content.type === 'message' && mark?.isShown === false)
        await noteShown(orm, { chatId, userId: device.userId })
      if (device.failingSince !== null) await noteWorking(orm, device.id)
      return { status: 'done', fields }
    case 'gone':
      await removeGoneDevice(orm, device)
      return { status: 'done' }
    case 'refused':
      return giveUp(orm, device, result.reason)
    case 'failed': {
      const { reason, retryAfterMs } = result
      if (job.attempts >= MAX_ATTEMPTS) return giveUp(orm, device, reason)
      if (retryAfterMs === undefined) return { status: 'failed', reason }
      return { status: 'failed', reason, retryInMs: Math.min(retryAfterMs, MAX_RETRY_AFTER_MS) }
    }
  }
}

/** Users name the services of browsers, and their faults are no affair of the operator. */
async function giveUp (orm: Orm, device: DueNotice['device'], reason: string): Promise<Outcome> {
  await noteFailing(orm, device, PATIENCE_MS)
  return device.kind === 'web' ? { status: 'done' } : { status: 'hopeless', reason }
}
