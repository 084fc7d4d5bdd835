import t from '../../support/tap.ts'
import { applyToInfo } from '../../../src/client/state/chat-info.ts'
import { EventSequence } from '../../../src/client/state/event-sequence.ts'
import { type Outgoing, type PendingChange, withPending } from '../../../src/client/state/pending.ts'
import {
  addOlder, applyEvent, openTimeline, replaceMessage, type Timeline
} from '../../../src/client/state/timeline.ts'
import type { ChatEvent, ChatInfo, EventData, EventType, MessageJson } from '../../../src/client/types.ts'

const AT = '2026-11-28T10:15:04.512Z'

function message (seq: number, more: Partial<MessageJson> = {}): MessageJson {
  return {
    chat: 'c', seq, author: 'bob', version: 1, created_at: AT, parent: null, text: `text ${String(seq)}`,
    client_id: `id-${String(seq)}`, reactions: {}, ...more
  }
}

function event<Type extends EventType> (type: Type, seq: number, data: EventData[Type] | null) {
  return { type, chat: 'c', seq, epoch: 'e', at: AT, actor: { user: 'bob' }, data }
}

const created = (seq: number, more: Partial<MessageJson> = {}) =>
  event('message.created', seq, { message: message(seq, more) })
const open = (items: MessageJson[], head: number, hasOlder = false) =>
  openTimeline({ items, head, hasOlder }, { me: 'ann', parent: null })
const apply = (timeline: Timeline, ...events: ChatEvent[]) => events.reduce(applyEvent, timeline)
const shown = (timeline: Timeline, changes: PendingChange[] = [], outgoing: Outgoing[] = []) =>
  withPending(timeline, changes, outgoing)
const texts = (timeline: Timeline) => shown(timeline).map(({ text }) => text)

await t.test('events are taken once and in order, and a gap is known', async (t) => {
  const sequence = new EventSequence()
  sequence.begin(3)
  const take = (seq: number) => sequence.take(created(seq)).map((due) => due.seq)
  t.strictSame([take(4), take(4), take(2)], [[4], [], []])
  t.equal(sequence.missing, undefined)
  t.strictSame([take(8), take(7)], [[], []])
  t.strictSame(sequence.missing, { from: 5, to: 6 })
  t.strictSame([take(6), take(5)], [[], [5, 6, 7, 8]])
  sequence.noteHead(10)
  t.strictSame(sequence.missing, { from: 9, to: 10 }, 'what the server has said to be there is missing, too')
  t.strictSame([sequence.seq, take(9), take(10), sequence.missing], [8, [9], [10], undefined])
})

await t.test('messages are added, edited, deleted and pinned by events', async (t) => {
  const timeline = apply(
    open([message(1), message(2)], 2),
    created(3),
    event('message.edited', 4, { message: message(1, { text: 'new', version: 2, edited_at: AT }) }),
    event('message.deleted', 5, {
      message: { chat: 'c', seq: 2, author: 'bob', version: 2, created_at: AT, parent: null, deleted_at: AT }
    }),
    event('message.pinned', 6, { message: { seq: 3, pinned_at: AT } }),
    event('message.created', 7, null)
  )
  t.strictSame(texts(timeline), ['new', '', 'text 3'])
  t.hasStrict(shown(timeline), [{ edited_at: AT }, { deleted_at: AT, client_id: null }, { pinned_at: AT }])
  t.equal(timeline.at, 7)
})

await t.test('what is not loaded is left alone, and what a page has already is not applied again', async (t) => {
  const timeline = apply(
    open([message(8)], 8, true),
    event('message.edited', 9, { message: message(3, { text: 'new', version: 2 }) }),
    event('message.edited', 10, { message: message(8, { text: 'newest', version: 3 }) })
  )
  t.strictSame(texts(timeline), ['newest'])
  const older = addOlder(timeline, { items: [message(3, { text: 'newer', version: 3 })], head: 12, hasOlder: false })
  const late = apply(older, event('message.edited', 11, { message: message(3, { text: 'new', version: 2 }) }))
  t.strictSame(texts(late), ['newer', 'newest'])
  const reaction = { reaction: { user: 'bob', emoji: 'x' }, message: { seq: 3, reactions: { x: { count: 1 } } } }
  t.strictSame(shown(apply(older, event('reaction.added', 12, reaction)))[0]?.reactions, {})
  t.strictSame(shown(apply(older, event('reaction.added', 13, reaction)))[0]?.reactions, { x: { count: 1 } })
  t.strictSame(texts(apply(open([message(1), message(2)], 4), created(2), created(4))), ['text 1', 'text 2'])
})

