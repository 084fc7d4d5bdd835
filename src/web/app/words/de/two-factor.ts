/** Die Texte der Einstellungen der Zwei-Faktor-Anmeldung, auf Deutsch. */
import type { twoFactor as english } from '../en/two-factor.ts'
import { plural } from '../plural.ts'

const count = (number: number, one: string, other: string) => plural('de', number, { one, other })

/** Siehe den Kopf dieser Datei. */
export const twoFactor: typeof english = {
  title: 'Zwei-Faktor-Anmeldung',
  isOff: 'Aus',
  isOn: 'An',
  lead: 'Neben deinem Passwort braucht die Anmeldung einen Code einer App auf deinem Telefon.',
  left: (number) => count(number, 'Noch # Wiederherstellungscode', 'Noch # Wiederherstellungscodes'),
  turnOn: 'Einrichten',
  turnOff: 'Ausschalten',
  setUp: 'Die Zwei-Faktor-Anmeldung einrichten',
  passwordLead: 'Zuerst dein Passwort, damit das niemand sonst tut.',
  goOn: 'Weiter',
  scan: 'Scanne das mit einer Authenticator-App.',
  qrCode: 'QR-Code für die Authenticator-App',
  orType: 'Oder gib diesen Schlüssel in der App ein:',
  copyKey: 'Den Schlüssel kopieren',
  keyCopied: 'Der Schlüssel ist kopiert.',
  appCode: 'Code, den die App zeigt',
  confirm: 'Einschalten',
  codes: 'Deine Wiederherstellungscodes',
  codesLead:
    'Die Zwei-Faktor-Anmeldung ist an. Bewahre diese Codes so auf, dass du sie ohne dein Telefon findest: jeder ' +
    'ersetzt die App, einmal. Sie werden nicht noch einmal gezeigt.',
  copyCodes: 'Kopieren',
  codesCopied: 'Die Codes sind kopiert.',
  download: 'Herunterladen',
  done: 'Ich habe sie aufbewahrt',
  codesTitle: 'Wiederherstellungscodes',
  renewRow: 'Neue holen',
  renewTitle: 'Neue Wiederherstellungscodes holen?',
  renewText: 'Die bisherigen gelten dann nicht mehr.',
  renew: 'Neue Codes holen',
  renewed:
    'Bewahre diese Codes so auf, dass du sie ohne dein Telefon findest: jeder ersetzt die App, einmal. Sie werden ' +
    'nicht noch einmal gezeigt, und die bisherigen gelten nicht mehr.',
  offTitle: 'Die Zwei-Faktor-Anmeldung ausschalten?',
  offText: 'Dann genügt dein Passwort zur Anmeldung, und deine Wiederherstellungscodes gelten nicht mehr.',
  anyCode: 'Code der App, oder ein Wiederherstellungscode',
  isOffNow: 'Die Zwei-Faktor-Anmeldung ist aus.'
}
