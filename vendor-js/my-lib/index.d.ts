/** Version of this library. */
export declare const VERSION: string;

/** "Quarterly report, Q3" → "quarterly-report-q3". */
export declare function slugify(text: string): string;

/**
 * Calls `task` until it succeeds, at most `attempts` times (3), waiting
 * `delayMs` (100) after the first failure and twice as long after each further
 * one. Rejects with the last failure.
 */
export declare function retry<T>(
  task: (attempt: number) => T | Promise<T>,
  options?: { attempts?: number; delayMs?: number },
): Promise<T>;
