/** Adding people to a chat. */
import { useState } from 'preact/hooks'
import type { Chat, User } from '../../../client/index.ts'
import { addMembers } from '../../../client/management/index.ts'
import { Button } from '../design/button.tsx'
import { Dialog } from '../design/dialog.tsx'
import { showToast } from '../design/toast.tsx'
import { PeoplePicker } from '../people/people-picker.tsx'
import { useSession } from '../session/context.ts'
import { useLive } from '../state/live.ts'
import { words } from '../words/more.ts'
import { problemText } from '../words/problems.ts'

/** The server adds as many at once. */
const MAX_AT_ONCE = 100

/** The dialog. */
export function AddPeople ({ chat, onClose }: { chat: Chat, onClose: () => void }) {
  const { client } = useSession()
  const { details, members, problems, cancel } = words.value
  const { items } = useLive(chat.members)
  const [chosen, setChosen] = useState<readonly User[]>([])
  const [problem, setProblem] = useState<string | null>(null)
  const [isBusy, setBusy] = useState(false)
  const taken = new Set(items.flatMap(({ user }) => user ?? []))
  const texts = new Map<string, string>(Object.entries(problems))
  const add = async () => {
    const added = chosen.slice(0, MAX_AT_ONCE)
    const outcomes = await addMembers(client, chat.id, { members: added.map(({ id: user }) => ({ user })) })
    const refused = added.flatMap((user, index) => {
      const why = outcomes[index]?.problem
      return why === undefined ? [] : { user, why: texts.get(why.code) ?? why.detail }
    })
    const number = added.length - refused.length
    if (number > 0) {
      showToast(members.added(number))
      // Of large chats the log does not say who has come.
      if (!chat.members.getSnapshot().items.some(({ user }) => user === added[0]?.id)) chat.members.reset()
    }
    if (refused.length === 0 && added.length === chosen.length) {
      onClose()
      return
    }
    setChosen([...refused.map(({ user }) => user), ...chosen.slice(MAX_AT_ONCE)])
    setProblem(refused.map(({ user, why }) => members.notAdded(user.name, why)).join(' '))
  }
  const send = async () => {
    setBusy(true)
    setProblem(null)
    await add().catch((error: unknown) => setProblem(problemText(error)))
    setBusy(false)
  }
  return (
    <Dialog title={details.addPeople} onClose={onClose}>
      <form
        class='stack' onSubmit={(event) => {
          event.preventDefault()
          if (!isBusy && chosen.length > 0) void send()
        }}
      >
        <PeoplePicker label={members.choose} chosen={chosen} onChange={setChosen} taken={taken} autoFocus />
        {problem !== null && problem !== '' && <p class='alert' role='alert'>{problem}</p>}
        <div class='dialog-actions'>
          <Button kind='plain' onClick={onClose}>{cancel}</Button>
          <Button type='submit' isBusy={isBusy || chosen.length === 0}>
            {chosen.length === 0 ? members.addNobody : members.add(chosen.length)}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
