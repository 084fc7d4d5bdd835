/** The messages of two users, for clients that know users and no chats. */
import { type ConversationUser, listConversations } from '../../store/conversations.ts'
import type { Orm } from '../../store/database.ts'
import type { CountedPage, PageRange } from '../../store/directory.ts'
import { listPartnerMessages, type PartnerMessage } from '../../store/partner-messages.ts'
import { findUserById } from '../../store/users.ts'
import type { ReadMarks } from './read-marks.ts'

/** So many of the users with whom the reader has a chat are named. */
const MAX_PEOPLE = 100

/** A page of messages, oldest first, and the people whose messages the reader may receive, by id. */
export type PartnerPage = CountedPage<PartnerMessage> & { people: ReadonlyMap<number, ConversationUser> }

/**
 * Returns a page of the messages between a user and a partner: the first page has the newest. They count as read. With
 * a partner who does not exist, or with whom there is no chat, there are none.
 */
export async function readPartnerMessages (
  { orm, readMarks }: { orm: Orm, readMarks: Pick<ReadMarks, 'note'> },
  userId: number,
  partnerId: number,
  range: PageRange
): Promise<PartnerPage> {
  const [people, found] = await Promise.all([
    findPeople(orm, userId, partnerId),
    listPartnerMessages(orm, userId, partnerId, range)
  ])
  if (found === undefined) return { people, items: [], totalCount: 0 }
  const { chatId, items, totalCount } = found
  const [newest] = items
  if (newest !== undefined) await readMarks.note({ chatId, userId, seq: newest.seq })
  return { people, items: items.reverse(), totalCount }
}

async function findPeople (orm: Orm, userId: number, partnerId: number): Promise<Map<number, ConversationUser>> {
  const [self, partner, { items }] = await Promise.all([
    findUserById(orm, userId),
    findUserById(orm, partnerId),
    listConversations(orm, userId, { offset: 0, limit: MAX_PEOPLE })
  ])
  const people = [self, partner?.activatedAt === null ? undefined : partner, ...items.map(({ other }) => other)]
  return new Map(people.flatMap((person) => (person == null ? [] : [[person.id, person]])))
}
