/** Setting up two-factor sign-in: the password, the secret for the app, and the recovery codes. */
import { useState } from 'preact/hooks'
import { beginTwoFactor, confirmTwoFactor, type TwoFactorSecret } from '../../../client/management/index.ts'
import { Button } from '../design/button.tsx'
import { DialogForm } from '../design/dialog-form.tsx'
import { Dialog } from '../design/dialog.tsx'
import { Field } from '../design/field.tsx'
import { useSession } from '../session/context.ts'
import { copyWithToast } from '../state/clipboard.ts'
import { words } from '../words/more.ts'
import { QrCode } from './qr-code.tsx'
import { RecoveryCodes } from './recovery-codes.tsx'

const GROUPS = /.{4}(?=.)/g

/** Properties of {@link TwoFactorSetUp}. */
export type TwoFactorSetUpProps = {
  /** It is on now. */
  onConfirmed: () => void
  onClose: () => void
}

/** The dialog: a step after the other. */
export function TwoFactorSetUp ({ onConfirmed, onClose }: TwoFactorSetUpProps) {
  const { client } = useSession()
  const { twoFactor } = words.value
  const [secret, setSecret] = useState<TwoFactorSecret | null>(null)
  const [codes, setCodes] = useState<readonly string[] | null>(null)
  return (
    <Dialog title={codes === null ? twoFactor.setUp : twoFactor.codes} isKept={codes !== null} onClose={onClose}>
      {codes !== null
        ? <RecoveryCodes lead={twoFactor.codesLead} codes={codes} onClose={onClose} />
        : secret !== null
          ? (
              <AppStep
                secret={secret} onClose={onClose} onCode={async (code) => {
                  setCodes(await confirmTwoFactor(client, { code }))
                  onConfirmed()
                }}
              />
            )
          : (
              <PasswordStep
                onClose={onClose}
                onPassword={async (password) => setSecret(await beginTwoFactor(client, { password }))}
              />
            )}
    </Dialog>
  )
}

function PasswordStep (
  { onPassword, onClose }: { onPassword: (password: string) => Promise<void>, onClose: () => void }
) {
  const { settings, twoFactor } = words.value
  const [password, setPassword] = useState('')
  return (
    <DialogForm action={twoFactor.goOn} onSubmit={() => onPassword(password)} onClose={onClose}>
      <p>{twoFactor.lead} {twoFactor.passwordLead}</p>
      <Field
        label={settings.password2} type='password' required autocomplete='current-password' value={password}
        onInput={({ currentTarget }) => setPassword(currentTarget.value)}
      />
    </DialogForm>
  )
}

function AppStep (
  { secret: { secret, url }, onCode, onClose }:
  { secret: TwoFactorSecret, onCode: (code: string) => Promise<void>, onClose: () => void }
) {
  const { twoFactor } = words.value
  const [code, setCode] = useState('')
  return (
    <DialogForm action={twoFactor.confirm} onSubmit={() => onCode(code)} onClose={onClose}>
      <p>{twoFactor.scan}</p>
      <QrCode text={url} label={twoFactor.qrCode} />
      <p>{twoFactor.orType}</p>
      <p class='secret-text'><code>{secret.replace(GROUPS, '$& ')}</code></p>
      <Button kind='second' icon='copy' onClick={() => void copyWithToast(secret, twoFactor.keyCopied)}>
        {twoFactor.copyKey}
      </Button>
      <Field
        label={twoFactor.appCode} required inputmode='numeric' autocomplete='one-time-code' value={code}
        onInput={({ currentTarget }) => setCode(currentTarget.value)}
      />
    </DialogForm>
  )
}
