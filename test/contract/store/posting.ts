/** What storing messages owes: gapless seqs in the order of commits, and no message twice. */
import { eq } from 'drizzle-orm'
import type { Test } from 'tap'
import { findHeads, lockChat } from '../../../src/store/chats.ts'
import type { Orm } from '../../../src/store/database.ts'
import {
  listMessagesAfter,
  listMessagesBefore,
  LONGEST_PAGE
} from '../../../src/store/messages.ts'
import { listLogAfter, listLogAfterAs } from '../../../src/store/log.ts'
import { preparePostBatch, type PostBatch, type PostEntry, type PostOutcome } from '../../../src/store/posts.ts'
import { chatHeads } from '../../../src/store/schema.ts'
import {
  addChat, addParticipants, pick, removeParticipant, type ChatOfTwo, type Connections
} from '../../support/data/rows.ts'

const ALL = LONGEST_PAGE
const CHATS = 5
const BATCHES = 500
const HOUR_MS = 3_600_000

/** Runs the suite on the handles of one store. */
export async function testPosting (t: Test, connections: Connections): Promise<void> {
  const [orm] = connections
  const batches = connections.map((connection) => preparePostBatch(connection))
  await testOutcomes(t, orm, batches[0] ?? preparePostBatch(orm))
  await testTexts(t, orm, batches[0] ?? preparePostBatch(orm))
  await testConcurrency(t, connections, batches)
  await testReading(t, orm, batches[0] ?? preparePostBatch(orm))
}

const entry = ({ chatId, ann }: ChatOfTwo, postKey: string, text = `text of ${postKey}`): PostEntry => ({
  chatId,
  authorId: ann.id,
  postKey,
  text
})
const seqOf = (outcome: PostOutcome | undefined) =>
  outcome !== undefined && 'seq' in outcome ? outcome.seq : undefined
const brief = (outcomes: PostOutcome[]) =>
  outcomes.map((outcome) => `${outcome.outcome} ${String(seqOf(outcome) ?? '-')}`)
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

