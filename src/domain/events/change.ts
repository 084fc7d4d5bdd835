/** A change of a message, or a message with more than a text: from the request to its outcome. */
import type {
  ChangeAction, ChangeEntry, ChangeOutcome, ChangeRefusal, MessageAction, MessageToPost, StoredChange, StoredMark
} from '../../store/changes.ts'
import { ChatError, type ErrorCode } from '../errors.ts'
import type { ChatEvent } from './event.ts'
import { marksOf } from './extras.ts'
import { limitErrorOf } from './limit-error.ts'
import { type Message, messageAfter } from './message.ts'

export type { ChangeAction, ChangeTarget, MessageAction } from '../../store/changes.ts'

/** Who acts: a user, perhaps through an API key, or an API key by itself, which has no `userId`. */
export type EventActor = {
  readonly userId: number | null
  readonly username: string
  readonly keyId?: string | undefined
  /** Whether the token of the user leaves nothing of what moderators may, whatever the role permits. */
  readonly isNarrowed?: boolean | undefined
  /** The network address of the client, for the audit log. */
  readonly address?: string | undefined
}

/** A message to edit or to delete, by its author. */
export type Change = {
  readonly chatId: number
  readonly author: Pick<EventActor, 'username' | 'address'> & { readonly userId: number }
  readonly messageId: number
  /** The new text; undefined deletes the message. */
  readonly text: string | undefined
  /** Called once with the outcome. It must not throw. */
  readonly onSettled: (outcome: ChangeReceipt | ChatError) => void
}

/** A request for an event that is no plain post. */
export type EventRequest = {
  readonly chatId: number
  readonly actor: EventActor
  readonly action: ChangeAction
  /** Called once with the outcome. It must not throw. */
  readonly onSettled: (outcome: ChangeReceipt | ChatError) => void
}

/** The outcome of a change. */
export type ChangeReceipt = {
  /** The stored event; undefined when nothing had to change. */
  event: ChatEvent | undefined
  /** Whether it was stored before. */
  duplicate: boolean
  /** Whether the application has replaced what was sent. */
  isRewritten?: true | undefined
  /** The message as it is now; undefined after changes of its marks, of which the event says what they are. */
  message: Message | undefined
}

/** A receipt with the events to publish, or why there is none. */
export type Settled =
  | { receipt: ChangeReceipt, events: readonly ChatEvent[], membersVersion: number, seq: number }
  | { receipt: ChangeReceipt | ChatError, events: undefined }

const REFUSALS: Readonly<Record<ChangeRefusal, ErrorCode>> = {
  conflict: 'conflict',
  refused: 'not_a_participant',
  missing: 'unknown_message',
  denied: 'forbidden',
  frozen: 'chat_frozen',
  forbidden: 'not_the_author',
  deleted: 'message_deleted',
  version: 'version_conflict',
  closed: 'chat_closed',
  nested: 'nested_thread',
  stranger: 'unknown_mention',
  full: 'too_many_marks',
  nofile: 'unknown_file',
  incomplete: 'file_incomplete',
  taken: 'file_attached'
}

/** The entry to store for a request. */
export function entryOf ({ chatId, actor, action }: EventRequest, eventKey: string): ChangeEntry {
  const { userId: actorId, keyId, isNarrowed, address } = actor
  return { chatId, actorId, keyId, isNarrowed, address, eventKey, action }
}

/** What becomes of a request. */
export function settle (request: EventRequest, outcome: ChangeOutcome | undefined): Settled {
  if (outcome === undefined) return { receipt: new ChatError('internal'), events: undefined }
  const { chatId, action } = request
  switch (outcome.outcome) {
    case 'stored':
    case 'duplicate': {
      const duplicate = outcome.outcome === 'duplicate'
      const message = 'id' in outcome ? messageAfter(chatId, outcome) : undefined
      const events = eventsOf(request, outcome, message)
      const receipt = {
        event: events.at(-1),
        duplicate,
        isRewritten: 'isRewritten' in outcome ? outcome.isRewritten : undefined,
        message: action.kind === 'post' || isOfText(action) ? message : undefined
      }
      const { seq, membersVersion } = outcome
      return { receipt, events: duplicate ? [] : events, membersVersion, seq }
    }
    case 'unchanged': {
      const message = 'id' in outcome ? messageAfter(chatId, outcome) : undefined
      return { receipt: { event: undefined, duplicate: false, message }, events: undefined }
    }
    default:
      return { receipt: limitErrorOf(outcome) ?? new ChatError(REFUSALS[outcome.outcome]), events: undefined }
  }
}

/** Whether an action changes what the author has written. */
function isOfText ({ kind }: MessageAction): boolean {
  return kind === 'edit' || kind === 'delete'
}

function eventsOf (
  { chatId, actor, action }: EventRequest,
  stored: StoredChange | StoredMark,
  message: Message | undefined
): ChatEvent[] {
  const { seq, targetSeq, hiddenFrom } = stored
  const { userId, username, keyId } = actor
  const entry = { chatId, seq, at: new Date(stored.at), actorId: userId, actorName: username, keyId, hiddenFrom }
  const { reactions, pinnedAt } = marksOf(stored.marks)
  switch (action.kind) {
    case 'post':
      return message === undefined ? [] : [{ ...message, kind: 'message.created' }]
    case 'edit':
    case 'delete':
      return message === undefined ? [] : [{ ...entry, kind: KINDS[action.kind], message }]
    case 'react':
    case 'unreact': {
      if (userId === null) return []
      const reaction = { ...entry, targetSeq, userId, username, reactions }
      const event: ChatEvent = { ...reaction, kind: KINDS[action.kind], emoji: action.emoji }
      const replaced = 'replaced' in stored ? stored.replaced : null
      return replaced === null
        ? [event]
        : [{ ...reaction, kind: 'reaction.removed', seq: seq - 1, emoji: replaced }, event]
    }
    default:
      return [{ ...entry, kind: KINDS[action.kind], targetSeq, pinnedAt }]
  }
}

const KINDS = {
  edit: 'message.edited',
  delete: 'message.deleted',
  react: 'reaction.added',
  unreact: 'reaction.removed',
  pin: 'message.pinned',
  unpin: 'message.unpinned'
} as const satisfies Record<Exclude<ChangeAction, MessageToPost>['kind'], string>
