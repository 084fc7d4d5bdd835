/** For the tabs of a browser: one socket for all of them. */
export { shareSocket } from './share-socket.ts'
