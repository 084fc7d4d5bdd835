/** A new account. */
import { Field } from '../design/field.tsx'
import { accounts as server } from '../session/session.ts'
import { addressOf, goTo } from '../shell/routes.ts'
import { words } from '../words/index.ts'
import { unverified } from './entrance.tsx'
import { FormScreen } from './form-screen.tsx'

const MAX_USERNAME = 32
const MIN_PASSWORD = 8

/** The screen. */
export function Register () {
  const { accounts } = words.value
  const submit = async ({ username = '', email = '', password = '' }: Readonly<Record<string, string>>) => {
    const account = { username: username.trim(), email: email.trim(), password }
    await server.register(account)
    unverified.value = account
    goTo({ screen: 'verify' })
  }
  return (
    <FormScreen
      title={accounts.register} lead={accounts.registerLead} submit={accounts.submitRegister} onSubmit={submit}
      links={<a href={addressOf({ screen: 'sign-in' })}>{accounts.haveAccount}</a>}
    >
      <Field
        name='username' label={accounts.username} hint={accounts.usernameHint} required maxlength={MAX_USERNAME}
        autocomplete='username' autocapitalize='none' spellcheck={false}
      />
      <Field name='email' label={accounts.email} type='email' required autocomplete='email' />
      <Field
        name='password' label={accounts.password} hint={accounts.passwordHint} type='password' required
        minlength={MIN_PASSWORD} autocomplete='new-password'
      />
      <label class='consent'><input type='checkbox' required /><span>{accounts.consent}</span></label>
    </FormScreen>
  )
}
