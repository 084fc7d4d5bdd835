/** Goes to the first message of a day. */
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Chat } from '../../../client/index.ts'
import { seqAt } from '../../../client/history/index.ts'
import { Button } from '../design/button.tsx'
import { Dialog } from '../design/dialog.tsx'
import { showProblem, showToast } from '../design/toast.tsx'
import { useSession } from '../session/context.ts'
import { goTo } from '../shell/routes.ts'
import { words } from '../words/index.ts'

/** The dialog. */
export function JumpToDay ({ chat, onClose }: { chat: Chat, onClose: () => void }) {
  const { client } = useSession()
  const [isBusy, setBusy] = useState(false)
  const { timeline } = words.value
  const closing = useRef(new AbortController())
  useEffect(() => () => closing.current.abort(), [])
  const jump = async (day: string) => {
    const { signal } = closing.current
    setBusy(true)
    try {
      const seq = await seqAt(client, chat.id, new Date(`${day}T00:00`), { signal })
      if (seq === null) showToast(timeline.notThere)
      else goTo({ screen: 'chats', chat: chat.id, at: seq })
      onClose()
    } catch (error) {
      if (signal.aborted) return
      showProblem(error)
      setBusy(false)
    }
  }
  return (
    <Dialog title={timeline.jumpToDate} onClose={onClose}>
      <form
        class='jump' onSubmit={(event) => {
          event.preventDefault()
          const day = new FormData(event.currentTarget).get('day')
          if (typeof day === 'string' && !isBusy) void jump(day)
        }}
      >
        <input class='text-field' type='date' name='day' required aria-label={timeline.jumpToDate} />
        <Button type='submit' isBusy={isBusy}>{timeline.jumpToDate}</Button>
      </form>
    </Dialog>
  )
}
