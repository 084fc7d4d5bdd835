/** Die Texte von Schnellwechsel, Tastenkürzeln und Suche, auf Deutsch. */
import type { finding as english } from '../en/finding.ts'
import { plural } from '../plural.ts'

const count = (number: number, one: string, other: string) => plural('de', number, { one, other })

/** Siehe den Kopf dieser Datei. */
export const finding: typeof english = {
  switcher: {
    title: 'Gehe zu',
    label: 'Name eines Chats oder einer Person',
    results: 'Chats und Personen',
    chat: 'Chat',
    person: 'Person',
    nothing: 'Kein Chat und niemand heißt so.',
    hint: 'Pfeiltasten wählen, Enter öffnet.',
    shareTitle: 'Teilen mit',
    shareHint: 'Der Text steht dann im Nachrichtenfeld; du sendest ihn.'
  },
  shortcuts: {
    title: 'Tastenkürzel',
    open: 'Tastenkürzel zeigen',
    singleKeys: 'Kürzel aus einer einzelnen Taste',
    singleKeysHint: 'Schalte sie aus, wenn du mit dem Computer sprichst oder Tasten versehentlich triffst.',
    away: 'Die anderen gelten, solange kein Text geschrieben wird.',
    actions: {
      switcher: 'Zu einem Chat oder einer Person gehen',
      search: 'Nachrichten durchsuchen',
      next: 'Nächster Chat',
      previous: 'Vorheriger Chat',
      unread: 'Nächster Chat mit ungelesenen Nachrichten',
      write: 'Eine Nachricht schreiben',
      reply: 'Auf die letzte Nachricht antworten',
      edit: 'Deine letzte Nachricht bearbeiten',
      newest: 'Zu den neuesten Nachrichten',
      close: 'Die Seitenleiste schließen',
      list: 'Diese Liste zeigen'
    },
    keys: {
      Mod: 'Strg', Alt: 'Alt', Shift: 'Umschalt', Escape: 'Esc', End: 'Ende', ArrowUp: '\u2191', ArrowDown: '\u2193'
    },
    then: 'und',
    or: 'oder'
  },
  search: {
    label: 'Wörter in Nachrichten',
    filters: 'Filter',
    filtersSet: (number) => count(number, '# Filter', '# Filter'),
    chat: 'Chat',
    allChats: 'Alle Chats',
    from: 'Von',
    anybody: 'Allen',
    fromLabel: 'Name des Autors',
    removeAuthor: (name) => `Nicht nur von ${name}`,
    after: 'Ab diesem Tag',
    before: 'Bis zu diesem Tag',
    hasFile: 'Mit einer Datei',
    clear: 'Filter löschen',
    results: 'Gefundene Nachrichten',
    found: (number, hasMore) => hasMore
      ? `Mehr als ${count(number, '# Nachricht', '# Nachrichten')}`
      : count(number, '# Nachricht', '# Nachrichten'),
    nothing: 'Keine Nachricht enthält diese Wörter.',
    nothingLead: 'Versuche es mit weniger Wörtern oder weniger Filtern.',
    similar: 'Keine Nachricht enthält genau diese Wörter. Diese enthalten ähnliche:',
    start: 'Finde, was gesagt wurde',
    startLead: 'Wörter, "Wortfolgen", -ohne, Anfang*',
    off: 'Dieser Server durchsucht keine Nachrichten.',
    offLead: 'Wer ihn betreibt, kann das einschalten.',
    offline: 'Die Suche braucht eine Verbindung.',
    searching: 'Wird gesucht',
    reply: 'In einem Thread'
  }
}
