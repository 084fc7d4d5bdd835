/** Choosing people: those who are chosen as chips, and others found by their names. */
import { useRef, useState } from 'preact/hooks'
import type { User } from '../../../client/index.ts'
import { Avatar } from '../design/avatar.tsx'
import { Field } from '../design/field.tsx'
import { Icon } from '../design/icon.tsx'
import { announce } from '../design/toast.tsx'
import { useUserSearch } from '../state/find-users.ts'
import { words } from '../words/more.ts'
import { problemText } from '../words/problems.ts'

/** Properties of {@link PeoplePicker}. */
export type PeoplePickerProps = {
  label: string
  chosen: readonly User[]
  onChange: (chosen: readonly User[]) => void
  /** Users who cannot be chosen, since they are in the chat. */
  taken?: ReadonlySet<string>
  autoFocus?: boolean
}

const NOBODY: ReadonlySet<string> = new Set()

/** The field with its chips, and below it who was found. */
export function PeoplePicker ({ label, chosen, onChange, taken = NOBODY, autoFocus = false }: PeoplePickerProps) {
  const { chats, members } = words.value
  const place = useRef<HTMLDivElement>(null)
  const [search, setSearch] = useState('')
  const [problem, setProblem] = useState<string | null>(null)
  const { found, findNow } = useUserSearch(search, (error) => setProblem(error === null ? null : problemText(error)))
  const focusField = () => place.current?.querySelector('input')?.focus()
  const takeOut = (user: User) => {
    onChange(chosen.filter(({ id }) => id !== user.id))
    focusField()
  }
  const toggle = (user: User) => {
    if (chosen.some(({ id }) => id === user.id)) {
      takeOut(user)
      return
    }
    onChange([...chosen, user])
    announce(`${members.chosen}: ${user.name}`)
    setSearch('')
    focusField()
  }
  const chooseFirst = async () => {
    const [first] = (await findNow()).filter(({ id }) => !taken.has(id) && !chosen.some((one) => one.id === id))
    if (first === undefined) setProblem(chats.nobody)
    else toggle(first)
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Backspace' && search === '') onChange(chosen.slice(0, -1))
    if (event.key !== 'Enter' || search.trim() === '') return
    // The form around it is not complete yet.
    event.preventDefault()
    chooseFirst().catch((error: unknown) => setProblem(problemText(error)))
  }
  return (
    <div class='picker' ref={place}>
      <Chips chosen={chosen} onTakeOut={takeOut} />
      <div onKeyDown={onKeyDown}>
        <Field
          label={label} type='search' autocomplete='off' autoFocus={autoFocus} value={search} problem={problem}
          placeholder={chats.searchHint} onInput={({ currentTarget }) => setSearch(currentTarget.value)}
        />
      </div>
      <p role='status' class='unseen'>{found === null ? '' : chats.found(found.length)}</p>
      {found !== null && found.length === 0 && problem === null && <p class='quiet'>{chats.nobody}</p>}
      <ul class='people'>
        {found?.map((user) => (
          <Found
            key={user.id} user={user} isChosen={chosen.some(({ id }) => id === user.id)} isTaken={taken.has(user.id)}
            onChoose={toggle}
          />
        ))}
      </ul>
    </div>
  )
}

type FoundProps = { user: User, isChosen: boolean, isTaken: boolean, onChoose: (user: User) => void }

function Found ({ user, isChosen, isTaken, onChoose }: FoundProps) {
  return (
    <li>
      <button
        type='button' class='person' aria-pressed={isChosen} disabled={isTaken} onClick={() => onChoose(user)}
      >
        <Avatar id={user.id} name={user.name} picture={user.avatar} size='l' />
        <span class='cut person-name'>{user.name}</span>
        {isTaken && <span class='quiet person-note'>{words.value.members.isMember}</span>}
        {isChosen && <Icon name='check' class='small' />}
      </button>
    </li>
  )
}

/** Properties of {@link Chips}. */
export type ChipsProps = { chosen: readonly User[], onTakeOut: (user: User) => void }

/** Who is chosen. */
export function Chips ({ chosen, onTakeOut }: ChipsProps) {
  const { members } = words.value
  if (chosen.length === 0) return null
  return (
    <ul class='chips' aria-label={members.chosen}>
      {chosen.map((user) => (
        <li key={user.id}>
          <button
            type='button' class='chip' aria-label={members.takeOut(user.name)} title={members.takeOut(user.name)}
            onClick={() => onTakeOut(user)}
          >
            <Avatar id={user.id} name={user.name} picture={user.avatar} size='s' />
            <span class='cut'>{user.name}</span>
            <Icon name='close' class='small' />
          </button>
        </li>
      ))}
    </ul>
  )
}
