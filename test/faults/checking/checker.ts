/**
 * The invariants that every history must fulfil, whatever was broken meanwhile:
 *
 * - I1 every acknowledged post, edit, deletion, reaction and change of members is stored once, as what it was
 *   acknowledged as;
 * - I2 every reader gets each message behind its start once, in order, and none is missing;
 * - I3 a seq of a chat is the same message for everybody: every reader and the database;
 * - I4 who was removed gets nothing from above the removal;
 * - I5 an author's posts and changes are stored in the order they were made;
 * - I6 a post that was never acknowledged is stored once or not at all;
 * - I7 when all is well again everybody has everything within a time, and where announcements are lost within another;
 * - I8 the memory of a replica is bounded;
 * - I9 nothing fails in a way that a client cannot answer with a retry;
 * - I10 a webhook gets each event at least once, under one id, and for the first time in the order of the log.
 */
import { checkGroup } from './group.ts'
import { checkChanges, sentChanges, withoutChanges } from './changes.ts'
import { checkWebhook } from './webhook.ts'
import type { History, PostRecord, ReaderRecord, SeenEvent, StoredRow } from './history.ts'

/** An invariant. */
export type Invariant = 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I6' | 'I7' | 'I8' | 'I9' | 'I10'

/** What became of messages where an invariant does not hold. */
export type Damage = 'lost' | 'doubled' | 'reordered'

/** An invariant that does not hold, with the seqs that show it. */
export type Violation = {
  readonly invariant: Invariant
  readonly message: string
  readonly damage?: { readonly kind: Damage, readonly count: number }
}

const MAX_SHOWN = 10

/** Checks a history. @returns what is wrong with it, nothing when all is well */
export function check (history: History): Violation[] {
  const unchanged = withoutChanges(history)
  return [
    ...checkPosts(unchanged),
    ...checkChanges(history),
    ...history.readers.flatMap((reader) => checkReader(reader, history)),
    ...checkContents(unchanged),
    ...checkLists(history),
    ...(history.group === undefined ? [] : checkGroup(history.group)),
    ...history.webhooks.flatMap((record) => checkWebhook(record, history.heads.get(record.chatID) ?? 0)),
    ...checkSenders([...history.posts, ...sentChanges(history.changes)]),
    ...history.memory
      .filter(({ peakMiB, boundMiB }) => peakMiB > boundMiB)
      .map(({ replica, peakMiB, boundMiB }): Violation => ({
        invariant: 'I8',
        message: `${replica} had ${peakMiB.toFixed(0)} MiB; ${String(boundMiB)} MiB are the bound`
      })),
    ...history.late.map((message): Violation => ({ invariant: 'I7', message })),
    ...history.failures.map((message): Violation => ({ invariant: 'I9', message }))
  ]
}

/** How many messages were lost, doubled or reordered by these violations. */
export function damageOf (violations: readonly Violation[]): Record<Damage, number> {
  const sum = { lost: 0, doubled: 0, reordered: 0 }
  for (const { damage } of violations) if (damage !== undefined) sum[damage.kind] += damage.count
  return sum
}

/** I1 and I6: acknowledged posts and rows against each other. */
function checkPosts ({ posts, rows, heads, events }: History): Violation[] {
  const violations: Violation[] = []
  const byText = new Map<string, StoredRow[]>()
  for (const row of rows) byText.set(row.text, [...(byText.get(row.text) ?? []), row])
  for (const post of posts) {
    const stored = byText.get(post.text) ?? []
    const seqs = stored.map(({ seq }) => String(seq)).join(', ')
    if (stored.length > 1) {
      const invariant = post.ack === undefined ? 'I6' : 'I1'
      violations.push({
        invariant,
        message: `${nameOf(post)} is stored ${String(stored.length)} times, as seqs ${seqs}`,
        damage: { kind: 'doubled', count: stored.length - 1 }
      })
    }
    const { ack } = post
    if (ack === undefined) continue
    const [row] = stored
    if (row === undefined)
      violations.push({
        invariant: 'I1',
        message: `${nameOf(post)} was acknowledged as seq ${String(ack.seq)} and is not stored`,
        damage: { kind: 'lost', count: 1 }
      })
    else if (stored.length === 1 && (row.seq !== ack.seq || row.messageID !== (ack.messageID ?? row.messageID))) {
      violations.push({
        invariant: 'I1',
        message:
          `${nameOf(post)} was acknowledged as seq ${String(ack.seq)} (message ${String(ack.messageID)}) and is ` +
          `stored as seq ${seqs} (message ${String(row.messageID)})`
      })
    }
  }
  for (const [chatID, head] of heads) {
    const present = new Set(rows.filter((row) => row.chatID === chatID).map(({ seq }) => seq))
    const missing = range(1, head).filter((seq) => !present.has(seq) && events.get(chatID)?.has(seq) !== true)
    const beyond = [...present].filter((seq) => seq > head)
    const shared = [...present].filter((seq) => events.get(chatID)?.has(seq) === true)
    if (shared.length > 0)
      violations.push({
        invariant: 'I1',
        message: `chat ${String(chatID)} has a message and an event as ${list(shared)}`,
        damage: { kind: 'doubled', count: shared.length }
      })
    if (missing.length > 0)
      violations.push({
        invariant: 'I1',
        message: `chat ${String(chatID)} goes up to ${String(head)} and has no ${list(missing)}`,
        damage: { kind: 'lost', count: missing.length }
      })
    if (beyond.length > 0)
      violations.push({
        invariant: 'I1',
        message: `chat ${String(chatID)} goes up to ${String(head)} and has ${list(beyond)}`
      })
  }
  return violations
}

