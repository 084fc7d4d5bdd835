/** Die Texte von Benachrichtigungen und ihren Einstellungen, auf Deutsch. */
import type { notifications as english } from '../en/notifications.ts'
import { plural } from '../plural.ts'

const count = (number: number, one: string, other: string) => plural('de', number, { one, other })

/** Siehe den Kopf dieser Datei. */
export const notifications: typeof english = {
  title: 'Benachrichtigungen',
  newMessages: (number) => count(number, '# neue Nachricht', '# neue Nachrichten'),
  mentionedIn: (chat) => `Du wirst in ${chat} erwähnt`,
  device: 'Auf diesem Gerät',
  turnOn: 'Einschalten',
  turnOff: 'Ausschalten',
  isOff: 'Du wirst hier nicht über Nachrichten benachrichtigt.',
  isOn: 'Du wirst hier über Nachrichten benachrichtigt, auch wenn Confab geschlossen ist.',
  isPage: 'Du wirst hier über Nachrichten benachrichtigt, solange Confab in einem Tab offen ist.',
  denied: 'Dein Browser erlaubt es nicht. Ändere das in seinen Einstellungen für diese Seite.',
  unsupported: 'Dieser Browser kann hier keine Benachrichtigungen zeigen.',
  everywhere: 'Auf allen deinen Geräten',
  about: 'Benachrichtige mich über',
  all: 'Alle Nachrichten',
  mentions: 'Nur Erwähnungen',
  none: 'Nichts',
  previews: 'Den Anfang der Nachricht zeigen',
  quiet: 'Ruhezeit',
  quietHint: (zone) => `Zu dieser Tageszeit wird nichts gezeigt (${zone}).`,
  from: 'Von',
  to: 'Bis',
  mail: 'Mails über ungelesene Nachrichten',
  mailOff: 'Nie',
  mailAfter: (minutes) => minutes < 60
    ? `Nach ${count(minutes, '# Minute', '# Minuten')}`
    : `Nach ${count(Math.round(minutes / 60), '# Stunde', '# Stunden')}`
}
