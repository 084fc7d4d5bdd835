/** How users are notified while they are away. */
import Type from 'typebox'
import { duration, optional, timer } from '../variable-types.ts'

/** Variables with their descriptions, defaults and bounds. */
export const PUSH = {
  PUSH_ONLINE_DELAY: timer(
    'how long a notification waits for a user who is online somewhere: a message that is read meanwhile causes none',
    '30s'
  ),
  PUSH_INTERVAL: duration('shortest time between two notifications of one user about the same chat', '5s'),
  VAPID_PRIVATE_KEY: optional(
    'private key for Web Push (P-256, base64url); by default generated once and stored in the database. Another key ' +
    'makes every browser subscribe anew',
    '^[A-Za-z0-9_-]{43}$',
    'the 43 characters of a private key'
  ),
  VAPID_SUBJECT: optional(
    'how operators of push services reach you; by default PUBLIC_URL if it is https, else the address in MAIL_FROM',
    '^(mailto:[^\\s@]+@[^\\s@]+|https://\\S+)$',
    'an address such as mailto:admin@example.org, or a URL that begins with https://'
  ),
  FCM_SERVICE_ACCOUNT: optional(
    'key of a service account of Firebase, for pushes to Android: the path of its JSON file, or the JSON itself',
    '^\\S(.*\\S)?$',
    'the path of a file, or JSON'
  ),
  FCM_URL: Type.String({
    description: 'address of Firebase Cloud Messaging',
    default: 'https://fcm.googleapis.com',
    pattern: '^https?://[^\\s?#@]+$',
    expected: 'a URL such as https://fcm.googleapis.com'
  }),
  APNS_KEY: optional(
    'signing key for pushes to devices of Apple: the path of its .p8 file, or its text',
    '^\\S[^]*$',
    'the path of a file, or a private key in PEM'
  ),
  APNS_KEY_ID: optional('id of APNS_KEY', '^[A-Z0-9]{10}$', 'ten letters and digits'),
  APNS_TEAM_ID: optional('id of your team at Apple', '^[A-Z0-9]{10}$', 'ten letters and digits'),
  APNS_TOPIC: optional(
    'bundle id of your app, for devices that name no other one', '^[A-Za-z0-9.-]{1,255}$', 'a bundle id'
  ),
  APNS_URL: optional(
    'address of the push service of Apple; by default that of the environment of each device',
    '^https?://[^\\s/?#@]+/?$',
    'an origin such as https://api.push.apple.com'
  )
}