/** I2, I4 and I7: what one reader got. */
function checkReader (record: ReaderRecord, { heads, events, convergenceMs }: History): Violation[] {
  const { reader, chatID, start, seen, removedAt, convergedMs, showsEvents } = record
  const violations: Violation[] = []
  const add = (invariant: Invariant, what: string, damage?: Violation['damage']) =>
    violations.push({
      invariant,
      message: `${reader} in chat ${String(chatID)} ${what}`,
      ...(damage !== undefined && { damage })
    })

  const leaked = removedAt === undefined ? [] : seen.filter(({ seq }) => seq > removedAt).map(({ seq }) => seq)
  if (leaked.length > 0) add('I4', `was removed at seq ${String(removedAt)} and got ${list(leaked)}`)

  const { doubled, reordered, present, last } = order(record)
  const isSkipped = (seq: number) => showsEvents !== true && events.get(chatID)?.has(seq) === true
  const missing = range(start + 1, last).filter((seq) => !present.has(seq) && !isSkipped(seq))
  if (missing.length > 0)
    add('I2', `went on to ${String(last)} and never got ${list(missing)}`, { kind: 'lost', count: missing.length })
  if (doubled.length > 0) add('I2', `got ${list(doubled)} more than once`, { kind: 'doubled', count: doubled.length })
  if (reordered.length > 0)
    add(
      'I2',
      `got ${reordered
        .slice(0, MAX_SHOWN)
        .map(([seq, before]) => `${String(seq)} after ${String(before)}`)
        .join(', ')}`,
      { kind: 'reordered', count: reordered.length }
    )

  // Who was removed may stop anywhere below the removal.
  if (removedAt !== undefined) return violations
  let head = heads.get(chatID) ?? 0
  while (isSkipped(head)) head--
  if (last < head)
    add('I7', `stands at ${String(last)} where the chat goes up to ${String(head)}`, {
      kind: 'lost',
      count: head - last
    })
  else if (convergedMs !== undefined && convergedMs > convergenceMs)
    add(
      'I7',
      `had everything up to ${String(head)} only after ${String(Math.round(convergedMs))} ms; ` +
      `${String(convergenceMs)} ms are allowed`
    )
  return violations
}

function order ({ start, seen, removedAt = Infinity }: ReaderRecord) {
  const present = new Set<number>()
  const doubled: number[] = []
  const reordered: [seq: number, before: number][] = []
  let last = start
  for (const { seq } of seen) {
    if (seq > removedAt) continue
    if (present.has(seq) || seq <= start) doubled.push(seq)
    else if (seq < last) reordered.push([seq, last])
    present.add(seq)
    last = Math.max(last, seq)
  }
  return { doubled, reordered, present, last }
}

const placeOf = (chatID: number, seq: number) => `seq ${String(seq)} of chat ${String(chatID)}`

/** I3: one event under one seq, whoever looks; I1 has compared acknowledgements with rows. */
function checkContents ({ readers, rows, events }: History): Violation[] {
  const contents = new Map<string, Content & { witness: string }>()
  const violations = new Map<string, Violation>()
  const note = (witness: string, chatID: number, seq: number, content: Content) => {
    const place = placeOf(chatID, seq)
    const known = contents.get(place)
    if (known === undefined) contents.set(place, { ...content, witness })
    else if (!isSame(known, content) && !violations.has(place)) {
      violations.set(place, {
        invariant: 'I3',
        message: `${place} is ${describe(known)} for ${known.witness} and ${describe(content)} for ${witness}`
      })
    }
  }
  // A message comes last, so that an event in its place does not count as its content.
  for (const [chatID, own] of events)
    for (const [seq, { kind }] of own) contents.set(placeOf(chatID, seq), { kind, witness: 'the database' })
  for (const { chatID, seq, messageID, text } of rows)
    contents.set(placeOf(chatID, seq), { kind: 'message.created', messageID, text, witness: 'the database' })
  for (const { reader, chatID, seen } of readers) for (const event of seen) note(reader, chatID, event.seq, event)
  return [...violations.values()]
}

