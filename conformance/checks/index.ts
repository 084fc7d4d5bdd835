/** All checks by their subjects. */
import type { Subject } from '../check.ts'
import { CHATS, MEMBERS } from './chats.ts'
import { IDEMPOTENCY } from './idempotency.ts'
import { LISTS } from './lists.ts'
import { MARKS, MESSAGES } from './messages.ts'
import { FEED, LOG, READ_MARKS } from './positions.ts'
import { REALTIME } from './realtime.ts'
import { RULES } from './rules.ts'
import { USERS } from './users.ts'

export const SUBJECTS: readonly Subject[] = [
  { name: 'Rules', checks: RULES },
  { name: 'Idempotency', checks: IDEMPOTENCY },
  { name: 'Lists', checks: LISTS },
  { name: 'Users', checks: USERS },
  { name: 'Chats', checks: CHATS },
  { name: 'Members', checks: MEMBERS },
  { name: 'Messages', checks: MESSAGES },
  { name: 'Reactions and pins', checks: MARKS },
  { name: 'Read marks', checks: READ_MARKS },
  { name: 'The log of a chat', checks: LOG },
  { name: 'Feed and sync', checks: FEED },
  { name: 'Realtime', checks: REALTIME }
]
