/** What a message has that is no text, in a word. */
import { words } from '../words/index.ts'
import { type Content, contentKind } from './content-kind.ts'

/** The word, e.g. `Voice message`, for messages that have no text. */
export function contentWord (content: Content): string {
  return words.value.chats[contentKind(content)]
}
