/**
 * Why a call that was not answered ended, as the call model says it; T-Library makes its CallState of it: `busy`,
 * `no-answer`, `unknown-number`, `rejected`, `failed ...`.
 */
export function causeOfFailure(status: number): string {
  switch (status) {
    case 486:
    case 600:
      return "busy";
    case 408:
    case 480:
      return "no-answer";
    case 404:
    case 410:
    case 484:
    case 604:
      return "unknown-number";
    case 403:
    case 603:
      return "rejected";
    default:
      return `failed ${status}`;
  }
}
