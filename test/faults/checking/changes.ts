/** Edits and deletions in a history. */
import type { ChangeRecord, History, PostRecord, SeenEvent, StoredRow } from './history.ts'
import type { Violation } from './checker.ts'

/** What readers are shown in place of a deleted text. */
export const DELETED_TEXT = '--deleted--'

/** The events of edits and deletions, beside others that may be about a message. */
const KINDS: ReadonlySet<string> = new Set(['message.edited', 'message.deleted'])

const placeOf = (chatID: number, seq: number) => `${String(chatID)} ${String(seq)}`

type ChangesOfPost = { readonly post: PostRecord, readonly place: string, readonly changes: ChangeRecord[] }

/** The changes of each post, in the order in which they were made. */
function byPost (changes: readonly ChangeRecord[]): ChangesOfPost[] {
  const groups = new Map<PostRecord, ChangesOfPost>()
  for (const change of changes) {
    const { post, seq } = change
    const group = groups.get(post) ?? { post, place: placeOf(post.chatID, seq), changes: [] }
    group.changes.push(change)
    groups.set(post, group)
  }
  return [...groups.values()]
}

/** Whether a message may have this text since one of the changes. */
function isTextOf ({ changes }: ChangesOfPost, shown: string): boolean {
  return changes.some(({ text }) => text === undefined ? shown === '' || shown === DELETED_TEXT : shown === text)
}

/** The history as it were if nothing had been changed: each text that a message may have is replaced by its first. */
export function withoutChanges (history: History): History {
  const groups = new Map<string, ChangesOfPost[]>()
  for (const group of byPost(history.changes)) groups.set(group.place, [...(groups.get(group.place) ?? []), group])
  const firstOf = (chatID: number, seq: number, text: string): string => {
    const possible = (groups.get(placeOf(chatID, seq)) ?? []).filter((group) => isTextOf(group, text))
    // Where data went back in time, a seq may have been that of a post which is void.
    return (possible.find(({ post }) => post.ack !== undefined) ?? possible[0])?.post.text ?? text
  }
  const restore = <Message extends SeenEvent | StoredRow>(chatID: number, message: Message): Message =>
    message.text === undefined ? message : { ...message, text: firstOf(chatID, message.seq, message.text) }
  return {
    ...history,
    rows: history.rows.map((row) => restore(row.chatID, row)),
    readers: history.readers.map((reader) => ({
      ...reader,
      seen: reader.seen.map((message) => restore(reader.chatID, message))
    }))
  }
}

/** I1: a message is stored as it was acknowledged last, and has one event for each of its changes. */
export function checkChanges ({ changes, rows, events }: History): Violation[] {
  const rowOf = new Map(rows.map((row) => [placeOf(row.chatID, row.seq), row]))
  return byPost(changes).flatMap(({ post, place, changes: group }) => {
    const row = rowOf.get(place)
    // Void posts may have any text, and a lost one is found elsewhere.
    if (row === undefined || post.ack === undefined) return []
    const acked = group.filter(({ ack }) => ack !== undefined)
    const isPending = acked.length < group.length
    const stored = [...events.get(post.chatID) ?? []]
      .filter(([, { kind, targetSeq }]) => targetSeq === row.seq && KINDS.has(kind))
    const name = `"${post.text}" in chat ${String(post.chatID)}`
    const add = (message: string, kind: 'lost' | 'doubled', count: number): Violation => ({
      invariant: 'I1',
      message: `${name} ${message}`,
      damage: { kind, count }
    })
    const missing = acked.filter(({ ack }) => ack?.seq !== undefined && stored.every(([seq]) => seq !== ack.seq))
    const excess = stored.length - acked.length - (isPending ? 1 : 0)
    if (missing.length > 0)
      return [add(`lacks the events ${missing.map(({ ack }) => String(ack?.seq)).join(', ')}, acknowledged as its ` +
        'changes', 'lost', missing.length)]
    if (stored.length < acked.length)
      return [add(`has ${String(stored.length)} events for ${String(acked.length)} acknowledged changes`, 'lost',
        acked.length - stored.length)]
    if (excess > 0)
      return [add(`has ${String(stored.length)} events for ${String(group.length)} changes`, 'doubled', excess)]
    const isStored = (text: string | undefined) => row.text === (text ?? '')
    const last = acked.at(-1)
    const mayBe = [(last ?? { text: post.text }).text, ...(isPending ? [group.at(-1)?.text] : [])]
    return mayBe.some(isStored) ? [] : [add(`is stored as "${row.text}" after its last change`, 'lost', 1)]
  })
}

/** Changes as what an author has sent, whose order is checked. Those without an event have no place in it. */
export function sentChanges (changes: readonly ChangeRecord[]) {
  return changes.map(({ post, text, sentAt, sockets, ack }) => ({
    chatID: post.chatID,
    author: post.author,
    text: text ?? `deletion of ${post.text}`,
    sentAt,
    sockets,
    ...(ack?.seq !== undefined && post.ack !== undefined && { ack: { at: ack.at, seq: ack.seq } })
  }))
}
