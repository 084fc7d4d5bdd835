/** What changes of messages and of members owe: one log with the messages, and no change twice. */
import { eq } from 'drizzle-orm'
import type { Test } from 'tap'
import { findHeads, lockChat } from '../../../src/store/chats.ts'
import {
  type ChangeAction, type ChangeEntry, type ChangeOutcome, type ChangeTarget, prepareWriteBatch
} from '../../../src/store/changes.ts'
import type { Orm } from '../../../src/store/database.ts'
import { listConversations } from '../../../src/store/conversations.ts'
import { listLogAfter, type LogRow } from '../../../src/store/log.ts'
import { appendEvents } from '../../../src/store/members.ts'
import { listMessagesAfter, LONGEST_PAGE } from '../../../src/store/messages.ts'
import { preparePostBatch, type PostEntry } from '../../../src/store/posts.ts'
import { messages } from '../../../src/store/schema.ts'
import {
  addChat, addParticipants, pick, removeParticipant, type ChatOfTwo, type Connections
} from '../../support/data/rows.ts'

const ALL = LONGEST_PAGE
const NO_MESSAGE = Number.MAX_SAFE_INTEGER

/** A row of a log in short: the seq, what it is, and the message it is about. */
function brief (row: LogRow): string {
  return 'kind' in row
    ? `${String(row.seq)} ${row.kind} ${String(row.target?.seq ?? '-')} ${row.target?.text ?? ''}`.trim()
    : `${String(row.seq)} ${row.text}`.trim()
}

/** Another text, or the end of a message. */
const actionOf = (target: ChangeTarget, text?: string): ChangeAction =>
  text === undefined ? { kind: 'delete', target } : { kind: 'edit', target, text }

const outcomeOf = (outcome: ChangeOutcome) =>
  'seq' in outcome && outcome.seq !== null ? `${outcome.outcome} ${String(outcome.seq)}` : outcome.outcome

