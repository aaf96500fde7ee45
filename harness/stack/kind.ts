/** What a kind of stack is: how it is asked for, and how it is started or joined. */
import type { World } from '../world/world.ts'
import type { Stack } from './stack.ts'

/** What a run reads and writes in Kafka. */
export interface Names {
  readonly topic: string
  readonly dlqTopic: string
  readonly groupId: string
}

/** What a stack is started with. */
export interface StackStart {
  readonly world: World
  /** Says what is going on (installations above all), in one line. */
  readonly report: (line: string) => void
  /** Where servers that are ours write their logs. */
  readonly logFolder: string
}

/** A stack as it was asked for. */
export interface StackChoice {
  /** One line for people while it starts. */
  readonly says: string
  /** What a target reads that takes nothing from us. */
  readonly names?: Names
  /** Of a stack that runs the relay itself: the `--target` that it is. */
  readonly target?: string
  /** @throws Trouble that says why there are no servers; nothing is left running then */
  start(given: StackStart): Promise<Stack>
}

export interface StackKind {
  /** What is written behind `--stack`, for help: `native`, `file:<path>`. */
  readonly form: string
  readonly says: string
  /**
   * @param rest what stands behind the colon, if there is one
   * @throws UsageError for what makes no sense
   */
  choose(rest: string | undefined): StackChoice
}
