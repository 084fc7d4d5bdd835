/** A forgotten password: a link to set a new one is mailed. */
import { useState } from 'preact/hooks'
import { Field } from '../design/field.tsx'
import { accounts as server } from '../session/session.ts'
import { addressOf } from '../shell/routes.ts'
import { words } from '../words/index.ts'
import { EntranceCard, FormScreen } from './form-screen.tsx'

/** The screen. */
export function Forgotten () {
  const { accounts } = words.value
  const [isSent, setSent] = useState(false)
  const back = <a href={addressOf({ screen: 'sign-in' })}>{accounts.backToSignIn}</a>
  if (isSent) {
    return (
      <EntranceCard>
        <h1>{accounts.verify}</h1>
        <p role='status'>{accounts.linkSent}</p>
        <p class='entrance-links'>{back}</p>
      </EntranceCard>
    )
  }
  return (
    <FormScreen
      title={accounts.forgotten} lead={accounts.forgottenLead} submit={accounts.sendLink} links={back}
      onSubmit={async ({ email = '' }) => {
        await server.requestReset(email.trim())
        setSent(true)
      }}
    >
      <Field name='email' label={accounts.email} type='email' required autocomplete='email' />
    </FormScreen>
  )
}
