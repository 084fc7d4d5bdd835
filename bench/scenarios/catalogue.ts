/** All scenarios, in the order in which they run. */
import { eventScenarios } from './events.ts'
import { fairnessScenarios } from './fairness.ts'
import { groupScenario } from './group.ts'
import { historyEventsScenario } from './history-events.ts'
import { historyScenario } from './history.ts'
import { idleScenarios } from './idle.ts'
import { insertsScenario } from './inserts.ts'
import { joinIdleScenarios } from './join-idle.ts'
import { joinScenarios } from './join.ts'
import { latencyScenarios } from './latency.ts'
import { pushScenarios } from './push.ts'
import type { Scenario } from './scenario.ts'
import { throughputScenarios } from './throughput.ts'
import { v1SocketScenarios } from './v1-sockets.ts'
import { webhookScenarios } from './webhooks.ts'

export const scenarios: Scenario[] = [
  ...throughputScenarios, insertsScenario, ...latencyScenarios, ...idleScenarios, ...joinScenarios,
  ...joinIdleScenarios, ...v1SocketScenarios, historyScenario, historyEventsScenario, ...fairnessScenarios,
  ...eventScenarios, groupScenario, ...webhookScenarios, ...pushScenarios
]
