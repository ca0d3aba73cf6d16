/** conf-ids and recording ids that are remembered at once; the least recently used go first. About 250 B each. */
export const maxBindings = 50_000;
/** A binding that no INVITE has named for this long is forgotten; ms. Longer than a call goes without a new leg or copy. */
export const bindingLifetimeMs = 4 * 3600 * 1000;
/** Without a load report, a session is counted for this long after its INVITE, unless its BYE comes by; ms. */
export const assumedSessionMs = 5 * 60 * 1000;
/** Sessions counted per resource that does not report its load. */
export const maxCountedSessions = 100_000;
/** A resource that says nothing at all to an INVITE for this long is left for the next one; ms. R17: 500 ms per attempt. */
export const firstAnswerMs = 250;
/**
 * As above, where the recording or conference is there already: elsewhere it would be a second entry, so a busy one is waited for; ms. A
 * Media Server gives an INVITE 2.5 s.
 */
export const knownAnswerMs = 1500;
/** A resource that said 100 and then no more for this long is left for the next one; ms. */
export const finalAnswerMs = 2000;
/** Resources that one request is offered to. */
export const maxAttempts = 4;
/** A group without a resource in service keeps the role from being ready for this long after its start; ms. */
export const startGraceMs = 3000;
/** Largest Retry-After of a resource that is believed; ms. */
export const maxBackOffMs = 30_000;
/** Retry-After in seconds for 480: somebody may hang up. */
export const retryAfterBusyS = 2;
/** Retry-After in seconds for 503: the next health check may find one. */
export const retryAfterDownS = 1;
/** Longest conf-id or recording id in a Request-URI (R8 allows 128). */
export const maxIdLength = 128;
/** Longest affinity token. */
export const maxTokenLength = 1024;
/** Losses of a resource within this time make its return slower; ms. */
export const flapWindowMs = 60_000;
/** Most good answers in a row that a resource owes before it is up again. */
export const maxReturnAnswers = 20;
/** A lost resource that has answered once is asked again after this; ms. */
export const returnProbeMs = 100;
