/** The filters of the search. */
import { useState } from 'preact/hooks'
import { Avatar } from '../design/avatar.tsx'
import { IconButton } from '../design/button.tsx'
import { showProblem } from '../design/toast.tsx'
import { useSession } from '../session/context.ts'
import { chatName } from '../state/chats.ts'
import { useUserSearch } from '../state/find-users.ts'
import { useLive } from '../state/live.ts'
import { words } from '../words/more.ts'
import { NO_FIELDS, type SearchFields } from './fields.ts'
import { countFilters } from './query.ts'
import { searchFields } from './search-state.ts'

function change (fields: Partial<SearchFields>): void {
  searchFields.value = { ...searchFields.value, ...fields }
}

/** The filters. */
export function SearchFilters () {
  const { client } = useSession()
  const { search } = words.value
  const { items } = useLive(client.chats)
  const { chat, after, before, hasFile } = searchFields.value
  const isListed = chat === '' || items.some(({ id }) => id === chat)
  return (
    <div class='search-filters'>
      <label class='field'>
        <span>{search.chat}</span>
        <select class='text-field' value={chat} onChange={({ currentTarget }) => change({ chat: currentTarget.value })}>
          <option value=''>{search.allChats}</option>
          {!isListed && <option value={chat}>{chat}</option>}
          {items.map((info) => <option key={info.id} value={info.id}>{chatName(info)}</option>)}
        </select>
      </label>
      <AuthorFilter />
      <div class='search-days'>
        <label class='field'>
          <span>{search.after}</span>
          <input
            type='date' value={after} max={before === '' ? undefined : before}
            onChange={({ currentTarget }) => change({ after: currentTarget.value })}
          />
        </label>
        <label class='field'>
          <span>{search.before}</span>
          <input
            type='date' value={before} min={after === '' ? undefined : after}
            onChange={({ currentTarget }) => change({ before: currentTarget.value })}
          />
        </label>
      </div>
      <label class='check-row'>
        <input
          type='checkbox' checked={hasFile} onChange={({ currentTarget }) => change({ hasFile: currentTarget.checked })}
        />
        {search.hasFile}
      </label>
      {countFilters(searchFields.value) > 0 && (
        <button
          type='button' class='link-button' onClick={() => change({ ...NO_FIELDS, text: searchFields.value.text })}
        >
          {search.clear}
        </button>
      )}
    </div>
  )
}

/** The author, found by the name. */
function AuthorFilter () {
  const { client, me } = useSession()
  const { search, people } = words.value
  const { from } = searchFields.value
  const [name, setName] = useState('')
  const { found } = useUserSearch(name, (error) => {
    if (error !== null) showProblem(error)
  })
  if (from !== null) {
    return (
      <div class='field'>
        <span class='field-name'>{search.from}</span>
        <span class='chip'>
          <Avatar id={from.id} name={from.name} size='s' />
          <span class='cut'>{from.name}</span>
          <IconButton
            icon='close' size='s' label={search.removeAuthor(from.name)} onClick={() => change({ from: null })}
          />
        </span>
      </div>
    )
  }
  const self = { id: client.user ?? '', name: me.value?.name ?? people.you, avatar: me.value?.avatar ?? null }
  const isSelf = name.trim() !== '' && self.name.toLocaleLowerCase().startsWith(name.trim().toLocaleLowerCase())
  const choose = (user: { id: string, name: string }) => {
    setName('')
    change({ from: { id: user.id, name: user.name } })
  }
  return (
    <div class='field'>
      <label for='search-from'>{search.from}</label>
      <input
        id='search-from' type='search' autocomplete='off' value={name} placeholder={search.anybody}
        onInput={({ currentTarget }) => setName(currentTarget.value)}
      />
      <ul class='people'>
        {[...isSelf ? [self] : [], ...found ?? []].slice(0, 5).map((user) => (
          <li key={user.id}>
            <button type='button' class='person' onClick={() => choose(user)}>
              <Avatar id={user.id} name={user.name} picture={user.avatar} size='s' />
              <span class='cut'>{user.name}</span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  )
}
