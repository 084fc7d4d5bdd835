/** Signing out, and the end of the account. */
import { useState } from 'preact/hooks'
import { eraseAccount } from '../../../client/management/index.ts'
import { Button } from '../design/button.tsx'
import { Confirm } from '../design/confirm.tsx'
import { Field } from '../design/field.tsx'
import { showToast } from '../design/toast.tsx'
import { useSession } from '../session/context.ts'
import { login } from '../session/session.ts'
import { goTo } from '../shell/routes.ts'
import { deleteNow } from '../timeline/deletions.ts'
import { words } from '../words/more.ts'

/** The server may be away: signing out does not wait for it longer than this. */
const PATIENCE_MS = 2_000

/** Ends the session in this browser. */
export function signOut (): void {
  // Whoever signs in next begins with the chats.
  goTo({ screen: 'chats' }, { isReplacing: true })
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))
  void Promise.race([deleteNow(), late]).then(() => login.logOut())
}

/** The section. */
export function AccountSection () {
  const { settings } = words.value
  const [isAsking, setAsking] = useState(false)
  return (
    <>
      <div class='setting'>
        <p>{settings.signOutLead}</p>
        <Button kind='second' icon='signOut' onClick={signOut}>{words.value.shell.signOut}</Button>
      </div>
      <div class='setting is-last'>
        <p>{settings.eraseLead}</p>
        <Button kind='danger' icon='trash' onClick={() => setAsking(true)}>{settings.erase}</Button>
      </div>
      {isAsking && <EraseAccount onClose={() => setAsking(false)} />}
    </>
  )
}

function EraseAccount ({ onClose }: { onClose: () => void }) {
  const { client } = useSession()
  const { settings } = words.value
  const [password, setPassword] = useState('')
  const erase = async () => {
    await eraseAccount(client, { password })
    showToast(settings.erased)
    signOut()
  }
  return (
    <Confirm
      title={settings.eraseTitle} text={settings.eraseText} action={settings.eraseAction} onConfirm={erase}
      onClose={onClose}
    >
      <Field
        label={settings.password2} type='password' required autocomplete='current-password' value={password}
        onInput={({ currentTarget }) => setPassword(currentTarget.value)}
      />
    </Confirm>
  )
}
