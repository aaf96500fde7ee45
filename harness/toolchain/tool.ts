/** What a tool is to the toolchain: a row with how to find, install and check it. */
import type { World } from '../world/world.ts'

export type ToolName = 'kafka' | 'redis' | 'toxiproxy'

/** A tool that is there and runs. */
export interface Found {
  /** The program itself; for Kafka the folder of its jars. */
  readonly path: string
  /** Variables that it needs besides the inherited ones. */
  readonly env: Readonly<Record<string, string>>
  readonly version: string
  /** `PATH`, `KAFKA_HOME`, `.tools`. */
  readonly from: string
}

/** Runs one program of an installation: its output in the log, ended at the deadline. */
export type InstallStep = (
  command: string,
  args: readonly string[],
  env?: Readonly<Record<string, string>>,
) => Promise<void>

/** What an installation works with. It writes to `folder` and nowhere else. */
export interface InstallSite {
  readonly world: World
  /** New and empty; becomes the tool's home if everything goes well. */
  readonly folder: string
  readonly step: InstallStep
}

export interface Tool {
  readonly name: ToolName
  /** What it is for, in one line. */
  readonly why: string
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
  install(site: InstallSite): Promise<void>
  /** What to do where the installation is impossible. */
  readonly byHand: string
}

export type HostProgramName = 'java' | 'mvn' | 'go' | 'npm' | 'apt-get' | 'dpkg'
