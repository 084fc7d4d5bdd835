/** The password, the second factor, and where the user is signed in. */
import { useState } from 'preact/hooks'
import {
  type AccountLogin, changePassword, endOtherSessions, endSession, listSessions
} from '../../../client/management/index.ts'
import { Button } from '../design/button.tsx'
import { Confirm } from '../design/confirm.tsx'
import { Field } from '../design/field.tsx'
import { Loading } from '../design/loading.tsx'
import { RowGroup } from '../design/rows.tsx'
import { showProblem, showToast } from '../design/toast.tsx'
import { useSession } from '../session/context.ts'
import { type Loaded, useLoaded } from '../state/loaded.ts'
import { useSubmission } from '../state/submission.ts'
import { shortTime } from '../words/dates.ts'
import { words } from '../words/more.ts'
import { codeOf, problemText } from '../words/problems.ts'
import { TwoFactorSection } from './two-factor-section.tsx'
import { nameOfAgent } from './user-agent.ts'

const MIN_PASSWORD = 8

/** The section. */
export function SecuritySection () {
  const { client } = useSession()
  const sessions = useLoaded((signal) => listSessions(client, { signal }))
  return (
    <>
      <Sessions loaded={sessions} />
      <TwoFactorSection />
      <PasswordForm onChanged={sessions.reload} />
    </>
  )
}

function Sessions ({ loaded }: { loaded: Loaded<AccountLogin[]> }) {
  const { client } = useSession()
  const { settings } = words.value
  const [isAsking, setAsking] = useState(false)
  return (
    <RowGroup title={settings.sessions}>
      <Loading of={loaded}>
        {(items) => (
          <>
            <ul>
              {items.toSorted((one, other) => Number(other.current) - Number(one.current)).map((login) => (
                <LoginRow key={login.id} login={login} loaded={loaded} />
              ))}
            </ul>
            {items.length > 1 && (
              <div class='row'>
                <Button kind='second' onClick={() => setAsking(true)}>{settings.endOthers}</Button>
              </div>
            )}
          </>
        )}
      </Loading>
      {isAsking && (
        <Confirm
          title={settings.endOthersTitle} text={settings.endOthersText} action={settings.endOthers}
          onClose={() => setAsking(false)} onConfirm={async () => {
            await endOtherSessions(client)
            loaded.set((loaded.value ?? []).filter(({ current }) => current))
            showToast(settings.othersEnded)
          }}
        />
      )}
    </RowGroup>
  )
}

function LoginRow ({ login, loaded }: { login: AccountLogin, loaded: Loaded<AccountLogin[]> }) {
  const { client } = useSession()
  const { settings } = words.value
  const { id, user_agent: agent, current, last_used_at: lastUsed } = login
  const known = nameOfAgent(agent)
  const name = known === null ? settings.unknownDevice : settings.device(...known)
  const end = async () => {
    const before = loaded.value ?? []
    loaded.set(before.filter((other) => other.id !== id))
    try {
      await endSession(client, { id })
      showToast(settings.sessionEnded)
    } catch (error) {
      loaded.set(before)
      showProblem(error)
    }
  }
  return (
    <li class='row'>
      <span class='row-text'>
        <span title={agent ?? undefined}>{name}</span>
        <span class={current ? 'is-online' : 'row-hint'}>
          {current ? settings.thisSession : settings.lastUsed(shortTime(lastUsed))}
        </span>
      </span>
      {!current && (
        <Button kind='plain' aria-label={settings.endNamed(name)} onClick={() => void end()}>
          {settings.endSession}
        </Button>
      )}
    </li>
  )
}

function PasswordForm ({ onChanged }: { onChanged: () => void }) {
  const { client } = useSession()
  const { settings } = words.value
  const { isBusy, problem, onSubmit } = useSubmission(async (form) => {
    const values = new FormData(form)
    const text = (name: string) => {
      const value = values.get(name)
      return typeof value === 'string' ? value : ''
    }
    await changePassword(client, { current: text('current'), next: text('next') })
    form.reset()
    showToast(settings.passwordChanged)
    onChanged()
  })
  const isOfCurrent = codeOf(problem) === 'wrong_password'
  return (
    <form class='stack setting' aria-label={settings.password} onSubmit={onSubmit}>
      <h2>{settings.password}</h2>
      <Field
        name='current' label={settings.current} type='password' required autocomplete='current-password'
        problem={isOfCurrent ? problemText(problem) : null}
      />
      <Field
        name='next' label={settings.next} hint={settings.nextHint} type='password' required minlength={MIN_PASSWORD}
        autocomplete='new-password' problem={problem === null || isOfCurrent ? null : problemText(problem)}
      />
      <div class='dialog-actions'><Button type='submit' isBusy={isBusy}>{settings.changePassword}</Button></div>
    </form>
  )
}
