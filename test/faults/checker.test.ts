import t from '../support/tap.ts'
import { check, damageOf, type Violation } from './checking/checker.ts'
import type {
  ChangeRecord, History, ListRecord, PostRecord, ReaderRecord, SeenEvent, StoredEvent, StoredRow
} from './checking/history.ts'

const CHAT = 7
const HEAD = 10
const CREATED = { kind: 'message.created', at: 1 }

type Draft = {
  posts: PostRecord[]
  changes: ChangeRecord[]
  readers: ReaderRecord[]
  lists: ListRecord[]
  rows: (Omit<StoredRow, 'chatID'> & SeenEvent)[]
  head: number
  events: Map<number, StoredEvent>
  failures: string[]
  late: string[]
  peakMiB: number
  /** What the webhook accepted; everything once by default. */
  accepted?: Accepted
}
type Accepted = { id: string, seq: number }[]

function rangeTo (head: number): Accepted {
  return Array.from({ length: head }, (_, index) => ({ id: `m${String(index + 1)}`, seq: index + 1 }))
}

/** Ten posts of two authors, a reader of the whole and one of the second half; changed as a test wants it. */
function historyWith (change: (draft: Draft) => void): History {
  const messages = Array.from({ length: HEAD }, (_, index) => ({
    kind: 'message.created',
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
    lists: [],
    rows: [...messages],
    head: HEAD,
    changes: [],
    events: new Map(),
    failures: [],
    late: [],
    peakMiB: 100
  }
  change(draft)
  const { posts, changes, readers, lists, rows, head, events, failures, late, peakMiB, accepted } = draft
  return {
    posts,
    changes,
    readers,
    lists,
    rows: rows.map((row) => ({ ...row, chatID: CHAT })),
    heads: new Map([[CHAT, head]]),
    events: new Map([[CHAT, events]]),
    failures,
    late,
    memory: [{ replica: 'replica 1', peakMiB, boundMiB: 200 }],
    webhooks: [{ chatID: CHAT, start: 0, accepted: accepted ?? rangeTo(head) }],
    convergenceMs: 1_000
  }
}

function at<Item> (items: readonly Item[], index: number): Item {
  const item = items[index]
  if (item === undefined) throw new Error(`There is nothing at ${String(index)}.`)
  return item
}

/** Bob edits his second message, seq 4, and deletes it afterwards; readers have its text from before. */
function withChanges (change: (draft: Draft) => void = () => undefined) {
  return (draft: Draft) => {
    const post = at(draft.posts, 3)
    const of = (sentAt: number, text: string | undefined, seq: number): ChangeRecord => ({
      post, seq: 4, text, sentAt, sockets: [1], ack: { at: sentAt + 5, seq }
    })
    draft.changes.push(of(200, 'bob, edited', 11), of(210, undefined, 12))
    draft.rows.splice(3, 1, { ...at(draft.rows, 3), text: '' })
    draft.events.set(11, { kind: 'message.edited', targetSeq: 4 })
    draft.events.set(12, { kind: 'message.deleted', targetSeq: 4 })
    draft.head = 12
    change(draft)
  }
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
    ({ readers }) => at(readers, 1).seen.unshift({ ...CREATED, seq: 5, messageID: 105, text: 'ann 4' }),
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
    ({ readers }) => at(readers, 1).seen.splice(2, 1, { ...CREATED, seq: 8, messageID: 108, text: 'other' }),
    'I3',
    /seq 8 .*"bob 7" for the database .*"other" for half/
  ],
  [
    'a seq with two ids',
    ({ readers }) => at(readers, 1).seen.splice(2, 1, { ...CREATED, seq: 8, messageID: 1, text: 'bob 7' }),
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
  ['an event that a webhook never got', (draft) => {
    draft.accepted = rangeTo(HEAD).filter(({ seq }) => seq !== 4)
  }, 'I10', /got seq 5 after seq 3/],
  ['events that a webhook lacks in the end', (draft) => {
    draft.accepted = rangeTo(HEAD - 2)
  }, 'I10', /nothing behind seq 8 of 10/],
  ['an event that a webhook got under two ids', (draft) => {
    draft.accepted = [...rangeTo(HEAD), { id: 'other', seq: 3 }]
  }, 'I10', /seq 3 under two ids/],
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
  [
    'an acknowledged deletion without an event',
    withChanges((draft) => {
      draft.events.delete(12)
      draft.head = 11
    }),
    'I1',
    /"bob 3".*lacks the events 12/,
    { lost: 1 }
  ],
  [
    'an edit that is stored twice',
    withChanges((draft) => {
      draft.events.set(13, { kind: 'message.edited', targetSeq: 4 })
      draft.head = 13
    }),
    'I1',
    /"bob 3".*3 events for 2 changes/,
    { doubled: 1 }
  ],
  [
    'a deleted message that has a text',
    withChanges(({ rows }) => rows.splice(3, 1, { ...at(rows, 3), text: 'bob, edited' })),
    'I1',
    /"bob 3".*stored as "bob, edited" after its last change/,
    { lost: 1 }
  ],
  [
    'a text of a changed message that nobody wrote',
    withChanges(({ readers }) => at(readers, 0).seen.splice(3, 1, { ...at(at(readers, 0).seen, 3), text: 'ann 9' })),
    'I3',
    /seq 4 .*"bob 3" for the database .*"ann 9" for all/
  ],
  [
    'a change that is stored before what its author sent earlier',
    withChanges(({ changes, events }) => {
      const [edit, deletion] = [at(changes, 0), at(changes, 1)]
      edit.ack = { at: 205, seq: 12 }
      deletion.ack = { at: 215, seq: 11 }
      events.set(11, { kind: 'message.deleted', targetSeq: 4 })
    }),
    'I5',
    /"deletion of bob 3".*seq 11, before 12/,
    { reordered: 1 }
  ],
  [
    'an event in the place of a message',
    (draft) => draft.events.set(10, { kind: 'member.left', targetSeq: undefined }),
    'I1',
    /has a message and an event as 10/,
    { doubled: 1 }
  ],
  [
    'an event that a reader of all events never got',
    withChanges(({ readers }) => {
      const { seen } = at(readers, 0)
      const created = seen.map((message, index) => (index === 3 ? { ...message, text: '' } : message))
      readers.splice(0, 1, {
        ...at(readers, 0), seen: [...created, { kind: 'message.deleted', seq: 12, at: 300 }], showsEvents: true
      })
    }),
    'I2',
    /all .* never got 11$/,
    { lost: 1 }
  ],
  [
    'a reader of all events that stops before the last one',
    withChanges(({ readers }) => {
      const { seen } = at(readers, 0)
      const edit = { kind: 'message.edited', seq: 11, at: 300 }
      readers.splice(0, 1, { ...at(readers, 0), seen: [...seen, edit], showsEvents: true })
    }),
    'I7',
    /all .* stands at 11 where the chat goes up to 12/,
    { lost: 1 }
  ],
  [
    'an event that is another one for a reader',
    withChanges(({ readers }) => {
      const events = ['message.edited', 'message.edited'].map((kind, index) => ({ kind, seq: 11 + index, at: 300 }))
      readers.splice(0, 1, { ...at(readers, 0), seen: [...at(readers, 0).seen, ...events], showsEvents: true })
    }),
    'I3',
    /seq 12 .* message.deleted for the database and message.edited for all/
  ],
  [
    'a list of messages that is not what the tables have',
    withChanges(({ lists }) => lists.push({ client: 'library', chatID: CHAT, items: [{ seq: 9, text: 'ann 8' }] })),
    'I3',
    /library .* has 1 messages; where the tables have seq 10 "bob 9", it has 9 "ann 8"/
  ],
  ['a failure', ({ failures }) => failures.push('replica 2 has ended by itself'), 'I9', /replica 2 has ended by itself/]
]

await t.test('the checker finds nothing wrong with a history that is right', async (t) => {
  t.strictSame(check(historyWith(() => undefined)), [])
  const listed = historyWith(({ lists, rows }) =>
    lists.push({ client: 'library', chatID: CHAT, items: rows.slice(-3) }))
  t.strictSame(check(listed), [], 'nor with what a client keeps of it')
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

await t.test('nor where messages were changed, and readers have their texts from before or after', async (t) => {
  t.strictSame(check(historyWith(withChanges())), [])
  const edited = withChanges(({ readers }) => {
    at(readers, 0).seen.splice(3, 1, { ...at(at(readers, 0).seen, 3), text: 'bob, edited' })
  })
  t.strictSame(check(historyWith(edited)), [])
  const pending = withChanges((draft) => {
    delete at(draft.changes, 1).ack
  })
  t.strictSame(check(historyWith(pending)), [], 'nor where the last one is not acknowledged, but stored')
  const notStored = withChanges((draft) => {
    delete at(draft.changes, 1).ack
    draft.rows.splice(3, 1, { ...at(draft.rows, 3), text: 'bob, edited' })
    draft.events.delete(12)
    draft.head = 11
  })
  t.strictSame(check(historyWith(notStored)), [], 'or not')
  const reused = withChanges((draft) => {
    const post = { chatID: CHAT, author: 'eve', text: 'eve', sentAt: 0, sockets: [9] }
    draft.posts.unshift(post)
    draft.changes.unshift({ post, seq: 4, text: undefined, sentAt: 1, sockets: [9] })
  })
  t.strictSame(check(historyWith(reused)), [], 'nor where a void post had the id of another')
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
