/** What every pod must have: few rights, bounds, pinned images, files that it can write. */
import {
  containersOf,
  type Container,
  type Manifest,
  type Pod,
  podsOf,
} from './manifest-testbed.ts'

/** What is wrong with pods, one sentence each. */
export const podProblems = (all: readonly Manifest[]): string[] =>
  podsOf(all).flatMap((pod) => {
    const { spec, says } = pod
    const own = [
      rule(spec.enableServiceLinks === false, 'Services become variables that look like settings'),
      rule(spec.automountServiceAccountToken === false, 'has a token of the cluster'),
      rule(spec.securityContext?.runAsNonRoot === true, 'may run as root'),
      rule((spec.securityContext?.runAsUser ?? 0) > 0, 'has no user'),
      rule(spec.securityContext?.seccompProfile?.type === 'RuntimeDefault', 'has no seccomp'),
    ]
    const problems = [...own.flat(), ...containersOf(pod).flatMap(containerProblems)]
    return [...problems, ...writableProblems(pod)].map((problem) => `${says}: ${problem}`)
  })

const rule = (isKept: boolean, problem: string) => (isKept ? [] : [problem])

/** Images of other makers, which write where they like. */
const isOurs = ({ image = '' }: Container) => image.startsWith('dashstream/')

function containerProblems(container: Container): string[] {
  const { image = '', resources, securityContext } = container
  const tag = /:([^:/@]+)$/.exec(image)?.[1]
  return [
    ...rule(tag !== undefined && !tag.includes('latest'), `${image} has no fixed tag`),
    ...rule(securityContext?.allowPrivilegeEscalation === false, 'may gain privileges'),
    ...rule(securityContext?.capabilities?.drop?.includes('ALL') === true, 'keeps capabilities'),
    ...rule(
      !isOurs(container) || securityContext?.readOnlyRootFilesystem === true,
      'can change its own image',
    ),
    ...rule(resources?.requests?.['cpu'] !== undefined, 'asks for no CPU'),
    ...rule(resources?.requests?.['memory'] !== undefined, 'asks for no memory'),
    ...rule(resources?.limits?.['memory'] !== undefined, 'has no limit of memory'),
    ...rule(
      resources?.limits?.['memory'] === resources?.requests?.['memory'],
      'may be killed for memory that it did not ask for',
    ),
  ]
}

/** Where the images' programs write, by the name of the image. */
const written: Readonly<Record<string, readonly string[]>> = {
  'dashstream/relay': ['/var/lib/dashstream'],
  'dashstream/chaos-native': ['/app/reports/runs', '/app/.chaos', '/app/.tools', '/tmp'],
}

function writableProblems(pod: Pod): string[] {
  const kinds = new Map(pod.spec.volumes?.map((volume) => [volume.name, volume]))
  return containersOf(pod).flatMap(({ image = '', volumeMounts = [] }) => {
    const isWritable = (path: string) =>
      volumeMounts.some(({ name, mountPath }) => {
        const { emptyDir, persistentVolumeClaim } = kinds.get(name) ?? {}
        return mountPath === path && (emptyDir ?? persistentVolumeClaim) !== undefined
      })
    const paths = written[image.replace(/:[^:/]+$/, '')] ?? []
    return paths.filter((path) => !isWritable(path)).map((path) => `cannot write ${path}`)
  })
}
