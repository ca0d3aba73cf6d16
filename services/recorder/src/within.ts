import type { Clock } from "@sidetone/foundation";

/** What `promise` gives, or `undefined` where it takes longer than `ms`. Leaves no timer behind. */
export function within<T>(clock: Clock, ms: number, promise: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ms, () => resolve(undefined));
    promise.then(resolve, reject).finally(cancel);
  });
}
