/** A post with more than a text, as a request for an event. */
import { ChatError } from '../errors.ts'
import type { EventRequest } from './change.ts'
import type { Post, PostExtras } from './post.ts'
import type { MessageToPost } from '../../store/changes.ts'

/** A request that is a message. */
export type MessageRequest = EventRequest & { readonly action: MessageToPost }

/** The request for the event of a post, which receives its outcome. */
export function messageRequestOf (post: Post, { keyId, ...extras }: PostExtras): MessageRequest {
  const { chatId, author, text, isNarrowed } = post
  return {
    chatId,
    actor: { ...author, keyId, isNarrowed },
    action: { kind: 'post', text, ...extras },
    onSettled: (outcome) => {
      if (outcome instanceof ChatError) post.onSettled(outcome)
      else if (outcome.message === undefined) post.onSettled(new ChatError('internal'))
      else post.onSettled({ message: outcome.message, duplicate: outcome.duplicate })
    }
  }
}