/** Runs the suite on the handles of one store. */
export async function testChanges (t: Test, connections: Connections): Promise<void> {
  const [orm] = connections
  const post = preparePostBatch(orm)
  const write = prepareWriteBatch(orm)
  const entry = ({ chatId, ann }: ChatOfTwo, postKey: string, text = postKey): PostEntry =>
    ({ chatId, authorId: ann.id, postKey, text })
  const edit = ({ chatId, ann }: ChatOfTwo, eventKey: string, messageId: number, text?: string): ChangeEntry =>
    ({ chatId, actorId: ann.id, eventKey, action: actionOf({ messageId }, text) })
  const idsOf = async (orm: Orm, chatId: number) => (await listMessagesAfter(orm, chatId, 0, ALL)).map(({ id }) => id)
  const change = async (...entries: ChangeEntry[]) => (await write([], entries)).changes.map(outcomeOf)
  const logOf = async (chatId: number, after = 0, limit = ALL) =>
    (await listLogAfter(orm, chatId, after, limit)).map(brief)

  /** A chat with so many messages of Ann. */
  const chatWith = async (count: number) => {
    const chat = await addChat(orm)
    await post(Array.from({ length: count }, (_, index) => entry(chat, `m${String(index + 1)}`)))
    return { chat, ids: await idsOf(orm, chat.chatId) }
  }

  await t.test('a change takes the next seq, and the message is as it is now wherever it is read', async (t) => {
    const { chat, ids: [first = 0, second = 0] } = await chatWith(2)
    t.strictSame(await change(edit(chat, 'a', first, 'new'), edit(chat, 'b', second)), ['stored 3', 'stored 4'])
    await post([entry(chat, 'later')])
    t.strictSame(await logOf(chat.chatId), [
      '1 new', '2', '3 message.edited 1 new', '4 message.deleted 2', '5 later'
    ])
    t.strictSame(await logOf(chat.chatId, 1, 2), ['2', '3 message.edited 1 new'], 'in pages, too')
    t.match(await listMessagesAfter(orm, chat.chatId, 0, 2), [
      { seq: 1, text: 'new', changes: [2, Number, null] },
      { seq: 2, text: '', changes: [2, null, Number] }
    ])
    t.hasStrict(await findHeads(orm, [chat.chatId]), [{ lastSeq: 5, membersVersion: 1 }])
  })

  await t.test('the text of a deleted message, and of one before its edit, is nowhere in the store', async (t) => {
    const { chat, ids: [first = 0, second = 0] } = await chatWith(2)
    await change(edit(chat, 'a', first, 'other'), edit(chat, 'b', second, 'other'), edit(chat, 'c', second))
    const rows = await orm.select().from(messages).where(eq(messages.chatId, chat.chatId))
    t.strictSame(rows.map(({ body }) => body).sort(), ['', 'other'])
  })

  await t.test('the same key gives the first result again, and another change of it is a conflict', async (t) => {
    const { chat, ids: [first = 0, second = 0] } = await chatWith(2)
    const batch = [edit(chat, 'a', first, 'new'), edit(chat, 'b', second)]
    t.strictSame(await change(...batch), ['stored 3', 'stored 4'])
    t.strictSame(await change(...batch), ['duplicate 3', 'duplicate 4'])
    t.strictSame(await change(edit(chat, 'a', second, 'new'), edit(chat, 'a', first)), ['conflict', 'conflict'])
    t.hasStrict(await findHeads(orm, [chat.chatId]), [{ lastSeq: 4 }])
  })

  await t.test('nothing is stored where nothing changes, or where it is refused', async (t) => {
    const { chat, ids: [first = 0, second = 0] } = await chatWith(2)
    const { chat: other } = await chatWith(1)
    const asBob = { ...edit(chat, 'b', first, 'x'), actorId: chat.bob.id }
    await change(edit(chat, 'deleted', second))
    t.strictSame(
      await change(
        edit(chat, 'a', first, 'm1'), asBob, { ...asBob, action: actionOf({ messageId: first }) },
        { ...asBob, actorId: other.ann.id },
        edit(chat, 'c', NO_MESSAGE, 'x'), edit(other, 'd', first, 'x'), edit(chat, 'e', second, 'x'),
        edit(chat, 'f', second), { ...edit(chat, 'g', first, 'x'), chatId: NO_MESSAGE }
      ),
      ['unchanged', 'forbidden', 'forbidden', 'refused', 'missing', 'missing', 'deleted', 'unchanged', 'refused']
    )
    t.strictSame(await logOf(chat.chatId), ['1 m1', '2', '3 message.deleted 2'])
  })

  await t.test('a message is found by its id among many, and none that is not there', async (t) => {
    const { chat, ids } = await chatWith(100)
    await change(...ids.filter((_, index) => index % 9 === 0).map((id) => edit(chat, `e${String(id)}`, id, 'edited')))
    const rows = await listMessagesAfter(orm, chat.chatId, 0, ALL)
    t.ok(rows.every(({ text }, index) => (text === 'edited') === (index % 9 === 0)))
    t.strictSame(await change(edit(chat, 'n', 1), edit(chat, 'o', (ids[50] ?? 0) + 1_000_000)), ['missing', 'missing'])
  })

  await t.test('who has come back changes nothing from before', async (t) => {
    const { chat, ids: [first = 0] } = await chatWith(1)
    await orm.transaction(async (tx) => {
      await removeParticipant(tx, chat.chatId, chat.ann.id)
      await addParticipants(tx, chat.chatId, [chat.ann.id], 1)
    })
    t.strictSame(await change(edit(chat, 'a', first, 'x'), edit(chat, 'b', first)), ['missing', 'missing'])
  })

  await t.test('a post that is repeated after its message was changed is known again', async (t) => {
    const { chat, ids: [first = 0, second = 0] } = await chatWith(2)
    await change(edit(chat, 'a', first, 'new'), edit(chat, 'b', second))
    const outcomes = await post([entry(chat, 'm1'), entry(chat, 'm2'), entry(chat, 'm3')])
    t.match(outcomes, [
      { outcome: 'duplicate', seq: 1 }, { outcome: 'duplicate', seq: 2 }, { outcome: 'stored', seq: 5 }
    ])
  })

  await t.test('posts and changes in one batch, and other events beside them, are one log without a gap', async (t) => {
    const [one, two] = [await chatWith(3), await chatWith(3)]
    const writes = connections.map((connection) => prepareWriteBatch(connection))
    await Promise.all(
      Array.from({ length: 40 }, async (_, index) => {
        const [posted, changed] = index % 2 === 0 ? [one, two] : [two, one]
        const write = writes[index % writes.length]
        await write?.(
          [entry(posted.chat, `p${String(index)}`), entry(posted.chat, `q${String(index)}`)],
          [edit(changed.chat, `c${String(index)}`, changed.ids[index % 3] ?? 0, `text ${String(index)}`)]
        )
        if (index % 4 === 0) {
          await pick(connections, index).transaction(async (tx) => {
            const head = await lockChat(tx, one.chat.chatId)
            if (head !== undefined)
              await appendEvents(tx, head, [{ kind: 'later.kind', actorId: 1, isMembership: false, data: {} }])
          })
        }
      })
    )
    for (const { chat } of [one, two]) {
      const seqs = (await listLogAfter(orm, chat.chatId, 0, ALL)).map(({ seq }) => seq)
      const [head] = await findHeads(orm, [chat.chatId])
      t.strictSame(seqs, Array.from({ length: head?.lastSeq ?? 0 }, (_, index) => index + 1))
    }
  })

  await t.test('what is unread is counted without events and without what was deleted', async (t) => {
    const { chat, ids } = await chatWith(5)
    const bobs = async () => (await listConversations(orm, chat.bob.id, { offset: 0, limit: 1 })).items[0]
    await change(edit(chat, 'a', ids[1] ?? 0), edit(chat, 'b', ids[2] ?? 0, 'edited'), edit(chat, 'c', ids[4] ?? 0))
    t.hasStrict(await bobs(), { unreadCount: 3, lastMessage: { id: ids[4], text: '' } })
    await post([entry(chat, 'm6')])
    t.hasStrict(await bobs(), { unreadCount: 4, lastMessage: { text: 'm6' } })
  })
}
