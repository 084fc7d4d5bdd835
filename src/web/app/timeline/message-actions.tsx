/** What can be done with a message: a few buttons beside it, and a menu with the rest. */
import { useRef, useState } from 'preact/hooks'
import type { Chat, ListedMessage } from '../../../client/index.ts'
import { modeOf } from '../composer/mode.ts'
import { IconButton } from '../design/button.tsx'
import { Menu, type MenuEntry, type QuickChoice } from '../design/menu.tsx'
import { showProblem, showToast } from '../design/toast.tsx'
import type { Session } from '../session/session.ts'
import { recentEmojis } from '../emoji/recent.ts'
import { shownDialog } from '../extras/dialogs.ts'
import { useSession } from '../session/context.ts'
import { lazy } from '../shell/lazy.tsx'
import { showPanel } from '../shell/routes.ts'
import { may } from '../state/chats.ts'
import { draftKey } from '../state/drafts.ts'
import { words } from '../words/index.ts'
import { deleteSoon } from './deletions.ts'
import { startForward } from './forward.ts'
import { toggleReaction } from './reaction-bar.tsx'

const EmojiPicker = lazy(async () => (await import('../emoji/emoji-picker.tsx')).EmojiPicker)
/** Reactions that are offered without the picker. */
const QUICK = 5

/** Properties of {@link MessageActions}. */
export type MessageActionsProps = {
  chat: Chat
  message: ListedMessage
  isMine: boolean
  isReply: boolean
  /** Whether the buttons are there that show when the message is pointed at: in long chats they would be many. */
  hasAll: boolean
}

/** The buttons. */
export function MessageActions ({ chat, message, isMine, isReply, hasAll }: MessageActionsProps) {
  const session = useSession()
  const bar = useRef<HTMLDivElement>(null)
  const [isPicking, setPicking] = useState(false)
  const { timeline } = words.value
  const react = (emoji: string) => toggleReaction(chat, message, emoji)
  const mayReact = may(chat.info, 'react')
  return (
    <div class='message-actions' ref={bar}>
      {hasAll && mayReact && (
        <IconButton
          icon='smile' size='s' label={timeline.react} aria-haspopup='dialog' aria-expanded={isPicking}
          onClick={() => setPicking(!isPicking)}
        />
      )}
      {hasAll && may(chat.info, 'post') && (
        <IconButton icon='reply' size='s' label={timeline.reply} onClick={() => reply(chat, message, isReply)} />
      )}
      <Menu
        icon='more' size='s' label={timeline.actions}
        quick={() => mayReact ? quickReactions(message, react, () => setPicking(true)) : []}
        entries={() => entriesOf(session, { chat, message, isMine, isReply })}
      />
      {isPicking && (
        <EmojiPicker
          label={timeline.react} at={bar.current?.getBoundingClientRect()}
          onClose={() => {
            setPicking(false)
            focusFirst(bar.current)
          }}
          onPick={(emoji) => {
            setPicking(false)
            focusFirst(bar.current)
            react(emoji)
          }}
        />
      )}
    </div>
  )
}

/** On phones some of the buttons are hidden. */
function focusFirst (bar: HTMLElement | null): void {
  [...bar?.querySelectorAll('button') ?? []].find((button) => button.offsetParent !== null)?.focus()
}

/** What one takes most, and a way to all others. */
function quickReactions (
  { reactions }: ListedMessage, react: (emoji: string) => void, pick: () => void
): QuickChoice[] {
  const { timeline } = words.value
  return [
    ...recentEmojis().slice(0, QUICK).map((emoji) => ({
      sign: emoji, label: timeline.reactWith(emoji), isOn: reactions[emoji]?.me === true, act: () => react(emoji)
    })),
    { sign: { icon: 'plus' }, label: timeline.otherReaction, act: pick }
  ]
}

function reply (chat: Chat, message: ListedMessage, isReply: boolean): void {
  modeOf(keyOf(chat, message, isReply)).value = { kind: 'reply', message }
}

/** The composer that answers or changes the message. */
function keyOf (chat: Chat, { parent }: ListedMessage, isReply: boolean): string {
  return draftKey(chat.id, isReply ? parent ?? undefined : undefined)
}

function entriesOf (
  session: Session, { chat, message, isMine, isReply }: Omit<MessageActionsProps, 'hasAll'>
): MenuEntry[] {
  const { timeline } = words.value
  const { seq, text, attachments, pinned_at } = message
  if (seq === null) return []
  const canEdit = may(chat.info, isMine ? 'edit_own' : 'edit_any')
  const canDelete = may(chat.info, isMine ? 'delete_own' : 'delete_any')
  const entries: (MenuEntry | false)[] = [
    may(chat.info, 'post') && { icon: 'reply', label: timeline.reply, act: () => reply(chat, message, isReply) },
    !isReply && may(chat.info, 'post') && {
      icon: 'thread', label: timeline.thread, act: () => showPanel({ name: 'thread', argument: String(seq) })
    },
    canEdit && {
      icon: 'edit',
      label: timeline.edit,
      act: () => {
        modeOf(keyOf(chat, message, isReply)).value = { kind: 'edit', message }
      }
    },
    text !== '' && { icon: 'copy', label: timeline.copy, act: () => void copy(text) },
    (text !== '' || attachments.length > 0) && {
      icon: 'forward', label: timeline.forward, act: () => startForward(message)
    },
    may(chat.info, 'pin') && {
      icon: 'pin',
      label: pinned_at === null ? timeline.pin : timeline.unpin,
      act: () => void pin(session, chat, message)
    },
    !isMine && {
      icon: 'flag',
      label: timeline.report,
      act: () => {
        shownDialog.value = { kind: 'report', target: { chat: chat.id, seq }, user: message.author }
      }
    },
    canDelete && {
      icon: 'trash', label: timeline.delete, isDangerous: true, act: () => deleteSoon(chat, message)
    }
  ]
  return entries.filter((entry) => entry !== false)
}

async function copy (text: string): Promise<void> {
  await navigator.clipboard.writeText(text).then(() => showToast(words.value.timeline.copied), showProblem)
}

async function pin ({ client }: Session, chat: Chat, { seq, pinned_at }: ListedMessage): Promise<void> {
  const method = pinned_at === null ? 'PUT' : 'DELETE'
  await client.request(`/chats/${chat.id}/pins/${String(seq)}`, { method }).catch(showProblem)
}