async function testOutcomes (t: Test, orm: Orm, post: PostBatch): Promise<void> {
  await t.test('messages are numbered from 1 without a gap, in the order given', async (t) => {
    const chat = await addChat(orm)
    t.strictSame(brief(await post([entry(chat, 'a')])), ['stored 1'])
    t.strictSame(brief(await post([entry(chat, 'b'), entry(chat, 'c'), entry(chat, 'd')])), [
      'stored 2',
      'stored 3',
      'stored 4'
    ])
    const rows = await listMessagesAfter(orm, chat.chatId, 0, ALL)
    t.strictSame(
      rows.map((row) => [row.seq, row.postKey]),
      [
        [1, 'a'],
        [2, 'b'],
        [3, 'c'],
        [4, 'd']
      ]
    )
    t.hasStrict(await findHeads(orm, [chat.chatId]), [{ chatId: chat.chatId, lastSeq: 4, membersVersion: 1 }])
  })

  await t.test('the outcome tells what was stored', async (t) => {
    const chat = await addChat(orm)
    const [outcome] = await post([entry(chat, 'a')])
    const [row] = await listMessagesAfter(orm, chat.chatId, 0, ALL)
    t.strictSame(outcome, { outcome: 'stored', seq: 1, id: row?.id, at: row?.at, membersVersion: 1 })
  })

  await t.test('the same key and text give the first result again, in any later batch', async (t) => {
    const chat = await addChat(orm)
    const first = await post([entry(chat, 'a'), entry(chat, 'b')])
    const again = await post([entry(chat, 'b'), entry(chat, 'c'), entry(chat, 'a')])
    t.strictSame(brief(again), ['duplicate 2', 'stored 3', 'duplicate 1'])
    t.strictSame(
      [again[2], again[0]],
      first.map((outcome) => ({ ...outcome, outcome: 'duplicate' }))
    )
  })

  await t.test('a batch that is stored again after its commit gives the same seqs and stores nothing', async (t) => {
    const [one, two] = [await addChat(orm), await addChat(orm)]
    const batch = upTo(50).map((index) => entry(index % 3 === 0 ? two : one, `k${String(index)}`))
    const first = await post(batch)
    const second = await post(batch)
    t.strictSame(
      second,
      first.map((outcome) => ({ ...outcome, outcome: 'duplicate' }))
    )
    const heads = await findHeads(orm, [one.chatId, two.chatId])
    t.equal(
      heads.reduce((sum, head) => sum + head.lastSeq, 0),
      batch.length
    )
  })

  await t.test('the same key with another text is a conflict and changes nothing', async (t) => {
    const chat = await addChat(orm)
    await post([entry(chat, 'a', 'one')])
    t.strictSame(brief(await post([entry(chat, 'a', 'two'), entry(chat, 'b', 'three')])), ['conflict -', 'stored 2'])
    t.strictSame(
      (await listMessagesAfter(orm, chat.chatId, 0, ALL)).map((row) => row.text),
      ['one', 'three']
    )
  })

  await t.test('a key belongs to one author in one chat', async (t) => {
    const [one, two] = [await addChat(orm), await addChat(orm)]
    await post([entry(one, 'a', 'one')])
    const outcomes = await post([{ ...entry(one, 'a', 'two'), authorId: one.bob.id }, entry(two, 'a', 'three')])
    t.strictSame(brief(outcomes), ['stored 2', 'stored 1'])
  })

  await t.test('whoever is no participant is refused, and so is a chat that is not there', async (t) => {
    const [chat, other] = [await addChat(orm), await addChat(orm)]
    const outcomes = await post([
      { ...entry(chat, 'a'), authorId: other.ann.id },
      { ...entry(chat, 'b'), chatId: Number.MAX_SAFE_INTEGER },
      { ...entry(chat, 'c'), authorId: Number.MAX_SAFE_INTEGER }
    ])
    t.strictSame(outcomes, [{ outcome: 'refused' }, { outcome: 'refused' }, { outcome: 'refused' }])
    t.strictSame(await listMessagesAfter(orm, chat.chatId, 0, ALL), [])
  })

  await t.test('outcomes stand in the order of the batch, whatever they are and wherever they belong', async (t) => {
    const [one, two] = [await addChat(orm), await addChat(orm)]
    await post([entry(one, 'old', 'old'), entry(two, 'old', 'old')])
    const outcomes = await post([
      entry(two, 'a'),
      { ...entry(one, 'b'), authorId: two.ann.id },
      entry(one, 'c'),
      entry(one, 'old', 'new'),
      entry(two, 'old', 'old'),
      entry(one, 'd'),
      entry(two, 'e')
    ])
    t.strictSame(brief(outcomes), [
      'stored 2',
      'refused -',
      'stored 2',
      'conflict -',
      'duplicate 1',
      'stored 3',
      'stored 3'
    ])
  })

  await t.test('a batch may be empty, or very large', async (t) => {
    const chat = await addChat(orm)
    t.strictSame(await post([]), [])
    const outcomes = await post(upTo(5_000).map((index) => entry(chat, `k${String(index)}`)))
    t.strictSame(outcomes.map(seqOf), upTo(5_000))
  })

  await t.test('time never runs backwards in a chat', async (t) => {
    const chat = await addChat(orm)
    const ahead = new Date(Date.now() + HOUR_MS)
    await orm.update(chatHeads).set({ lastAt: ahead }).where(eq(chatHeads.chatId, chat.chatId))
    const outcomes = [...(await post([entry(chat, 'a'), entry(chat, 'b')])), ...(await post([entry(chat, 'c')]))]
    t.strictSame(
      outcomes.map((outcome) => 'at' in outcome && outcome.at),
      [ahead, ahead, ahead]
    )
  })

  await t.test('a membership that changes while a post waits for the chat counts', async (t) => {
    const chat = await addChat(orm)
    const { waiting } = await orm.transaction(async (tx) => {
      await lockChat(tx, chat.chatId)
      const waiting = post([entry(chat, 'a'), { ...entry(chat, 'b'), authorId: chat.bob.id }])
      await removeParticipant(tx, chat.chatId, chat.ann.id)
      return { waiting }
    })
    const outcomes = await waiting
    t.strictSame(brief(outcomes), ['refused -', 'stored 1'])
    t.hasStrict(outcomes[1], { membersVersion: 2 }, 'and its version is told')
  })

  await t.test('so it does for a post that comes alone', async (t) => {
    const chat = await addChat(orm)
    const { waiting } = await orm.transaction(async (tx) => {
      await lockChat(tx, chat.chatId)
      const waiting = post([entry(chat, 'a')])
      await removeParticipant(tx, chat.chatId, chat.ann.id)
      return { waiting }
    })
    t.strictSame(brief(await waiting), ['refused -'])
    const [outcome] = await post([{ ...entry(chat, 'b'), authorId: chat.bob.id }])
    t.hasStrict(outcome, { outcome: 'stored', seq: 1, membersVersion: 2 })
  })

  await t.test('a post that comes alone has all that one in a batch has', async (t) => {
    const chat = await addChat(orm)
    const [first] = await post([entry(chat, 'a', 'one')])
    t.strictSame(await post([entry(chat, 'a', 'one')]), [{ ...first, outcome: 'duplicate' }])
    t.strictSame(brief(await post([entry(chat, 'a', 'two')])), ['conflict -'])
    t.strictSame(brief(await post([{ ...entry(chat, 'b'), chatId: chat.chatId + 1_000_000 }])), ['refused -'])
    const times: number[] = []
    for (const key of ['c', 'd', 'e']) {
      const [outcome] = await post([entry(chat, key)])
      if (outcome !== undefined && 'at' in outcome) times.push(outcome.at.getTime())
    }
    t.strictSame(
      times,
      [...times].sort((a, b) => a - b)
    )
    t.strictSame(
      (await listMessagesAfter(orm, chat.chatId, 0, ALL)).map((row) => [row.seq, row.text]),
      [
        [1, 'one'],
        [2, 'text of c'],
        [3, 'text of d'],
        [4, 'text of e']
      ]
    )
    t.hasStrict(await findHeads(orm, [chat.chatId]), [{ chatId: chat.chatId, lastSeq: 4 }])
  })
}

