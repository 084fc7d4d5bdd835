/** Keeping order in a chat: freezing it, reports, bans, and deleting messages of others. */
import { useState } from 'preact/hooks'
import type { Chat, ChatInfo, ListedMessage } from '../../../client/index.ts'
import { freezeChat } from '../../../client/management/index.ts'
import { Button } from '../design/button.tsx'
import { Confirm } from '../design/confirm.tsx'
import { EmptyState } from '../design/empty-state.tsx'
import { ActionRow, RowGroup, SwitchRow } from '../design/rows.tsx'
import { Spinner } from '../design/spinner.tsx'
import { showProblem, showToast } from '../design/toast.tsx'
import { BanList } from '../moderation/ban-list.tsx'
import { ReportList } from '../moderation/report-list.tsx'
import { useSession } from '../session/context.ts'
import type { PanelProps } from '../shell/panels.tsx'
import { showPanel } from '../shell/routes.ts'
import { may } from '../state/chats.ts'
import { contentWord } from '../state/contents.ts'
import { useLive } from '../state/live.ts'
import { useName } from '../state/people.ts'
import { plainText } from '../timeline/plain-text.ts'
import { shortTime } from '../words/dates.ts'
import { words } from '../words/more.ts'
import { PanelHead } from './panel-head.tsx'

/** Older ones are deleted where they are read. */
const MAX_SHOWN = 100

/** The panel. */
export function ModerationPanel ({ chatId }: PanelProps) {
  const chat = useSession().client.chat(chatId)
  const { info } = useLive(chat.state)
  const { moderation } = words.value
  return (
    <>
      <PanelHead title={moderation.title} isPart />
      {info === null
        ? <div class='centred'><Spinner /></div>
        : (
            <div class='panel-body'>
              <RowGroup>
                {may(info, 'moderate') && <FreezeRow info={info} />}
                {may(info, 'remove_members') && (
                  <ActionRow
                    icon='group' label={moderation.removeMembers} isWay onClick={() => showPanel({ name: 'members' })}
                  />
                )}
              </RowGroup>
              {may(info, 'moderate') && <ReportList chatId={chatId} />}
              {may(info, 'moderate') && <BanList chatId={chatId} />}
              {may(info, 'delete_any') && <MessagesOfOthers chat={chat} />}
            </div>
          )}
    </>
  )
}

function FreezeRow ({ info }: { info: ChatInfo }) {
  const { client } = useSession()
  const { moderation } = words.value
  const [isAsking, setAsking] = useState(false)
  const freeze = async (isFrozen: boolean) => {
    client.chat(info.id).load(await freezeChat(client, info.id, { isFrozen }))
    const act = () => void freeze(false).catch(showProblem)
    if (isFrozen) showToast(moderation.frozenNow, { action: { label: words.value.undo, act } })
    else showToast(moderation.thawedNow)
  }
  return (
    <>
      <SwitchRow
        icon='snow' label={moderation.freeze} hint={moderation.freezeHint} isOn={info.frozen_at !== null || isAsking}
        onChange={(isOn) => isOn ? setAsking(true) : void freeze(false).catch(showProblem)}
      />
      {isAsking && (
        <Confirm
          title={moderation.freezeTitle} text={moderation.freezeHint} action={moderation.freezeAction}
          onConfirm={async () => freeze(true)} onClose={() => setAsking(false)}
        />
      )}
    </>
  )
}

function MessagesOfOthers ({ chat }: { chat: Chat }) {
  const { client } = useSession()
  const { moderation } = words.value
  const { items, isLoading } = useLive(chat.messages)
  const [chosen, setChosen] = useState<ReadonlySet<number>>(new Set())
  const [isAsking, setAsking] = useState(false)
  const shown = items.filter((message) => isOfOther(message, client.user)).slice(-MAX_SHOWN).reverse()
  const seqs = shown.flatMap(({ seq }) => seq !== null && chosen.has(seq) ? seq : [])
  const toggle = (seq: number) =>
    setChosen((before) => new Set(before.has(seq) ? [...before].filter((one) => one !== seq) : [...before, seq]))
  const remove = async () => {
    for (const seq of seqs) await chat.delete(seq)
    setChosen(new Set())
    showToast(moderation.removed(seqs.length))
  }
  if (shown.length === 0 && isLoading) return <div class='centred'><Spinner /></div>
  if (shown.length === 0) return <EmptyState icon='thread' title={moderation.noMessages} />
  return (
    <>
      <RowGroup title={moderation.messages}>
        <ul class='judged-list'>
          {shown.map((message) => (
            <Judged
              key={message.seq} message={message} isChosen={message.seq !== null && chosen.has(message.seq)}
              onToggle={toggle}
            />
          ))}
        </ul>
      </RowGroup>
      {seqs.length > 0 && (
        <div class='panel-foot'>
          <Button kind='danger' icon='trash' onClick={() => setAsking(true)}>{moderation.remove(seqs.length)}</Button>
        </div>
      )}
      {isAsking && (
        <Confirm
          title={moderation.removeTitle(seqs.length)} text={moderation.removeText} action={moderation.removeAction}
          onConfirm={remove} onClose={() => setAsking(false)}
        />
      )}
    </>
  )
}

function isOfOther ({ seq, author, deleted_at: deletedAt }: ListedMessage, me: string | null): boolean {
  return seq !== null && author !== me && deletedAt === null
}

type JudgedProps = { message: ListedMessage, isChosen: boolean, onToggle: (seq: number) => void }

function Judged ({ message, isChosen, onToggle }: JudgedProps) {
  const { seq, author, text, created_at: at } = message
  const { moderation } = words.value
  const name = useName(author)
  const shown = text === '' ? contentWord(message) : plainText(text)
  if (seq === null) return null
  return (
    <li>
      <label class='judged'>
        <input
          type='checkbox' checked={isChosen} aria-label={moderation.select(name, shown)} onChange={() => onToggle(seq)}
        />
        <span class='member-text'>
          <span class='judged-head'>
            <span class='member-name cut'>{name}</span><time class='quiet' dateTime={at}>{shortTime(at)}</time>
          </span>
          <span class='judged-text' dir='auto'>{shown}</span>
        </span>
      </label>
    </li>
  )
}
