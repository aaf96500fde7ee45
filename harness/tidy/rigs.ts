/**
 * Test rigs: files that only tests use. They carry one suffix, so that they are
 * distinguishable from the product, and no product folder holds one without it.
 */
const isRigOrTest = /(?:-testbed|\.test|\.bench)\.ts$/
/** Folders of tests and their rigs, where every file that is not a test is a rig. */
const rigFolders = /^harness\/(?:trials\/examples|tidy)\/|^proto\/vectors\//

/**
 * Product files that only tests and rigs import, which makes them rigs without the suffix.
 *
 * @param imports by file the files that it imports
 */
export function rigsWithoutSuffix(imports: ReadonlyMap<string, readonly string[]>): string[] {
  const users = new Map<string, string[]>()
  for (const [file, targets] of imports) {
    for (const target of targets) users.set(target, [...(users.get(target) ?? []), file])
  }
  return [...users]
    .filter(([file]) => imports.has(file))
    .filter(([file]) => !isRigOrTest.test(file) && !rigFolders.test(file))
    .filter(([, by]) => by.every((user) => isRigOrTest.test(user) || rigFolders.test(user)))
    .map(([file]) => file)
    .toSorted()
}
