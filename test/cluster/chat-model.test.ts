/**
 * Random histories of a group on two replicas, against a model: the same outcomes, one log, and the same state whether
 * it is followed live, replayed from the beginning or read from the tables.
 */
import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { asc, eq, sql } from 'drizzle-orm'
import t from '../support/tap.ts'
import { ChatError } from '../../src/domain/errors.ts'
import { NO_EXTRAS } from '../../src/domain/events/extras.ts'
import type { ChatEvent } from '../../src/domain/events/event.ts'
import type { Codec } from '../../src/realtime/codec.ts'
import { LONGEST_PAGE } from '../../src/store/messages.ts'
import { messages, pins, reactions } from '../../src/store/schema.ts'
import { addUser } from '../support/data/rows.ts'
import { seedOf } from '../support/data/random.ts'
import { createStore } from '../support/servers/database.ts'
import { withServices } from '../support/servers/deployments.ts'
import { openHub, type HubReplica, type HubUser } from '../support/servers/hub.ts'

const [RUNS, MAX_STEPS] = [Number(process.env['CONFAB_TEST_RUNS'] ?? 8), 60]
const MESSAGE_ACTIONS = ['edit', 'edit', 'delete', 'react', 'react', 'unreact', 'pin', 'unpin'] as const

/** Something that a user does: `target` is a seq, which may be any event's or none's. */
type Step =
  | { do: 'post', user: number, parent: number | undefined, quote: number | undefined }
  | { do: typeof MESSAGE_ACTIONS[number], user: number, target: number, emoji: string, version: number | undefined }
  | { do: 'add', user: number }
  | { do: 'remove', user: number }

const seq = fc.nat({ max: MAX_STEPS }).map((number) => Math.ceil(number ** 2 / MAX_STEPS) + 1)
const user = fc.nat({ max: 3 })
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('post' as const), user, parent: fc.option(seq, { nil: undefined, freq: 1 }),
    quote: fc.option(seq, { nil: undefined, freq: 1 })
  }),
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom(...MESSAGE_ACTIONS), user, target: seq, emoji: fc.constantFrom('👍', 'x'),
      version: fc.option(fc.integer({ min: 1, max: 2 }), { nil: undefined, freq: 1 })
    })
  },
  fc.record({ do: fc.constantFrom('add', 'remove'), user: fc.integer({ min: 1, max: 3 }) })
)

/** A message of the model. `reactions` are "user emoji", `replies` the users who wrote those that are left. */
type ModelMessage = {
  author: number
  text: string
  version: number
  isDeleted: boolean
  isPinned: boolean
  parent: number | undefined
  quote: number | undefined
  reactions: Set<string>
  replies: number[]
}

const MARK_KINDS = {
  react: 'reaction.added', unreact: 'reaction.removed', pin: 'message.pinned', unpin: 'message.unpinned'
}

/** The group: user 0 owns it and stays, the others come and go. */
class Model {
  readonly kinds = ['chat.created', 'member.joined']
  readonly messages = new Map<number, ModelMessage>()
  /** The seqs up to which members see nothing. */
  readonly members = new Map([[0, 0]])

  /** @returns the seq of the event, 'unchanged', or the code of the error */
  apply (step: Step, text: string): number | string {
    const fromSeq = this.members.get(step.user)
    const find = (seq: number | undefined) => (seq ?? 0) > (fromSeq ?? 0) ? this.messages.get(seq ?? 0) : undefined
    if (step.do === 'add' || step.do === 'remove') {
      if ((step.do === 'add') === (fromSeq !== undefined)) return 'unchanged'
      if (step.do === 'remove') this.members.delete(step.user)
      else this.members.set(step.user, this.kinds.length)
      return this.kinds.push(step.do === 'add' ? 'member.added' : 'member.removed')
    }
    if (fromSeq === undefined) return 'not_a_participant'
    if (step.do === 'post') {
      const { user: author, parent, quote } = step
      const opener = find(parent)
      if (parent !== undefined && opener?.parent !== undefined) return 'nested_thread'
      if ([parent, quote].some((seq) => seq !== undefined && find(seq) === undefined)) return 'unknown_message'
      opener?.replies.push(author)
      const seq = this.kinds.push('message.created')
      const [isDeleted, isPinned] = [false, false]
      this.messages.set(seq, {
        author, text, version: 1, isDeleted, isPinned, parent, quote, reactions: new Set(), replies: []
      })
      return seq
    }
    const message = find(step.target)
    return message === undefined ? 'unknown_message' : this.#change(step, message, text)
  }

