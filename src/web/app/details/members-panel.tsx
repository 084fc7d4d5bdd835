/** The members of a chat: found by name, with their roles, and what can be done with them. */
import { useState } from 'preact/hooks'
import type { Chat, ChatInfo, Member } from '../../../client/index.ts'
import { IconButton } from '../design/button.tsx'
import { EmptyState } from '../design/empty-state.tsx'
import { Icon } from '../design/icon.tsx'
import { Spinner } from '../design/spinner.tsx'
import { VirtualRows } from '../design/virtual-rows.tsx'
import { useSession } from '../session/context.ts'
import type { PanelProps } from '../shell/panels.tsx'
import { may } from '../state/chats.ts'
import { useChatType } from '../state/chat-types.ts'
import { useLive } from '../state/live.ts'
import { byRole } from '../state/roles.ts'
import { words } from '../words/more.ts'
import { problemText } from '../words/problems.ts'
import { AddPeople } from './add-people.tsx'
import { MemberRow } from './member-row.tsx'
import { PanelHead } from './panel-head.tsx'
import { useFoundMembers } from './use-found-members.ts'
import { useMemberActions } from './use-member-actions.tsx'

/** The height of a row, in `rem`. */
const ROW_HEIGHT = 3.75

/** The panel. */
export function MembersPanel ({ chatId }: PanelProps) {
  const chat = useSession().client.chat(chatId)
  const { info } = useLive(chat.state)
  const [isAdding, setAdding] = useState(false)
  const { details, people } = words.value
  return (
    <>
      <PanelHead title={info === null ? details.members : people.members(info.member_count)} isPart>
        {may(info, 'add_members') && info?.type !== 'direct' && (
          <IconButton icon='userPlus' label={details.addPeople} onClick={() => setAdding(true)} />
        )}
      </PanelHead>
      {info === null ? <div class='centred'><Spinner /></div> : <MemberSearch chat={chat} info={info} />}
      {isAdding && <AddPeople chat={chat} onClose={() => setAdding(false)} />}
    </>
  )
}

function MemberSearch ({ chat, info }: { chat: Chat, info: ChatInfo }) {
  const { members } = words.value
  const [search, setSearch] = useState('')
  const type = useChatType(info.type)
  const { apply, entriesOf, dialog } = useMemberActions(chat, info)
  const { items, isSearching, hasMore, isLoading, problem, loadMore } = useFoundMembers(chat, search)
  const present = apply(items)
  // Later pages go behind the first one: what is in sight stays where it is.
  const shown = type === null || hasMore ? present : byRole(type, present)
  return (
    <>
      <div class='chat-filter'>
        <Icon name='search' />
        <input
          type='search' class='text-field' aria-label={members.find} placeholder={members.find} value={search}
          onInput={({ currentTarget }) => setSearch(currentTarget.value)}
        />
      </div>
      {isSearching && <p class='search-note quiet' role='status'>{members.searching}</p>}
      {shown.length === 0
        ? <NoMembers isLoading={isLoading || isSearching} problem={problem} />
        : (
            <VirtualRows<Member>
              items={shown} rowHeight={ROW_HEIGHT} keyOf={keyOf} label={members.list}
              render={(member) => <MemberRow member={member} entries={(name) => entriesOf(member, name)} />}
              onNearEnd={hasMore ? loadMore : undefined}
            />
          )}
      {dialog}
    </>
  )
}

function NoMembers ({ isLoading, problem }: { isLoading: boolean, problem: unknown }) {
  if (problem !== null) return <EmptyState icon='warning' title={problemText(problem)} />
  if (isLoading) return <div class='centred'><Spinner /></div>
  return <EmptyState icon='search' title={words.value.members.nobody} />
}

function keyOf ({ user, joined_at: joinedAt }: Member): string {
  return user ?? String(joinedAt)
}
