/** Signing in. */
import { useState } from 'preact/hooks'
import type { Credentials } from '../../../client/accounts/index.ts'
import { Field } from '../design/field.tsx'
import { beginSession, login } from '../session/session.ts'
import { addressOf, goTo } from '../shell/routes.ts'
import { words } from '../words/index.ts'
import { codeOf } from '../words/problems.ts'
import { unverified } from './entrance.tsx'
import { FormScreen } from './form-screen.tsx'
import { SecondStep } from './second-step.tsx'

/** The screen, and the second step of it where the account has one. */
export function SignIn () {
  const [credentials, setCredentials] = useState<Credentials | null>(null)
  return credentials === null
    ? <FirstStep onCodeNeeded={setCredentials} />
    : <SecondStep credentials={credentials} onBack={() => setCredentials(null)} />
}

function FirstStep ({ onCodeNeeded }: { onCodeNeeded: (credentials: Credentials) => void }) {
  const { accounts } = words.value
  const submit = async ({ username = '', password = '' }: Readonly<Record<string, string>>) => {
    const name = username.trim()
    const credentials = name.includes('@') ? { email: name, password } : { username: name, password }
    try {
      await login.logIn(credentials)
    } catch (error) {
      if (codeOf(error) === 'two_factor_required') {
        onCodeNeeded(credentials)
        return
      }
      if (codeOf(error) !== 'unverified') throw error
      unverified.value = { username: name, password, email: null }
      goTo({ screen: 'verify' })
      return
    }
    beginSession()
  }
  return (
    <FormScreen
      title={accounts.signIn} lead={accounts.signInLead} submit={accounts.signIn} onSubmit={submit}
      links={
        <>
          <a href={addressOf({ screen: 'register' })}>{accounts.register}</a>
          <a href={addressOf({ screen: 'forgotten' })}>{accounts.forgottenQuestion}</a>
        </>
      }
    >
      <Field
        name='username' label={accounts.usernameOrEmail} required autocomplete='username' autocapitalize='none'
        spellcheck={false}
      />
      <Field name='password' label={accounts.password} type='password' required autocomplete='current-password' />
    </FormScreen>
  )
}
