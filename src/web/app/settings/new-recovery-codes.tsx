/** Other recovery codes in the place of those that are used up, or known to somebody else. */
import { useState } from 'preact/hooks'
import { renewRecoveryCodes } from '../../../client/management/index.ts'
import { DialogForm } from '../design/dialog-form.tsx'
import { Dialog } from '../design/dialog.tsx'
import { useSession } from '../session/context.ts'
import { words } from '../words/more.ts'
import { BothFactors, NO_FACTORS } from './both-factors.tsx'
import { RecoveryCodes } from './recovery-codes.tsx'

/** Properties of {@link NewRecoveryCodes}. */
export type NewRecoveryCodesProps = {
  /** The former codes are void now. */
  onRenewed: () => void
  onClose: () => void
}

/** The dialog: both factors, then the codes. */
export function NewRecoveryCodes ({ onRenewed, onClose }: NewRecoveryCodesProps) {
  const { client } = useSession()
  const { twoFactor } = words.value
  const [factors, setFactors] = useState(NO_FACTORS)
  const [codes, setCodes] = useState<readonly string[] | null>(null)
  const renew = async () => {
    setCodes(await renewRecoveryCodes(client, factors))
    onRenewed()
  }
  return (
    <Dialog title={codes === null ? twoFactor.renewTitle : twoFactor.codes} isKept={codes !== null} onClose={onClose}>
      {codes !== null
        ? <RecoveryCodes lead={twoFactor.renewed} codes={codes} onClose={onClose} />
        : (
            <DialogForm action={twoFactor.renew} onSubmit={renew} onClose={onClose}>
              <p>{twoFactor.renewText}</p>
              <BothFactors value={factors} onChange={setFactors} />
            </DialogForm>
          )}
    </Dialog>
  )
}
