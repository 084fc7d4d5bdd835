/** Fields of the bodies of the EmoteChat face. */
import Type from 'typebox'

const MAX_LENGTH = 1_024

/** A text of a client. Its maximum length only bounds the input; the domain has the rules. */
export const text = (description: string) => Type.String({ maxLength: MAX_LENGTH, description })

/** The `message` of most answers. */
export const Sentence = Type.String({ description: 'One sentence for the user.' })
