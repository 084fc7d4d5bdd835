/** A report: what is reported, and what can be done about it. */
import { useState } from 'preact/hooks'
import type { ChatInfo } from '../../../client/index.ts'
import { removeMember } from '../../../client/management/index.ts'
import { decideReport, type Report, type ReportStatus } from '../../../client/moderation/index.ts'
import { Avatar } from '../design/avatar.tsx'
import { Button } from '../design/button.tsx'
import { Confirm } from '../design/confirm.tsx'
import { Menu, type MenuEntry } from '../design/menu.tsx'
import { showProblem, showToast } from '../design/toast.tsx'
import { useSession } from '../session/context.ts'
import { goTo } from '../shell/routes.ts'
import { useChatInfo } from '../state/chat-info.ts'
import { chatName, may } from '../state/chats.ts'
import { contentWord } from '../state/contents.ts'
import { nameOf, useName, useUser } from '../state/people.ts'
import { plainText } from '../timeline/plain-text.ts'
import { fullTime, shortTime } from '../words/dates.ts'
import { words } from '../words/more.ts'
import { BanDialog } from './ban-dialog.tsx'

/** The rest is in the chat. */
const MAX_SHOWN = 500

/** Properties of {@link ReportCard}. */
export type ReportCardProps = {
  report: Report
  /** Whether the chat is named. */
  hasChat: boolean
  /** Shows another state of the report; null takes it out of the list. */
  replace: (report: Report, next: Report | null) => void
  reload: () => void
}

type Asked = 'remove' | 'ban' | null

/** The card. */
export function ReportCard (props: ReportCardProps) {
  const { report, hasChat } = props
  const { report: texts, reports } = words.value
  const { chat, user, reporter, reason, text, created_at: at } = report
  const profile = useUser(user)
  const [name, from] = [nameOf(user, profile), useName(reporter)]
  return (
    <li class='pin-card'>
      <div class='pin-head'>
        <Avatar id={user ?? ''} name={name} picture={profile?.avatar ?? null} size='s' />
        <span class='member-name cut' dir='auto'>{name}</span>
        <time class='quiet pin-time' dateTime={at} title={fullTime(at)}>{shortTime(at)}</time>
      </div>
      <p class='tag'>{texts.reasons[reason]}</p>
      {hasChat && chat !== null && <ChatName chatId={chat} />}
      <Reported report={report} />
      <p class='quiet report-facts' dir='auto'>{reports.by(from)}{text !== '' && `: ${text}`}</p>
      {report.decided_at !== null && <Decision report={report} at={report.decided_at} />}
      <Actions {...props} name={name} />
    </li>
  )
}

function ChatName ({ chatId }: { chatId: string }) {
  const info = useChatInfo(chatId)
  return <p class='quiet report-facts cut' dir='auto'>{info === null ? chatId : chatName(info)}</p>
}

function Reported ({ report: { seq, message } }: { report: Report }) {
  const { reports } = words.value
  if (seq === null) return <p class='quiet report-facts'>{reports.aboutUser}</p>
  if (message === null) return <p class='quiet report-facts'>{reports.gone}</p>
  if (message.text === undefined) return <p class='quiet report-facts'>{reports.deleted}</p>
  const shown = message.text === '' ? contentWord(message) : plainText(message.text, MAX_SHOWN)
  return <blockquote class='report-quote' dir='auto'>{shown}</blockquote>
}

function Decision ({ report, at }: { report: Report, at: string }) {
  const { reports } = words.value
  const { decided_by: by, note } = report
  const judge = useName(by?.user ?? null)
  const decided = by?.user === undefined ? reports.decidedByKey(shortTime(at)) : reports.decided(judge, shortTime(at))
  return <p class='quiet report-facts' dir='auto'>{decided}{note !== '' && `: ${note}`}</p>
}

function Actions ({ report, name, replace, reload }: ReportCardProps & { name: string }) {
  const { client } = useSession()
  const { reports, members } = words.value
  const [asked, setAsked] = useState<Asked>(null)
  const { chat, seq, user, status } = report
  const decide = async (next: ReportStatus) => {
    replace(report, null)
    try {
      const { version } = await decideReport(client, report.id, { status: next, version: report.version })
      const act = () => {
        decideReport(client, report.id, { status, version }).then(reload, showProblem)
      }
      showToast(next === 'dismissed' ? reports.dismissedNow : reports.resolvedNow, {
        action: { label: words.value.undo, act }
      })
    } catch (error) {
      showProblem(error)
    }
    // The list may have been read since, before the decision was made.
    reload()
  }
  const info = useChatInfo(chat)
  const entries = entriesOf({ report, info, me: client.user }, {
    decide,
    ask: setAsked,
    deleteMessage: (chat, seq) => {
      client.chat(chat).delete(seq).then(async () => decide('resolved'), showProblem)
    }
  })
  return (
    <>
      <div class='pin-actions report-actions'>
        {chat !== null && info !== null && (
          <Button kind='plain' onClick={() => goTo({ screen: 'chats', chat, ...(seq !== null && { at: seq }) })}>
            {seq === null ? reports.showChat : reports.show}
          </Button>
        )}
        {status === 'open'
          ? <Button kind='plain' onClick={() => void decide('dismissed')}>{reports.dismiss}</Button>
          : <Button kind='plain' onClick={() => void decide('open')}>{reports.reopen}</Button>}
        {entries.length > 0 && <Menu icon='more' size='s' label={reports.actions(name)} entries={() => entries} />}
      </div>
      {asked === 'remove' && chat !== null && user !== null && (
        <Confirm
          title={members.removeTitle(name)} text={members.removeText} action={members.removeAction}
          onConfirm={async () => {
            await removeMember(client, chat, { user })
            await decide('resolved')
          }}
          onClose={() => setAsked(null)}
        />
      )}
      {asked === 'ban' && chat !== null && user !== null && (
        <BanDialog
          chatId={chat} user={user} name={name} onBanned={async () => decide('resolved')} onClose={() => setAsked(null)}
        />
      )}
    </>
  )
}

type Acts = {
  decide: (next: ReportStatus) => Promise<void>
  ask: (asked: Asked) => void
  deleteMessage: (chat: string, seq: number) => void
}

type Judged = { report: Report, info: ChatInfo | null, me: string | null }

/** What the rights of the user in the chat allow; the server knows whom. */
function entriesOf ({ report, info, me }: Judged, { decide, ask, deleteMessage }: Acts): MenuEntry[] {
  const { reports, members, ban } = words.value
  const { chat, seq, message, user, status } = report
  if (status !== 'open') return []
  const isOther = user !== null && user !== me
  const entries: (MenuEntry | false)[] = [
    { icon: 'check', label: reports.resolve, act: () => void decide('resolved') },
    chat !== null && seq !== null && message?.text !== undefined && may(info, 'delete_any') && {
      icon: 'trash', label: reports.deleteMessage, isDangerous: true, act: () => deleteMessage(chat, seq)
    },
    isOther && may(info, 'remove_members') && {
      icon: 'signOut', label: members.remove, isDangerous: true, act: () => ask('remove')
    },
    isOther && may(info, 'moderate') && {
      icon: 'block', label: ban.entry, isDangerous: true, act: () => ask('ban')
    }
  ]
  return entries.filter((entry) => entry !== false)
}
