/** What the application answers about a message. */
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { checkCustomData } from '../custom-data.ts'
import { isText } from '../events/message-input.ts'
import { isShowable } from '../text.ts'

/** Longest reason that a user is shown, in characters. */
export const MAX_REASON_LENGTH = 500

const AnswerSchema = Type.Union([
  Type.Object({ action: Type.Literal('allow') }),
  Type.Object({ action: Type.Literal('deny'), reason: Type.Optional(Type.Unknown()) }),
  Type.Object({
    action: Type.Literal('rewrite'),
    text: Type.Optional(Type.String()),
    data: Type.Optional(Type.Record(Type.String(), Type.Unknown()))
  })
])

/** An answer. */
export type HookAnswer =
  | { action: 'allow' }
  | { action: 'deny', reason: string | undefined }
  | { action: 'rewrite', text: string | undefined, data: Record<string, unknown> | undefined }

const validator = Compile(AnswerSchema)

/** Reads an answer. @returns undefined when it is none, or asks for what no user could have sent */
export function readAnswer (body: string): HookAnswer | undefined {
  const answer = parse(body)
  switch (answer?.action) {
    case 'deny': {
      const { reason } = answer
      return { action: 'deny', reason: typeof reason === 'string' && isReason(reason) ? reason : undefined }
    }
    case 'rewrite': {
      const { text, data } = answer
      return isRewrite(text, data) ? { action: 'rewrite', text, data } : undefined
    }
    default:
      return answer
  }
}

function parse (body: string): Static<typeof AnswerSchema> | undefined {
  try {
    const value: unknown = JSON.parse(body)
    return validator.Check(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isReason (reason: string): boolean {
  return reason.length <= MAX_REASON_LENGTH && isShowable(reason)
}

function isRewrite (text: string | undefined, data: Record<string, unknown> | undefined): boolean {
  if (text === undefined && data === undefined) return false
  if (text !== undefined && !isText(text)) return false
  try {
    if (data !== undefined) checkCustomData(data)
    return true
  } catch {
    return false
  }
}