  #change (step: Extract<Step, { target: number }>, message: ModelMessage, text: string): number | string {
    const [reaction, hasReaction] = [`${String(step.user)} ${step.emoji}`, (own: string) => message.reactions.has(own)]
    if (step.do === 'edit' || step.do === 'delete') {
      if (step.user !== message.author && step.user !== 0) return 'not_the_author'
      if (message.isDeleted) return step.do === 'delete' ? 'unchanged' : 'message_deleted'
      if (step.version !== undefined && step.version !== message.version) return 'version_conflict'
      message.version++
      message.text = step.do === 'edit' ? text : ''
      if (step.do === 'edit') return this.kinds.push('message.edited')
      const replies = this.messages.get(message.parent ?? 0)?.replies
      replies?.splice(replies.indexOf(message.author), 1)
      Object.assign(message, { isDeleted: true, isPinned: false, quote: undefined, reactions: new Set() })
      return this.kinds.push('message.deleted')
    }
    if (message.isDeleted) return step.do === 'react' || step.do === 'pin' ? 'message_deleted' : 'unchanged'
    const isOn = step.do === 'react' || step.do === 'pin'
    if (isOn === (step.do.endsWith('react') ? hasReaction(reaction) : message.isPinned)) return 'unchanged'
    if (step.do.endsWith('pin')) message.isPinned = isOn
    else if (isOn) message.reactions.add(reaction)
    else message.reactions.delete(reaction)
    return this.kinds.push(MARK_KINDS[step.do])
  }
}

/** Shows every event, so that a socket with it says what became of a chat. */
const EVERYTHING: Codec = {
  name: 'everything',
  eventFrameType: 'everything',
  encodeEvent: (event) => Buffer.from(`${JSON.stringify({ seq: event.seq, kind: event.kind })}\n`)
}

/** A message of the model and of a replica in the same form. */
const shown = (message: ModelMessage, seq: number) => ({
  seq,
  text: message.text,
  version: message.version,
  isDeleted: message.isDeleted,
  isPinned: message.isPinned,
  parent: message.parent,
  quote: message.quote,
  reactions: [...message.reactions].map((reaction) => reaction.split(' ')[1]).sort(),
  replies: message.isDeleted ? 0 : message.replies.length
})

function shownOf (event: Extract<ChatEvent, { kind: 'message.created' }>): ReturnType<typeof shown> {
  const { parentSeq, replyToSeq, reactions, pinnedAt, thread } = event.extras ?? NO_EXTRAS
  return {
    seq: event.seq,
    text: event.text,
    version: event.version,
    isDeleted: event.deletedAt !== null,
    isPinned: pinnedAt !== null,
    parent: parentSeq ?? undefined,
    quote: replyToSeq ?? undefined,
    reactions: Object.entries(reactions).flatMap(([emoji, count]) => Array<string>(count).fill(emoji)).sort(),
    replies: thread?.replies ?? 0
  }
}

/** Does a step on a replica, in the words of the model. */
async function perform (
  { services: { chats, messages } }: HubReplica,
  { chatId, users, step, text, key }: { chatId: number, users: HubUser[], step: Step, text: string, key: string }
): Promise<number | string | undefined> {
  const [owner, actor] = [users[0], users[step.user]]
  if (owner === undefined || actor === undefined) throw new Error('There is no such user.')
  const change = messages.changes
  try {
    if (step.do === 'add' || step.do === 'remove') {
      await (step.do === 'add' ? chats.addMembers : chats.removeMembers)(owner, chatId, [actor.username])
      return undefined
    }
    if (step.do === 'post') {
      const { parent: parentSeq, quote: replyToSeq } = step
      const extras = parentSeq === undefined && replyToSeq === undefined ? undefined : { parentSeq, replyToSeq }
      const post = { chatId, author: actor, text, clientMessageId: key, extras, trace: undefined }
      return await new Promise((resolve) => {
        messages.post({ ...post, onSettled: (end) => resolve(end instanceof ChatError ? end.code : end.message.seq) })
      })
    }
    const request = { chatId, actor, seq: step.target, key, text, emoji: step.emoji, expectedVersion: step.version }
    return (await change[step.do](request)).event?.seq ?? 'unchanged'
  } catch (error) {
    if (error instanceof ChatError) return error.code
    throw error
  }
}