await t.test('a reply counts once, also when messages of events are read again later', async (t) => {
  const thread = { replies: 1, last_reply_at: AT, participants: ['bob'] }
  const reply = created(2, { parent: 1 })
  const repliesOf = (timeline: Timeline) => shown(timeline)[0]?.thread?.replies
  t.equal(repliesOf(apply(open([], 0), created(1, { thread }), reply)), 1, 'after a message that is created')
  const edited = event('message.edited', 2, { message: message(1, { version: 2, thread }) })
  t.equal(repliesOf(apply(open([message(1)], 1), edited, created(3, { parent: 1 }))), 1, 'after one that is edited')
  const answered = replaceMessage(open([message(1)], 1), message(1, { version: 2, thread }), null)
  t.equal(repliesOf(apply(answered, reply)), 1, 'after an answer that no event belongs to')
  const ahead = replaceMessage(open([message(1)], 1), message(1, { version: 2, thread }), 3)
  t.equal(repliesOf(apply(ahead, reply)), 1, 'after an answer that knows the reply')
})

await t.test('reactions of others leave one\'s own, and one\'s own are known from the event', async (t) => {
  const react = (type: 'reaction.added' | 'reaction.removed', seq: number, user: string, count: number) =>
    event(type, seq, {
      reaction: { user, emoji: '+1' }, message: { seq: 1, reactions: count === 0 ? {} : { '+1': { count } } }
    })
  let timeline = open([message(1)], 1)
  const reactions = () => shown(timeline)[0]?.reactions
  timeline = apply(timeline, react('reaction.added', 2, 'ann', 1), react('reaction.added', 3, 'bob', 2))
  t.strictSame(reactions(), { '+1': { count: 2, me: true } })
  timeline = apply(timeline, react('reaction.removed', 4, 'ann', 1))
  t.strictSame(reactions(), { '+1': { count: 1 } })
  timeline = apply(timeline, react('reaction.removed', 5, 'bob', 0))
  t.strictSame(reactions(), {})
})

await t.test('replies are kept out of the main list, and counted', async (t) => {
  const reply = created(2, { parent: 1, author: 'cid' })
  const timeline = apply(open([message(1)], 1), reply, created(3, { parent: 1 }))
  t.strictSame(texts(timeline), ['text 1'])
  t.hasStrict(shown(timeline)[0]?.thread, { replies: 2, participants: ['bob', 'cid'] })
  t.strictSame(texts(apply(openTimeline({ items: [], head: 1, hasOlder: false }, { me: 'ann', parent: 1 }), reply)),
    ['text 2'])
})

await t.test('pending changes show over what is stored, and leave no trace when they are gone', async (t) => {
  const timeline = open([message(1, { reactions: { x: { count: 1 } } }), message(2)], 2)
  const changes: PendingChange[] = [
    { kind: 'edit', seq: 1, text: 'edited' }, { kind: 'react', seq: 1, emoji: 'x' }, { kind: 'delete', seq: 2, at: AT }
  ]
  t.hasStrict(shown(timeline, changes), [
    { text: 'edited', status: 'sending', reactions: { x: { count: 2, me: true } } },
    { text: '', deleted_at: AT, status: 'sending' }
  ])
  t.equal(shown(timeline)[0], timeline.entries[0]?.message, 'what nothing changes is the same object')
  const answered = replaceMessage(timeline, message(1, { text: 'edited', version: 2 }), 3)
  t.strictSame(texts(apply(answered, event('message.edited', 3, { message: message(1, { version: 1 }) }))),
    ['edited', 'text 2'], 'the answer is newer than the event')
})

await t.test('a message on its way shows once, under one key', async (t) => {
  const outgoing: Outgoing = {
    chat: 'c', client_id: 'id-2', text: 'text 2', content: {}, created_at: AT, status: 'sending', problem: null,
    seq: null
  }
  const before = open([message(1)], 1)
  t.hasStrict(shown(before, [], [outgoing])[1], { seq: null, status: 'sending', key: 'c:id-2' })
  const after = apply(before, created(2, { author: 'ann' }))
  for (const [timeline, one] of [[after, outgoing], [before, { ...outgoing, seq: 2 }]] as const)
    t.strictSame(shown(timeline, [], [one]).map(({ key }) => key), ['s:1', 'c:id-2'])
})

await t.test('a list counts what is unread as the server does', async (t) => {
  const info: ChatInfo = {
    id: 'c', type: 'group', name: null, description: null, avatar: null, data: {}, version: 1, member_count: 2,
    created_at: AT, frozen_at: null, head: 5, epoch: 'e', last_message: null, unread: 2,
    me: {
      role: 'member', permissions: [], read_seq: 3, muted: false, pinned: false, archived: false, notifications: 'all'
    }
  }
  const after = (...events: ChatEvent[]) =>
    events.reduce((known, one) => applyToInfo(known.info, one, 'ann'), { info, isStale: false })
  t.hasStrict(after(created(5), created(6, { mentions: ['ann'] })).info, { head: 6, unread: 3, mentions: 1 })
  t.hasStrict(after(created(6, { author: 'ann' })).info, { unread: 0, me: { read_seq: 6 } })
  t.equal(after(created(6, { parent: 4 })).isStale, true, 'only the server knows which threads one follows')
  const deletion = event('message.deleted', 6, { message: message(4, { deleted_at: AT }) })
  t.equal(after(deletion).isStale, true)
})
