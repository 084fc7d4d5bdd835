/** The hook before a message, at the backend of the application: what is asked, and what can be answered. */
import { ConfabProblem } from '../problem.ts'
import { type Data, withFields } from '../types.ts'
import { verifySigned, type WebhookOptions, type WebhookRequest } from './webhook.ts'

/** A message that is about to be stored, or the message that an edit makes. */
export type AskedMessage = {
  readonly chat: string
  /** Null when the author is erased. */
  readonly author: string | null
  readonly text: string
  readonly client_id: string | null
  readonly reply_to: number | null
  readonly parent: number | null
  readonly mentions: readonly string[]
  readonly data: Data
  readonly attachments: readonly { readonly file: string }[]
  /** Of an edit: the number of the message, and its version before. */
  readonly seq?: number
  readonly version?: number
}

/** What your server is asked. */
export type MessageQuestion = {
  readonly type: 'message.before_create' | 'message.before_edit'
  readonly timestamp: string
  readonly data: {
    readonly message: AskedMessage
    readonly chat: { readonly id: string, readonly type: string }
    /** The one who writes; of an edit perhaps another one than the author. */
    readonly user: { readonly id: string, readonly name: string, readonly avatar: string | null, readonly data: Data }
  }
}

/** What your server answers, as JSON. `text` and `data` replace those of the message. */
export type MessageVerdict =
  | { action: 'allow' }
  | { action: 'deny', reason?: string }
  | { action: 'rewrite', text?: string, data?: Data }

const isQuestion = withFields<MessageQuestion>('type', 'timestamp', 'data')

/**
 * Verifies that a question of the hook before a message was sent by your server, lately.
 * @param secret that of the hook, `whsec_…`; or several, while one replaces another
 * @throws {ConfabProblem} `invalid_signature`; `stale_webhook` when it is too old or too young; `unreadable`
 */
export function verifyMessageQuestion (
  secret: string | readonly string[], request: WebhookRequest, options: WebhookOptions = {}
): MessageQuestion {
  const { payload } = verifySigned(secret, request, options)
  if (!isQuestion(payload)) throw new ConfabProblem('unreadable', 'The body of the question is not as described.')
  return payload
}
