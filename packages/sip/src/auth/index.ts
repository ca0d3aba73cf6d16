export type { DigestAlgorithm } from "./credentials.ts";
export { algorithmNamed } from "./credentials.ts";
export { answerChallenge, isStaleChallenge } from "./digest-answer.ts";
export type { ChallengeAnswer } from "./digest-answer.ts";
export { DigestVerifier } from "./digest-verifier.ts";
export type { DigestQuestion, DigestVerdict } from "./digest-verifier.ts";
export { GuessGuard } from "./guess-guard.ts";
export type { GuessGuardOptions } from "./guess-guard.ts";
