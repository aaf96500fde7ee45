/** Apache Kafka: the jars of its Maven artifacts, or a distribution that KAFKA_HOME names. */
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { environment } from '../world/environment.ts'
import { requireHostProgram } from './host-programs.ts'
import pins from './pins.json' with { type: 'json' }
import { ask } from './program.ts'
import type { Found, Tool } from './tool.ts'
import { askVersion, findVersion, isAtLeast } from './version.ts'
import { Trouble } from '../world/trouble.ts'

export const kafka: Tool = {
  name: 'kafka',
  why: 'the log that the producer writes and the relay reads',
  isOnDemand: false,
  wanted: pins.kafka,
  home: `kafka-${pins.kafka}`,
  needs: ['java', 'mvn'],
  byHand: `unpack Apache Kafka ${pins.kafka} and set KAFKA_HOME to its folder`,

  async findOnHost(): Promise<Found | undefined> {
    const home = environment['KAFKA_HOME']
    if (home === undefined || home === '') return undefined
    const libs = join(home, 'libs')
    const jar = list(libs).find((name) => /^kafka_2\.\d+-\d[^-]*\.jar$/.test(name))
    const version = findVersion(jar?.replace(/^kafka_2\.\d+-/, '') ?? '')
    if (version === undefined || !isAtLeast(version, pins.kafkaMin)) {
      throw new Trouble(
        'tool-broken',
        `KAFKA_HOME is ${home}; wanted Kafka ${pins.kafkaMin} or newer in its folder libs, ` +
          `found ${version ?? 'no Kafka'}`,
        'set KAFKA_HOME to a Kafka 4, or unset it to have one installed',
      )
    }
    return { path: libs, env: {}, version, from: 'KAFKA_HOME' }
  },

  async verify(home) {
    const java = await requireHostProgram('java')
    const libs = join(home, 'libs')
    const args = ['-XX:TieredStopAtLevel=1', '-cp', join(libs, '*'), 'kafka.Kafka', '--version']
    const version = await askVersion(java, args)
    if (version !== pins.kafka) {
      const { text } = await ask(java, args)
      throw new Error(`wanted Kafka ${pins.kafka} in ${libs}, but it says: ${text.trim()}`)
    }
    return { path: libs, env: {}, version: pins.kafka, from: '.tools' }
  },

  async install(folder, $) {
    const pom = join(folder, 'pom.xml')
    writeFileSync(pom, projectFile())
    const plugin = `org.apache.maven.plugins:maven-dependency-plugin:${pins.mavenDependencyPlugin}`
    const quietly = ['--batch-mode', '--no-transfer-progress', '--strict-checksums']
    await $`mvn ${quietly} --file=${pom} ${plugin}:copy-dependencies \
      -DincludeScope=runtime -DoutputDirectory=${join(folder, 'libs')}`
  },
}

/** A project that depends on the broker, and on a binding without which its log would be lost. */
function projectFile(): string {
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>dashstream-chaos</groupId><artifactId>kafka-home</artifactId><version>1</version>
  <dependencies>
    ${dependency('org.apache.kafka', `kafka_${pins.kafkaScala}`, pins.kafka)}
    ${dependency('org.apache.logging.log4j', 'log4j-slf4j-impl', pins.log4j)}
  </dependencies>
</project>
`
}

function dependency(group: string, artifact: string, version: string): string {
  const coordinates = `<groupId>${group}</groupId><artifactId>${artifact}</artifactId>`
  return `<dependency>${coordinates}<version>${version}</version></dependency>`
}

function list(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : []
}
