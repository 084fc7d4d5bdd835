/** Services that all workers of a run share: Postgres servers with a template database. */
import type { Scope } from '../scope.ts'
import { bundlePrograms } from '../servers/bundle.ts'
import { dropLeftovers, ensureTemplate, shareTemplate } from '../servers/database.ts'
import { availableServices } from '../servers/deployments.ts'
import { ensureStoreTemplate } from '../servers/embedded-store.ts'
import { startEngine } from '../servers/engine.ts'

/** Starts it; it ends with the scope. @returns the environment that workers find it by */
export async function startServices (scope: Scope): Promise<Record<string, string>> {
  const engine = await startEngine(scope)
  await dropLeftovers(engine)
  await ensureTemplate(engine)
  await ensureStoreTemplate()
  const services = availableServices()
  if (services !== undefined) await shareTemplate(scope, services.databaseUrl)
  return { TEST_ENGINE_URL: engine, ...await bundlePrograms() }
}
