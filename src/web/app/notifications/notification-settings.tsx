/** The settings of notifications: of this device, and of all devices of the user. */
import { useEffect, useState } from 'preact/hooks'
import { Button } from '../design/button.tsx'
import { showProblem } from '../design/toast.tsx'
import { useSession } from '../session/context.ts'
import { words } from '../words/more.ts'
import { problemText } from '../words/problems.ts'
import { device, switchOff, switchOn } from './device.ts'
import { loadSettings, type NotificationSettings, saveSettings } from './settings.ts'

const MAIL_MINUTES = [15, 60, 240, 1_440]
const QUIET = { from: '22:00', to: '07:00' }

/** The section. */
export function NotificationsSection () {
  const { notifications } = words.value
  return (
    <section class='notification-settings' aria-labelledby='notifications-title'>
      <h2 id='notifications-title' class='unseen'>{notifications.title}</h2>
      <DeviceSettings />
      <SharedSettings />
    </section>
  )
}

function DeviceSettings () {
  const { notifications } = words.value
  const [isBusy, setBusy] = useState(false)
  const { value: state } = device
  const isOn = state === 'push' || state === 'page'
  const text = {
    off: notifications.isOff, push: notifications.isOn, page: notifications.isPage, denied: notifications.denied,
    unsupported: notifications.unsupported
  }[state]
  const toggle = () => {
    setBusy(true)
    void (isOn ? switchOff() : switchOn()).catch(showProblem).finally(() => setBusy(false))
  }
  return (
    <div>
      <h3>{notifications.device}</h3>
      <p role='status'>{text}</p>
      {(isOn || state === 'off') && (
        <Button kind={isOn ? 'second' : 'primary'} icon={isOn ? 'bellOff' : 'bell'} isBusy={isBusy} onClick={toggle}>
          {isOn ? notifications.turnOff : notifications.turnOn}
        </Button>
      )}
    </div>
  )
}

/** What the server keeps. A change shows at once, and is taken back if the server refuses it. */
function SharedSettings () {
  const { client } = useSession()
  const { notifications, loading } = words.value
  const [settings, setSettings] = useState<NotificationSettings | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  useEffect(() => {
    loadSettings(client).then(setSettings, (error: unknown) => setProblem(problemText(error)))
  }, [])
  if (problem !== null) return <p class='field-problem' role='alert'>{problem}</p>
  if (settings === null) return <p class='quiet'>{loading}</p>
  const change = (changed: Partial<NotificationSettings>) => {
    const next = { ...settings, ...changed }
    setSettings(next)
    saveSettings(client, next).catch((error: unknown) => {
      showProblem(error)
      setSettings(settings)
    })
  }
  const { push, previews } = settings
  return (
    <div class='notification-fields'>
      <h3>{notifications.everywhere}</h3>
      <label class='field'>
        <span>{notifications.about}</span>
        <select
          class='text-field' value={push} onChange={({ currentTarget: { value } }) => {
            if (value === 'all' || value === 'mentions' || value === 'none') change({ push: value })
          }}
        >
          {(['all', 'mentions', 'none'] as const).map((name) => (
            <option key={name} value={name}>{notifications[name]}</option>
          ))}
        </select>
      </label>
      <label class='check-row'>
        <input
          type='checkbox' checked={previews === 'on'}
          onChange={({ currentTarget }) => change({ previews: currentTarget.checked ? 'on' : 'off' })}
        />
        <span>{notifications.previews}</span>
      </label>
      <QuietHours settings={settings} change={change} />
      <UnreadMail settings={settings} change={change} />
    </div>
  )
}

type FieldsProps = { settings: NotificationSettings, change: (changed: Partial<NotificationSettings>) => void }

function QuietHours ({ settings: { quiet_hours: quiet }, change }: FieldsProps) {
  const { notifications } = words.value
  const { timeZone } = new Intl.DateTimeFormat().resolvedOptions()
  const set = (times: { from?: string, to?: string }) => {
    const next = { ...QUIET, ...quiet, ...times, timezone: timeZone }
    // A field that is cleared is still being written in.
    if (next.from !== '' && next.to !== '') change({ quiet_hours: next })
  }
  return (
    <fieldset class='quiet-hours'>
      <legend class='unseen'>{notifications.quiet}</legend>
      <label class='check-row'>
        <input
          type='checkbox' checked={quiet !== null}
          onChange={({ currentTarget }) => {
            if (currentTarget.checked) set({})
            else change({ quiet_hours: null })
          }}
        />
        <span>{notifications.quiet}<span class='field-hint'>
          {notifications.quietHint(quiet?.timezone ?? timeZone)}
        </span></span>
      </label>
      {quiet !== null && (
        <div class='search-days'>
          {(['from', 'to'] as const).map((name) => (
            <label key={name} class='field'>
              <span>{notifications[name]}</span>
              <input
                type='time' value={quiet[name]} onChange={({ currentTarget }) => set({ [name]: currentTarget.value })}
              />
            </label>
          ))}
        </div>
      )}
    </fieldset>
  )
}

function UnreadMail ({ settings: { unread_mail: mail }, change }: FieldsProps) {
  const { notifications } = words.value
  const minutes = mail?.after_minutes ?? 0
  const choices = [...new Set([...MAIL_MINUTES, ...minutes > 0 ? [minutes] : []])].sort((one, other) => one - other)
  return (
    <label class='field'>
      <span>{notifications.mail}</span>
      <select
        class='text-field' value={String(minutes)} onChange={({ currentTarget }) => {
          const after_minutes = Number(currentTarget.value)
          change({ unread_mail: after_minutes > 0 ? { after_minutes } : null })
        }}
      >
        <option value='0'>{notifications.mailOff}</option>
        {choices.map((choice) => (
          <option key={choice} value={String(choice)}>{notifications.mailAfter(choice)}</option>
        ))}
      </select>
    </label>
  )
}
