/** The quick switcher: goes to a chat or a person by a part of the name. */
import { useEffect, useId, useRef, useState } from 'preact/hooks'
import { Avatar } from '../design/avatar.tsx'
import { Badge } from '../design/badge.tsx'
import { Dialog } from '../design/dialog.tsx'
import { showProblem } from '../design/toast.tsx'
import { focusComposer } from '../extras/focus.ts'
import { useSession } from '../session/context.ts'
import { goTo, openChat } from '../shell/routes.ts'
import { useUserSearch } from '../state/find-users.ts'
import { useLive } from '../state/live.ts'
import { words } from '../words/more.ts'
import { problemText } from '../words/problems.ts'
import { type Option, optionsOf } from './options.ts'

/** Properties of {@link Switcher}. */
export type SwitcherProps = {
  title?: string
  hint?: string
  onClose: () => void
  /** Called with the chat before it is opened. */
  onChosen?: (chat: string) => void
}

/** The dialog. */
export function Switcher ({ title, hint, onClose, onChosen }: SwitcherProps) {
  const { client } = useSession()
  const { switcher } = words.value
  const { items } = useLive(client.chats)
  const [query, setQuery] = useState('')
  const [problem, setProblem] = useState<unknown>(null)
  const { found } = useUserSearch(query, setProblem)
  const [active, setActive] = useState(0)
  const options = optionsOf(items, found ?? [], { query, open: openChat.value })
  const chosen = Math.min(active, options.length - 1)
  const id = useId()
  const choose = async (option: Option | undefined) => {
    if (option === undefined) return
    try {
      const chat = option.kind === 'chat' ? option.id : (await client.directChat(option.id)).id
      onClose()
      onChosen?.(chat)
      goTo({ screen: 'chats', chat })
      focusComposer()
    } catch (error) {
      showProblem(error)
    }
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (event.isComposing || (step === undefined && event.key !== 'Enter')) return
    event.preventDefault()
    if (step === undefined) void choose(options[chosen])
    else if (options.length > 0) setActive((chosen + step + options.length) % options.length)
  }
  return (
    <Dialog title={title ?? switcher.title} onClose={onClose}>
      <input
        type='search' class='text-field switcher-field' autoFocus autocomplete='off' spellcheck={false} role='combobox'
        aria-label={switcher.label} placeholder={switcher.label} aria-expanded={options.length > 0}
        list={undefined} aria-autocomplete='list' aria-controls={`${id}-list`} value={query} onKeyDown={onKeyDown}
        aria-activedescendant={chosen < 0 ? undefined : `${id}-${String(chosen)}`}
        onInput={({ currentTarget }) => {
          setQuery(currentTarget.value)
          setActive(0)
        }}
      />
      <p class='field-hint'>{hint ?? switcher.hint}</p>
      {/* Typing must not be spoken over: only the end of a search that found nothing is. */}
      <p role='status' class={options.length === 0 ? 'quiet switcher-empty' : 'unseen'}>
        {options.length === 0 ? (problem === null ? switcher.nothing : problemText(problem)) : ''}
      </p>
      <ul class='switcher-list' role='listbox' id={`${id}-list`} aria-label={switcher.results}>
        {options.map((option, index) => (
          <OptionRow
            key={`${option.kind} ${option.id}`} id={`${id}-${String(index)}`} option={option}
            isChosen={index === chosen} onChoose={() => void choose(option)}
          />
        ))}
      </ul>
    </Dialog>
  )
}

type OptionRowProps = { id: string, option: Option, isChosen: boolean, onChoose: () => void }

function OptionRow ({ id, option, isChosen, onChoose }: OptionRowProps) {
  const { switcher } = words.value
  const row = useRef<HTMLLIElement>(null)
  useEffect(() => {
    if (isChosen) row.current?.scrollIntoView({ block: 'nearest' })
  }, [isChosen])
  const picture = option.kind === 'chat' ? option.chat.avatar : option.user.avatar
  return (
    <li ref={row} id={id} role='option' aria-selected={isChosen} class='switcher-option' onClick={onChoose}>
      <Avatar id={option.id} name={option.name} picture={picture} size='s' />
      <span class='grow cut' dir='auto'>{option.name}</span>
      {option.kind === 'chat'
        ? <Badge count={option.chat.unread} hasMore={option.chat.unread_more ?? false} />
        : <span class='quiet'>{switcher.person}</span>}
    </li>
  )
}
