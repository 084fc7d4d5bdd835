/** A group in which everything happens: what its clients did and saw, and what is in the tables. */
import type { Violation } from './checker.ts'

/** A reaction that a user adds or takes back, from its first try to its acknowledgement. */
export type MarkRecord = {
  readonly user: string
  readonly seq: number
  readonly emoji: string
  readonly isOn: boolean
  /** Without a seq an earlier try was stored, or nothing had to be. */
  ack?: { readonly seq: number | undefined }
}

/** The guest of a group, added or removed by its owner. */
export type GuestRecord = { readonly isIn: boolean, isAcked: boolean }

/** A message as a client knows it, or the tables have it. */
export type MessageState = {
  readonly text: string
  readonly version: number
  readonly isDeleted: boolean
  readonly reactions: Readonly<Record<string, number>>
}

/** What one client got of the log, in the order it came, and the messages that it knows from that. */
export type FollowerRecord = {
  readonly name: string
  /** The seq behind which it began. */
  readonly start: number
  readonly seqs: number[]
  /** Those of events that it got with their content. */
  readonly contents: number[]
  readonly messages: Map<number, MessageState>
}

/** An event in the table: of the members only those of the guest. `emoji` and `user` are those of a reaction. */
export type GroupEvent = {
  readonly seq: number
  readonly kind: string
  readonly targetSeq: number | undefined
  readonly emoji: string | undefined
  readonly user: string | undefined
}

/** All about the group. */
export type GroupHistory = {
  readonly head: number
  readonly marks: readonly MarkRecord[]
  readonly guest: readonly GuestRecord[]
  readonly followers: readonly FollowerRecord[]
  /** What the guest got. */
  readonly guestFollower: FollowerRecord
  /** The version of a message that each acknowledged edit has replaced, where the edit named it. */
  readonly replaced: readonly number[]
  readonly events: readonly GroupEvent[]
  readonly messages: ReadonlyMap<number, MessageState>
  /** The reactions in the table, as "seq user emoji". */
  readonly reactions: readonly string[]
  readonly isGuestIn: boolean
}

const MAX_SHOWN = 5

/** Checks a group. */
export function checkGroup (group: GroupHistory): Violation[] {
  return [
    ...checkMarks(group),
    ...checkCounts(group),
    ...checkGuest(group),
    ...checkFence(group),
    ...checkVersions(group),
    ...group.followers.flatMap((follower) => checkFollower(follower, group))
  ]
}

const lost = (message: string): Violation => ({ invariant: 'I1', message, damage: { kind: 'lost', count: 1 } })
const doubled = (message: string): Violation => ({ invariant: 'I1', message, damage: { kind: 'doubled', count: 1 } })

/** I1: an acknowledged reaction has its event, none comes twice in a row, and the last one is what is stored. */
function checkMarks ({ marks, events, messages, reactions }: GroupHistory): Violation[] {
  const stored = new Set(reactions)
  const bySeq = new Map(events.map((event) => [event.seq, event]))
  const violations: Violation[] = []
  const last = new Map<string, MarkRecord>()
  for (const mark of marks) {
    const { user, seq, emoji, isOn, ack } = mark
    last.set(`${String(seq)} ${user} ${emoji}`, mark)
    if (ack?.seq === undefined) continue
    const event = bySeq.get(ack.seq)
    const kind = isOn ? 'reaction.added' : 'reaction.removed'
    if (event?.kind !== kind || event.targetSeq !== seq || event.emoji !== emoji || event.user !== user)
      violations.push(lost(`${kind} ${emoji} to seq ${String(seq)} by ${user} was acknowledged as seq ` +
        `${String(ack.seq)}, which is ${JSON.stringify(event)}`))
  }
  for (const [place, { seq, isOn, ack }] of last) {
    const isDeleted = messages.get(seq)?.isDeleted === true
    if (ack !== undefined && stored.has(place) !== (isOn && !isDeleted))
      violations.push(lost(`the reaction "${place}" is ${isOn ? 'not ' : ''}there after its last acknowledged change`))
  }
  const isOn = new Map<string, boolean>()
  for (const { seq, kind, targetSeq, emoji, user } of events) {
    if (!kind.startsWith('reaction.')) continue
    const place = `${String(targetSeq)} ${String(user)} ${String(emoji)}`
    if ((isOn.get(place) ?? false) === (kind === 'reaction.added'))
      violations.push(doubled(`seq ${String(seq)}, ${kind} "${place}", changes nothing`))
    isOn.set(place, kind === 'reaction.added')
  }
  return violations
}

