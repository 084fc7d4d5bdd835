/** The users that a record names, by their ids. */
import type { NumberedMessage, Unit } from './numbering.ts'

/** Adds the users whom a unit names, and who have to be there. */
export function addNamed (ids: Set<string>, { record }: Unit): void {
  switch (record.record) {
    case 'message':
      addOfMessage(ids, record)
      break
    case 'event':
      if (record.by !== undefined) ids.add(record.by)
      if (record.user !== undefined) ids.add(record.user)
      break
    case 'block':
      ids.add(record.user).add(record.blocked)
      break
    case 'chat':
      for (const user of record.users ?? []) ids.add(user)
      if (record.created_by !== undefined) ids.add(record.created_by)
      break
    case 'chat_end':
      for (const { record: { user, added_by: addedBy } } of record.members) {
        ids.add(user)
        if (addedBy !== undefined) ids.add(addedBy)
      }
      for (const { record: { user, by } } of record.bans) {
        ids.add(user)
        if (by !== undefined) ids.add(by)
      }
  }
}

/** Adds the users whom a message mentions; they may be unknown. */
export function addMentioned (ids: Set<string>, { record }: Unit): void {
  if (record.record !== 'message' || record.mentions === undefined) return
  for (const mention of record.mentions) if (!mention.startsWith('@')) ids.add(mention)
}

function addOfMessage (ids: Set<string>, message: NumberedMessage): void {
  ids.add(message.user)
  if (message.reactions !== undefined) for (const { user } of message.reactions) ids.add(user)
  if (message.pinned?.by !== undefined) ids.add(message.pinned.by)
  if (message.hidden_for !== undefined) for (const user of message.hidden_for) ids.add(user)
  if (message.thread === undefined) return
  for (const user of message.thread.participants) ids.add(user)
  for (const { user } of message.thread.followers) ids.add(user)
}
