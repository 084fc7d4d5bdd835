import t from '../support/tap.ts'
import { check, damageOf, type Violation } from './checking/checker.ts'
import type { History, PostRecord, ReaderRecord, SeenMessage } from './checking/history.ts'

const CHAT = 7
const HEAD = 10

type Draft = {
  posts: PostRecord[]
  readers: ReaderRecord[]
  rows: SeenMessage[]
  head: number
  failures: string[]
  late: string[]
  peakMiB: number
}

/** Ten posts of two authors, a reader of the whole and one of the second half; changed as a test wants it. */
function historyWith (change: (draft: Draft) => void): History {
  const messages = Array.from({ length: HEAD }, (_, index): SeenMessage => ({
    seq: index + 1,
    messageID: 101 + index,
    text: `${index % 2 === 0 ? 'ann' : 'bob'} ${String(index)}`,
    at: 10 * index + 5
  }))
  const draft: Draft = {
    posts: messages.map(({ seq, messageID, text }, index) => ({
      chatID: CHAT,
      author: text.slice(0, 3),
      text,
      sentAt: 10 * index,
      sockets: [index % 2],
      ack: { at: 10 * index + 5, seq, messageID }
    })),
    readers: [
      { reader: 'all', chatID: CHAT, start: 0, seen: [...messages], convergedMs: 20 },
      { reader: 'half', chatID: CHAT, start: 5, seen: messages.slice(5), convergedMs: 20 }
    ],
    rows: [...messages],
    head: HEAD,
    failures: [],
    late: [],
    peakMiB: 100
  }
  change(draft)
  const { posts, readers, rows, head, failures, late, peakMiB } = draft
  return {
    posts,
    readers,
    rows: rows.map((row) => ({ ...row, chatID: CHAT })),
    heads: new Map([[CHAT, head]]),
    failures,
    late,
    memory: [{ replica: 'replica 1', peakMiB, boundMiB: 200 }],
    convergenceMs: 1_000
  }
}

function at<Item> (items: readonly Item[], index: number): Item {
  const item = items[index]
  if (item === undefined) throw new Error(`There is nothing at ${String(index)}.`)
  return item
}