async function testTexts (t: Test, orm: Orm, post: PostBatch): Promise<void> {
  const texts = [
    '\u{1f600}'.repeat(4_000),
    'x',
    '"quoted" and \'quoted\'',
    '\\ \\n \\u0041 \\\\',
    'line\nline\r\nline\ttab',
    '{"c":1}',
    '{1,2}',
    '$1 %s ${x} :name',
    '--; drop table messages',
    '\u0001\u001f\u007f\u2028\u2029\ufeff',
    'e\u0301 \u05d0\u05d1 \u0628 \u{1f469}\u200d\u{1f4bb}',
    '\u{10ffff}\ufffe',
    ' leading and trailing ',
    'NULL'
  ]
  await t.test('texts and keys are stored as they are', async (t) => {
    const chat = await addChat(orm)
    const outcomes = await post(texts.map((text, index) => entry(chat, `${String(index)}${text.slice(0, 64)}`, text)))
    t.ok(outcomes.every(({ outcome }) => outcome === 'stored'))
    const rows = await listMessagesAfter(orm, chat.chatId, 0, ALL)
    t.strictSame(
      rows.map((row) => row.text),
      texts
    )
    t.strictSame(
      rows.map((row) => row.postKey),
      texts.map((text, index) => `${String(index)}${text.slice(0, 64)}`)
    )
  })

  await t.test('any text is recognised when it comes again', async (t) => {
    const chat = await addChat(orm)
    const batch = texts.map((text, index) => entry(chat, `k${String(index)}`, text))
    const first = await post(batch)
    t.strictSame(
      await post(batch),
      first.map((outcome) => ({ ...outcome, outcome: 'duplicate' }))
    )
  })
}

async function testConcurrency (t: Test, connections: Connections, batches: PostBatch[]): Promise<void> {
  const [orm] = connections
  const post = (index: number, entries: PostEntry[]) =>
    (batches[index % batches.length] ?? preparePostBatch(orm))(entries)

  await t.test(
    'hundreds of batches at once on the same chats keep every chat gapless, in order and in time',
    async (t) => {
      const chats: ChatOfTwo[] = []
      while (chats.length < CHATS) chats.push(await addChat(orm))
      const entriesOf = (batch: number) =>
        Array.from({ length: 1 + (batch % 7) }, (_, index) => {
          // In ever changing order, so that locks taken in the order of a batch would deadlock.
          const chat = chats[(batch * 3 + index * (1 + (batch % 4))) % CHATS]
          if (chat === undefined) throw new Error('There is no such chat.')
          return {
            ...entry(chat, `b${String(batch)}-${String(index)}`),
            authorId: (batch + index) % 2 === 0 ? chat.ann.id : chat.bob.id
          }
        })
      const looks = { writing: true, taken: 0, torn: 0 }
      const writers = Promise.all(
        Array.from({ length: BATCHES }, async (_, batch) => {
          const entries = entriesOf(batch)
          const outcomes = await post(batch, entries)
          return entries.map((entry, index) => ({ ...entry, outcome: outcomes[index] }))
        })
      ).finally(() => {
        looks.writing = false
      })
      while (looks.writing) {
        const chat = chats[looks.taken++ % CHATS]
        const rows = await listMessagesAfter(pick(connections, looks.taken), chat?.chatId ?? 0, 0, ALL)
        if (rows.some((row, index) => row.seq !== index + 1)) looks.torn++
      }
      const posted = (await writers).flat()
      t.ok(
        posted.every(({ outcome }) => outcome?.outcome === 'stored'),
        'all are stored'
      )
      t.equal(looks.torn, 0, 'a reader never sees a seq before those below it')
      for (const { chatId } of chats) {
        const rows = await listMessagesAfter(orm, chatId, 0, ALL)
        const mine = posted.filter((one) => one.chatId === chatId)
        t.strictSame(
          rows.map((row) => row.seq),
          upTo(mine.length),
          'seqs have no gap'
        )
        const bySeq = new Map(mine.map((one) => [seqOf(one.outcome), one]))
        t.ok(
          rows.every((row) => bySeq.get(row.seq)?.postKey === row.postKey),
          'the outcomes tell the truth'
        )
        t.ok(
          rows.every((row, index) => index === 0 || row.id > (rows[index - 1]?.id ?? Infinity)),
          'ids increase with seq'
        )
        t.ok(
          rows.every((row, index) => index === 0 || row.at >= (rows[index - 1]?.at ?? row.at)),
          'timestamps never decrease'
        )
        t.hasStrict(await findHeads(orm, [chatId]), [{ lastSeq: mine.length }])
      }
    }
  )

  await t.test('the same batch from several at once is stored once, and all are told the same', async (t) => {
    const [one, two] = [await addChat(orm), await addChat(orm)]
    const batch = upTo(20).map((index) => entry(index % 2 === 0 ? two : one, `k${String(index)}`))
    const results = await Promise.all(
      upTo(12).map((index) => post(index, index % 2 === 0 ? batch : batch.toReversed()))
    )
    const told = results.map((outcomes, index) =>
      (index % 2 === 1 ? outcomes : outcomes.toReversed()).map((outcome) => ({ ...outcome, outcome: 'any' }))
    )
    t.ok(
      told.every((outcomes) => JSON.stringify(outcomes) === JSON.stringify(told[0])),
      'the same seqs, ids and times'
    )
    t.equal(results.flat().filter(({ outcome }) => outcome === 'stored').length, batch.length)
    const heads = await findHeads(orm, [one.chatId, two.chatId])
    t.equal(
      heads.reduce((sum, head) => sum + head.lastSeq, 0),
      batch.length
    )
  })
}

