/** What a tool is to the toolchain: a row with how to find, install and check it. */
import type { Shell } from './step.ts'

export type ToolName = 'kafka' | 'redis' | 'toxiproxy' | 'prometheus' | 'alertmanager' | 'kustomize'

/** A tool that is there and runs. */
export interface Found {
  /** The program itself; for Kafka the folder of its jars. */
  readonly path: string
  /** Variables that it needs besides the inherited ones. */
  readonly env: Readonly<Record<string, string>>
  readonly version: string
  /** The folder in which it must be started, where it matters. */
  readonly cwd?: string
  /** `PATH`, `KAFKA_HOME`, `.tools`. */
  readonly from: string
}

/** Says what is going on, in one line. */
export type Report = (line: string) => void

export interface Tool {
  readonly name: ToolName
  /** What it is for, in one line. */
  readonly why: string
  /** Whether only some commands and scenarios need it, not every run. */
  readonly isOnDemand: boolean
  /** The version that an installation gives, or the least that is taken: for people. */
  readonly wanted: string
  /** Name of its home under the tools folder, with the version: a new pin is a new home. */
  readonly home: string
  /** Programs of the host that an installation needs. */
  readonly needs: readonly HostProgramName[]
  /** Looks outside `.tools`; undefined where there is none, or one that is too old. */
  findOnHost(): Promise<Found | undefined>
  /** Runs what stands in its home; throws where it does not run or is of another version. */
  verify(home: string): Promise<Found>
  /**
   * Runs its steps in the shell.
   *
   * @param folder new and empty, the only one it writes to; becomes the tool's home
   */
  install(folder: string, $: Shell): Promise<void>
  /** What to do where the installation is impossible. */
  readonly byHand: string
}

export type HostProgramName = 'java' | 'mvn' | 'go' | 'apt-get' | 'dpkg' | 'bash'
