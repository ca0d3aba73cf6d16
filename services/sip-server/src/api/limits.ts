/** Patterns of DNs in one `x-sidetone-dns`: more than a person has grants. */
export const maxScopePatterns = 500;
