/** Sockets, posting and balancing. */
import { choice, duration, integer, timer } from '../variable-types.ts'

/** Variables with their descriptions, defaults and bounds. */
export const REALTIME = {
  AUTH_DEADLINE: timer('time a new socket has to authenticate', '10s'),
  PING_INTERVAL: timer('time between pings; a socket that shows no sign of life until the next ping is dropped', '25s'),
  SESSION_CHECK_INTERVAL: timer(
    'time between checks of the sessions of open sockets: how long a socket may outlive a revocation that Redis ' +
    'did not deliver',
    '5s'
  ),
  MAX_FRAME_BYTES: integer('largest WebSocket frame accepted, in bytes', 131_072, 1_024, 16_777_216),
  MAX_UNSENT_BYTES: integer('bytes that may wait for a slow socket before it is closed with 1013', 1_048_576, 65_536),
  MAX_SOCKETS: integer('open sockets on this replica', 50_000, 1),
  MAX_UNAUTHENTICATED_PER_ADDRESS: integer(
    'open sockets from one IPv4 address or IPv6 /64 on this replica that have not authenticated yet; more are ' +
    'answered 503; not with RATE_LIMITS=off',
    64,
    1
  ),
  MAX_SOCKETS_PER_USER: integer('open sockets of one user on this replica', 100, 1),
  MAX_CHATS_PER_SOCKET: integer('chats that one socket may join', 1_000, 1),
  RECEIPTS_MAX_MEMBERS: integer(
    'members of a chat up to which they see how far each other has read; in chats with more, nobody is told',
    100,
    0,
    10_000
  ),
  MEMBER_EVENTS_MAX: integer(
    'members of a chat up to which all of them are told who comes, goes or gets another role; in chats with more, ' +
    'they are told the number of members, and each their own changes',
    1_000,
    0,
    100_000
  ),
  FRAMES_PER_SECOND: integer('frames a socket may send per second, sustained', 100, 1),
  FRAME_BURST: integer('frames a socket may send at once', 400, 1),
  USER_FRAMES_PER_SECOND: integer(
    'frames per second, sustained, that are read from all sockets of one user on this replica, five times as many at ' +
    'once; a frame counts once more for each 256 characters, and more frames wait',
    200,
    1
  ),
  USER_REQUESTS_PER_SECOND: integer(
    'requests with a session per second, sustained, that are handled for one user on this replica, five times as ' +
    'many at once; a request counts once more for each 8 KiB of its answer; more wait, and those that would wait ' +
    'longer than 5 s are answered 429',
    50,
    1
  ),
  USER_REPLAY_PER_SECOND: integer(
    'missed messages per second that are sent again to all sockets of one user on this replica, and as many at once; ' +
    'a message counts once more for each KiB, and more wait',
    10_000,
    1
  ),
  POST_LANES: integer('batches of posts stored at the same time', 2, 1, 64),
  POST_BATCH: integer('posts in one batch at most', 256, 1, 5_000),
  POST_QUEUE: integer(
    'posts that may wait to be stored, a tenth of them by one user; more are refused',
    20_000,
    1
  ),
  POST_DEADLINE: duration('time for which a post is retried while the database is away', '10s'),
  REBALANCE_PERCENT: integer(
    'percentage of its sockets above the mean of all replicas that a replica closes per minute, with 1012, so ' +
    'that new replicas receive some; 0 closes none',
    0,
    0,
    6_000
  ),
  REBALANCE_INTERVAL: timer('time between announcements of the number of sockets among replicas', '5s'),
  PRESENCE: choice(
    'whether clients are told which other users are online; off tells nobody, and costs nothing',
    ['on', 'off'],
    'on'
  ),
  PRESENCE_LEASE: timer('time after which the users of a replica that has died count as offline', '20s'),
  PRESENCE_OFFLINE_DELAY: timer(
    'time that a user stays online after the last socket has closed, so that a reload of a page does not show',
    '7s'
  )
}
