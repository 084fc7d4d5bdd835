/** The second step of signing in: the code of an account with a second factor. */
import { useState } from 'preact/hooks'
import type { Credentials } from '../../../client/accounts/index.ts'
import { Field } from '../design/field.tsx'
import { beginSession, login } from '../session/session.ts'
import { words } from '../words/index.ts'
import { FormScreen } from './form-screen.tsx'

/** Properties of {@link SecondStep}. */
export type SecondStepProps = {
  /** Those of the first step, whose password was right. */
  credentials: Credentials
  onBack: () => void
}

/** The screen. */
export function SecondStep ({ credentials, onBack }: SecondStepProps) {
  const { accounts } = words.value
  const [isRecovery, setRecovery] = useState(false)
  const submit = async ({ code = '' }: Readonly<Record<string, string>>) => {
    await login.logIn({ ...credentials, code })
    beginSession()
  }
  return (
    <FormScreen
      title={accounts.secondStep} lead={isRecovery ? accounts.recoveryLead : accounts.secondStepLead}
      submit={accounts.signIn} onSubmit={submit}
      links={
        <>
          <button type='button' class='link-button' onClick={() => setRecovery(!isRecovery)}>
            {isRecovery ? accounts.useApp : accounts.useRecovery}
          </button>
          <button type='button' class='link-button' onClick={onBack}>{accounts.backToSignIn}</button>
        </>
      }
    >
      {isRecovery
        ? (
            <Field
              key='recovery' name='code' label={accounts.recoveryCode} required autocomplete='off'
              autocapitalize='none' spellcheck={false}
            />
          )
        : (
            <Field
              key='app' name='code' label={accounts.code} required inputmode='numeric' autocomplete='one-time-code'
            />
          )}
    </FormScreen>
  )
}