/** An event without its place. */
type Content = Pick<SeenEvent, 'kind' | 'messageID' | 'text'>

/** Whether two contents may be of one event; not every reader is told the id of a message. */
function isSame (one: Content, other: Content): boolean {
  const hasBothIds = one.messageID !== undefined && other.messageID !== undefined
  return one.kind === other.kind && one.text === other.text && (!hasBothIds || one.messageID === other.messageID)
}

function describe ({ kind, messageID, text }: Content): string {
  return kind === 'message.created' ? `message ${String(messageID ?? '')} "${String(text)}"` : kind
}

/** I3: what a client has in the end, by what it was told and what it has loaded, is what the tables have. */
function checkLists ({ lists, rows }: History): Violation[] {
  return lists.flatMap(({ client, chatID, items }) => {
    const own = rows.filter((row) => row.chatID === chatID).sort((a, b) => a.seq - b.seq)
    const newest = own.slice(own.length - items.length)
    const wrong = items.findIndex(({ seq, text }, index) =>
      seq !== newest[index]?.seq || text !== newest[index].text)
    if (wrong < 0 && (items.length > 0 || own.length === 0)) return []
    const [item, row] = [items[wrong], newest[wrong]]
    return [{
      invariant: 'I3',
      message: `${client} in chat ${String(chatID)} has ${String(items.length)} messages; where the tables have seq ` +
        `${String(row?.seq)} "${String(row?.text)}", it has ${String(item?.seq)} "${String(item?.text)}"`
    }]
  })
}

/**
 * I5: what was sent after an acknowledgement comes after it, and what was sent once over one socket keeps the order of
 * the sending.
 */
function checkSenders (posts: readonly PostRecord[]): Violation[] {
  const violations: Violation[] = []
  for (const own of groupBy(posts, ({ author, chatID }) => `${author} ${String(chatID)}`).values()) {
    const sent = [...own].sort((a, b) => a.sentAt - b.sentAt)
    const acked = own.filter(hasAck).sort((a, b) => a.ack.at - b.ack.at)
    const lastOfSocket = new Map<number, Acked>()
    let [index, highest]: [number, Acked | undefined] = [0, undefined]
    for (const post of sent) {
      for (let next = acked[index]; next !== undefined && next.ack.at < post.sentAt; next = acked[++index]) {
        if (highest === undefined || next.ack.seq > highest.ack.seq) highest = next
      }
      if (!hasAck(post)) continue
      const [socket] = post.sockets
      const before = post.sockets.length === 1 && socket !== undefined ? lastOfSocket.get(socket) : undefined
      if (post.sockets.length === 1 && socket !== undefined) lastOfSocket.set(socket, post)
      const earlier = [highest, before].find((other) => other !== undefined && other.ack.seq > post.ack.seq)
      if (earlier !== undefined)
        violations.push({
          invariant: 'I5',
          message:
            `${nameOf(post)} was posted after "${earlier.text}" and is seq ${String(post.ack.seq)}, before ` +
            String(earlier.ack.seq),
          damage: { kind: 'reordered', count: 1 }
        })
    }
  }
  return violations
}

type Acked = PostRecord & { ack: NonNullable<PostRecord['ack']> }

function hasAck (post: PostRecord): post is Acked {
  return post.ack !== undefined
}

function nameOf ({ chatID, text }: PostRecord): string {
  return `"${text}" in chat ${String(chatID)}`
}

function groupBy<Item> (items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>()
  for (const item of items) {
    const group = groups.get(keyOf(item))
    if (group === undefined) groups.set(keyOf(item), [item])
    else group.push(item)
  }
  return groups
}

function range (first: number, last: number): number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index)
}

/** Seqs as text, runs of them shortened: "3, 7–9, 12 …". */
function list (seqs: readonly number[]): string {
  const sorted = [...new Set(seqs)].sort((a, b) => a - b)
  const runs: [number, number][] = []
  for (const seq of sorted) {
    const run = runs.at(-1)
    if (run?.[1] === seq - 1) run[1] = seq
    else runs.push([seq, seq])
  }
  const shown = runs
    .slice(0, MAX_SHOWN)
    .map(([first, last]) => (first === last ? String(first) : `${String(first)}–${String(last)}`))
  return shown.join(', ') + (runs.length > MAX_SHOWN ? ' …' : '')
}
