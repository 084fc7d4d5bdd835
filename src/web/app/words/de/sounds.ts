/** Die Texte für Sprachnachrichten und das Abspielen, auf Deutsch. */
import type { MoreWords } from '../words.ts'

/** Siehe oben. */
export const soundWords: Pick<MoreWords, 'recorder' | 'player'> = {
  recorder: {
    title: 'Aufnahme',
    asking: 'Wartet auf das Mikrofon …',
    recording: 'Die Aufnahme läuft. Enter sendet sie, Escape bricht ab.',
    stopped: 'Die Aufnahme ist zu Ende. Sende sie, oder brich ab.',
    elapsed: 'Länge',
    send: 'Sprachnachricht senden',
    cancel: 'Aufnahme abbrechen',
    cancelled: 'Die Aufnahme wurde abgebrochen.',
    refused: 'Das Mikrofon ist hier nicht erlaubt. Das änderst du in den Einstellungen der Seite, neben ihrer Adresse.',
    noMicrophone: 'Es gibt kein Mikrofon.',
    notReadable: 'Das Mikrofon kann nicht benutzt werden. Vielleicht benutzt es ein anderes Programm.',
    failed: 'Es konnte nichts aufgenommen werden.',
    leftBehind: 'Die Aufnahme wurde verworfen, weil du den Chat verlassen hast.'
  },
  player: {
    play: 'Abspielen',
    pause: 'Anhalten',
    loading: 'Der Ton wird geladen',
    position: 'Stelle',
    positionOf: (position, duration) => `${position} von ${duration}`,
    speed: (speed) => `Tempo: ${speed}`,
    notPlayable: 'Dieser Browser kann das nicht abspielen. Lade es stattdessen herunter.'
  }
}
