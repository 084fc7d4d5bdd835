/** Errors for what the type of a chat forbids whatever the role. */
import type { LimitRefusal } from '../../store/posts.ts'
import { ChatError, type ErrorCode } from '../errors.ts'

const CODES: Readonly<Record<LimitRefusal['reason'], ErrorCode>> = {
  text: 'text_too_long',
  slow: 'slow_mode',
  feature: 'feature_off'
}

/** The error for a refusal by the type of the chat; undefined for any other refusal. */
export function limitErrorOf ({ reason, waitMs }: Partial<LimitRefusal>): ChatError | undefined {
  if (reason === undefined) return undefined
  return new ChatError(CODES[reason], undefined, waitMs === undefined ? {} : { retryAfterMs: waitMs })
}
