/** What a client may put on an action to have it acknowledged. */
import Type, { type Static } from 'typebox'

const MAX_LENGTH = 64

export const Ref = Type.Union([Type.String({ maxLength: MAX_LENGTH }), Type.Integer()], {
  description: 'Has the action acknowledged; repeated in the answer.'
})
/** See {@link Ref}. */
export type RefValue = Static<typeof Ref>
