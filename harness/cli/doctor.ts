/** placeholder while its author works */ export const doctor = async () => 0
