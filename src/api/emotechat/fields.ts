/** Fields of the bodies of the EmoteChat face. */
import Type from 'typebox'

const MAX_LENGTH = 1_024

/** A text that is sent. Its length only bounds what is read; the domain has the rules. */
export const text = (description: string) => Type.String({ maxLength: MAX_LENGTH, description })

/** The `message` of most answers. */
export const Sentence = Type.String({ description: 'One sentence for the user.' })
