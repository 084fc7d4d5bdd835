/** A new chat: with somebody, found by the beginning of a name, or of a kind with a name of its own. */
import { useRef, useState } from 'preact/hooks'
import type { User } from '../../../client/index.ts'
import { Avatar } from '../design/avatar.tsx'
import { Dialog } from '../design/dialog.tsx'
import { Field } from '../design/field.tsx'
import { ActionRow, RowGroup } from '../design/rows.tsx'
import { useSession } from '../session/context.ts'
import { goTo } from '../shell/routes.ts'
import { useUserSearch } from '../state/find-users.ts'
import { words } from '../words/more.ts'
import { problemText } from '../words/problems.ts'
import { KIND_ICONS, type Kind, KINDS, NewGroup } from './new-group.tsx'

/** The dialog. */
export function NewChat ({ onClose }: { onClose: () => void }) {
  const { newChat } = words.value
  const [kind, setKind] = useState<Kind | null>(null)
  return (
    <Dialog title={kind === null ? newChat.title : newChat.kinds[kind].title} onClose={onClose}>
      {kind === null
        ? <WithSomebody onClose={onClose} onKind={setKind} />
        : <NewGroup kind={kind} onBack={() => setKind(null)} onClose={onClose} />}
    </Dialog>
  )
}

function WithSomebody ({ onClose, onKind }: { onClose: () => void, onKind: (kind: Kind) => void }) {
  const { client } = useSession()
  const { chats } = words.value
  const [search, setSearch] = useState('')
  const [problem, setProblem] = useState<string | null>(null)
  const list = useRef<HTMLUListElement>(null)
  const { found: others, findNow } = useUserSearch(search, (error) => {
    setProblem(error === null ? null : problemText(error))
  })
  const begin = async (user: User) => {
    try {
      const chat = await client.directChat(user.id)
      onClose()
      goTo({ screen: 'chats', chat: chat.id })
    } catch (error) {
      setProblem(problemText(error))
    }
  }
  const choose = async () => {
    const users = await findNow().catch((error: unknown) => {
      setProblem(problemText(error))
      return null
    })
    const same = users?.filter(({ name }) => name.toLocaleLowerCase() === search.trim().toLocaleLowerCase()) ?? []
    const [only] = same
    if (only !== undefined && same.length === 1) await begin(only)
    else if (users?.length === 0) setProblem(chats.nobody)
    else requestAnimationFrame(() => list.current?.querySelector('button')?.focus())
  }
  return (
    <>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void choose()
        }}
      >
        <Field
          label={chats.whoLabel} type='search' autocomplete='off' autoFocus value={search} problem={problem}
          onInput={({ currentTarget }) => setSearch(currentTarget.value)}
        />
      </form>
      <p role='status' class={others === null ? 'quiet' : 'unseen'}>
        {others === null ? chats.searchHint : chats.found(others.length)}
      </p>
      <ul class='people' ref={list}>
        {others?.map((user) => <Somebody key={user.id} user={user} onChoose={() => void begin(user)} />)}
      </ul>
      {others === null && <Kinds onKind={onKind} />}
    </>
  )
}

function Kinds ({ onKind }: { onKind: (kind: Kind) => void }) {
  const { newChat } = words.value
  return (
    <div class='kinds'>
      <RowGroup>
        {KINDS.map((kind) => (
          <ActionRow
            key={kind} icon={KIND_ICONS[kind]} label={newChat.kinds[kind].title} hint={newChat.kinds[kind].lead} isWay
            onClick={() => onKind(kind)}
          />
        ))}
      </RowGroup>
    </div>
  )
}

function Somebody ({ user: { id, name, avatar }, onChoose }: { user: User, onChoose: () => void }) {
  return (
    <li>
      <button type='button' class='person' onClick={onChoose}>
        <Avatar id={id} name={name} picture={avatar} size='l' />
        <span class='cut'>{name}</span>
      </button>
    </li>
  )
}
