/** What a message has that is no text. Pure. */
import type { Message } from '../../../client/index.ts'

/** What is needed of a message. */
export type Content = Partial<Pick<Message, 'attachments' | 'data'>>

/** Kinds of contents; those that have no word of their own are attachments. */
export type ContentKind = 'voice' | 'audio' | 'picture' | 'video' | 'attachment'

const KINDS: readonly (readonly [prefix: string, kind: ContentKind])[] = [
  ['image/', 'picture'], ['audio/', 'audio'], ['video/', 'video']
]
const LONGEST_MS = 86_400_000

/** What a voice message says of itself, in `data.voice` of the message. */
export type Voice = {
  /** Files of recorders of browsers do not say it. */
  readonly duration_ms: number
}

/** What a message says of its voice; null for one that is no voice message, and for what makes no sense. */
export function voiceOf ({ attachments = [], data }: Content): Voice | null {
  const voice = data?.['voice']
  if (attachments.length !== 1 || typeof voice !== 'object' || voice === null || !('duration_ms' in voice)) return null
  const { duration_ms: duration } = voice
  const isDuration = typeof duration === 'number' && duration > 0 && duration <= LONGEST_MS
  return isDuration && attachments[0]?.content_type.startsWith('audio/') === true ? { duration_ms: duration } : null
}

/** What the files of a message are. */
export function contentKind (content: Content): ContentKind {
  if (voiceOf(content) !== null) return 'voice'
  const kinds = new Set((content.attachments ?? []).map(({ content_type: type }) =>
    KINDS.find(([prefix]) => type.startsWith(prefix))?.[1] ?? 'attachment'))
  const [kind] = kinds
  return kind === undefined || kinds.size > 1 ? 'attachment' : kind
}
