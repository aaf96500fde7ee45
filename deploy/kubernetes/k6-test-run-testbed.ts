/**
 * The fields of the k6 operator's TestRun that our manifest uses, and no others. Written down from
 * the operator's documentation and the fields that its resource names (operator 1.6.0,
 * `k6.io/v1alpha1`): there is no package of its schema with a licence that we may use.
 */
import { z } from 'zod'

const labels = z.record(z.string(), z.string())
/** Booleans that the operator wants as text. */
const flag = z.enum(['true', 'false'])

const securityContext = z.strictObject({
  runAsNonRoot: z.literal(true),
  runAsUser: z.int().positive(),
  runAsGroup: z.int().positive(),
  seccompProfile: z.strictObject({ type: z.literal('RuntimeDefault') }),
})
const containerSecurityContext = z.strictObject({
  allowPrivilegeEscalation: z.literal(false),
  capabilities: z.strictObject({ drop: z.tuple([z.literal('ALL')]) }),
})
const quantities = z.strictObject({ cpu: z.string().exactOptional(), memory: z.string() })

const pod = z.strictObject({
  /** Pinned: the operator's own default is `latest`. */
  image: z
    .string()
    .regex(/:(?!latest)[\w.-]+$/)
    .exactOptional(),
  metadata: z.strictObject({ labels }).exactOptional(),
  env: z.array(z.strictObject({ name: z.string(), value: z.string() })).exactOptional(),
  envFrom: z
    .array(
      z.strictObject({
        secretRef: z.strictObject({ name: z.string(), optional: z.boolean().exactOptional() }),
      }),
    )
    .exactOptional(),
  resources: z.strictObject({ requests: quantities, limits: quantities }).exactOptional(),
  securityContext,
  containerSecurityContext,
})

export const k6TestRun = z.strictObject({
  apiVersion: z.literal('k6.io/v1alpha1'),
  kind: z.literal('TestRun'),
  metadata: z.strictObject({
    name: z.string(),
    namespace: z.string().exactOptional(),
    labels: labels.exactOptional(),
  }),
  spec: z.strictObject({
    parallelism: z.int().positive(),
    separate: z.boolean().exactOptional(),
    script: z.strictObject({
      configMap: z.strictObject({ name: z.string(), file: z.string().regex(/\.(?:js|tar)$/) }),
    }),
    args: z.array(z.string()).exactOptional(),
    cleanup: z.literal('post').exactOptional(),
    quiet: flag.exactOptional(),
    /** Without an initializer it is as the runner. */
    runner: pod.required({ image: true, resources: true }),
    starter: pod.exactOptional(),
  }),
})
