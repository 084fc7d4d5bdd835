/** Deutsche Texte zur Ordnung: ein Teil von `more.ts`. */
import type { moderationWords as en } from '../en/moderation.ts'
import { plural } from '../plural.ts'

const count = (number: number, one: string, other: string) => plural('de', number, { one, other })

/** Texte zu Meldungen und Sperren. */
export const moderationWords: typeof en = {
  report: {
    entry: 'Melden …',
    messageTitle: (name) => `Nachricht von ${name} melden`,
    userTitle: (name) => `${name} melden`,
    lead: 'Wer moderiert, sieht die Meldung und von wem sie kommt. Die gemeldete Person nicht.',
    reason: 'Was ist nicht in Ordnung?',
    reasons: {
      spam: 'Spam oder Werbung',
      abuse: 'Beleidigung oder Belästigung',
      violence: 'Gewalt oder Drohung',
      sexual: 'Sexuelle Inhalte',
      illegal: 'Etwas Verbotenes',
      privacy: 'Private Angaben über jemanden',
      other: 'Etwas anderes'
    },
    text: 'Mehr dazu, wenn du magst',
    send: 'Melden',
    sent: 'Danke. Es ist gemeldet.'
  },
  ban: {
    entry: 'Sperren …',
    title: (name) => `${name} sperren?`,
    text:
      'Die Person wird entfernt und kann weder hinzugefügt werden noch mit einer Einladung kommen, solange die ' +
      'Sperre gilt.',
    reason: 'Grund, nur für die Moderation',
    duration: 'Wie lange',
    durations: {
      hour: 'Eine Stunde', day: 'Ein Tag', week: 'Eine Woche', month: '30 Tage', forever: 'Bis du sie beendest'
    },
    action: 'Sperren',
    done: (name) => `${name} ist gesperrt.`,
    list: 'Gesperrt',
    empty: 'Niemand ist gesperrt.',
    until: (when) => `bis ${when}`,
    forever: 'ohne Ende',
    by: (name) => `von ${name}`,
    byKey: 'von der Anwendung',
    end: (name) => `Sperre von ${name} beenden`,
    ended: (name) => `${name} darf wieder kommen.`
  },
  reports: {
    title: 'Meldungen',
    status: 'Welche Meldungen',
    statuses: { open: 'Offen', resolved: 'Erledigt', dismissed: 'Verworfen' },
    empty: 'Solche Meldungen gibt es nicht.',
    emptyLead: 'Was Mitglieder melden, erscheint hier.',
    by: (name) => `Gemeldet von ${name}`,
    decided: (name, when) => `Entschieden von ${name}, ${when}`,
    decidedByKey: (when) => `Entschieden von der Anwendung, ${when}`,
    aboutUser: 'Gemeldet ist die Person, keine Nachricht.',
    deleted: 'Die Nachricht ist gelöscht.',
    gone: 'Den Chat gibt es nicht mehr.',
    show: 'Im Chat zeigen',
    showChat: 'Chat öffnen',
    dismiss: 'Verwerfen',
    resolve: 'Als erledigt markieren',
    reopen: 'Wieder öffnen',
    actions: (name) => `Aktionen zur Meldung über ${name}`,
    deleteMessage: 'Nachricht löschen',
    dismissedNow: 'Die Meldung ist verworfen.',
    resolvedNow: 'Die Meldung ist erledigt.',
    more: 'Mehr zeigen',
    shown: (number) => count(number, '# Meldung', '# Meldungen')
  }
}
