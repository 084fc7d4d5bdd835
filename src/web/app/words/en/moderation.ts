/** English texts about keeping order: a part of `more.ts`. */
import { plural } from '../plural.ts'

const count = (number: number, one: string, other: string) => plural('en', number, { one, other })

/** Texts of reports and bans. */
export const moderationWords = {
  report: {
    entry: 'Report…',
    messageTitle: (name: string) => `Report the message of ${name}`,
    userTitle: (name: string) => `Report ${name}`,
    lead: 'Those who keep order see it, and that you have reported it. The person does not.',
    reason: 'What is wrong?',
    reasons: {
      spam: 'Spam or advertising',
      abuse: 'Insults or harassment',
      violence: 'Violence or threats',
      sexual: 'Sexual content',
      illegal: 'Something illegal',
      privacy: 'Private details of somebody',
      other: 'Something else'
    },
    text: 'Say more, if you like',
    send: 'Report',
    sent: 'Thank you. It is reported.'
  },
  ban: {
    entry: 'Ban…',
    title: (name: string) => `Ban ${name}?`,
    text: 'They are removed, and can neither be added nor come by an invite until it ends.',
    reason: 'Reason, for the moderators',
    duration: 'For how long',
    durations: { hour: 'An hour', day: 'A day', week: 'A week', month: '30 days', forever: 'Until you end it' },
    action: 'Ban',
    done: (name: string) => `${name} is banned.`,
    list: 'Banned',
    empty: 'Nobody is banned.',
    until: (when: string) => `until ${when}`,
    forever: 'without an end',
    by: (name: string) => `by ${name}`,
    byKey: 'by the application',
    end: (name: string) => `End the ban of ${name}`,
    ended: (name: string) => `${name} may come again.`
  },
  reports: {
    title: 'Reports',
    status: 'Which reports',
    statuses: { open: 'Open', resolved: 'Resolved', dismissed: 'Dismissed' },
    empty: 'There are no such reports.',
    emptyLead: 'What members report shows up here.',
    by: (name: string) => `Reported by ${name}`,
    decided: (name: string, when: string) => `Decided by ${name}, ${when}`,
    decidedByKey: (when: string) => `Decided by the application, ${when}`,
    aboutUser: 'The person is reported, not a message.',
    deleted: 'The message is deleted.',
    gone: 'The chat is gone.',
    show: 'Show in the chat',
    showChat: 'Open the chat',
    dismiss: 'Dismiss',
    resolve: 'Mark as resolved',
    reopen: 'Open again',
    actions: (name: string) => `Actions for the report about ${name}`,
    deleteMessage: 'Delete the message',
    dismissedNow: 'The report is dismissed.',
    resolvedNow: 'The report is resolved.',
    more: 'Show more',
    shown: (number: number) => count(number, '# report', '# reports')
  }
}
