/** What a round does about acknowledged posts that a fault has to lose. */
import type { Round } from '../fault.ts'
import { DELETED_TEXT } from '../checking/changes.ts'

/**
 * Waits until every reader was told, and takes the acknowledgements from before the loss for void. What remains to be
 * shown: nobody got messages of both histories as one, and everybody has the new one whole.
 */
export async function settleLoss ({ cluster, workload, journal, note, during }: Round, lostAt: number): Promise<void> {
  await cluster.healthy()
  const end = Date.now() + 15_000
  while (workload.followers.some(({ voided }) => voided.length === 0) && Date.now() < end) await during(50)
  const rows = await cluster.sql<{ text: string }[]>`select body as text from messages`
  // Of a message that was changed it is not known here whether it is there: it counts as kept.
  const shown = (text: string | undefined) => (text === undefined ? ['', DELETED_TEXT] : [text])
  const changed = journal.changes.flatMap(({ post, text }) => [post.text, ...shown(text)])
  const kept = new Set([...rows.map(({ text }) => text), ...changed])
  let lost = 0
  for (const post of journal.posts) {
    if (post.ack === undefined || post.ack.at >= lostAt) continue
    if (!kept.has(post.text)) lost++
    delete post.ack
  }
  const told = workload.followers.filter(({ voided }) => voided.length > 0).length
  note(
    `${String(lost)} acknowledged posts were gone, and ${String(told)} of ${String(workload.followers.length)} ` +
    'readers and library clients were told to start over'
  )
  if (lost === 0) journal.failures.push('nothing was lost, so nothing was shown')
  const isNew = new Set(journal.posts.filter(({ sentAt }) => sentAt > lostAt).map(({ text }) => text))
  for (const { voided } of workload.followers) {
    for (const record of voided) {
      const seen = record.seen.flatMap(({ seq, text }) => (text === undefined ? [] : [{ seq, text }]))
      const gone = seen.findIndex(({ text }) => !kept.has(text))
      const mixed = gone < 0 ? undefined : seen.slice(gone).find(({ text }) => isNew.has(text))
      if (mixed !== undefined)
        journal.failures.push(
          `${record.reader} got seq ${String(mixed.seq)} of the new history behind seq ` +
          `${String(seen[gone]?.seq)} of the old one`
        )
      // Its seqs mean other messages now.
      journal.readers.splice(journal.readers.indexOf(record), 1)
    }
  }
}
