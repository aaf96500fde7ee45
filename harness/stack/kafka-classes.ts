/**
 * A class data archive (CDS) of Kafka for the JVM. With it a broker starts in half the time, with
 * half the CPU. It is made once per version of Java and Kafka, by a broker that is started only for
 * this; without it the broker starts more slowly.
 */
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, realpathSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Report } from '../toolchain/tools.ts'
import { toolsFolder } from '../world/places.ts'
import type { World } from '../world/world.ts'
import { onFreePorts } from './free-ports.ts'
import { formatStorage, startKafka, type KafkaPlan, type KafkaPorts } from './kafka-server.ts'

/** A broker brings its log in order, and its JVM writes what it has loaded. */
const endLimitMs = 30_000

/** @returns the JVM's options for what is there afterwards; never throws */
export async function ensureKafkaClasses(
  world: World,
  plan: KafkaPlan,
  report: Report,
): Promise<readonly string[]> {
  const file = join(toolsFolder, `kafka-classes-${identityOf(plan)}.jsa`)
  try {
    if (!existsSync(file)) {
      report('kafka: archiving its classes, once')
      await make(world, plan, file)
    }
    return [`-XX:SharedArchiveFile=${file}`]
  } catch (error) {
    report(`kafka: starts without the class archive: ${(error as Error).message}`)
    return []
  }
}

/** The JVM takes classes of the very same Java and jars only. */
function identityOf({ java, libs }: KafkaPlan): string {
  const files = [realpathSync(java), libs].map((path) => `${path} ${statSync(path).mtimeMs}`)
  return createHash('sha256').update(files.join('\n')).digest('hex').slice(0, 16)
}

async function make(world: World, plan: KafkaPlan, file: string): Promise<void> {
  const folder = world.makeFolder('kafka-classes')
  const draft = join(folder, 'classes.jsa')
  const javaOptions = [`-XX:ArchiveClassesAtExit=${draft}`]
  const { secured: _, ...open } = plan
  const own = { ...open, folder, logFolder: folder }
  try {
    await formatStorage(world, own)
    await onFreePorts({ seed: folder, role: 'kafka', count: 3 }, async (ports) => {
      const [, proxied] = ports
      const recorded = { ...own, javaOptions }
      const broker = await startKafka(world, recorded, ports as KafkaPorts, `127.0.0.1:${proxied}`)
      await broker.stop(endLimitMs)
    })
    mkdirSync(toolsFolder, { recursive: true })
    copyFileSync(draft, `${file}.${process.pid}`)
    renameSync(`${file}.${process.pid}`, file)
  } finally {
    world.removeFolder(folder)
  }
}
