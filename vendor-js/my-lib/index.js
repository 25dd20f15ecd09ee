// A stand-in for a team's internal library, `@company/my-lib`. Replace it by
// your own: export what snippets may use, then `node build.mjs` and
// `cargo build`. It is evaluated once, while the image is built, and may
// neither draw random numbers nor read a clock then.

export const VERSION = "0.1.0";

// "Quarterly report, Q3" → "quarterly-report-q3".
export function slugify(text) {
  return text
    .normalize("NFKD")
    .replace(/\p{Mark}/gu, "")
    .toLowerCase()
    .replace(/[^\p{Letter}\p{Number}]+/gu, "-")
    .replace(/^-+|-+$/g, "");
}

// Calls `task` until it succeeds, at most `attempts` times, and waits longer
// after each failure. The last failure is the caller's.
export async function retry(task, { attempts = 3, delayMs = 100 } = {}) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await task(attempt);
    } catch (error) {
      if (attempt >= attempts) throw error;
      await new Promise((done) => setTimeout(done, delayMs * 2 ** (attempt - 1)));
    }
  }
}
