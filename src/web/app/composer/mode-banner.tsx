/** Says that the next text is a reply, or another text of a message. */
import { IconButton } from '../design/button.tsx'
import { Icon } from '../design/icon.tsx'
import { contentWord } from '../state/contents.ts'
import { useName } from '../state/people.ts'
import { plainText } from '../timeline/plain-text.ts'
import { words } from '../words/index.ts'
import type { ComposerMode } from './mode.ts'

/** The banner; nothing for a new message. */
export function ModeBanner ({ mode, onEnd }: { mode: ComposerMode, onEnd: () => void }) {
  const { composer } = words.value
  const name = useName(mode.kind === 'new' ? null : mode.message.author)
  if (mode.kind === 'new') return null
  const isReply = mode.kind === 'reply'
  return (
    <div class='composer-mode'>
      <Icon name={isReply ? 'reply' : 'edit'} />
      <div class='grow'>
        <p class='quote-author'>{isReply ? composer.replyingTo(name) : composer.editing}</p>
        <p class='cut quiet'>{plainText(mode.message.text) || contentWord(mode.message)}</p>
      </div>
      <IconButton icon='close' size='s' label={isReply ? composer.endReply : composer.endEdit} onClick={onEnd} />
    </div>
  )
}
