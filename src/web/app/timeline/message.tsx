/** A message: its author, its text, and what came of it. */
import { useState } from 'preact/hooks'
import type { Chat, ListedMessage } from '../../../client/index.ts'
import { Avatar } from '../design/avatar.tsx'
import { Icon } from '../design/icon.tsx'
import { useSession } from '../session/context.ts'
import { addressOf, openChat } from '../shell/routes.ts'
import { contentWord } from '../state/contents.ts'
import { nameOf, useUser } from '../state/people.ts'
import { fullTime, timeOfDay } from '../words/dates.ts'
import { words } from '../words/index.ts'
import { problemText } from '../words/problems.ts'
import { Attachments } from './attachments.tsx'
import { deletionKey, deletions } from './deletions.ts'
import { MessageActions } from './message-actions.tsx'
import { MessageText } from './message-text.tsx'
import { DeliveryState } from './receipts.tsx'
import { QuotedMessage } from './quoted-message.tsx'
import { ReactionBar } from './reaction-bar.tsx'

/** Properties of {@link MessageRow}. */
export type MessageRowProps = {
  chat: Chat
  message: ListedMessage
  isFirst: boolean
  isLast: boolean
  /** Whether authors are shown: in a chat of two it is known who says what. */
  showsAuthors: boolean
  /** In a thread replies are not threads of their own. */
  isReply?: boolean
}

/** A row with a message. */
export function MessageRow ({ chat, message, isFirst, isLast, showsAuthors, isReply = false }: MessageRowProps) {
  const { client } = useSession()
  const { timeline } = words.value
  const { author, key, status, text } = message
  const isDeleted = message.deleted_at !== null || deletions.value.has(deletionKey(message))
  const user = useUser(author)
  const name = nameOf(author, user)
  const [isUsed, setUsed] = useState(false)
  const use = () => setUsed(true)
  const spoken = isDeleted ? timeline.deleted : text === '' ? contentWord(message) : text
  const isMine = author !== null && author === client.user
  // The time stands beside a text that leaves it room, and below everything else.
  const isShort = !isDeleted && text !== '' && message.attachments.length === 0
  const classes = [
    'message', isMine ? 'is-mine' : '', isFirst ? 'is-first' : '', isLast ? 'is-last' : '',
    status === 'sending' ? 'is-sending' : '', status === 'failed' ? 'is-failed' : ''
  ]
  return (
    <li
      class={classes.join(' ')} data-key={key} data-seq={message.seq ?? undefined} onPointerEnter={use} onFocusIn={use}
    >
      {!isMine && showsAuthors && (
        <span class='message-avatar'>
          {isFirst && <Avatar id={author ?? ''} name={name} picture={user?.avatar ?? null} size='s' />}
        </span>
      )}
      <div class='message-column'>
        <article class='bubble' aria-label={timeline.says(isMine ? words.value.people.you : name, spoken)}>
          {isFirst && showsAuthors && !isMine && <p class='message-author' aria-hidden='true'>{name}</p>}
          {isDeleted
            ? <p class='message-deleted'><Icon name='trash' class='small' />{timeline.deleted}</p>
            : (
                <>
                  {message.reply_to !== null && <QuotedMessage chat={chat} seq={message.reply_to} />}
                  {text !== '' && !isShort && <MessageText message={message} />}
                  <Attachments message={message} />
                </>
              )}
          <div class='bubble-end'>
            {isShort && <MessageText message={message} />}
            <MessageMeta chat={chat} message={message} isMine={isMine} />
          </div>
        </article>
        {!isDeleted && <ReactionBar chat={chat} message={message} />}
        {!isReply && message.thread !== null && message.thread.replies > 0 && message.seq !== null && (
          <a class='thread-link' href={threadAddress(message.seq)}>
            <Icon name='thread' class='small' />{timeline.replies(message.thread.replies)}
          </a>
        )}
        {status === 'failed' && <Failed chat={chat} message={message} />}
      </div>
      {!isDeleted && message.seq !== null &&
        <MessageActions chat={chat} message={message} isMine={isMine} isReply={isReply} hasAll={isUsed} />}
    </li>
  )
}

function threadAddress (seq: number): string {
  return addressOf({
    screen: 'chats', chat: openChat.value ?? '', panel: { name: 'thread', argument: String(seq) }
  })
}

function MessageMeta ({ chat, message, isMine }: { chat: Chat, message: ListedMessage, isMine: boolean }) {
  const { timeline } = words.value
  const { created_at, edited_at, pinned_at, deleted_at } = message
  return (
    <span class='message-meta'>
      {pinned_at !== null && <span title={timeline.pinned}><Icon name='pin' class='small' /></span>}
      {edited_at !== null && deleted_at === null && <span title={fullTime(edited_at)}>{timeline.edited}</span>}
      <time dateTime={created_at} title={fullTime(created_at)}>{timeOfDay(created_at)}</time>
      {isMine && deleted_at === null && <DeliveryState chat={chat} message={message} />}
    </span>
  )
}

function Failed ({ chat, message }: { chat: Chat, message: ListedMessage }) {
  const { timeline } = words.value
  const { client_id, problem } = message
  if (client_id === null) return null
  return (
    <p class='message-failed' role='alert'>
      <Icon name='warning' class='small' />
      {problem === null ? timeline.notSent : problemText(problem)}
      <button type='button' class='link-button' onClick={() => chat.retry(client_id)}>{timeline.sendAgain}</button>
      <button type='button' class='link-button' onClick={() => chat.discard(client_id)}>{timeline.discard}</button>
    </p>
  )
}
