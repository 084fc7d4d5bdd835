/** What a chat is, who is in it, and what can be done with it. */
import { useState } from 'preact/hooks'
import type { Chat, ChatInfo } from '../../../client/index.ts'
import { changeOwn } from '../chat-list/chat-entries.ts'
import { Avatar } from '../design/avatar.tsx'
import { Button } from '../design/button.tsx'
import { Icon } from '../design/icon.tsx'
import { ActionRow, RowGroup, SelectRow, SwitchRow } from '../design/rows.tsx'
import { Spinner } from '../design/spinner.tsx'
import { shownDialog } from '../extras/dialogs.ts'
import { useSession } from '../session/context.ts'
import type { PanelProps } from '../shell/panels.tsx'
import { addressOf, showPanel } from '../shell/routes.ts'
import { chatName, may } from '../state/chats.ts'
import { useChatType } from '../state/chat-types.ts'
import { copyWithToast, linkTo } from '../state/clipboard.ts'
import { useLive } from '../state/live.ts'
import { words } from '../words/more.ts'
import { AddPeople } from './add-people.tsx'
import { BlockRow } from './block-row.tsx'
import { DeleteChat } from './delete-chat.tsx'
import { EditChat } from './edit-chat.tsx'
import { JoinButton } from './join-bar.tsx'
import { LeaveChat } from './leave-chat.tsx'
import { otherOf } from './members.ts'
import { PanelHead } from './panel-head.tsx'
import { PresenceText } from './presence-text.tsx'
import { isModerated } from './rights.ts'

type Asked = 'edit' | 'add' | 'leave' | 'delete'

/** The panel. */
export function DetailsPanel ({ chatId }: PanelProps) {
  const chat = useSession().client.chat(chatId)
  const { info } = useLive(chat.state)
  return (
    <>
      <PanelHead title={words.value.details.title} />
      {info === null ? <div class='centred'><Spinner /></div> : <Details chat={chat} info={info} />}
    </>
  )
}

function Details ({ chat, info }: { chat: Chat, info: ChatInfo }) {
  const [asked, setAsked] = useState<Asked | null>(null)
  const close = () => setAsked(null)
  const isDirect = info.type === 'direct'
  return (
    <div class='panel-body'>
      <Portrait chat={chat} info={info} onEdit={() => setAsked('edit')} />
      {info.me?.role == null ? <JoinButton info={info} /> : <OwnSettings info={info} />}
      {!isDirect && <Ways info={info} onAdd={() => setAsked('add')} />}
      {isDirect && (
        <RowGroup><PinsRow /></RowGroup>
      )}
      {info.me?.role != null && (
        <RowGroup>
          {isDirect && <BlockRow chat={chat} info={info} />}
          {isDirect && <ReportRow chat={chat} />}
          <ActionRow
            icon='signOut' isDangerous label={words.value.details.leave} onClick={() => setAsked('leave')}
          />
          {may(info, 'delete_chat') && (
            <ActionRow
              icon='trash' isDangerous label={words.value.details.remove} onClick={() => setAsked('delete')}
            />
          )}
        </RowGroup>
      )}
      {asked === 'edit' && <EditChat info={info} onClose={close} />}
      {asked === 'add' && <AddPeople chat={chat} onClose={close} />}
      {asked === 'leave' && <LeaveChat chat={chat} info={info} onClose={close} />}
      {asked === 'delete' && <DeleteChat info={info} onClose={close} />}
    </div>
  )
}

function ReportRow ({ chat }: { chat: Chat }) {
  const { client } = useSession()
  const other = otherOf(useLive(chat.members).items, client.user)
  if (other === null) return null
  const ask = () => {
    shownDialog.value = { kind: 'report', target: { user: other }, user: other }
  }
  return <ActionRow icon='flag' isDangerous label={words.value.report.entry} onClick={ask} />
}

function Portrait ({ chat, info, onEdit }: { chat: Chat, info: ChatInfo, onEdit: () => void }) {
  const { client } = useSession()
  const { details, people } = words.value
  const name = chatName(info)
  const isDirect = info.type === 'direct'
  const other = otherOf(useLive(chat.members).items, client.user)
  const kind = new Map<string, string>(Object.entries(details.types)).get(info.type) ?? details.otherType
  const canEdit = may(info, 'update_chat') && !isDirect
  return (
    <div class='portrait'>
      <Avatar id={info.id} name={name} picture={info.avatar} size='xl' />
      <p class='portrait-name' dir='auto'>{name}</p>
      <p class='quiet'>
        {isDirect && other !== null
          ? <PresenceText user={other} />
          : <>{kind}{!isDirect && ` · ${people.members(info.member_count)}`}</>}
      </p>
      {info.frozen_at !== null && <p class='tag'><Icon name='snow' class='small' />{details.frozen}</p>}
      {info.description !== null && <p class='portrait-text' dir='auto'>{info.description}</p>}
      {info.description === null && canEdit && <p class='quiet'>{details.noDescription}</p>}
      {canEdit && <Button kind='plain' icon='edit' onClick={onEdit}>{details.edit}</Button>}
    </div>
  )
}

function OwnSettings ({ info }: { info: ChatInfo }) {
  const session = useSession()
  const { details } = words.value
  const { id, me } = info
  if (me === null) return null
  return (
    <RowGroup>
      <SwitchRow
        icon='bellOff' label={details.mute} hint={details.muteHint} isOn={me.muted}
        onChange={(muted) => void changeOwn(session, id, { muted })}
      />
      <SelectRow
        icon='bell' label={details.notifications} value={me.notifications}
        options={(['all', 'mentions', 'none'] as const).map((value) => ({ value, label: details.notify[value] }))}
        onChange={(notifications) => void changeOwn(session, id, { notifications })}
      />
      <SwitchRow
        icon='pin' label={details.pin} isOn={me.pinned} onChange={(pinned) => void changeOwn(session, id, { pinned })}
      />
      <SwitchRow
        icon='archive' label={details.archive} isOn={me.archived}
        onChange={(archived) => void changeOwn(session, id, { archived })}
      />
    </RowGroup>
  )
}

function Ways ({ info, onAdd }: { info: ChatInfo, onAdd: () => void }) {
  const { details } = words.value
  const isPublic = useChatType(info.type)?.visibility === 'public'
  const canAdd = may(info, 'add_members')
  const copyLink = () =>
    void copyWithToast(linkTo(addressOf({ screen: 'chats', chat: info.id })), details.linkCopied)
  return (
    <RowGroup>
      <ActionRow
        icon='group' label={details.members} value={String(info.member_count)} isWay
        onClick={() => showPanel({ name: 'members' })}
      />
      {canAdd && <ActionRow icon='userPlus' label={details.addPeople} onClick={onAdd} />}
      {canAdd && (
        <ActionRow icon='link' label={details.invites} isWay onClick={() => showPanel({ name: 'invites' })} />
      )}
      {isPublic && <ActionRow icon='copy' label={details.copyLink} onClick={copyLink} />}
      <PinsRow />
      {isModerated(info) && (
        <ActionRow icon='shield' label={details.moderation} isWay onClick={() => showPanel({ name: 'moderation' })} />
      )}
    </RowGroup>
  )
}

function PinsRow () {
  return (
    <ActionRow icon='pin' label={words.value.details.pins} isWay onClick={() => showPanel({ name: 'pins' })} />
  )
}
