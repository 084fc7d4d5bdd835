/** An invite to a chat: to be accepted or not. */
import { useLayoutEffect, useState } from 'preact/hooks'
import { acceptInvite } from '../../../client/management/index.ts'
import { EntranceCard } from '../accounts/form-screen.tsx'
import { Button } from '../design/button.tsx'
import { showToast } from '../design/toast.tsx'
import { useSession } from '../session/context.ts'
import { goTo } from '../shell/routes.ts'
import { chatName } from '../state/chats.ts'
import { words } from '../words/more.ts'
import { problemText } from '../words/problems.ts'
import { keepInvite } from './pending-invite.ts'

/** The screen. */
export function AcceptInvite ({ code }: { code: string }) {
  const { client } = useSession()
  const { invites, details } = words.value
  const [problem, setProblem] = useState<unknown>(null)
  const [isBusy, setBusy] = useState(false)
  useLayoutEffect(() => document.querySelector<HTMLElement>('.entrance h1')?.focus(), [])
  const leave = (chat?: string) => {
    goTo({ screen: 'chats', ...(chat !== undefined && { chat }) }, { isReplacing: true })
    keepInvite(null)
  }
  const accept = async () => {
    setBusy(true)
    setProblem(null)
    try {
      const info = await acceptInvite(client, code)
      const chat = client.chat(info.id)
      chat.revive()
      chat.load(info)
      showToast(details.joined(chatName(info)))
      leave(info.id)
    } catch (error) {
      setProblem(error)
      setBusy(false)
    }
  }
  return (
    <EntranceCard>
      <h1 tabIndex={-1}>{invites.acceptTitle}</h1>
      <p class='quiet'>{invites.acceptLead}</p>
      {problem !== null && <p class='alert' role='alert'>{problemText(problem)}</p>}
      <Button isBusy={isBusy} onClick={() => void accept()}>{invites.accept}</Button>
      <Button kind='plain' onClick={() => leave()}>{invites.later}</Button>
    </EntranceCard>
  )
}
