/**
 * Everything a test needs to run Confab for real and to talk to it: replicas, accounts, requests, sockets, processes.
 */
export * from './harness/accounts.ts'
export * from './harness/answers.ts'
export * from './harness/cluster.ts'
export * from './harness/deadline.ts'
export * from './harness/deployments.ts'
export * from './harness/emotechat.ts'
export * from './harness/http.ts'
export * from './harness/json.ts'
export * from './harness/outbox.ts'
export * from './harness/process.ts'
export * from './harness/routes.ts'
export * from './harness/socket.ts'
