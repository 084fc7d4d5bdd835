/** Banning somebody from a chat, perhaps for a time. */
import { useState } from 'preact/hooks'
import { banUser } from '../../../client/moderation/index.ts'
import { Confirm } from '../design/confirm.tsx'
import { RowGroup, SelectRow } from '../design/rows.tsx'
import { TextArea } from '../design/text-area.tsx'
import { showToast } from '../design/toast.tsx'
import { useSession } from '../session/context.ts'
import { words } from '../words/more.ts'

const HOUR_MS = 3_600_000
/** The longest reason that the server takes. */
const MAX_LENGTH = 500
/** How long a ban holds, in hours. */
const HOURS = { hour: 1, day: 24, week: 168, month: 720, forever: null } as const
const DURATIONS = ['hour', 'day', 'week', 'month', 'forever'] as const

/** Properties of {@link BanDialog}. */
export type BanDialogProps = {
  chatId: string
  user: string
  name: string
  /** Called once the user is banned. */
  onBanned?: () => Promise<void> | void
  onClose: () => void
}

/** The dialog. */
export function BanDialog ({ chatId, user, name, onBanned, onClose }: BanDialogProps) {
  const { client } = useSession()
  const { ban } = words.value
  const [reason, setReason] = useState('')
  const [duration, setDuration] = useState<typeof DURATIONS[number]>('forever')
  const confirm = async () => {
    const hours = HOURS[duration]
    const until = hours === null ? null : new Date(Date.now() + hours * HOUR_MS)
    await banUser(client, chatId, { user, reason: reason.trim(), until })
    showToast(ban.done(name))
    await onBanned?.()
  }
  return (
    <Confirm title={ban.title(name)} text={ban.text} action={ban.action} onConfirm={confirm} onClose={onClose}>
      <RowGroup>
        <SelectRow
          label={ban.duration} value={duration} onChange={setDuration}
          options={DURATIONS.map((value) => ({ value, label: ban.durations[value] }))}
        />
      </RowGroup>
      <TextArea label={ban.reason} rows={2} value={reason} maxLength={MAX_LENGTH} onInput={setReason} />
    </Confirm>
  )
}
