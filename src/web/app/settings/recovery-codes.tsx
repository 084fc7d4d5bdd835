/** Recovery codes, which are shown once. */
import { Button } from '../design/button.tsx'
import { copyWithToast } from '../state/clipboard.ts'
import { words } from '../words/more.ts'

const FILE_NAME = 'confab-recovery-codes.txt'

/** Properties of {@link RecoveryCodes}. */
export type RecoveryCodesProps = {
  /** What they are for. */
  lead: string
  codes: readonly string[]
  onClose: () => void
}

/** The codes, to be copied or kept as a file. */
export function RecoveryCodes ({ lead, codes, onClose }: RecoveryCodesProps) {
  const { twoFactor } = words.value
  const text = `${codes.join('\n')}\n`
  return (
    <div class='stack'>
      <p role='status'>{lead}</p>
      <ul class='secret-text'>
        {codes.map((code) => <li key={code}><code>{code}</code></li>)}
      </ul>
      <div class='dialog-actions'>
        <Button kind='second' icon='copy' onClick={() => void copyWithToast(text, twoFactor.codesCopied)}>
          {twoFactor.copyCodes}
        </Button>
        <a class='button second' href={`data:text/plain,${encodeURIComponent(text)}`} download={FILE_NAME}>
          {twoFactor.download}
        </a>
        <Button onClick={onClose}>{twoFactor.done}</Button>
      </div>
    </div>
  )
}
