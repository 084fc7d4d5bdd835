/** The texts of notifications and their settings, in English. The service worker has them, too. */
import { plural } from '../plural.ts'

const count = (number: number, one: string, other: string) => plural('en', number, { one, other })

/** See the head of this file. */
export const notifications = {
  title: 'Notifications',
  newMessages: (number: number) => count(number, '# new message', '# new messages'),
  mentionedIn: (chat: string) => `You are mentioned in ${chat}`,
  device: 'On this device',
  turnOn: 'Switch on',
  turnOff: 'Switch off',
  isOff: 'You are not notified here of messages.',
  isOn: 'You are notified here of messages, also when Confab is closed.',
  isPage: 'You are notified here of messages as long as Confab is open in a tab.',
  denied: 'Your browser does not allow it. Change that in its settings for this site.',
  unsupported: 'This browser cannot show notifications here.',
  everywhere: 'On all your devices',
  about: 'Notify me of',
  all: 'All messages',
  mentions: 'Mentions only',
  none: 'Nothing',
  previews: 'Show the beginning of the message',
  quiet: 'Quiet hours',
  quietHint: (zone: string) => `Nothing is shown at this time of the day (${zone}).`,
  from: 'From',
  to: 'To',
  mail: 'Mail me about unread messages',
  mailOff: 'Never',
  mailAfter: (minutes: number) => minutes < 60
    ? `After ${count(minutes, '# minute', '# minutes')}`
    : `After ${count(Math.round(minutes / 60), '# hour', '# hours')}`
}