/** The counts are those of the reactions. */
function checkCounts ({ messages, reactions }: GroupHistory): Violation[] {
  const counts = new Map<string, number>()
  for (const reaction of reactions) {
    const [seq = '', , emoji = ''] = reaction.split(' ')
    counts.set(`${seq} ${emoji}`, (counts.get(`${seq} ${emoji}`) ?? 0) + 1)
  }
  const counted = new Map<string, number>([...messages].flatMap(([seq, message]) =>
    Object.entries(message.reactions).map(([emoji, count]) => [`${String(seq)} ${emoji}`, count] as const)))
  const wrong = [...new Set([...counts.keys(), ...counted.keys()])]
    .filter((place) => counts.get(place) !== counted.get(place))
  return wrong.slice(0, MAX_SHOWN).map((place) =>
    lost(`the reactions "${place}" are ${String(counts.get(place))} and count as ${String(counted.get(place))}`))
}

/** I1: the guest is where the owner was told last, and came and went in turn. */
function checkGuest ({ guest, events, isGuestIn }: GroupHistory): Violation[] {
  const violations: Violation[] = []
  const last = guest.at(-1)
  if (last?.isAcked === true && last.isIn !== isGuestIn)
    violations.push(lost(`the guest is ${isGuestIn ? '' : 'not '}in the group after the last acknowledged change`))
  const turns = events.map(({ kind }) => kind).filter((kind) => kind === 'member.added' || kind === 'member.removed')
  turns.forEach((kind, index) => {
    if (kind === turns[index - 1]) violations.push(doubled(`the guest has two events ${kind} in a row`))
  })
  const acked = guest.filter(({ isAcked }) => isAcked).length
  if (turns.length < acked)
    violations.push(lost(`the guest has ${String(turns.length)} events for ${String(acked)} acknowledged changes`))
  return violations
}

/** I4: the guest gets the content of nothing from while it was out. */
function checkFence ({ guestFollower: { name, contents }, events }: GroupHistory): Violation[] {
  const stays: [from: number, to: number][] = []
  for (const { seq, kind } of events) {
    if (kind === 'member.added') stays.push([seq, Infinity])
    const last = stays.at(-1)
    if (kind === 'member.removed' && last !== undefined) last[1] = seq
  }
  // The first event of a stay, and of one behind it, are told to the one whom they are about.
  const leaked = contents.filter((seq) => !stays.some(([from, to]) => seq >= from && seq <= to))
  return leaked.length === 0
    ? []
    : [{ invariant: 'I4', message: `${name} got the content of ${leaked.slice(0, MAX_SHOWN).join(', ')}` }]
}

/** I1: of edits of the same version one is stored. */
function checkVersions ({ replaced }: GroupHistory): Violation[] {
  const twice = replaced.filter((version, index) => replaced.indexOf(version) !== index)
  return twice.slice(0, MAX_SHOWN).map((version) =>
    lost(`version ${String(version)} was replaced by two acknowledged edits, of which one has lost its text`))
}

/** I2, I3 and I7: every event once, in order and without a gap, and in the end the state of the tables. */
function checkFollower ({ name, start, seqs, messages }: FollowerRecord, group: GroupHistory): Violation[] {
  const wrong = seqs.findIndex((seq, index) => seq !== start + 1 + index)
  if (wrong >= 0) {
    const message = `${name} got seq ${String(seqs[wrong])} where ${String(start + 1 + wrong)} was to come`
    return [{ invariant: 'I2', message, damage: { kind: 'lost', count: 1 } }]
  }
  const position = start + seqs.length
  if (position < group.head) {
    const message = `${name} stands at ${String(position)} where the group goes up to ${String(group.head)}`
    return [{ invariant: 'I7', message, damage: { kind: 'lost', count: group.head - position } }]
  }
  return [...messages]
    .filter(([seq, state]) => canonical(state) !== canonical(group.messages.get(seq)))
    .slice(0, MAX_SHOWN)
    .map(([seq, state]) => ({
      invariant: 'I3',
      message:
        `seq ${String(seq)} is ${canonical(state)} for ${name} and ${canonical(group.messages.get(seq))} in the tables`
    }))
}

function canonical (state: MessageState | undefined): string {
  if (state === undefined) return 'nothing'
  const { text, version, isDeleted, reactions } = state
  return JSON.stringify([text, version, isDeleted, Object.entries(reactions).sort(([a], [b]) => (a < b ? -1 : 1))])
}
