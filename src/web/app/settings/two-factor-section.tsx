/** Whether signing in takes a code besides the password. */
import { useState } from 'preact/hooks'
import { readTwoFactor, removeTwoFactor } from '../../../client/management/index.ts'
import { Button } from '../design/button.tsx'
import { Confirm } from '../design/confirm.tsx'
import { Loading } from '../design/loading.tsx'
import { RowGroup } from '../design/rows.tsx'
import { showToast } from '../design/toast.tsx'
import { useSession } from '../session/context.ts'
import { lazy } from '../shell/lazy.tsx'
import { useLoaded } from '../state/loaded.ts'
import { words } from '../words/more.ts'
import { BothFactors, NO_FACTORS } from './both-factors.tsx'

const NewCodes = lazy(async () => (await import('./new-recovery-codes.tsx')).NewRecoveryCodes)
const SetUp = lazy(async () => (await import('./two-factor-set-up.tsx')).TwoFactorSetUp)

/** The section. */
export function TwoFactorSection () {
  const { client } = useSession()
  const { twoFactor } = words.value
  const loaded = useLoaded((signal) => readTwoFactor(client, { signal }))
  const [shown, setShown] = useState<'set-up' | 'renew' | 'end' | null>(null)
  const close = () => setShown(null)
  return (
    <RowGroup title={twoFactor.title}>
      <Loading of={loaded}>
        {({ enabled, recovery_codes_left: left }) => (
          <>
            <div class='row'>
              <span class='row-text'>
                <span>{enabled ? twoFactor.isOn : twoFactor.isOff}</span>
                <span class='row-hint'>{twoFactor.lead}</span>
              </span>
              <Button kind='second' onClick={() => setShown(enabled ? 'end' : 'set-up')}>
                {enabled ? twoFactor.turnOff : twoFactor.turnOn}
              </Button>
            </div>
            {enabled && (
              <div class='row'>
                <span class='row-text'>
                  <span>{twoFactor.codesTitle}</span>
                  <span class='row-hint'>{twoFactor.left(left)}</span>
                </span>
                <Button kind='second' onClick={() => setShown('renew')}>{twoFactor.renewRow}</Button>
              </div>
            )}
          </>
        )}
      </Loading>
      {shown === 'set-up' && <SetUp onConfirmed={loaded.reload} onClose={close} />}
      {shown === 'renew' && <NewCodes onRenewed={loaded.reload} onClose={close} />}
      {shown === 'end' && <SwitchOff onDone={loaded.reload} onClose={close} />}
    </RowGroup>
  )
}

function SwitchOff ({ onDone, onClose }: { onDone: () => void, onClose: () => void }) {
  const { client } = useSession()
  const { twoFactor } = words.value
  const [factors, setFactors] = useState(NO_FACTORS)
  const end = async () => {
    await removeTwoFactor(client, factors)
    showToast(twoFactor.isOffNow)
    onDone()
  }
  return (
    <Confirm
      title={twoFactor.offTitle} text={twoFactor.offText} action={twoFactor.turnOff} onConfirm={end} onClose={onClose}
    >
      <BothFactors value={factors} onChange={setFactors} />
    </Confirm>
  )
}
