/** What reactions, pins, threads, mentions and versions owe: the state of their events, and nothing after an end. */
import { and, eq, sql } from 'drizzle-orm'
import type { Test } from 'tap'
import {
  type ChangeAction, type ChangeEntry, type ChangeOutcome, prepareWriteBatch
} from '../../../src/store/changes.ts'
import { removeChat } from '../../../src/store/chats.ts'
import { eraseMarks, eraseMessages, findTraces } from '../../../src/store/erasures.ts'
import { hideMessage, listHidden } from '../../../src/store/hidden.ts'
import { listLogAfter, type LogRow } from '../../../src/store/log.ts'
import { listOwnReactions, listPins, listReactions, listVersions } from '../../../src/store/marks.ts'
import { LONGEST_PAGE, type MessageRow } from '../../../src/store/messages.ts'
import { preparePostBatch } from '../../../src/store/posts.ts'
import {
  chats, mentions, messageVersions, participants, pins, reactionCounts, reactions, threadFollowers, threadReplies,
  threads, chatTypes
} from '../../../src/store/schema.ts'
import { addChat, addParticipants, addUser, type ChatOfTwo, type Connections } from '../../support/data/rows.ts'

const ALL = LONGEST_PAGE
const THUMB = '👍'

const outcomeOf = (outcome: ChangeOutcome) =>
  'seq' in outcome && outcome.seq !== null ? `${outcome.outcome} ${String(outcome.seq)}` : outcome.outcome

const messageOf = (row: LogRow | undefined): MessageRow | null | undefined =>
  row !== undefined && 'kind' in row ? row.target : row

