/** The name and the picture that others see. */
import { useState } from 'preact/hooks'
import {
  changeProfile, type OwnUser, readProfile, removeOwnAvatar, uploadOwnAvatar
} from '../../../client/management/index.ts'
import { Button } from '../design/button.tsx'
import { Field } from '../design/field.tsx'
import { Loading } from '../design/loading.tsx'
import { showToast } from '../design/toast.tsx'
import { PictureField } from '../people/picture-field.tsx'
import { useSession } from '../session/context.ts'
import { useLoaded } from '../state/loaded.ts'
import { useSubmission } from '../state/submission.ts'
import { words } from '../words/more.ts'
import { problemText } from '../words/problems.ts'

const MAX_NAME = 64

/** The section. */
export function ProfileSection () {
  const { client } = useSession()
  return (
    <Loading of={useLoaded((signal) => readProfile(client, { signal }))}>
      {(profile) => <ProfileForm profile={profile} />}
    </Loading>
  )
}

function ProfileForm ({ profile: { id, name: before, avatar, email } }: { profile: OwnUser }) {
  const session = useSession()
  const { settings, save } = words.value
  const [name, setName] = useState(before)
  const [picture, setPicture] = useState(avatar)
  const changePicture = async (changed: Promise<OwnUser>) => {
    setPicture((await changed).avatar)
    await session.refreshMe()
  }
  const { isBusy, problem, onSubmit } = useSubmission(async () => {
    await changeProfile(session.client, { name: name.trim() })
    await session.refreshMe()
    showToast(settings.saved)
  })
  return (
    <form class='stack' onSubmit={onSubmit}>
      <PictureField
        id={id} name={name} picture={picture}
        onUpload={(chosen) => changePicture(uploadOwnAvatar(session.client, chosen))}
        onRemove={() => changePicture(removeOwnAvatar(session.client))}
      />
      <Field
        label={settings.name} hint={settings.nameHint} value={name} required maxlength={MAX_NAME}
        autocomplete='nickname' problem={problem === null ? null : problemText(problem)}
        onInput={({ currentTarget }) => setName(currentTarget.value)}
      />
      {email !== undefined && (
        <dl class='facts'>
          <dt>{settings.email}</dt>
          <dd>{email}</dd>
        </dl>
      )}
      <div class='dialog-actions'><Button type='submit' isBusy={isBusy}>{save}</Button></div>
    </form>
  )
}
