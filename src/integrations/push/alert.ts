/** The words of notifications that a device shows without asking the app. */
import type { MessageContent } from '../../domain/push/push.ts'

const WITHOUT_PREVIEW = 'New message'

/** The title: the chat, or the author in a direct one. */
export function titleOf ({ chat_name: name, author }: MessageContent): string {
  return name ?? author.name
}

/** The text: in a chat with a name it begins with the author. */
export function bodyOf ({ chat_name: name, author, text }: MessageContent): string {
  const shown = text ?? WITHOUT_PREVIEW
  return name === null ? shown : `${author.name}: ${shown}`
}