t.setTimeout(300_000)

await withServices(t, 'a group is what the model says, on every replica', async (t, services) => {
  const databaseUrl = await createStore(t, services.databaseUrl)
  const hubServices = { ...services, databaseUrl, redisPrefix: `confab_test_${randomBytes(6).toString('hex')}:` }
  const replicas = [await openHub(t, hubServices, [EVERYTHING]), await openHub(t, hubServices, [EVERYTHING])] as const
  const [one, two] = replicas
  const { orm } = one.services
  const users: HubUser[] = []
  while (users.length < 4) {
    const { id, username } = await addUser(orm)
    users.push({ userId: id, username })
  }
  const owner = users[0]
  if (owner === undefined) throw new Error('There is no user.')

  const run = async (steps: readonly { step: Step, isOnOne: boolean, isRetried: boolean }[]): Promise<void> => {
    const model = new Model()
    const chatId = await one.services.chats.createGroup(owner, { name: 'group', members: [] })
    const socket = await two.follow(t, chatId, owner, EVERYTHING, 0)
    for (const [index, { step, isOnOne, isRetried }] of steps.entries()) {
      const request = { chatId, users, step, text: `text ${String(index)}`, key: `key ${String(index)}` }
      const expected = model.apply(step, request.text)
      const outcome = await perform(isOnOne ? one : two, request)
      if (outcome !== undefined) t.equal(outcome, expected, JSON.stringify(step))
      if (typeof expected === 'number' && isRetried) {
        const again = await perform(isOnOne ? two : one, request)
        if (again !== undefined) t.equal(again, expected, 'and again on the other one')
      }
    }

    const log = await two.services.log.read(chatId, 0, LONGEST_PAGE)
    t.strictSame(log.map(({ seq, kind }) => `${String(seq)} ${kind}`),
      model.kinds.map((kind, index) => `${String(index + 1)} ${kind}`))
    const expected = [...model.messages].map(([seq, message]) => shown(message, seq))
    t.strictSame(log.flatMap((event) => event.kind === 'message.created' ? shownOf(event) : []), expected)
    for (const event of log) {
      if ('reactions' in event) {
        const message = expected.find(({ seq }) => seq === event.targetSeq)
        const count = Object.values(event.reactions).reduce((sum, one) => sum + one, 0)
        t.equal(count, message?.reactions.length, 'an event says how it is now')
      }
    }
    await compareTables(chatId, model)
    await socket.reached(`"seq":${String(model.kinds.length)},`)
    t.strictSame(socket.text.trim().split('\n').map((line): unknown => JSON.parse(line)),
      log.slice(1).map(({ seq, kind }) => ({ seq, kind })), 'the owner has got each event from joining on once')
  }

  const compareTables = async (chatId: number, model: Model): Promise<void> => {
    const rows = await orm.select({ seq: messages.seq, text: messages.body }).from(messages)
      .where(eq(messages.chatId, chatId)).orderBy(asc(messages.seq))
    t.strictSame(rows, [...model.messages].map(([seq, { text }]) => ({ seq, text })))
    const own = await orm.select({ seq: reactions.seq, userId: reactions.userId, emoji: reactions.emoji })
      .from(reactions).where(eq(reactions.chatId, chatId))
    const named = own.map(({ seq, userId, emoji }) =>
      `${String(seq)} ${String(users.findIndex((user) => user.userId === userId))} ${emoji}`)
    t.strictSame(named.sort(), [...model.messages]
      .flatMap(([seq, message]) => [...message.reactions].map((reaction) => `${String(seq)} ${reaction}`)).sort())
    const pinned = await orm.select({ seq: pins.seq }).from(pins).where(eq(pins.chatId, chatId)).orderBy(asc(pins.seq))
    const expected = [...model.messages].flatMap(([seq, { isPinned }]) => isPinned ? seq : [])
    t.strictSame(pinned.map(({ seq }) => seq), expected)
  }

  await orm.execute(sql`insert into features (name) values ('events') on conflict do nothing`)
  const entry = fc.record({ step, isOnOne: fc.boolean(), isRetried: fc.boolean() })
  await fc.assert(
    fc.asyncProperty(fc.array(entry, { minLength: 10, maxLength: MAX_STEPS, size: 'max' }), run),
    { seed: seedOf(t), numRuns: RUNS, endOnFailure: true }
  )
})
