/** The pinned messages of a chat. */
import { useEffect } from 'preact/hooks'
import type { Message } from '../../../client/index.ts'
import { listPins } from '../../../client/management/index.ts'
import { Avatar } from '../design/avatar.tsx'
import { Button, IconButton } from '../design/button.tsx'
import { EmptyState } from '../design/empty-state.tsx'
import { Loading } from '../design/loading.tsx'
import { showProblem, showToast } from '../design/toast.tsx'
import { useSession } from '../session/context.ts'
import type { PanelProps } from '../shell/panels.tsx'
import { goTo } from '../shell/routes.ts'
import { may } from '../state/chats.ts'
import { contentWord } from '../state/contents.ts'
import { useLive } from '../state/live.ts'
import { useLoaded } from '../state/loaded.ts'
import { nameOf, useUser } from '../state/people.ts'
import { plainText } from '../timeline/plain-text.ts'
import { fullTime, shortTime } from '../words/dates.ts'
import { words } from '../words/more.ts'
import { PanelHead } from './panel-head.tsx'

/** The rest is in the chat. */
const MAX_SHOWN = 500
/** On phones the panel covers the chat. */
const PHONE = '(max-width: 46rem)'

/** The panel. */
export function PinsPanel ({ chatId }: PanelProps) {
  const { client } = useSession()
  const { pins } = words.value
  const loaded = useLoaded((signal) => listPins(client, chatId, { signal }), [chatId])
  const canUnpin = may(useLive(client.chat(chatId).state).info, 'pin')
  const { reload } = loaded
  useEffect(() => {
    const ends = (['message.pinned', 'message.unpinned', 'message.deleted'] as const).map((type) =>
      client.on(type, ({ chat }) => {
        if (chat === chatId) reload()
      }))
    return () => {
      for (const end of ends) end()
    }
  }, [chatId])
  const unpin = async (message: Message) => {
    const path = `/chats/${chatId}/pins/${String(message.seq)}`
    loaded.set(loaded.value?.filter(({ seq }) => seq !== message.seq) ?? [])
    try {
      await client.request(path, { method: 'DELETE' })
    } catch (error) {
      showProblem(error)
      reload()
      return
    }
    const act = () => void client.request(path, { method: 'PUT' }).catch(showProblem)
    showToast(pins.unpinned, { action: { label: words.value.undo, act } })
  }
  return (
    <>
      <PanelHead title={pins.title} isPart />
      <Loading of={loaded}>
        {(messages) => messages.length === 0
          ? <EmptyState icon='pin' title={pins.empty} lead={pins.emptyLead} />
          : (
              <ul class='panel-body pin-list' aria-label={pins.title}>
                {messages.toReversed().map((message) => (
                  <Pin
                    key={message.seq} message={message} onUnpin={canUnpin ? () => void unpin(message) : undefined}
                  />
                ))}
              </ul>
            )}
      </Loading>
    </>
  )
}

function Pin ({ message, onUnpin }: { message: Message, onUnpin: (() => void) | undefined }) {
  const { pins } = words.value
  const { chat, seq, author, text, created_at: at } = message
  const profile = useUser(author)
  const name = nameOf(author, profile)
  const show = () =>
    goTo({ screen: 'chats', chat, at: seq, ...(!matchMedia(PHONE).matches && { panel: { name: 'pins' } }) })
  return (
    <li class='pin-card'>
      <div class='pin-head'>
        <Avatar id={author ?? ''} name={name} picture={profile?.avatar ?? null} size='s' />
        <span class='member-name cut'>{name}</span>
        <time class='quiet pin-time' dateTime={at} title={fullTime(at)}>{shortTime(at)}</time>
      </div>
      <p class='pin-text' dir='auto'>{text === '' ? contentWord(message) : plainText(text, MAX_SHOWN)}</p>
      <div class='pin-actions'>
        <Button kind='plain' onClick={show}>{pins.goTo}</Button>
        {onUnpin !== undefined && <IconButton icon='close' size='s' label={pins.unpin} onClick={onUnpin} />}
      </div>
    </li>
  )
}