/** Everything that must not go unnoticed: what is changed, the one violation it makes, and what its message shows. */
const CASES: [
  what: string,
  change: (draft: Draft) => void,
  invariant: Violation['invariant'],
  shows: RegExp,
  damage?: Partial<ReturnType<typeof damageOf>>
][] = [
  [
    'an acknowledged post that is not stored',
    (draft) => {
      draft.rows.pop()
      draft.head = 9
      for (const { seen } of draft.readers) seen.pop()
    },
    'I1',
    /"bob 9".*acknowledged as seq 10 and is not stored/,
    { lost: 1 }
  ],
  [
    'a post that is stored twice',
    (draft) => {
      draft.rows.push({ ...at(draft.rows, 3), seq: 11, messageID: 200 })
      draft.head = 11
      for (const { seen } of draft.readers) seen.push({ ...at(draft.rows, 10) })
    },
    'I1',
    /"bob 3".*2 times, as seqs 4, 11/,
    { doubled: 1 }
  ],
  [
    'a post that is stored elsewhere than acknowledged',
    ({ posts }) => {
      const post = at(posts, 9)
      post.ack = { at: 95, seq: 10, messageID: 999 }
    },
    'I1',
    /acknowledged as seq 10 \(message 999\).*stored as seq 10 \(message 110\)/
  ],
  [
    'a hole among the rows',
    ({ rows, posts, readers }) => {
      rows.splice(4, 1)
      delete at(posts, 4).ack
      at(readers, 0).seen.splice(4, 1)
      readers.shift()
    },
    'I1',
    /goes up to 10 and has no 5/,
    { lost: 1 }
  ],
  [
    'a message that a reader never got',
    ({ readers }) => at(readers, 0).seen.splice(4, 1),
    'I2',
    /all .* never got 5$/,
    { lost: 1 }
  ],
  [
    'a message that a reader got twice',
    ({ readers }) => at(readers, 1).seen.splice(3, 0, at(at(readers, 1).seen, 1)),
    'I2',
    /half .* got 7 more than once/,
    { doubled: 1 }
  ],
  [
    'a message from before the reader\'s start',
    ({ readers }) => at(readers, 1).seen.unshift({ seq: 5, messageID: 105, text: 'ann 4', at: 1 }),
    'I2',
    /half .* got 5 more than once/,
    { doubled: 1 }
  ],
  [
    'two messages that a reader got in the wrong order',
    ({ readers }) => {
      const { seen } = at(readers, 0)
      seen.splice(3, 2, at(seen, 4), at(seen, 3))
    },
    'I2',
    /all .* got 4 after 5/,
    { reordered: 1 }
  ],
  [
    'a seq with two contents',
    ({ readers }) => at(readers, 1).seen.splice(2, 1, { seq: 8, messageID: 108, text: 'other', at: 1 }),
    'I3',
    /seq 8 .*"bob 7" for the database .*"other" for half/
  ],
  [
    'a seq with two ids',
    ({ readers }) => at(readers, 1).seen.splice(2, 1, { seq: 8, messageID: 1, text: 'bob 7', at: 1 }),
    'I3',
    /seq 8/
  ],
  [
    'a message from above a removal',
    ({ readers }) => {
      at(readers, 0).removedAt = 8
      at(readers, 0).seen.pop()
    },
    'I4',
    /removed at seq 8 and got 9/
  ],
  [
    'posts that are stored in another order than they were made',
    ({ rows, readers, posts }) => {
      const [first, second] = [at(rows, 0), at(rows, 2)]
      rows.splice(0, 3, { ...first, text: second.text }, at(rows, 1), { ...second, text: first.text })
      at(readers, 0).seen.splice(0, 3, ...rows.slice(0, 3))
      at(posts, 0).ack = { at: 5, seq: 3, messageID: 103 }
      at(posts, 2).ack = { at: 25, seq: 1, messageID: 101 }
    },
    'I5',
    /"ann 2".*posted after "ann 0" and is seq 1, before 3/,
    { reordered: 1 }
  ],
  [
    'posts of one socket, unanswered together, that are stored in another order',
    ({ rows, readers, posts }) => {
      const [first, second] = [at(rows, 0), at(rows, 2)]
      rows.splice(0, 3, { ...first, text: second.text }, at(rows, 1), { ...second, text: first.text })
      at(readers, 0).seen.splice(0, 3, ...rows.slice(0, 3))
      at(posts, 0).ack = { at: 29, seq: 3, messageID: 103 }
      at(posts, 2).ack = { at: 28, seq: 1, messageID: 101 }
    },
    'I5',
    /"ann 2".*before 3/,
    { reordered: 1 }
  ],
  [
    'a post without an acknowledgement that is stored twice',
    (draft) => {
      delete at(draft.posts, 3).ack
      draft.rows.push({ ...at(draft.rows, 3), seq: 11, messageID: 200 })
      draft.head = 11
      for (const { seen } of draft.readers) seen.push({ ...at(draft.rows, 10) })
    },
    'I6',
    /"bob 3".*2 times, as seqs 4, 11/,
    { doubled: 1 }
  ],
  [
    'a reader that never gets to the end',
    ({ readers }) => at(readers, 0).seen.splice(7),
    'I7',
    /all .* stands at 7 where the chat goes up to 10/,
    { lost: 3 }
  ],
  [
    'a reader that gets to the end too late',
    ({ readers }) => {
      at(readers, 1).convergedMs = 1_001
    },
    'I7',
    /half .* only after 1001 ms; 1000 ms are allowed/
  ],
  [
    'a reader that was late while announcements were lost',
    ({ late }) => late.push('reader 1 stands at 4 of 10'),
    'I7',
    /reader 1 stands at 4/
  ],
  [
    'a replica that grows',
    (draft) => {
      draft.peakMiB = 201
    },
    'I8',
    /replica 1 had 201 MiB; 200/
  ],
  ['a failure', ({ failures }) => failures.push('replica 2 has ended by itself'), 'I9', /replica 2 has ended by itself/]
]

await t.test('the checker finds nothing wrong with a history that is right', async (t) => {
  t.strictSame(check(historyWith(() => undefined)), [])
})

await t.test('nor where a post without an acknowledgement is stored once or not at all', async (t) => {
  t.strictSame(
    check(
      historyWith(({ posts }) => {
        delete at(posts, 3).ack
        posts.push({ chatID: CHAT, author: 'ann', text: 'ann never', sentAt: 500, sockets: [0] })
      })
    ),
    []
  )
})

await t.test('nor where somebody who was removed stops at any seq below', async (t) => {
  t.strictSame(
    check(
      historyWith(({ readers }) => {
        at(readers, 0).removedAt = 8
        at(readers, 0).seen.splice(6)
      })
    ),
    []
  )
})

await t.test('nor where posts that were repeated on other sockets are stored in the order they arrived', async (t) => {
  t.strictSame(
    check(
      historyWith(({ posts, rows, readers }) => {
        const [first, second] = [at(rows, 0), at(rows, 2)]
        rows.splice(0, 3, { ...first, text: second.text }, at(rows, 1), { ...second, text: first.text })
        at(readers, 0).seen.splice(0, 3, ...rows.slice(0, 3))
        at(posts, 0).sockets.push(5)
        at(posts, 0).ack = { at: 29, seq: 3, messageID: 103 }
        at(posts, 2).ack = { at: 28, seq: 1, messageID: 101 }
      })
    ),
    []
  )
})

for (const [what, change, invariant, shows, damage = {}] of CASES) {
  await t.test(`the checker finds ${what}, and nothing else`, async (t) => {
    const violations = check(historyWith(change))
    t.strictSame(
      violations.map((violation) => violation.invariant),
      [invariant]
    )
    t.match(violations[0]?.message, shows)
    t.strictSame(damageOf(violations), { lost: 0, doubled: 0, reordered: 0, ...damage })
  })
}
