import t from '../support/tap.ts'
import type { Violation } from './checking/checker.ts'
import { checkGroup, type FollowerRecord, type GroupHistory, type MessageState } from './checking/group.ts'

/** A group with two messages: Bob has reacted to the first, and the guest has come and gone. */
function groupWith (change: (group: GroupHistory) => Partial<GroupHistory> = () => ({})): GroupHistory {
  const plain = { version: 1, isDeleted: false, reactions: {} }
  const state = () => new Map<number, MessageState>([
    [1, { ...plain, text: 'one', reactions: { x: 1 } }], [5, { ...plain, text: 'two' }]
  ])
  const seqs = [1, 2, 3, 4, 5]
  const none = { targetSeq: undefined, emoji: undefined }
  const group: GroupHistory = {
    head: 5,
    marks: [{ user: 'bob', seq: 1, emoji: 'x', isOn: true, ack: { seq: 2 } }],
    guest: [{ isIn: true, isAcked: true }, { isIn: false, isAcked: true }],
    replaced: [1, 2],
    followers: [{ name: 'all', start: 0, seqs, contents: seqs, messages: state() }],
    guestFollower: { name: 'the guest', start: 0, seqs: [1, 2, 3, 4], contents: [3, 4], messages: new Map() },
    events: [
      { seq: 2, kind: 'reaction.added', targetSeq: 1, emoji: 'x', user: 'bob' },
      { ...none, seq: 3, kind: 'member.added', user: 'guest' },
      { ...none, seq: 4, kind: 'member.removed', user: 'guest' }
    ],
    messages: state(),
    reactions: ['1 bob x'],
    isGuestIn: false
  }
  return { ...group, ...change(group) }
}

function at<Item> (items: readonly Item[], index: number): Item {
  const item = items[index]
  if (item === undefined) throw new Error(`There is nothing at ${String(index)}.`)
  return item
}

const follower = ({ followers }: GroupHistory): FollowerRecord => at(followers, 0)

const GROUP_CASES: [
  what: string, change: (group: GroupHistory) => Partial<GroupHistory>, invariant: Violation['invariant'], shows: RegExp
][] = [
  ['a reaction without an event', ({ events }) => ({ events: events.slice(1) }), 'I1', /acknowledged as seq 2/],
  [
    'a reaction that is stored twice',
    ({ events }) => ({ events: [at(events, 0), { ...at(events, 0), seq: 5 }, ...events.slice(1)] }),
    'I1',
    /seq 5.*changes nothing/
  ],
  ['a reaction that counts twice', ({ messages, followers }) => {
    const twice = new Map<number, MessageState>(
      [...messages].map(([seq, message]) => [seq, { ...message, reactions: { x: 3 - seq } }])
    )
    twice.set(5, { text: 'two', version: 1, isDeleted: false, reactions: {} })
    return { messages: twice, followers: [{ ...at(followers, 0), messages: twice }] }
  }, 'I1', /"1 x" are 1 and count as 2/],
  ['a guest who is in after a removal', () => ({ isGuestIn: true }), 'I1', /the guest is in the group/],
  ['two edits of one version', () => ({ replaced: [1, 1] }), 'I1', /version 1 was replaced by two/],
  [
    'a guest who gets something while out',
    ({ guestFollower }) => ({ guestFollower: { ...guestFollower, contents: [3, 4, 5] } }),
    'I4',
    /content of 5/
  ],
  [
    'a follower with a gap',
    (group) => ({ followers: [{ ...follower(group), seqs: [1, 2, 4, 5] }] }),
    'I2',
    /seq 4 where 3 was to come/
  ],
  [
    'a follower that does not get to the end',
    (group) => ({ followers: [{ ...follower(group), seqs: [1, 2, 3, 4] }] }),
    'I7',
    /stands at 4/
  ],
  [
    'a follower with another state',
    (group) => {
      const message = { text: 'three', version: 1, isDeleted: false, reactions: {} }
      return { followers: [{ ...follower(group), messages: new Map([[5, message]]) }] }
    },
    'I3',
    /seq 5 is .*three.*two/
  ]
]

await t.test('the checker finds nothing wrong with a group that is right', async (t) => {
  t.strictSame(checkGroup(groupWith()), [])
})

for (const [what, change, invariant, shows] of GROUP_CASES) {
  await t.test(`the checker finds ${what}, and nothing else`, async (t) => {
    const violations = checkGroup(groupWith(change))
    t.strictSame(violations.map((violation) => violation.invariant), [invariant])
    t.match(violations[0]?.message, shows)
  })
}
