/**
 * One project of the compose file: a copy of the stack with a name of its own, beside the demo and
 * beside the projects of other runs.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { leftProjects, type LeftProject } from '../world/stack-projects.ts'
import { isTrouble, Trouble } from '../world/trouble.ts'
import { UsageError } from '../world/exit-codes.ts'
import { composeFile, findEngine, type Engine } from './engine.ts'

/** A container as the engine sees it now. */
export interface Seen {
  readonly id: string
  /** Of its first process, as this machine numbers it; 0 while it does not run. */
  readonly pid: number
  /** In the project's network; empty while it does not run. */
  readonly host: string
  readonly isRunning: boolean
  /** The kernel ended a process of it because the limit of its memory was reached. */
  readonly wasOutOfMemory: boolean
}

export interface Project {
  readonly name: string
  readonly engine: Engine
  /** `docker compose` in this project. @throws Trouble `engine-failed` */
  compose(what: string, args: readonly string[], limitMs?: number): Promise<string>
  /** Replaces parts of the file's services from now on, in the form that the file has. */
  override(services: Readonly<Record<string, object>>): void
  /** Name of the one container of a service. */
  container(service: string): string
  see(service: string): Promise<Seen>
  /** Ends and removes everything of it. @throws Trouble `engine-failed` */
  down(): Promise<void>
}

const downLimitMs = 60_000

/** @param variables that the file asks for, such as its ports */
export function openProject(
  engine: Engine,
  name: string,
  folder: string,
  variables: Readonly<Record<string, string>>,
): Project {
  const files = ['-f', composeFile]
  const compose: Project['compose'] = (what, args, limitMs) =>
    engine.ask(what, ['compose', '-p', name, ...files, ...args], {
      variables,
      ...(limitMs !== undefined && { limitMs }),
    })
  const container = (service: string) => `${name}-${service}-1`
  return {
    name,
    engine,
    compose,
    override(services) {
      const file = join(folder, 'override.json')
      // JSON is YAML, and needs no quoting of ours.
      writeFileSync(file, JSON.stringify({ services }))
      files.splice(2, files.length, '-f', file)
    },
    container,
    async see(service) {
      const args = ['inspect', '--type', 'container', container(service)]
      return readSeen(await engine.ask(`show ${container(service)}`, args))
    },
    down: () => takeDown(engine, name),
  }
}

async function takeDown(engine: Engine, name: string): Promise<void> {
  const whole = ['down', '--volumes', '--remove-orphans', '--timeout', '1']
  const args = ['compose', '-p', name, '-f', composeFile, ...whole]
  await engine.ask(`take down the project ${name}`, args, { limitMs: downLimitMs })
}

const inspected = z.tuple([
  z.object({
    Id: z.string(),
    State: z.object({ Pid: z.number(), Running: z.boolean(), OOMKilled: z.boolean() }),
    NetworkSettings: z.object({
      Networks: z.record(z.string(), z.object({ IPAddress: z.string() })),
    }),
  }),
])

/** Reads what `docker inspect` says of one container. */
export function readSeen(text: string): Seen {
  const [{ Id, State, NetworkSettings }] = inspected.parse(JSON.parse(text))
  const [network] = Object.values(NetworkSettings.Networks)
  return {
    id: Id,
    pid: State.Pid,
    host: network?.IPAddress ?? '',
    isRunning: State.Running,
    wasOutOfMemory: State.OOMKilled,
  }
}

/** Takes down what killed runs left, as sentences for people; never rejects. */
export async function takeDownLeft(
  folder: string,
  strike: (left: LeftProject) => void,
): Promise<{ readonly undone: readonly string[]; readonly left: readonly string[] }> {
  const undone: string[] = []
  const left: string[] = []
  for (const one of leftProjects(folder)) {
    const says = `the containers of project ${one.project}`
    try {
      await takeDown(await findEngine(), one.project)
      strike(one)
      undone.push(says)
    } catch (error) {
      left.push(`${says}: ${sayFailure(error)}`)
    }
  }
  return { undone, left }
}

const sayFailure = (error: unknown): string => {
  if (error instanceof UsageError) return error.message.replace(/, or leave out.*/, '')
  return isTrouble(error, 'engine-failed') ? error.what : String(error)
}

/** Images that are not here. @throws Trouble `engine-failed` for any other reason */
export async function missingImages(
  engine: Engine,
  images: readonly string[],
): Promise<readonly string[]> {
  const found = await Promise.all(
    images.map(async (image) => {
      try {
        await engine.ask(`look for ${image}`, ['image', 'inspect', '--format', '{{.Id}}', image])
        return []
      } catch (error) {
        if (isTrouble(error, 'engine-failed') && /no such image/i.test(error.what)) return [image]
        throw error
      }
    }),
  )
  return found.flat()
}

const pullLimitMs = 600_000

/** Gets an image. @throws Trouble `image-missing` that says why it cannot be had */
export async function pull(engine: Engine, image: string, variable: string): Promise<void> {
  try {
    await engine.ask(`pull ${image}`, ['pull', '--quiet', image], { limitMs: pullLimitMs })
  } catch (error) {
    throw new Trouble(
      'image-missing',
      `the image ${image} is not here and cannot be pulled: ${(error as Trouble).what}`,
      `docker pull ${image}, or name another one in ${variable}`,
      error,
    )
  }
}