/** Runs the suite on the handles of one store. */
export async function testMarks (t: Test, connections: Connections): Promise<void> {
  const [orm] = connections
  const post = preparePostBatch(orm)
  const write = prepareWriteBatch(orm)
  let keys = 0

  /** A chat in which Ann has posted so many messages. */
  const chatWith = async (count: number) => {
    const chat = await addChat(orm)
    await post(Array.from({ length: count }, (_, index) => {
      const postKey = `m${String(index + 1)}`
      return { chatId: chat.chatId, authorId: chat.ann.id, postKey, text: postKey }
    }))
    return chat
  }
  const change = (
    { chatId }: ChatOfTwo, { id }: { id: number }, action: ChangeAction, eventKey = `k${String(keys++)}`
  ): ChangeEntry => ({ chatId, actorId: id, eventKey, action })
  const send = async (...entries: ChangeEntry[]) => (await write([], entries)).changes.map(outcomeOf)
  const react = (seq: number, emoji = THUMB) => ({ kind: 'react', target: { seq }, emoji }) as const
  const unreact = (seq: number, emoji = THUMB) => ({ kind: 'unreact', target: { seq }, emoji }) as const
  const end = (seq: number, version?: number) => ({ kind: 'delete', target: { seq }, version }) as const
  const say = (text: string, more: object = {}) => ({ kind: 'post', text, ...more }) as const
  const logOf = async ({ chatId }: ChatOfTwo) => listLogAfter(orm, chatId, 0, ALL)
  const marksOf = async (chat: ChatOfTwo, seq = 1) => messageOf((await logOf(chat))[seq - 1])?.marks
  const reactionsOf = async (chat: ChatOfTwo, seq = 1) => (await marksOf(chat, seq))?.reactions

  await t.test('a reaction counts once per user and emoji, and is taken back', async (t) => {
    const chat = await chatWith(1)
    const { ann, bob } = chat
    t.strictSame(
      await send(
        change(chat, ann, react(1)), change(chat, bob, react(1)), change(chat, bob, react(1)),
        change(chat, bob, react(1, 'party')), change(chat, bob, unreact(1, 'sad'))
      ),
      ['stored 2', 'stored 3', 'unchanged', 'stored 4', 'unchanged']
    )
    t.strictSame(await reactionsOf(chat), { [THUMB]: 2, party: 1 })
    t.strictSame(await reactionsOf(chat, 2), { [THUMB]: 2, party: 1 }, 'an event says how it is now')
    t.strictSame(await listOwnReactions(orm, chat.chatId, bob.id, [1]), [
      { seq: 1, emoji: 'party' }, { seq: 1, emoji: THUMB }
    ])
    t.strictSame(
      (await Promise.all([false, true].map((isBackward) =>
        listReactions(orm, chat.chatId, 1, {
          from: { position: { userId: bob.id, emoji: 'party' }, isBackward }, limit: 1
        })
      ))).map(([row]) => [row?.userId, row?.emoji]),
      [[bob.id, THUMB], [ann.id, THUMB]]
    )
    t.strictSame(await send(change(chat, ann, unreact(1)), change(chat, bob, unreact(1))), ['stored 5', 'stored 6'])
    t.strictSame(await reactionsOf(chat), { party: 1 })
  })

  await t.test('a retry finds its event, also when it is undone since, and nothing else has its key', async (t) => {
    const chat = await chatWith(2)
    const { ann, bob } = chat
    const first = change(chat, ann, react(1), 'a')
    t.strictSame(await send(first, first), ['stored 3', 'duplicate 3'])
    t.strictSame(await send(change(chat, ann, unreact(1)), first), ['stored 4', 'duplicate 3'])
    t.strictSame(
      await send(
        change(chat, ann, react(2), 'a'), change(chat, ann, react(1, 'x'), 'a'), change(chat, ann, unreact(1), 'a'),
        change(chat, bob, react(2), 'a')
      ),
      ['conflict', 'conflict', 'conflict', 'stored 5']
    )
  })

  await t.test('where a user may have one reaction, another one replaces it in two events', async (t) => {
    const chat = await chatWith(1)
    await orm.insert(chatTypes).values({
      type: 'voting',
      definition: {
        roles: [{ role: 'member', permissions: ['read', 'react'] }], default_role: 'member', creator_role: 'member',
        visibility: 'private', history: 'all', reactions: 'one', retention_days: null,
        features: { receipts: true, typing: true, threads: false, reactions: true, attachments: true },
        limits: { max_members: null, text: null, slow_mode_s: null }
      }
    })
    await orm.update(chats).set({ type: 'voting' }).where(eq(chats.id, chat.chatId))
    const { bob } = chat
    await send(change(chat, bob, react(1, 'yes')))
    const { changes: [outcome] } = await write([], [change(chat, bob, react(1, 'no'))])
    t.match(outcome, { outcome: 'stored', seq: 4, replaced: 'yes', marks: { reactions: { no: 1 } } })
    t.strictSame((await logOf(chat)).map((row) => 'kind' in row ? row.kind : 'message'), [
      'message', 'reaction.added', 'reaction.removed', 'reaction.added'
    ])
    t.strictSame(
      await send(change(chat, bob, { kind: 'pin', target: { seq: 1 } }), change(chat, bob, end(1))),
      ['denied', 'forbidden'], 'nor may this role anything else'
    )
  })

  await t.test('there are only so many different reactions and pins', async (t) => {
    const chat = await chatWith(101)
    const { ann, bob } = chat
    await send(...Array.from({ length: 50 }, (_, index) => change(chat, ann, react(1, `e${String(index)}`))))
    t.strictSame(
      await send(change(chat, bob, react(1, 'more')), change(chat, bob, react(1, 'e7'))), ['full', 'stored 152']
    )
    const pin = (seq: number) => change(chat, bob, { kind: 'pin', target: { seq } })
    await send(...Array.from({ length: 100 }, (_, index) => pin(index + 1)))
    t.strictSame(await send(pin(101), pin(1)), ['full', 'unchanged'])
    t.strictSame((await listPins(orm, chat.chatId, 98)), [99, 100])
    t.strictSame(await send(change(chat, ann, { kind: 'unpin', target: { seq: 1 } })), ['stored 253'])
  })

  await t.test('a thread counts the replies that are left, and names their last authors', async (t) => {
    const chat = await chatWith(1)
    const { ann, bob } = chat
    const thread = async () => (await marksOf(chat))?.thread
    t.strictSame(
      await send(
        change(chat, bob, say('one', { parentSeq: 1 })), change(chat, ann, say('two', { parentSeq: 1, replyToSeq: 2 })),
        change(chat, bob, say('three', { parentSeq: 1 })), change(chat, bob, say('nested', { parentSeq: 2 })),
        change(chat, bob, say('nothing', { parentSeq: 99 })), change(chat, bob, say('nothing', { replyToSeq: 99 }))
      ),
      ['stored 2', 'stored 3', 'stored 4', 'nested', 'missing', 'missing']
    )
    t.match(await thread(), { replies: 3, participants: [[bob.id, bob.username], [ann.id, ann.username]] })
    await send(change(chat, ann, end(3)), change(chat, bob, end(4)))
    t.match(await thread(), { replies: 1, participants: [[bob.id, bob.username]] })
    await send(change(chat, bob, end(2)))
    t.equal(await thread(), null)
    const followers = await orm.select().from(threadFollowers).where(eq(threadFollowers.chatId, chat.chatId))
    t.strictSame(followers.map(({ userId, replies }) => [userId, replies]).sort(), [[ann.id, 0], [bob.id, 0]].sort())
  })

  await t.test('mentions are of members, and posts with more than a text are known again', async (t) => {
    const chat = await chatWith(0)
    const { ann, bob } = chat
    const stranger = await addUser(orm)
    const mentioning = (...names: string[]) => change(chat, ann, say('hello', { mentions: names }))
    const [nameOfBob, nameOfStranger] = [`cf~${String(bob.id)}`, `cf~${String(stranger.id)}`]
    t.strictSame(
      await send(
        mentioning(nameOfBob, '@all', '@role:member'), mentioning(nameOfStranger), mentioning('nobody'),
        mentioning('@role:owner')
      ),
      ['stored 1', 'stranger', 'stranger', 'stranger']
    )
    const targets = await orm.select({ target: mentions.target }).from(mentions).where(eq(mentions.chatId, chat.chatId))
    t.strictSame(targets.map(({ target }) => target).sort(), [String(bob.id), '@all', '@role:member'].sort())
    const rich = { data: { colour: 'red', list: [1, null] }, mentions: [nameOfBob], replyToSeq: 1 }
    const again = change(chat, ann, say('rich', rich), 'crich')
    t.strictSame(await send(again, again), ['stored 2', 'duplicate 2'])
    t.strictSame(
      await send(
        change(chat, ann, say('rich'), 'crich'), change(chat, ann, say('rich', { ...rich, data: {} }), 'crich')
      ),
      ['conflict', 'conflict']
    )
    t.match((await logOf(chat))[1], { changes: [1, null, null, null, 1, { data: rich.data, mentions: [nameOfBob] }] })
  })

  await t.test('an edit needs the version that it names, and keeps the texts before', async (t) => {
    const chat = await chatWith(1)
    const { ann, bob } = chat
    const edit = (more: object, by = ann) => change(chat, by, { kind: 'edit', target: { seq: 1 }, ...more })
    t.strictSame(
      await send(
        edit({ text: 'two', version: 1 }), edit({ text: 'lost', version: 1 }), edit({ data: { a: 1 }, version: 2 }),
        edit({ text: 'two', data: { a: 1 } }), edit({ data: null }), edit({ text: 'theirs' }, bob),
        change(chat, ann, end(1, 2))
      ),
      ['stored 2', 'version', 'stored 3', 'unchanged', 'stored 4', 'forbidden', 'version']
    )
    t.strictSame(
      (await listVersions(orm, chat.chatId, 1)).map(({ version, text, data }) => [version, text, data]),
      [[1, 'm1', null], [2, 'two', null], [3, 'two', { a: 1 }]]
    )
    t.strictSame(await send(change(chat, ann, end(1, 4)), edit({ text: 'late' })), ['stored 5', 'deleted'])
    t.strictSame(await listVersions(orm, chat.chatId, 1), [])
  })

  await t.test('nothing but its place is left of a deleted message', async (t) => {
    const chat = await chatWith(1)
    const { ann, bob } = chat
    await send(
      change(chat, ann, say('gone', { parentSeq: 1, mentions: [`cf~${String(bob.id)}`, '@all'], data: { a: 1 } })),
      change(chat, bob, react(2)), change(chat, bob, { kind: 'pin', target: { seq: 2 } }),
      change(chat, ann, { kind: 'edit', target: { seq: 2 }, text: 'edited' })
    )
    t.strictSame(await send(change(chat, ann, end(2))), ['stored 6'])
    for (const table of [mentions, messageVersions, pins, reactions, reactionCounts, threadReplies])
      t.strictSame(await orm.select().from(table).where(eq(table.chatId, chat.chatId)), [])
    const left = await orm.select().from(threads).where(eq(threads.chatId, chat.chatId))
    t.match(left, [{ replies: 0, lastReplyAt: null }])
    t.match((await logOf(chat))[1], { text: '', changes: [3, Number, Number, 1, null, null] })
    t.strictSame(
      await send(change(chat, bob, react(2)), change(chat, bob, unreact(2)), change(chat, ann, end(2))),
      ['deleted', 'unchanged', 'unchanged']
    )
  })

  await t.test('an erased user leaves neither texts nor reactions, nor a place in a thread', async (t) => {
    const chat = await chatWith(1)
    const { chatId, ann, bob } = chat
    await send(
      change(chat, bob, say('secret', { parentSeq: 1, mentions: ['@all'] })), change(chat, bob, react(1)),
      change(chat, ann, react(1)), change(chat, bob, react(1, 'x')), change(chat, ann, react(2)),
      change(chat, ann, say('hello', { mentions: [`cf~${String(bob.id)}`] })),
      change(chat, bob, { kind: 'edit', target: { seq: 2 }, text: 'other secret' })
    )
    t.match((await findTraces(orm, { userId: bob.id, chatId: chatId - 1 }, 1))?.found, [
      { chatId, hasMessages: true, hasMarks: true }
    ])
    t.equal(await eraseMessages(orm, chatId, bob.id, ALL), 1)
    await eraseMarks(orm, chatId, bob.id)
    const rows = await logOf(chat)
    t.strictSame(messageOf(rows[0])?.marks, { reactions: { [THUMB]: 1 }, pinnedAt: null, thread: null })
    t.match(messageOf(rows[1]), { text: '', changes: [3, Number, Number, 1, null, null] })
    const left = await orm.select().from(reactions).where(eq(reactions.chatId, chatId))
    t.strictSame(left.map(({ userId }) => userId), [ann.id])
    for (const table of [mentions, messageVersions])
      t.strictSame(await orm.select().from(table).where(eq(table.chatId, chatId)), [])
    t.match(await findTraces(orm, { userId: bob.id, chatId: chatId - 1 }, 1), {
      found: [{ hasMessages: false, hasMarks: false }]
    })
    await removeChat(orm, chatId)
    for (const table of [reactions, reactionCounts, threads, threadFollowers])
      t.strictSame(await orm.select().from(table).where(eq(table.chatId, chatId)), [])
  })

  await t.test('who came later sees and changes nothing from before, and a frozen chat stays as it is', async (t) => {
    const chat = await chatWith(1)
    const carol = await addUser(orm)
    await addParticipants(orm, chat.chatId, [carol.id], 1)
    t.strictSame(
      await send(
        change(chat, carol, react(1)), change(chat, carol, say('x', { parentSeq: 1 })),
        change(chat, carol, say('x', { replyToSeq: 1 })), change(chat, await addUser(orm), react(1))
      ),
      ['missing', 'missing', 'missing', 'refused']
    )
    t.equal(await hideMessage(orm, chat.chatId, carol.id, 1), 'missing')
    await orm.update(chats).set({ frozenAt: sql`now()` }).where(eq(chats.id, chat.chatId))
    const pin = { kind: 'pin', target: { seq: 1 } } as const
    const actions = [react(1), say('x', { mentions: ['@all'] }), end(1), pin]
    t.strictSame(
      await send(...actions.map((action) => change(chat, chat.ann, action))), ['frozen', 'frozen', 'frozen', 'frozen']
    )
  })

  await t.test('moderators and keys change what others have written', async (t) => {
    const chat = await chatWith(2)
    await orm.update(chats).set({ type: 'group' }).where(eq(chats.id, chat.chatId))
    await orm.update(participants).set({ role: 'admin' })
      .where(and(eq(participants.chatId, chat.chatId), eq(participants.userId, chat.bob.id)))
    const byKey = { ...change(chat, chat.bob, end(2), 'k'), actorId: null, keyId: 'key1' }
    t.strictSame(
      await send(change(chat, chat.bob, { kind: 'edit', target: { seq: 1 }, text: 'theirs' }), byKey, byKey),
      ['stored 3', 'stored 4', 'duplicate 4']
    )
    t.match((await logOf(chat)).slice(2), [
      { actorId: chat.bob.id, actorName: chat.bob.username, target: { username: chat.ann.username } },
      { actorId: null, data: { key: 'key1' } }
    ])
  })

  await t.test('a message is hidden from one member, once', async (t) => {
    const { chatId, ann, bob } = await chatWith(3)
    const hide = async (seq: number) => hideMessage(orm, chatId, bob.id, seq)
    t.strictSame([await hide(2), await hide(2), await hide(9)], ['hidden', 'unchanged', 'missing'])
    t.strictSame(await listHidden(orm, chatId, bob.id, { after: 0, last: 3 }), [2])
    t.strictSame(await listHidden(orm, chatId, ann.id, { after: 0, last: 3 }), [])
    t.equal(await hideMessage(orm, chatId, (await addUser(orm)).id, 1), 'refused')
  })
}
