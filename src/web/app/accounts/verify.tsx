/** The code in the mail. */
import { useState } from 'preact/hooks'
import { Field } from '../design/field.tsx'
import { accounts as server, beginSession, login } from '../session/session.ts'
import { addressOf } from '../shell/routes.ts'
import { words } from '../words/index.ts'
import { type Unverified, unverified } from './entrance.tsx'
import { FormScreen } from './form-screen.tsx'

const CODE_LENGTH = 6

/** The screen. */
export function Verify ({ account: { username, password, email } }: { account: Unverified }) {
  const { accounts } = words.value
  const [sentence, setSentence] = useState('')
  const submit = async ({ code = '' }: Readonly<Record<string, string>>) => {
    await server.verify({ username, code })
    await login.logIn({ username, password })
    unverified.value = null
    beginSession()
  }
  const sendAgain = async (address: string) => {
    await server.register({ username, email: address, password }).then(
      () => setSentence(accounts.sentAgain),
      () => setSentence(accounts.notSentAgain)
    )
  }
  return (
    <FormScreen
      title={accounts.verify} lead={accounts.verifyLead(email)} submit={accounts.confirm} onSubmit={submit}
      links={email === null
        ? <a href={addressOf({ screen: 'register' })}>{accounts.register}</a>
        : (
            <>
              <button type='button' class='link-button' onClick={() => void sendAgain(email)}>
                {accounts.sendAgain}
              </button>
              <a href={addressOf({ screen: 'sign-in' })}>{accounts.haveAccount}</a>
            </>
          )}
    >
      <Field
        name='code' label={accounts.code} required inputmode='numeric' autocomplete='one-time-code' pattern='[0-9]{6}'
        maxlength={CODE_LENGTH}
      />
      <p role='status'>{sentence}</p>
    </FormScreen>
  )
}
