/** Reporting a message or a person to those who keep order. */
import { useState } from 'preact/hooks'
import { report, REPORT_REASONS, type ReportReason, type ReportTarget } from '../../../client/moderation/index.ts'
import { Confirm } from '../design/confirm.tsx'
import { RowGroup, SelectRow } from '../design/rows.tsx'
import { TextArea } from '../design/text-area.tsx'
import { showToast } from '../design/toast.tsx'
import { useSession } from '../session/context.ts'
import { useName } from '../state/people.ts'
import { words } from '../words/more.ts'

/** The longest text that the server takes. */
const MAX_LENGTH = 1_000

/** Properties of {@link ReportDialog}. `user` is the person, or the author of the message. */
export type ReportDialogProps = { target: ReportTarget, user: string | null, onClose: () => void }

/** The dialog. */
export function ReportDialog ({ target, user, onClose }: ReportDialogProps) {
  const { client } = useSession()
  const { report: texts } = words.value
  const name = useName(user)
  const [reason, setReason] = useState<ReportReason>('spam')
  const [text, setText] = useState('')
  const send = async () => {
    await report(client, { ...target, reason, text: text.trim() })
    showToast(texts.sent)
  }
  return (
    <Confirm
      title={'seq' in target ? texts.messageTitle(name) : texts.userTitle(name)} text={texts.lead} action={texts.send}
      isDangerous={false} onConfirm={send} onClose={onClose}
    >
      <RowGroup>
        <SelectRow
          label={texts.reason} value={reason} onChange={setReason}
          options={REPORT_REASONS.map((value) => ({ value, label: texts.reasons[value] }))}
        />
      </RowGroup>
      <TextArea label={texts.text} value={text} maxLength={MAX_LENGTH} onInput={setText} />
    </Confirm>
  )
}
