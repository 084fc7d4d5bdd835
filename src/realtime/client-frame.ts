/** Frames of clients of any face: one JSON object in a text, with a `ref` if the client wants an acknowledgement. */
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { ChatError } from '../domain/errors.ts'
import { isStorable } from '../domain/text.ts'

const MAX_REF_LENGTH = 64

/** An id that a client may add to a command to have it acknowledged. */
export const Ref = Type.Union([Type.String({ maxLength: MAX_REF_LENGTH }), Type.Integer()], {
  description: 'Has the action acknowledged; repeated in the answer.'
})
/** See {@link Ref}. */
export type RefValue = Static<typeof Ref>

const refValidator = Compile(Ref)

/** Parses the JSON of a frame; undefined is a binary one. @throws {ChatError} `invalid_input` */
export function parseFrame (text: string | undefined): object {
  if (text === undefined) throw new ChatError('invalid_input', 'A frame is text, not binary.')
  let frame: unknown
  try {
    frame = JSON.parse(text)
  } catch (error) {
    throw new ChatError('invalid_input', 'The frame is not valid JSON.', { cause: error })
  }
  if (typeof frame !== 'object' || frame === null || Array.isArray(frame))
    throw new ChatError('invalid_input', 'A frame is one JSON object.')
  return frame
}

/** The `ref` for the refusal of a frame, if the frame could be parsed and has one. */
export function refOf (frame: object | undefined): RefValue | undefined {
  const ref = frame !== undefined && 'ref' in frame && refValidator.Check(frame.ref) ? frame.ref : undefined
  return typeof ref === 'string' && !isStorable(ref) ? undefined : ref
}
