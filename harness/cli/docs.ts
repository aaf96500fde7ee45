/** placeholder while its author works */ export const docs = async () => 0