async function testReading (t: Test, orm: Orm, post: PostBatch): Promise<void> {
  await t.test('messages are read by position, forwards and backwards, oldest first', async (t) => {
    const chat = await addChat(orm)
    await post(upTo(10).map((index) => entry(chat, `k${String(index)}`)))
    const seqs = (rows: { seq: number }[]) => rows.map((row) => row.seq)
    t.strictSame(seqs(await listMessagesAfter(orm, chat.chatId, 3, 4)), [4, 5, 6, 7])
    t.strictSame(seqs(await listMessagesAfter(orm, chat.chatId, 10, 4)), [])
    t.strictSame(
      seqs(await listMessagesBefore(orm, chat.chatId, { after: 0, before: Number.MAX_SAFE_INTEGER }, 3)),
      [8, 9, 10]
    )
    t.strictSame(seqs(await listMessagesBefore(orm, chat.chatId, { after: 4, before: 7 }, 10)), [5, 6])
    t.hasStrict(await listMessagesAfter(orm, chat.chatId, 0, 1), [
      { authorId: chat.ann.id, username: chat.ann.username }
    ])
  })

  await t.test('the longest page is whole, and a longer one is refused instead of cut short', async (t) => {
    const chat = await addChat(orm)
    await post(upTo(LONGEST_PAGE + 1).map((index) => entry(chat, `k${String(index)}`)))
    const range = { after: 0, before: Number.MAX_SAFE_INTEGER }
    const read = (limit: number) => [
      listMessagesAfter(orm, chat.chatId, 0, limit),
      listMessagesBefore(orm, chat.chatId, range, limit)
    ]
    const readLog = (limit: number) => [
      listLogAfter(orm, chat.chatId, 0, limit),
      listLogAfterAs(orm, chat.ann.id, chat.chatId, 0, limit)
    ]
    t.strictSame(
      (await Promise.all(read(LONGEST_PAGE))).map((page) => [page.length, page[0]?.seq]),
      [[LONGEST_PAGE, 1], [LONGEST_PAGE, 2]]
    )
    t.strictSame(
      (await Promise.all(readLog(LONGEST_PAGE))).map((page) => [page.length, page[0]?.seq]),
      [[LONGEST_PAGE, 1], [LONGEST_PAGE, 1]]
    )
    for (const page of read(LONGEST_PAGE + 1)) await t.rejects(page, RangeError)
    for (const page of readLog(LONGEST_PAGE + 1)) await t.rejects(page, RangeError)
  })

  await t.test('a participant reads what their membership covers, anybody else nothing', async (t) => {
    const [chat, other] = [await addChat(orm), await addChat(orm)]
    await post([entry(chat, 'a'), entry(chat, 'b')])
    await orm.transaction(async (tx) => {
      await removeParticipant(tx, chat.chatId, chat.bob.id)
      await addParticipants(tx, chat.chatId, [chat.bob.id], 2)
    })
    await post([entry(chat, 'c')])
    const read = async (userId: number) =>
      (await listLogAfterAs(orm, userId, chat.chatId, 0, ALL)).map(({ seq }) => seq)
    t.strictSame([await read(chat.ann.id), await read(chat.bob.id), await read(other.ann.id)], [[1, 2, 3], [3], []])
  })
}
