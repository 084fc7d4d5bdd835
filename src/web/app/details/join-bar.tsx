/** Joining a public chat that one reads. */
import { useState } from 'preact/hooks'
import type { ChatInfo } from '../../../client/index.ts'
import { joinChat } from '../../../client/management/index.ts'
import { Button } from '../design/button.tsx'
import { showProblem, showToast } from '../design/toast.tsx'
import { useSession } from '../session/context.ts'
import { chatName } from '../state/chats.ts'
import { words } from '../words/more.ts'

/** The button. */
export function JoinButton ({ info }: { info: ChatInfo }) {
  const { client } = useSession()
  const { details } = words.value
  const [isBusy, setBusy] = useState(false)
  const join = async () => {
    setBusy(true)
    try {
      client.chat(info.id).load(await joinChat(client, info.id))
      showToast(details.joined(chatName(info)))
    } catch (error) {
      showProblem(error)
    }
    setBusy(false)
  }
  return <Button icon='plus' isBusy={isBusy} onClick={() => void join()}>{details.join}</Button>
}

/** Stands where members write. */
export function JoinBar ({ info }: { info: ChatInfo }) {
  return (
    <div class='join-bar'>
      <p class='quiet'>{words.value.details.joinLead}</p>
      <JoinButton info={info} />
    </div>
  )
}
