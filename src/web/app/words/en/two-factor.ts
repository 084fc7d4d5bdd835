/** English texts of the settings of two-factor sign-in. */
import { plural } from '../plural.ts'

const count = (number: number, one: string, other: string) => plural('en', number, { one, other })

/** See the head of this file. */
export const twoFactor = {
  title: 'Two-factor sign-in',
  isOff: 'Off',
  isOn: 'On',
  lead: 'Besides your password, signing in takes a code of an app on your phone.',
  left: (number: number) => count(number, '# recovery code left', '# recovery codes left'),
  turnOn: 'Set up',
  turnOff: 'Switch off',
  setUp: 'Set up two-factor sign-in',
  passwordLead: 'First your password, so that nobody else does this.',
  goOn: 'Continue',
  scan: 'Scan this with an authenticator app.',
  qrCode: 'QR code for the authenticator app',
  orType: 'Or type this key into the app:',
  copyKey: 'Copy the key',
  keyCopied: 'The key is copied.',
  appCode: 'Code that the app shows',
  confirm: 'Switch on',
  codes: 'Your recovery codes',
  codesLead:
    'Two-factor sign-in is on. Keep these codes where you find them without your phone: each stands in for the app, ' +
    'once. They are not shown again.',
  copyCodes: 'Copy',
  codesCopied: 'The codes are copied.',
  download: 'Download',
  done: 'I have kept them',
  codesTitle: 'Recovery codes',
  renewRow: 'Get new ones',
  renewTitle: 'Get new recovery codes?',
  renewText: 'Those that you have are void then.',
  renew: 'Get new codes',
  renewed:
    'Keep these codes where you find them without your phone: each stands in for the app, once. They are not shown ' +
    'again, and those that you had do not work any more.',
  offTitle: 'Switch two-factor sign-in off?',
  offText: 'Then your password alone is enough to sign in, and your recovery codes are void.',
  anyCode: 'Code of the app, or a recovery code',
  isOffNow: 'Two-factor sign-in is off.'
}
