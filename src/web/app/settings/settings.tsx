/** The settings of the user. To add a section, write its component and a line in {@link SECTIONS}. */
import { Avatar } from '../design/avatar.tsx'
import { ActionRow, RowGroup } from '../design/rows.tsx'
import { NotificationsSection } from '../notifications/notification-settings.tsx'
import { useSession } from '../session/context.ts'
import { goTo } from '../shell/routes.ts'
import { type Section, SectionScreen } from '../shell/section-screen.tsx'
import { ShortcutsSection } from '../shortcuts/shortcut-list.tsx'
import { words } from '../words/more.ts'
import { AccountSection, signOut } from './account-section.tsx'
import { AppearanceSection } from './appearance-section.tsx'
import { PrivacySection } from './privacy-section.tsx'
import { ProfileSection } from './profile-section.tsx'
import { SecuritySection } from './security-section.tsx'

const titles = () => words.value.settings.sections

/** The sections by the names in their addresses; the first one is shown first. */
const SECTIONS: Readonly<Record<string, Section>> = {
  profile: { icon: 'user', title: () => titles().profile, Shown: ProfileSection },
  appearance: { icon: 'palette', title: () => titles().appearance, Shown: AppearanceSection },
  notifications: { icon: 'bell', title: () => titles().notifications, Shown: NotificationsSection },
  privacy: { icon: 'shield', title: () => titles().privacy, Shown: PrivacySection },
  security: { icon: 'key', title: () => titles().security, Shown: SecuritySection },
  shortcuts: { icon: 'edit', title: () => words.value.shortcuts.title, Shown: ShortcutsSection },
  account: { icon: 'lock', title: () => titles().account, Shown: AccountSection }
}

/** The settings. @param section the open one; on phones the list of sections without one */
export function Settings ({ section }: { section: string }) {
  return (
    <SectionScreen
      title={words.value.shell.settings} sections={SECTIONS} section={section} head={<Portrait />} foot={<Ways />}
      routeOf={(name) => ({ screen: 'settings', section: name })} onBack={() => goTo({ screen: 'chats' })}
    />
  )
}

function Portrait () {
  const { client, me } = useSession()
  const name = me.value?.name ?? ''
  return (
    <div class='portrait'>
      <Avatar id={client.user ?? ''} name={name} picture={me.value?.avatar ?? null} size='xl' />
      <p class='portrait-name' dir='auto'>{name}</p>
    </div>
  )
}

function Ways () {
  const { me } = useSession()
  const { shell, administration } = words.value
  return (
    <>
      {me.value?.operator === true && (
        <RowGroup>
          <ActionRow
            icon='server' label={administration.title} isWay
            onClick={() => goTo({ screen: 'administration', section: '' })}
          />
        </RowGroup>
      )}
      <RowGroup>
        <ActionRow icon='signOut' label={shell.signOut} onClick={signOut} />
      </RowGroup>
    </>
  )
}
