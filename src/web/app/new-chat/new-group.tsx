/** A new chat with a name: a group, a channel, or announcements. */
import { useState } from 'preact/hooks'
import type { User } from '../../../client/index.ts'
import { addMembers } from '../../../client/management/index.ts'
import { Avatar } from '../design/avatar.tsx'
import { Button } from '../design/button.tsx'
import { Field } from '../design/field.tsx'
import type { IconName } from '../design/icon.tsx'
import { TextArea } from '../design/text-area.tsx'
import { showToast } from '../design/toast.tsx'
import { PeoplePicker } from '../people/people-picker.tsx'
import { useSession } from '../session/context.ts'
import type { Session } from '../session/session.ts'
import { goTo } from '../shell/routes.ts'
import { useSubmission } from '../state/submission.ts'
import { words } from '../words/more.ts'
import { problemText } from '../words/problems.ts'

/** The kinds of chats with a name. */
export const KINDS = ['group', 'channel', 'broadcast'] as const

/** See {@link KINDS}. */
export type Kind = typeof KINDS[number]

/** Their icons. */
export const KIND_ICONS: Readonly<Record<Kind, IconName>> = { group: 'group', channel: 'hash', broadcast: 'megaphone' }

const [MAX_NAME, MAX_DESCRIPTION] = [100, 2_000]

/** The server adds as many at once. */
const MAX_AT_ONCE = 100

/** Properties of {@link NewGroup}. */
export type NewGroupProps = { kind: Kind, onBack: () => void, onClose: () => void }

/** The form. */
export function NewGroup ({ kind, onBack, onClose }: NewGroupProps) {
  const session = useSession()
  const { newChat, back } = words.value
  const [name, setName] = useState('')
  const [description, setDescription] = useState('')
  const [people, setPeople] = useState<readonly User[]>([])
  const [isNameMissing, setNameMissing] = useState(false)
  const { isBusy, problem, onSubmit } = useSubmission(async () => {
    setNameMissing(name.trim() === '')
    if (name.trim() === '') return
    const id = await create(session, { type: kind, name: name.trim(), description: description.trim() }, people)
    onClose()
    goTo({ screen: 'chats', chat: id })
  })
  return (
    <form class='stack' onSubmit={onSubmit}>
      <p class='quiet'>{newChat.kinds[kind].lead}</p>
      <div class='edit-head'>
        <Avatar id={`${kind} ${name}`} name={name.trim() === '' ? '?' : name} />
        <Field
          label={newChat.name} value={name} maxlength={MAX_NAME} autocomplete='off' autoFocus
          problem={isNameMissing ? newChat.needsName : null}
          onInput={({ currentTarget }) => setName(currentTarget.value)}
        />
      </div>
      <TextArea
        label={newChat.description} hint={newChat.descriptionHint} rows={2} value={description}
        maxLength={MAX_DESCRIPTION} onInput={setDescription}
      />
      <PeoplePicker label={newChat.people} chosen={people} onChange={setPeople} />
      {problem !== null && <p class='alert' role='alert'>{problemText(problem)}</p>}
      <div class='dialog-actions'>
        <Button kind='plain' onClick={onBack}>{back}</Button>
        <Button type='submit' isBusy={isBusy}>{newChat.create}</Button>
      </div>
    </form>
  )
}

/**
 * Makes the chat, then adds people: one who cannot be added is no reason against the chat.
 * @returns its id @throws {ConfabProblem} when there is no chat
 */
async function create (
  { client }: Session, { description, ...chat }: { type: Kind, name: string, description: string },
  people: readonly User[]
): Promise<string> {
  const { id } = await client.createChat({ ...chat, ...(description !== '' && { description }) })
  for (let first = 0; first < people.length; first += MAX_AT_ONCE) {
    const added = people.slice(first, first + MAX_AT_ONCE)
    const outcomes = await addMembers(client, id, { members: added.map((user) => ({ user: user.id })) }).catch(() => [])
    const refused = added.filter((_, index) => outcomes[index]?.member === undefined)
    if (refused.length > 0)
      showToast(words.value.newChat.partly(refused.map((user) => user.name).join(', ')), { isBad: true })
  }
  // Whoever was added before the chat is followed is in no event that comes.
  if (people.length > 0) await client.chat(id).refresh().catch(() => undefined)
  return id
}
