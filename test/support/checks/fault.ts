/** Faults that rules find. */

/** A fault, in words, if there is one. */
export const fault = (isFault: boolean, ...words: string[]) => (isFault ? [words.join(' ')] : [])
